import hashlib
import json
from datetime import UTC, datetime, timedelta

import msgspec
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from aliquot.terms.errors import Broken
from aliquot.terms.ids import Id
from aliquot.vault import letterbox
from aliquot.vault.errors import Forged, Unopenable
from aliquot.vault.letterbox import Envelope, Letter, SealedLetter, SlotKey
from aliquot.vault.letterkey import LetterKey
from tests.vault import cases

LISTENER = Ed25519PrivateKey.generate()
KEY = LetterKey.generate()
HERE = Envelope(Id(b"LAB1" + bytes(12)), 7, datetime(2026, 1, 5, 8, 0, tzinfo=UTC), "analyser-3")
MESSAGE = b"MSH|^~\\&|CANARY\rPID|||CANARY\r"


class Post(cases.Case, frozen=True):
    letter_key: str
    slot_key: str
    listener_private_key: str
    listener_public_key: str
    listener: str
    number: int
    received_at: datetime
    received_at_us: int
    peer: str
    header: str
    message: str
    sealed: str
    signature: str

    def letter(self) -> Letter:
        envelope = Envelope(Id(bytes.fromhex(self.listener)), self.number, self.received_at, self.peer)
        return Letter(envelope, SealedLetter(bytes.fromhex(self.sealed)), bytes.fromhex(self.signature))


VECTOR = cases.read("letter.json", Post)


def posted(envelope: Envelope = HERE) -> Letter:
    return letterbox.sign(LISTENER, envelope, letterbox.seal(KEY.slot(), envelope, MESSAGE))


def test_the_vector_verifies_and_is_signed_again_byte_for_byte() -> None:
    letter = VECTOR.letter()
    letterbox.verify(Ed25519PublicKey.from_public_bytes(bytes.fromhex(VECTOR.listener_public_key)), letter)
    signer = Ed25519PrivateKey.from_private_bytes(bytes.fromhex(VECTOR.listener_private_key))
    assert letterbox.sign(signer, letter.envelope, letter.sealed) == letter


def test_the_vector_has_the_documented_header_and_signed_bytes() -> None:
    sealed, peer = bytes.fromhex(VECTOR.sealed), VECTOR.peer.encode()
    header = b"\x01" + bytes.fromhex(VECTOR.listener) + VECTOR.number.to_bytes(8, "big")
    header += VECTOR.received_at_us.to_bytes(8, "big") + bytes([len(peer)]) + peer
    assert header.hex() == VECTOR.header
    assert letterbox.info(VECTOR.letter().envelope) == b"aliquot/letter/v1\x00" + header
    signed = b"aliquot/letter-signature/v1\x00" + header + hashlib.sha256(sealed).digest()
    public = Ed25519PublicKey.from_public_bytes(bytes.fromhex(VECTOR.listener_public_key))
    public.verify(bytes.fromhex(VECTOR.signature), signed)
    assert VECTOR.received_at == datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=VECTOR.received_at_us)


def test_a_letter_is_verified_and_opened() -> None:
    letter = posted()
    letterbox.verify(LISTENER.public_key(), letter)
    assert KEY.open(letter) == MESSAGE


CHANGED = {
    "listener": msgspec.structs.replace(HERE, listener=Id(b"LAB2" + bytes(12))),
    "number": msgspec.structs.replace(HERE, number=8),
    "received_at": msgspec.structs.replace(HERE, received_at=HERE.received_at + timedelta(microseconds=1)),
    "peer": msgspec.structs.replace(HERE, peer="analyser-4"),
}


def test_every_field_of_an_envelope_is_tried() -> None:
    assert {*CHANGED} == {*Envelope.__struct_fields__}


@pytest.mark.parametrize("field", CHANGED)
def test_a_letter_in_another_envelope_is_refused_by_signature_and_by_seal(field: str) -> None:
    moved = msgspec.structs.replace(posted(), envelope=CHANGED[field])
    with pytest.raises(Forged):
        letterbox.verify(LISTENER.public_key(), moved)
    with pytest.raises(Unopenable):
        KEY.open(moved)


@pytest.mark.parametrize("at", [0, 1, 1120, 1121, 1400, -1])
def test_an_altered_letter_is_refused_by_signature_and_by_seal(at: int) -> None:
    letter = posted()
    altered = msgspec.structs.replace(
        letter, sealed=SealedLetter(cases.flipped(letter.sealed, at % len(letter.sealed)))
    )
    with pytest.raises(Forged):
        letterbox.verify(LISTENER.public_key(), altered)
    with pytest.raises(Unopenable):
        KEY.open(altered)


def test_a_letter_signed_by_another_listener_is_refused() -> None:
    letter = posted()
    with pytest.raises(Forged):
        letterbox.verify(Ed25519PrivateKey.generate().public_key(), letter)


@pytest.mark.parametrize("signature", [b"", bytes(64)])
def test_a_letter_without_a_signature_is_refused(signature: bytes) -> None:
    with pytest.raises(Forged):
        letterbox.verify(LISTENER.public_key(), msgspec.structs.replace(posted(), signature=signature))


def test_a_letter_in_store_shows_nothing_of_its_message() -> None:
    letter = posted()
    stored = msgspec.json.encode(letter) + letter.sealed + repr(letter).encode()
    assert stored.find(b"CANARY") == -1
    digests = [hashlib.new(name, MESSAGE).hexdigest() for name in ("md5", "sha1", "sha256")]
    assert not any(digest in json.dumps(letter.sealed.hex()) for digest in digests)


def test_letters_of_one_class_have_one_length_and_the_same_message_shows_no_equality() -> None:
    letters = {letterbox.seal(KEY.slot(), HERE, b"x" * size) for size in (0, 1, 252, 252)}
    assert len(letters) == 4
    assert {len(letter) for letter in letters} == {1 + 1120 + 256 + 16}


def test_a_public_key_of_another_length_is_refused() -> None:
    with pytest.raises(Broken):
        letterbox.seal(SlotKey(KEY.slot()[:-1]), HERE, MESSAGE)


@pytest.mark.parametrize("broken", [{"peer": "p" * 256}, {"listener": Id(b"LAB1")}])
def test_an_envelope_with_a_field_of_another_length_is_refused(broken: dict[str, str | Id]) -> None:
    with pytest.raises(Broken):
        letterbox.info(msgspec.structs.replace(HERE, **broken))

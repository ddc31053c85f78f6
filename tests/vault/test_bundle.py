import hashlib
from datetime import timedelta

import msgspec
import pytest

from aliquot.terms import canonical
from aliquot.terms.errors import Broken, Refused
from aliquot.vault import bundle
from aliquot.vault.bundle import Header, Manifest, Sender, SenderKey, Trailer
from aliquot.vault.bundlekey import StagingKey
from aliquot.vault.errors import Forged
from tests.vault import cases


class Carried(cases.Case, frozen=True):
    staging_private_key: str
    staging_public_key: str
    sender_seeds: str
    fingerprint: str
    header: str
    part_key: str
    head: str
    chunks: list[str]
    plain: list[str]
    trailer: str
    manifest: str


VECTOR = cases.read("bundle.json", Carried)
HEADER = bundle.header(VECTOR.header.encode())
TRAILER = bundle.verified(VECTOR.trailer.encode(), HEADER, Trailer)
SENDER = SenderKey(bytes.fromhex(VECTOR.sender_seeds))
STAGING = StagingKey(bytes.fromhex(VECTOR.staging_private_key))


def test_the_vector_opens() -> None:
    part = STAGING.open(HEADER, VECTOR.head.encode(), TRAILER)
    plain = part.open(0, tuple(bytes.fromhex(chunk) for chunk in VECTOR.chunks))
    assert [one.decode() for one in plain] == VECTOR.plain
    assert STAGING.slot().hex() == VECTOR.staging_public_key
    assert TRAILER.rows == 2
    assert TRAILER.bytes == sum(len(one) for one in VECTOR.plain)


def test_the_vector_has_the_documented_cipher_and_tree() -> None:
    aead = bundle.payload(HEADER, 1, bytes.fromhex(VECTOR.part_key))
    bound = hashlib.sha256(VECTOR.header.encode()).digest() + bytes([0, 0, 0, 1])
    sealed = bytes.fromhex(VECTOR.chunks[0])
    assert aead.decrypt(bytes(11) + b"\x01", sealed, bound).decode() == VECTOR.plain[0]
    size = len(VECTOR.plain[0])
    leaf = hashlib.sha256(b"\x00" + bytes(8) + size.to_bytes(8, "big") + sealed[-16:]).hexdigest()
    assert leaf == TRAILER.root


def test_the_vector_names_its_sender_and_its_recipient_as_documented() -> None:
    sender = SENDER.public()
    both = bytes.fromhex(sender.ed25519) + bytes.fromhex(sender.mldsa44)
    assert HEADER.sender == sender
    assert bundle.fingerprint(sender) == VECTOR.fingerprint
    assert hashlib.sha256(b"aliquot/bundle-sender/v1\x00" + both).hexdigest() == VECTOR.fingerprint
    slot = bytes.fromhex(VECTOR.staging_public_key)
    assert HEADER.recipients == (hashlib.sha256(b"aliquot/slot/v1\x00" + slot).hexdigest()[:32],)


def test_the_manifest_of_the_vector_names_its_part() -> None:
    manifest = bundle.verified(VECTOR.manifest.encode(), HEADER, Manifest)
    assert manifest == Manifest(bundle.header_hash(HEADER).hex(), (bundle.trailer_hash(TRAILER).hex(),), 2)


def test_a_tree_of_three_leaves_is_that_of_rfc_9162() -> None:
    leaves = [bundle.leaf(number, 1, bytes(16)) for number in range(3)]
    pair = hashlib.sha256(b"\x01" + leaves[0] + leaves[1]).digest()
    assert bundle.root(leaves) == hashlib.sha256(b"\x01" + pair + leaves[2]).digest()
    assert bundle.root([]) == hashlib.sha256(b"").digest()


@pytest.mark.parametrize("signature", ["ed25519", "mldsa44"])
def test_each_of_the_two_signatures_is_needed(signature: str) -> None:
    signed = msgspec.json.decode(VECTOR.trailer)
    signed[signature] = cases.flipped(bytes.fromhex(signed[signature]), 5).hex()
    with pytest.raises(Forged):
        bundle.verified(msgspec.json.encode(signed), HEADER, Trailer)


def test_a_trailer_of_another_sender_is_forged() -> None:
    with pytest.raises(Forged):
        bundle.verified(SenderKey.generate().sign(TRAILER), HEADER, Trailer)


def test_a_trailer_signed_for_another_bundle_is_forged() -> None:
    other = msgspec.structs.replace(HEADER, id="99" * 16)
    with pytest.raises(Forged, match="another bundle"):
        bundle.verified(VECTOR.trailer.encode(), other, Trailer)


def test_a_manifest_does_not_pass_for_a_trailer() -> None:
    with pytest.raises((Forged, Refused)):
        bundle.verified(VECTOR.manifest.encode(), HEADER, Trailer)


@pytest.mark.parametrize("days", [0, -1, 31])
def test_a_bundle_is_good_for_at_most_thirty_days(days: int) -> None:
    wrong = msgspec.structs.replace(HEADER, expires=HEADER.created + timedelta(days=days))
    with pytest.raises(Refused, match="30 days"):
        bundle.header(canonical.encode(wrong))


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"{}",
        VECTOR.header.encode() + b"\n",
        VECTOR.header.replace("aqb1", "aqb2"),
        VECTOR.header.replace('Z"', '"'),
        VECTOR.header.encode().replace(b'"mandate":"', b'"mandate":"\xff'),
    ],
)
def test_what_is_no_header_is_refused(raw: bytes | str) -> None:
    with pytest.raises(Refused):
        bundle.header(raw if isinstance(raw, bytes) else raw.encode())


def test_a_head_or_a_trailer_that_is_no_utf_8_is_refused() -> None:
    with pytest.raises(Refused):
        bundle.head(b'{"keys":[],"label":"\xff","part":1}')
    with pytest.raises(Refused):
        bundle.verified(VECTOR.trailer.encode().replace(b'"label":"', b'"label":"\xff'), HEADER, Trailer)


def test_a_sender_key_shows_nothing_of_itself_and_has_one_length() -> None:
    assert SENDER.reveal().hex() not in repr(SENDER)
    with pytest.raises(Broken):
        SenderKey(bytes(63))


def test_two_senders_have_two_fingerprints() -> None:
    one, other = SenderKey.generate().public(), SenderKey.generate().public()
    mixed = Sender(one.ed25519, other.mldsa44)
    assert len({bundle.fingerprint(each) for each in (one, other, mixed)}) == 3


def test_every_field_of_the_header_changes_what_a_part_is_bound_to() -> None:
    changed = {
        "id": "99" * 16,
        "mandate": "99" * 16,
        "created": HEADER.created + timedelta(seconds=1),
        "expires": HEADER.expires + timedelta(seconds=1),
        "recipients": ("99" * 16,),
        "sender": SenderKey.generate().public(),
    }
    constant = {"format", "suite", "chunk"}
    assert {*changed} | constant == {*Header.__struct_fields__}
    for field, value in changed.items():
        other = msgspec.structs.replace(HEADER, **{field: value})
        assert bundle.info(other, 1) != bundle.info(HEADER, 1)
        assert bundle.associated(other, 1) != bundle.associated(HEADER, 1)

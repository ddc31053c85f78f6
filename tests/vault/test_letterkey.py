import copy
import pickle
from datetime import UTC, datetime

import pytest
from cryptography.hazmat.primitives import hpke
from cryptography.hazmat.primitives.asymmetric.mlkem import MLKEM768PrivateKey
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey
from hypothesis import given
from hypothesis import strategies as st

from aliquot.terms.errors import Broken
from aliquot.terms.ids import Id
from aliquot.vault import letterbox
from aliquot.vault.errors import Unopenable
from aliquot.vault.letterbox import Envelope, Letter, SealedLetter
from aliquot.vault.letterkey import LetterKey
from tests.vault.test_letterbox import VECTOR

KEY = LetterKey.generate()
HERE = Envelope(Id(b"LAB1" + bytes(12)), 7, datetime(2026, 1, 5, 8, 0, tzinfo=UTC), "analyser-3")


def letter(sealed: bytes) -> Letter:
    return Letter(HERE, SealedLetter(sealed), b"")


def test_the_vector_opens_and_its_key_has_its_public_half() -> None:
    key = LetterKey(bytes.fromhex(VECTOR.letter_key))
    assert key.open(VECTOR.letter()).hex() == VECTOR.message
    assert key.slot().hex() == VECTOR.slot_key
    assert key.reveal().hex() == VECTOR.letter_key


def test_the_vector_is_hpke_over_a_length_the_message_and_zero_bytes() -> None:
    material, sealed, message = (bytes.fromhex(text) for text in (VECTOR.letter_key, VECTOR.sealed, VECTOR.message))
    pair = hpke.MLKEM768X25519PrivateKey(
        MLKEM768PrivateKey.from_seed_bytes(material[:64]), X25519PrivateKey.from_private_bytes(material[64:])
    )
    suite = hpke.Suite(hpke.KEM.MLKEM768_X25519, hpke.KDF.HKDF_SHA256, hpke.AEAD.AES_256_GCM)
    assert sealed[0] == 1
    plain = suite.decrypt(sealed[1:], pair, b"aliquot/letter/v1\x00" + bytes.fromhex(VECTOR.header))
    assert plain == (len(message).to_bytes(4, "big") + message).ljust(256, b"\x00")


@given(st.binary(max_size=6000))
def test_a_message_comes_back(message: bytes) -> None:
    assert KEY.open(letter(letterbox.seal(KEY.slot(), HERE, message))) == message


def test_a_letter_sealed_to_another_key_is_refused() -> None:
    with pytest.raises(Unopenable):
        KEY.open(letter(letterbox.seal(LetterKey.generate().slot(), HERE, b"message")))


@pytest.mark.parametrize("cut", [0, 1, 100, 1121, 1392])
def test_a_letter_that_was_cut_is_refused(cut: int) -> None:
    with pytest.raises(Unopenable):
        KEY.open(letter(letterbox.seal(KEY.slot(), HERE, b"message")[:cut]))


def test_a_length_beyond_the_end_is_refused() -> None:
    lying = letterbox.SUITE.encrypt(b"\x00\x00\x01\x00" + bytes(252), KEY._pair.public_key(), letterbox.info(HERE))
    with pytest.raises(Unopenable):
        KEY.open(letter(letterbox.VERSION + lying))


def test_a_key_comes_back_from_its_bytes() -> None:
    sealed = letterbox.seal(KEY.slot(), HERE, b"message")
    assert LetterKey(KEY.reveal()).open(letter(sealed)) == b"message"


@pytest.mark.parametrize("length", [0, 95, 97])
def test_a_key_of_another_length_is_refused(length: int) -> None:
    with pytest.raises(Broken):
        LetterKey(bytes(length))


def test_a_letter_key_is_neither_shown_nor_copied_nor_pickled() -> None:
    planted = LetterKey(b"CANARY__" * 12)
    assert planted.reveal() == b"CANARY__" * 12
    for text in (repr(planted), str(planted), repr([planted])):
        assert "CANARY" not in text
    with pytest.raises(TypeError):
        pickle.dumps(planted)
    with pytest.raises(TypeError):
        copy.deepcopy(planted)

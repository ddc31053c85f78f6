import base64

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given
from hypothesis import strategies as st

from aliquot.ledger import note
from aliquot.terms.errors import Refused
from tests.ledger import vectors

_NOTE = vectors.load("note")


def test_a_note_that_others_signed_is_read_and_both_signatures_hold() -> None:
    found = note.parse(_NOTE["note"])
    assert found.text == _NOTE["text"]
    assert found.render() == _NOTE["note"]
    for signature, word in zip(found.signatures, _NOTE["keys"], strict=True):
        signer = note.key(word)
        assert (signature.name, signature.key_id, signer.render()) == (signer.name, signer.key_id, word)
        assert note.holds(found.text, signature, signer)
        assert not note.holds(found.text + "\n", signature, signer)


def test_signing_gives_the_same_bytes_as_others_do() -> None:
    private = Ed25519PrivateKey.from_private_bytes(base64.b64decode(_NOTE["private"])[1:])
    signature = note.Signer("PeterNeumann", private).sign(_NOTE["text"])
    assert signature == note.parse(_NOTE["note"]).signatures[0]


def test_one_signers_signature_is_not_anothers() -> None:
    peter, _ = note.parse(_NOTE["note"]).signatures
    assert not note.holds(_NOTE["text"], peter, note.key(_NOTE["keys"][1]))


@pytest.mark.parametrize("case", _NOTE["refused"])
def test_what_is_no_note_is_refused(case: str) -> None:
    with pytest.raises(Refused, match=r"note|key name"):
        note.parse(_NOTE["refused"][case])


@pytest.mark.parametrize("case", _NOTE["refused_keys"])
def test_what_is_no_key_is_refused(case: str) -> None:
    with pytest.raises(Refused, match="verifier key"):
        note.key(_NOTE["refused_keys"][case])


def test_a_note_with_too_many_signatures_or_too_long_is_refused() -> None:
    line = note.parse(_NOTE["note"]).signatures[0].line()
    assert len(note.parse(_NOTE["text"] + "\n" + line * 64).signatures) == 64
    with pytest.raises(Refused, match="too many"):
        note.parse(_NOTE["text"] + "\n" + line * 65)
    with pytest.raises(Refused, match="too long"):
        note.parse("a" * (1 << 20) + "\n" + _NOTE["note"])


@given(st.text())
def test_no_text_makes_the_reader_crash(text: str) -> None:
    for read in (note.parse, note.key):
        try:
            read(text)
        except Refused:
            continue


@given(st.text(st.characters(exclude_categories=["C", "Z"]), min_size=1), st.text(st.characters(min_codepoint=32)))
def test_what_is_signed_reads_back_and_holds(text: str, name: str) -> None:
    private = Ed25519PrivateKey.generate()
    try:
        note.check_name(name)
    except Refused:
        return
    if any("\ud800" <= letter <= "\udfff" for letter in name):
        return
    signature = note.Signer(name, private).sign(text + "\n")
    found = note.parse(note.Note(text + "\n", (signature,)).render())
    signer = note.Key(name, note.ED25519, private.public_key().public_bytes_raw())
    assert note.key(signer.render()) == signer
    assert note.holds(found.text, found.signatures[0], signer)

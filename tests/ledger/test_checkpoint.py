import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.mldsa import MLDSA44PrivateKey

from aliquot.ledger import checkpoint, note, tree
from aliquot.terms.errors import Refused
from tests.ledger import vectors

_CASE = vectors.load("checkpoint")
_KEYS = [note.key(word) for word in _CASE["keys"]]
_LOG = Ed25519PrivateKey.from_private_bytes(bytes.fromhex(_CASE["log_seed"]))
_WITNESS = Ed25519PrivateKey.from_private_bytes(bytes.fromhex(_CASE["witness_seed"]))
_CHECKPOINT = checkpoint.Checkpoint(_CASE["origin"], tree.Head(_CASE["size"], bytes.fromhex(_CASE["root"])))


def _lines(signed: str) -> list[str]:
    return signed.splitlines(keepends=True)


def test_the_committed_checkpoint_is_read_and_its_three_signatures_hold() -> None:
    signed = checkpoint.parse(_CASE["signed"])
    assert signed.checkpoint == _CHECKPOINT
    assert checkpoint.verify(signed, _KEYS) == tuple(_KEYS)


def test_the_log_and_a_witness_sign_the_committed_bytes() -> None:
    signed = checkpoint.Issuer(_CASE["origin"], _LOG).sign(_CHECKPOINT.head)
    signed = checkpoint.cosign(signed, _KEYS[1].name, _WITNESS, _CASE["posix"])
    assert _lines(signed) == _lines(_CASE["signed"])[:6]


def test_a_post_quantum_cosignature_holds_and_binds_name_time_and_head() -> None:
    private = MLDSA44PrivateKey.generate()
    signer = note.Key("witness.example/w2", note.ML_DSA_44_COSIGNATURE, private.public_key().public_bytes_raw())
    issued = checkpoint.Issuer(_CASE["origin"], _LOG).sign(_CHECKPOINT.head)
    text = checkpoint.cosign(issued, signer.name, private, 1_790_000_000)
    signed = checkpoint.parse(text)
    assert checkpoint.verify(signed, [signer]) == (signer,)
    moved = checkpoint.Checkpoint("aliquot.example/00000002", _CHECKPOINT.head)
    elsewhere = checkpoint.SignedCheckpoint(moved, signed.note)
    with pytest.raises(Refused, match="false"):
        checkpoint.verify(elsewhere, [signer])


@pytest.mark.parametrize("at", range(3))
def test_a_changed_signature_of_a_trusted_key_refuses_the_whole_checkpoint(at: int) -> None:
    signed = checkpoint.parse(_CASE["signed"])
    one = signed.note.signatures[at]
    # The last byte of the time in a cosignature, a byte of the signature otherwise.
    false = note.Signature(one.name, one.key_id, one.raw[:7] + bytes([one.raw[7] ^ 1]) + one.raw[8:])
    changed = note.Note(signed.note.text, (false, *signed.note.signatures))
    with pytest.raises(Refused, match="false"):
        checkpoint.verify(checkpoint.SignedCheckpoint(signed.checkpoint, changed), _KEYS)


def test_a_time_beyond_the_limit_is_false_even_if_it_was_signed() -> None:
    last = checkpoint.cosign(_CASE["signed"], _KEYS[1].name, _WITNESS, (1 << 63) - 1)
    assert checkpoint.verify(checkpoint.parse(last), _KEYS) == tuple(_KEYS)
    beyond = checkpoint.cosign(_CASE["signed"], _KEYS[1].name, _WITNESS, 1 << 63)
    with pytest.raises(Refused, match="false"):
        checkpoint.verify(checkpoint.parse(beyond), _KEYS)


def test_signatures_of_strangers_are_passed_over() -> None:
    signed = checkpoint.parse(_CASE["signed"])
    assert checkpoint.verify(signed, _KEYS[1:2]) == (_KEYS[1],)
    stranger = note.Key(_KEYS[0].name, note.ED25519, Ed25519PrivateKey.generate().public_key().public_bytes_raw())
    assert checkpoint.verify(signed, [stranger]) == ()


@pytest.mark.parametrize("case", _CASE["refused"])
def test_what_is_no_checkpoint_is_refused(case: str) -> None:
    with pytest.raises(Refused, match="checkpoint"):
        checkpoint.parse(_CASE["refused"][case])


@pytest.mark.parametrize("name", ["a\nb", "a b", "a+b", "a\x00b", ""])
def test_a_log_with_a_name_that_nobody_can_read_cannot_sign(name: str) -> None:
    with pytest.raises(Refused):
        checkpoint.Issuer(name, _LOG)


def test_a_name_that_no_cosignature_can_carry_is_refused() -> None:
    with pytest.raises(Refused, match="255"):
        checkpoint.cosign(_CASE["signed"], "w" * 256, MLDSA44PrivateKey.generate(), 1)


_SECOND = vectors.load("cosigned")


def test_a_log_that_signs_twice_signs_the_committed_bytes() -> None:
    private = MLDSA44PrivateKey.from_seed_bytes(bytes.fromhex(_SECOND["second_seed"]))
    public = private.public_key()
    key = note.Key(_SECOND["origin"], note.ML_DSA_44_COSIGNATURE, public.public_bytes_raw())
    assert key.render() == _SECOND["keys"][1]
    cosigned = checkpoint.cosign(_first_lines(_SECOND["signed"]), key.name, private, _SECOND["posix"])
    (*_, made) = checkpoint.parse(cosigned).note.signatures
    assert made.raw[:8] == _SECOND["posix"].to_bytes(8, "big")
    public.verify(made.raw[8:], bytes.fromhex(_SECOND["message"]))


def _first_lines(signed: str) -> str:
    return "".join(_lines(signed)[:5])


def test_both_signatures_of_the_committed_checkpoint_hold() -> None:
    keys = [note.key(word) for word in _SECOND["keys"]]
    signed = checkpoint.parse(_SECOND["signed"])
    assert checkpoint.verify(signed, keys) == tuple(keys)
    assert [checkpoint.bears(signed, key) for key in keys] == [True, True]
    assert not checkpoint.bears(checkpoint.parse(_first_lines(_SECOND["signed"])), keys[1])
    assert checkpoint.checkable(keys[1])

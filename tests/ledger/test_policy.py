import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from aliquot.ledger import checkpoint, note, policy
from aliquot.terms.errors import Refused
from tests.ledger import history

_LOG = history.Log()
_WITNESSES = {name: Ed25519PrivateKey.generate() for name in ("w1", "w2", "w3", "outside")}


def _key(name: str) -> str:
    public = _WITNESSES[name].public_key().public_bytes_raw()
    return note.Key(f"{name}.example", note.ED25519_COSIGNATURE, public).render()


_LINES = "".join(f"witness {name} {_key(name)}\n" for name in _WITNESSES)
_TWO_THIRDS = f"""
# two thirds of the laboratories and one from outside
log {_LOG.key().render()} https://aliquot.example/log
{_LINES}
group laboratories 2 w1 w2 w3
\tgroup both all laboratories outside
quorum both
"""


def _cosigned(*names: str) -> checkpoint.SignedCheckpoint:
    signed = _LOG.sign(history.leaves(3))
    for name in names:
        signed = checkpoint.cosign(signed, f"{name}.example", _WITNESSES[name], 1_790_000_000)
    return checkpoint.parse(signed)


@pytest.mark.parametrize("names", [("w1", "w3", "outside"), ("w1", "w2", "w3", "outside")])
def test_enough_witnesses_meet_the_quorum(names: tuple[str, ...]) -> None:
    policy.parse(_TWO_THIRDS).check(_cosigned(*names))


@pytest.mark.parametrize("names", [(), ("w1", "outside"), ("w1", "w2", "w3"), ("w1", "w1", "outside")])
def test_too_few_witnesses_do_not(names: tuple[str, ...]) -> None:
    with pytest.raises(Refused, match="too few"):
        policy.parse(_TWO_THIRDS).check(_cosigned(*names))


def test_a_log_alone_is_enough_where_no_witness_is_asked_for() -> None:
    policy.parse(_LOG.trust()).check(_cosigned())


def test_a_checkpoint_of_another_log_or_name_is_not_the_logs() -> None:
    entries = history.leaves(3)
    stranger = checkpoint.parse(history.Log().sign(entries))
    other_name = checkpoint.parse(history.Log("aliquot.example/00000002", _LOG.private).sign(entries))
    for signed in (stranger, other_name):
        with pytest.raises(Refused, match="not signed"):
            policy.parse(_LOG.trust()).check(signed)


def test_one_trusted_log_cannot_sign_for_another() -> None:
    head = checkpoint.parse(_LOG.sign(history.leaves(3))).checkpoint.head
    others = checkpoint.Checkpoint("aliquot.example/00000002", head)
    signature = note.Signer(_LOG.origin, _LOG.private).sign(others.text())
    signed = checkpoint.parse(note.Note(others.text(), (signature,)).render())
    with pytest.raises(Refused, match="not signed"):
        policy.parse(_LOG.trust()).check(signed)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "quorum none\nquorum none\n",
        "quorum w1\n",
        "quorum\n",
        "log\nquorum none\n",
        "log nonsense\nquorum none\n",
        "witness none " + _key("w1") + "\nquorum none\n",
        _LINES + _LINES + "quorum none\n",
        _LINES + "witness again " + _key("w1") + "\nquorum none\n",
        "witness w " + _LOG.key().render() + "\nquorum w\n",
        _LOG.trust() + "log " + _LOG.key().render() + "\n",
        _LINES + "group g 0 w1\nquorum g\n",
        _LINES + "group g 3 w1 w2\nquorum g\n",
        _LINES + "group g most w1\nquorum g\n",
        _LINES + "group g any\nquorum g\n",
        _LINES + "group g 2 w1 w1\nquorum g\n",
        _LINES + "group g any w9\nquorum g\n",
        _LINES + "group g any w1\ngroup h any w1\nquorum h\n",
        _LINES + "group w1 any w2\nquorum none\n",
    ],
    ids=[f"text{n}" for n in range(19)],  # the keys in them are made anew in each process
)
def test_what_is_no_policy_is_refused(text: str) -> None:
    with pytest.raises(Refused, match=r"policy|verifier key"):
        policy.parse(text)

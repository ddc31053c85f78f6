"""`aliquot ledger` verifies history and records together, and proves one entry to whoever trusts nobody here."""

import json
from pathlib import Path

import pytest

from aliquot.access import statecheck as kept
from aliquot.cli import main, statecheck
from aliquot.ledger import policy, proof
from aliquot.record.models import Act, Version
from aliquot.terms.kinds import Kind
from tests.access.test_door import register
from tests.plan import NORD
from tests.world import World


@pytest.fixture(autouse=True)
def home(small_lab: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """The command names its installation to the whole process; afterwards that is as it was."""
    monkeypatch.setenv("ALIQUOT_HOME", str(small_lab.home))


def verified(lab: World, capsys: pytest.CaptureFixture[str], *extra: str) -> tuple[int, dict[str, dict[str, object]]]:
    capsys.readouterr()
    status = main.main(["ledger", "--home", str(lab.home), "verify", "--json", *extra])
    return status, json.loads(capsys.readouterr().out)


def export(lab: World) -> None:
    """What is durable is exported, as the custodian does every few seconds."""
    custodian = lab.custodian.custodian
    custodian.held.history.export(custodian.store.db, custodian.held.tiles)


def test_a_laboratory_at_work_holds(small_lab: World, capsys: pytest.CaptureFixture[str]) -> None:
    register(small_lab, small_lab.sign_in("secretary@nord"))
    export(small_lab)
    status, found = verified(small_lab, capsys)
    assert status == 0
    assert found["history"]["verdict"] == "holds"
    assert found["records"] == {"verdict": "holds", "omitted": "", "findings": []}


@pytest.mark.parametrize("fault", ["missing", "altered"])
def test_what_was_done_to_a_row_ends_with_status_1(
    small_lab: World, capsys: pytest.CaptureFixture[str], fault: str
) -> None:
    register(small_lab, small_lab.sign_in("secretary@nord"))
    export(small_lab)
    row = Version.objects.filter(kind=Kind.DEMOGRAPHY)
    resource = row.get().resource.hex()
    if fault == "missing":
        row.delete()
    else:
        row.update(sealed=b"something else")
    status, found = verified(small_lab, capsys)
    assert status == 1
    assert found["history"]["verdict"] == "holds"
    (finding,) = statecheck.compare(small_lab.installation).findings
    assert (finding.fault, resource in finding.place) == (fault, True)


def test_without_the_custodian_it_is_said_that_records_were_not_compared(
    small_lab: World, capsys: pytest.CaptureFixture[str]
) -> None:
    register(small_lab, small_lab.sign_in("secretary@nord"))
    export(small_lab)
    small_lab.hang_up()
    small_lab.custodian.stop()
    try:
        status, found = verified(small_lab, capsys)
    finally:
        small_lab.custodian.start()
    assert status == 0
    assert found["records"]["verdict"] == "omitted"
    assert "custodian" in str(found["records"]["omitted"])


def test_without_the_workers_key_it_is_said_that_records_were_not_compared(
    small_lab: World, capsys: pytest.CaptureFixture[str]
) -> None:
    export(small_lab)
    small_lab.installation.work.key.unlink()
    _, found = verified(small_lab, capsys)
    assert "worker's identity" in str(found["records"]["omitted"])


@pytest.mark.parametrize(
    ("change", "fault"), [({"log_size": 10_000}, "cut-back"), ({"log_root": b"x" * 32}, "rewritten")]
)
def test_a_history_other_than_the_one_that_the_records_remember_is_found(
    small_lab: World, change: dict[str, object], fault: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(statecheck, "_EXPORT_S", 0.1)
    register(small_lab, small_lab.sign_in("secretary@nord"))
    export(small_lab)
    assert kept.highest(NORD) is not None
    Act.objects.update(**change)
    (finding,) = statecheck.compare(small_lab.installation).findings
    assert finding.fault == fault


def test_an_entry_is_proved_with_the_key_of_the_log_alone(small_lab: World, capsys: pytest.CaptureFixture[str]) -> None:
    register(small_lab, small_lab.sign_in("secretary@nord"))
    export(small_lab)
    assert main.main(["ledger", "--home", str(small_lab.home), "prove", "--entry", NORD.hex(), "1", "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    found = proof.verify(told["proof"], told["entry"].encode(), policy.parse(told["policy"]))
    assert found.index == 1
    assert json.loads(told["entry"])["seq"] == 1
    assert main.main(["ledger", "prove", "--home", str(small_lab.home), "--entry", NORD.hex(), "1"]) == 0
    assert capsys.readouterr().out == told["proof"]


@pytest.mark.parametrize(("org", "number"), [(NORD.hex(), "100000"), ("..", "0"), (NORD.hex(), "x"), ("a/b", "0")])
def test_what_is_no_entry_is_refused(
    small_lab: World, capsys: pytest.CaptureFixture[str], org: str, number: str
) -> None:
    export(small_lab)
    assert main.main(["ledger", "--home", str(small_lab.home), "prove", "--entry", org, number]) == 1
    assert capsys.readouterr().out == ""


def test_a_checkpoint_kept_from_before_must_be_passed_through(
    small_lab: World, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    export(small_lab)
    remembered = tmp_path / "checkpoint"
    remembered.write_bytes((small_lab.installation.custody.tiles / NORD.hex() / "checkpoint").read_bytes())
    register(small_lab, small_lab.sign_in("secretary@nord"))
    export(small_lab)
    assert verified(small_lab, capsys, "--since", str(remembered))[0] == 0

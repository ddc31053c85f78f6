"""Each attack falls when its protection is taken away: a copy of the program, one lie in it, and the attack succeeds.

Slow but for the first test, and with a word of its own: `make mutants`.
"""

import json
import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

import aliquot

_PROGRAM = Path(aliquot.__file__).parent
_PATIENCE_S = 240


@dataclass(frozen=True)
class Removed:
    """A protection that is taken away: in which file, what stood there, and what stands there now."""

    file: str
    protection: str
    instead: str


_MUTANTS = {
    "A1": [
        Removed(
            "intake/letterbox.py",
            "(number, _micros(arrival.received_at), arrival.peer, letter.signature, letter.sealed),",
            "(number, _micros(arrival.received_at), arrival.peer, letter.signature, letter.sealed + arrival.message),",
        )
    ],
    "A1 crash": [
        Removed("custody/hardening.py", "_LIBC.prctl(_PR_SET_DUMPABLE, 0,", "_LIBC.prctl(_PR_SET_DUMPABLE, 1,"),
        Removed("custody/hardening.py", "RLIMIT_CORE, (0, 0))", "RLIMIT_CORE, (-1, -1))"),
    ],
    "A1 web": [Removed("cli/web.py", "    measures.seclude()\n", "")],
    "A2": [
        Removed("custody/writing.py", "    return Sealed(sealed, made)", "    return Sealed(sealed + write.body, made)")
    ],
    "A3": [
        Removed(
            "vault/keyring.py",
            "self._keep({**self._roots, org: Root.generate()})",
            "self._keep({**self._roots, org: self._roots[INSTALLATION]})",
        )
    ],
    "A4": [
        Removed(
            "vault/tokens.py",
            "mac = hmac.HMAC(token_keys.of(field).reveal(), hashes.SHA256())",
            "mac = hashes.Hash(hashes.SHA256())",
        )
    ],
    "B2": [
        Removed(
            "custody/entering.py",
            "if {ids.org_of(Id(act.subject)), ids.org_of(Id(act.id))} != {asker.org}:",
            "if not act.subject:",
        ),
        Removed("custody/explanation.py", "if org_of(Id(act.subject)) != asker.org:", "if not act.subject:"),
        Removed("custody/entering.py", "same_org=act.subject[:4] == asker.org,", "same_org=True,"),
    ],
    "B5": [
        Removed("custody/server.py", "elif not self._caller.process:", "elif self._caller.uid < 0:"),
    ],
    "C1": [Removed("custody/budgets.py", "if room < 1:", "if room < -100_000:")],
    "B4": [Removed("disclosure/wordless.py", "if isinstance(says.value, Text)", "if isinstance(says.value, bytes)")],
    "C4": [
        Removed(
            "custody/changes.py", "if asker.person in (waiting.proposed_by, _favoured(change)):", "if not asker.person:"
        )
    ],
    "C4 list": [
        Removed("custody/exports.py", 'if act.name == "ExportDossier" and not', 'if act.name == "" and not'),
    ],
    "C4 end": [
        Removed("custody/explanation.py", "AND mandate.until > ?", "AND mandate.until > ? - (31 * 86400000000)"),
    ],
    "K2": [Removed("disclosure/exact.py", "not isinstance(value, bytes)", "not isinstance(value, bytes | Enum)")],
    "D1": [Removed("custody/steps.py", "if state not in rule.sources:", "if not rule.sources:")],
    "D1 alone": [
        Removed(
            "custody/changes.py", "if asker.person in (waiting.proposed_by, _favoured(change)):", "if not asker.person:"
        )
    ],
    "D1 evidence": [
        Removed(
            "custody/migrations.py",
            'raise Denial("evidence", f"the step {form.step} does not name what it rests on, as it is in force")',
            "return found",
        )
    ],
    "D1 jobs": [Removed("custody/running.py", "if found.state not in states:", "if not states:")],
    "D1 mandate": [
        Removed(
            "custody/explanation.py",
            "AND service = ? AND mandate.state",
            "AND service >= substr(?, 1, 0) AND mandate.state",
        )
    ],
    "D1 state": [
        Removed(
            "custody/explanation.py",
            "if state is not None and (state not in MIGRATES.get(act.name, ()) or at >= deadline):",
            "if state is not None and at >= deadline:",
        )
    ],
    "D1 twice": [
        Removed("custody/staging.py", 'unlocked.digest(org, "rows", source)', 'unlocked.digest(org, "rows", identity)')
    ],
    "D1 another": [
        Removed(
            "custody/explanation.py",
            "if state is not None and portion.about is About.PATIENT and portion.reads and not sealed_under:",
            "if not act.mandate:",
        )
    ],
    "D2": [Removed("legacy/reading.py", "return IN if since <= day <= until else DATE", "return IN")],
    "D2 values": [Removed("legacy/tallies.py", "cell[:_LOOKED_AT]).translate(table)", "cell[:_LOOKED_AT])")],
    "D3": [
        Removed(
            "custody/staging.py",
            "staging, naming = StagingKey.generate(),",
            "staging, naming = StagingKey(bytes(range(96))),",
        )
    ],
    "D3 sender": [
        Removed(
            "custody/running.py",
            "if not mandated.sender or bundle.fingerprint(of.sender) != mandated.sender:",
            "if not mandated.sender:",
        )
    ],
    "D3 parts": [
        Removed("vault/carrying.py", "if here.get(number) != named.get(number)):", "if not parts):"),
    ],
    "D4": [Removed("custody/limits.py", "STAGING_LASTS = 72 * 60 * MINUTE", "STAGING_LASTS = 200 * 60 * MINUTE")],
    "D4 key": [
        Removed("custody/staging.py", "UPDATE migration SET secrets = NULL", "UPDATE migration SET secrets = secrets")
    ],
    "D4 orphans": [Removed("legacy/sweeping.py", "if state in steps.OVER:", "if state is None:")],
    "D4 copies": [
        Removed(
            "custody/rotation.py", "held.unlocked.epochs.destroy(newest.number - LIVING)", "held.unlocked.epochs.keks"
        )
    ],
    "D5": [Removed("custody/cutting.py", "WHERE cut.step = 'cut-over' AND", "WHERE cut.step = '' AND")],
    "D5 services": [
        Removed(
            "custody/equipment.py",
            '    turn.db.execute("UPDATE service SET until = ? WHERE org = ? AND name = ?", (turn.at, org, name))\n',
            "",
        )
    ],
    "D5 sessions": [Removed("custody/equipment.py", "sessions.end_all(turn, service)", "pass")],
    "D5 devices": [
        Removed("custody/cutting.py", "equipment.apply(turn, migration.mandate, forms.EndDevice(one.name))", "pass")
    ],
    "D5 listeners": [
        Removed("custody/cutting.py", "equipment.apply(turn, migration.mandate, forms.EndListener(one.name))", "pass")
    ],
    "D5 people": [Removed("custody/sessions.py", "    end_all(turn, person)\n    factors.clear(turn, person)\n", "")],
    "D5 declared": [Removed("custody/cutting.py", "    if said:\n", "    if len(said) > 2:\n")],
    "E2": [Removed("cli/support/faults.py", "return said if said in _known() else ANOTHER", "return said")],
    "E2 message": [
        Removed("cli/support/bundle.py", "    place: Place\n", "    place: str\n"),
        Removed(
            "cli/support/faults.py",
            "    file, _, line = said.rpartition",
            "    return said\n    file, _, line = said.rpartition",
        ),
        Removed(
            "terms/events.py", "return cls(type(error).__name__, place)", "return cls(type(error).__name__, str(error))"
        ),
    ],
    "F1": [Removed("ledger/verify.py", "if size > head.size:", "if size < 0:")],
    "F2": [Removed("custody/custodian.py", "self.held.history.settle(turn)", "self.held.history.head(INSTALLATION)")],
    "F4": [Removed("terms/canonical.py", "schema, deciding_.hex(),", "schema,")],
    "F4 missing": [Removed("legacy/reconciling.py", "self._note(Discrepancy(table.name, row, Fault.MISSING))", "pass")],
    "F4 surplus": [
        Removed(
            "legacy/surplus.py", "self._waiting.update((name, table) for name in beside if name not in met)", "pass"
        )
    ],
    "F4 elsewhere": [Removed("legacy/surplus.py", "for work in page.works if not", "for work in () if not")],
    "F4 different": [
        Removed("legacy/comparing.py", 'if getattr(said, name) != getattr(expected, name)), "")', 'if not said), "")')
    ],
    "F4 state": [Removed("legacy/comparing.py", "if here.kept.state != state:", "if not state:")],
}


def test_each_protection_stands_where_it_would_be_taken_away() -> None:
    for removed in (one for every in _MUTANTS.values() for one in every):
        assert (_PROGRAM / removed.file).read_text().count(removed.protection) == 1, removed


@pytest.mark.slow
@pytest.mark.timeout(300)
@pytest.mark.parametrize("control", _MUTANTS)
def test_an_attack_falls_when_its_protection_is_gone(control: str, tmp_path: Path) -> None:
    shutil.copytree(_PROGRAM, tmp_path / "aliquot", ignore=shutil.ignore_patterns("__pycache__"))
    for removed in _MUTANTS[control]:
        _remove(tmp_path / "aliquot", removed)
    environment = {key: value for key, value in os.environ.items() if key not in {"DJANGO_SETTINGS_MODULE"}}
    attacked = subprocess.run(
        [sys.executable, "-m", "aliquot.cli.main", "attack", "--quick", "--json", control.split()[0]],
        cwd=tmp_path,
        env=environment | {"PYTHONPATH": str(tmp_path)},
        capture_output=True,
        timeout=_PATIENCE_S,
        check=False,
    )
    assert attacked.returncode == 1, attacked.stderr.decode()
    assert "falls" in {outcome["outcome"] for outcome in json.loads(attacked.stdout)}


def _remove(program: Path, removed: Removed) -> None:
    file = program / removed.file
    file.write_text(file.read_text().replace(removed.protection, removed.instead))

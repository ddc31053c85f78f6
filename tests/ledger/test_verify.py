import json
import random
import shutil
import subprocess
import sys
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest

from aliquot.ledger import tiles, tree, verify
from tests.ledger import history

_LOG = history.Log()
_SIZE, _REMEMBERED = 700, 500
_ENTRIES = history.leaves(_SIZE)


@pytest.fixture(scope="module")
def exported(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("exported")
    _LOG.export(folder / "log", _ENTRIES)
    (folder / "since").write_text(_LOG.sign(_ENTRIES[:_REMEMBERED]))
    return folder


@pytest.fixture
def copy(exported: Path, tmp_path: Path) -> Path:
    return shutil.copytree(exported, tmp_path / "copy")


def _checks(folder: Path, *since: Path) -> set[str]:
    verdict = verify.verify(folder, since)
    assert verdict.status == (verify.FALLS if verdict.findings else verify.HOLDS)
    return {found.check for found in verdict.findings}


def _swap(entries: list[bytes], chance: random.Random) -> list[bytes]:
    one, other = sorted(chance.sample(range(_REMEMBERED), 2))
    return [*entries[:one], entries[other], *entries[one + 1 : other], entries[one], *entries[other + 1 :]]


def _delete(entries: list[bytes], chance: random.Random) -> list[bytes]:
    at = chance.randrange(_REMEMBERED)
    return entries[:at] + entries[at + 1 :]


def _edit(entries: list[bytes], chance: random.Random) -> list[bytes]:
    at = chance.randrange(_REMEMBERED)
    return [*entries[:at], entries[at].replace(b'"treatment"', b'"research"'), *entries[at + 1 :]]


def _truncate(entries: list[bytes], chance: random.Random) -> list[bytes]:
    return entries[: chance.randrange(1, _REMEMBERED)]


def _insert(entries: list[bytes], chance: random.Random) -> list[bytes]:
    at = chance.randrange(_REMEMBERED)
    return [*entries[:at], history.leaf(at), *entries[at:]]


_REWRITINGS = (_swap, _delete, _edit, _truncate, _insert)


def test_an_untouched_log_holds_alone_and_against_what_is_remembered(exported: Path) -> None:
    for since in ([], [exported / "since"], [exported / "log" / "checkpoint"]):
        verdict = verify.verify(exported / "log", since)
        assert (verdict.status, dict(verdict.sizes), verdict.findings) == (verify.HOLDS, {"log": _SIZE}, ())


@pytest.mark.parametrize("rewrite", _REWRITINGS)
def test_a_history_rewritten_and_signed_again_by_the_log_itself_is_found(
    exported: Path, tmp_path: Path, rewrite: Callable[[list[bytes], random.Random], list[bytes]]
) -> None:
    """The thief holds the log's key and the whole folder; only what an auditor remembers is out of reach."""
    chance = random.Random(rewrite.__name__)
    for number in range(20):
        folder = tmp_path / str(number)
        _LOG.export(folder, rewrite(_ENTRIES, chance))
        assert "remembered" in _checks(folder, exported / "since")


def _damage(folder: Path, chance: random.Random) -> None:
    """One change to one file: a byte turned, cut short, lengthened, removed, or exchanged with another file."""
    history_files = [name for name, _, _ in history.files(folder) if name != tiles.POLICY]
    file, other = (folder / name for name in chance.sample(history_files, 2))
    raw = file.read_bytes()
    at = chance.randrange(len(raw))
    match chance.choice(["turn", "cut", "lengthen", "remove", "exchange"]):
        case "turn":
            file.write_bytes(raw[:at] + bytes([raw[at] ^ (1 << chance.randrange(8))]) + raw[at + 1 :])
        case "cut":
            file.write_bytes(raw[:at])
        case "lengthen":
            file.write_bytes(raw + bytes([chance.randrange(256)]))
        case "remove":
            file.unlink()
        case _:
            file.write_bytes(other.read_bytes())
            other.write_bytes(raw)


def test_a_hundred_damaged_folders_are_found(exported: Path, tmp_path: Path) -> None:
    chance = random.Random("damage")
    for number in range(100):
        folder = shutil.copytree(exported / "log", tmp_path / str(number))
        before = [row[:2] for row in history.files(folder)]
        _damage(folder, chance)
        assert [row[:2] for row in history.files(folder)] != before
        assert _checks(folder)


@pytest.mark.parametrize("at", [0, 255, 256, 699])
def test_an_edited_entry_is_named(copy: Path, at: int) -> None:
    edited = [*_ENTRIES[:at], _ENTRIES[at].replace(b'"n":0', b'"n":1'), *_ENTRIES[at + 1 :]]
    index = at // 256
    bundle = edited[index * 256 : (index + 1) * 256]
    (copy / "log" / tiles.path("entries", index, len(bundle))).write_bytes(tiles.pack(bundle))
    verdict = verify.verify(copy / "log")
    place = f"{tiles.path('0', index, len(bundle))}, hash {at - index * 256}"
    assert place in {found.place for found in verdict.findings}
    assert _checks(copy / "log") == {"tiles", "root"}


def test_a_log_signed_by_a_key_that_is_not_trusted_is_found(copy: Path, tmp_path: Path) -> None:
    stranger = history.Log()
    (copy / "log" / "checkpoint").write_text(stranger.sign(_ENTRIES))
    assert _checks(copy / "log") == {"signature"}
    # With the policy replaced as well, the folder agrees with itself: only what lies outside of it tells.
    (copy / "log" / "policy").write_text(stranger.trust())
    assert _checks(copy / "log") == set()
    assert _checks(copy / "log", copy / "since") == {"remembered"}
    (tmp_path / "trusted").write_text(_LOG.trust())
    verdict = verify.verify(copy / "log", trust=tmp_path / "trusted")
    assert {found.check for found in verdict.findings} == {"signature"}


def test_a_remembered_log_that_is_gone_is_found(copy: Path) -> None:
    (copy / "since").write_text(history.Log("aliquot.example/00000009").sign(_ENTRIES))
    assert _checks(copy / "log", copy / "since") == {"remembered"}


def _exported_checks(folder: Path, entries: list[bytes]) -> set[str]:
    _LOG.export(folder, entries)
    return _checks(folder)


def test_numbers_that_do_not_follow_and_times_that_go_back_are_found(tmp_path: Path) -> None:
    first = history.leaves(3)
    assert _exported_checks(tmp_path / "gap", [*first, history.leaf(4)]) == {"sequence"}
    assert _exported_checks(tmp_path / "twice", [*first, history.leaf(2)]) == {"sequence"}
    late = history.leaf(3, history.BEGIN - timedelta(microseconds=1))
    assert _exported_checks(tmp_path / "back", [*first, late]) == {"time"}
    # A whole second sorts after its fractions as text, and before them as a time.
    second = history.BEGIN + timedelta(seconds=1)
    mixed = [history.leaf(0, second), history.leaf(1, second + timedelta(milliseconds=5))]
    assert _exported_checks(tmp_path / "mixed", mixed) == set()


@pytest.mark.parametrize(
    "garbage",
    [
        b"",
        b"\x00",
        b"\xff\xfe",
        b"{}",
        b"[]",
        b"7",
        b'"seq"',
        b"[" * 60_000,
        b'{"seq":' + b"9" * 9_000 + b"}",
        b'{"seq":3,"t":7}',
        b'{"seq":3,"t":null}',
        b'{"seq":true,"t":"2026-11-23T09:00:00Z"}',
        b'{"seq":3,"t":"2026-11-23T09:00:00"}',
        b'{"seq":3,"t":"2026-11-23"}',
        b'{"seq":3,"t":"2026-11-23T09:00:00+01:00"}',
        b'{"seq":3,"t":"9999-99-99T09:00:00Z"}',
    ],
)
def test_an_entry_that_is_no_leaf_is_a_finding_and_no_crash(tmp_path: Path, garbage: bytes) -> None:
    assert _exported_checks(tmp_path / "log", [*history.leaves(3), garbage]) == {"entries"}


def test_files_of_random_bytes_are_findings_and_no_crash(exported: Path, tmp_path: Path) -> None:
    chance = random.Random("garbage")
    names = [name for name, _, _ in history.files(exported / "log")]
    for number in range(60):
        folder = shutil.copytree(exported / "log", tmp_path / str(number))
        (folder / chance.choice(names)).write_bytes(chance.randbytes(chance.choice([0, 1, 40, 9_000])))
        assert _checks(folder)


def test_a_size_that_nobody_could_have_written_is_a_finding(copy: Path) -> None:
    file = copy / "log" / "checkpoint"
    file.write_text(file.read_text().replace(f"\n{_SIZE}\n", f"\n{(1 << 63) - 1}\n"))
    assert _checks(copy / "log") == {"signature", "entries"}


def test_findings_of_one_log_end_at_a_hundred(tmp_path: Path) -> None:
    _LOG.export(tmp_path / "log", [b"{}"] * 300)
    assert len(verify.verify(tmp_path / "log").findings) == 100


def _installation(folder: Path, sizes: list[int]) -> None:
    """Two laboratories and the installation's log, which holds a leaf and their checkpoints of these sizes."""
    other = history.Log("aliquot.example/00000002")
    _LOG.export(folder / "00000001", _ENTRIES)
    other.export(folder / "00000002", _ENTRIES[:300])
    notes = [_LOG.sign(_ENTRIES[:size]).encode() for size in sizes] + [other.sign(_ENTRIES[:300]).encode()]
    history.Log("aliquot.example/installation").export(folder / "installation", [history.leaf(0), *notes])


def test_several_logs_and_the_log_of_their_checkpoints_hold_together(tmp_path: Path) -> None:
    _installation(tmp_path, [1, 256, 699, 700])
    verdict = verify.verify(tmp_path)
    assert verdict.findings == ()
    assert dict(verdict.sizes) == {"installation": 6, "00000001": 700, "00000002": 300}


def test_a_leaf_of_the_installation_is_numbered_after_the_checkpoints_before_it(tmp_path: Path) -> None:
    _LOG.export(tmp_path / "00000001", _ENTRIES)
    note = _LOG.sign(_ENTRIES[:256]).encode()
    installation = history.Log("aliquot.example/installation")
    installation.export(tmp_path / "installation", [history.leaf(0), note, history.leaf(2)])
    assert _checks(tmp_path) == set()
    shutil.rmtree(tmp_path / "installation")
    installation.export(tmp_path / "installation", [history.leaf(0), note, history.leaf(1)])
    assert _checks(tmp_path) == {"sequence"}


def test_the_installation_remembers_what_a_laboratory_rewrote_cut_back_or_removed(tmp_path: Path) -> None:
    _installation(tmp_path, [256, 600])
    for rewritten in (_ENTRIES[:400], [*_ENTRIES[:-200], history.leaf(9), *_ENTRIES[-199:]]):
        shutil.rmtree(tmp_path / "00000001")
        _LOG.export(tmp_path / "00000001", rewritten)
        assert "remembered" in _checks(tmp_path)
    shutil.rmtree(tmp_path / "00000001")
    assert _checks(tmp_path) == {"remembered"}


def test_a_false_or_unreadable_checkpoint_in_the_installations_log_is_found(tmp_path: Path) -> None:
    _LOG.export(tmp_path / "00000001", _ENTRIES[:3])
    forged = history.Log(_LOG.origin).sign(_ENTRIES[:3]).encode()
    history.Log("aliquot.example/installation").export(tmp_path / "installation", [forged, b"\xff", b"note"])
    found = [(finding.check, finding.place) for finding in verify.verify(tmp_path).findings]
    assert found == [("remembered", "entry 0"), ("entries", "entry 1"), ("entries", "entry 2")]


def test_a_checkpoint_among_a_laboratorys_leaves_is_no_leaf(tmp_path: Path) -> None:
    assert _exported_checks(tmp_path / "log", [_LOG.sign(_ENTRIES).encode()]) == {"entries"}


def test_input_that_cannot_be_used_says_so(copy: Path, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    for folder in (tmp_path / "absent", tmp_path / "empty", copy / "since"):
        assert verify.verify(folder).status == verify.UNUSABLE
    (copy / "nonsense").write_bytes(b"\xff")
    assert verify.verify(copy / "log", [copy / "nonsense"]).status == verify.UNUSABLE
    assert verify.verify(copy / "log", trust=copy / "nonsense").status == verify.UNUSABLE


def test_a_folder_without_a_checkpoint_beside_others_is_a_finding(copy: Path) -> None:
    (copy / "gone").mkdir()
    found = [(finding.log, finding.check) for finding in verify.verify(copy).findings]
    assert found == [("gone", "signature")]


@pytest.mark.parametrize(("damage", "status", "words"), [(False, 0, "history holds"), (True, 1, "does NOT hold")])
def test_the_verdict_is_given_in_words_and_as_an_exit_status(
    copy: Path, capsys: pytest.CaptureFixture[str], damage: bool, status: int, words: str
) -> None:
    if damage:
        (copy / "log" / "tile/0/000").unlink()
    assert verify.main([str(copy / "log"), "--since", str(copy / "since")]) == status
    assert words in capsys.readouterr().out.splitlines()[-1]
    assert verify.main([str(copy / "log"), "--json"]) == status
    machine = json.loads(capsys.readouterr().out)
    assert machine["verdict"] == ("falls" if damage else "holds")
    assert machine["logs"] == [{"log": "log", "entries": _SIZE, "ml_dsa_44": "absent", "cosigned": 0}]
    assert [found["place"] for found in machine["findings"]] == (["tile/0/000"] if damage else [])


def test_unusable_input_gives_its_own_status_in_both_forms(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    assert verify.main([str(tmp_path / "absent")]) == verify.UNUSABLE
    assert "cannot be used" in capsys.readouterr().out
    assert verify.main([str(tmp_path / "absent"), "--json"]) == verify.UNUSABLE
    assert json.loads(capsys.readouterr().out)["verdict"] == "unusable"


def test_control_characters_in_a_folders_name_do_not_reach_the_terminal(
    capsys: pytest.CaptureFixture[str], copy: Path
) -> None:
    shutil.move(copy / "log", copy / "a\x1b[2J\nThe history holds")
    verify.main([str(copy)])
    printed = capsys.readouterr().out
    assert "\x1b" not in printed
    assert len(printed.splitlines()) == 2


def test_the_verifier_runs_alone(copy: Path) -> None:
    """Nothing of the house but its own few files and the error families, nothing foreign but `cryptography`."""
    program = (
        "import sys, runpy\n"
        "sys.argv = ['verify', sys.argv[1]]\n"
        "try:\n    runpy.run_module('aliquot.ledger.verify', run_name='__main__')\n"
        "finally:\n    print(*sorted(sys.modules), file=sys.stderr)\n"
    )
    run = subprocess.run([sys.executable, "-c", program, str(copy / "log")], capture_output=True, text=True, check=True)
    loaded = set(run.stderr.split())
    own = {name for name in loaded if name.startswith("aliquot.")}
    ledger = {f"aliquot.ledger.{name}" for name in ("checkpoint", "note", "policy", "tiles", "tree")}
    assert own == ledger | {"aliquot.ledger", "aliquot.terms", "aliquot.terms.errors"}
    assert not loaded & {"msgspec", "django", "cedarpy", "fido2"}


def test_the_heads_that_a_replay_passes_through_are_the_trees_own() -> None:
    rows = tiles.Rows()
    hashes = [tree.leaf_hash(entry) for entry in _ENTRIES]
    for start in range(0, _SIZE, 256):
        bundle = hashes[start : start + 256]
        for size in (1, len(bundle)):
            assert rows.root(bundle[:size]) == tree.root(hashes[: start + size])
        rows.take(bundle)


_TWICE = history.TwiceSigned()
_COSIGNED = 300


@pytest.fixture
def twice(tmp_path: Path) -> Path:
    _TWICE.export_twice(tmp_path / "twice", _ENTRIES, _ENTRIES[:_COSIGNED])
    return tmp_path / "twice"


def test_the_second_signature_holds_and_it_is_said_how_far_it_reaches(twice: Path) -> None:
    verdict = verify.verify(twice)
    assert verdict.findings == ()
    assert dict(verdict.seconds) == {"twice": verify.Second("holds", _COSIGNED)}
    assert next(verdict.lines()) == "log twice: 700 entries replayed; ML-DSA signature over the first 300 holds"
    (log,) = json.loads(verdict.machine())["logs"]
    assert log == {"log": "twice", "entries": 700, "ml_dsa_44": "holds", "cosigned": 300}


def test_a_log_without_a_second_key_says_so_and_holds(exported: Path) -> None:
    verdict = verify.verify(exported / "log")
    assert dict(verdict.seconds) == {"log": verify.Second()}
    assert next(verdict.lines()).endswith("no ML-DSA signature that holds")


@pytest.mark.parametrize("how", ["gone", "stripped", "forged", "of another log"])
def test_a_second_signature_that_is_not_the_logs_is_found(twice: Path, how: str) -> None:
    file = twice / "cosigned"
    lines = file.read_text().splitlines(keepends=True)
    stranger = history.TwiceSigned(_TWICE.origin, _TWICE.private)
    match how:
        case "gone":
            file.unlink()
        case "stripped":
            file.write_text("".join(lines[:-1]))
        case "forged":
            file.write_text(stranger.cosign(_ENTRIES[:_COSIGNED]))
        case _:
            file.write_text(history.TwiceSigned("aliquot.example/00000009").cosign(_ENTRIES[:_COSIGNED]))
    verdict = verify.verify(twice)
    assert {(found.check, found.place) for found in verdict.findings} == {("signature", "cosigned")}
    assert dict(verdict.seconds) == {"twice": verify.Second("false")}


def test_a_history_that_is_signed_anew_with_the_first_key_alone_is_found(tmp_path: Path) -> None:
    """Ed25519 has fallen: whoever rewrites what was signed twice needs the second key as well."""
    rewritten = [history.leaf(seq, history.BEGIN + timedelta(seconds=seq)) for seq in range(_SIZE)]
    _TWICE.export_twice(tmp_path / "twice", rewritten, _ENTRIES[:_COSIGNED])
    assert _checks(tmp_path / "twice") == {"remembered"}


def test_where_there_is_no_ml_dsa_the_verifier_says_that_it_did_not_check(twice: Path) -> None:
    program = (
        "import sys; sys.modules['cryptography.hazmat.primitives.asymmetric.mldsa'] = None\n"
        "from aliquot.ledger import verify; sys.exit(verify.main(sys.argv[1:]))"
    )
    told = subprocess.run([sys.executable, "-c", program, str(twice)], capture_output=True, text=True, check=False)
    assert told.returncode == verify.HOLDS
    assert "ML-DSA signature present, not checked here (over the first 300)" in told.stdout
    flipped = (twice / "cosigned").read_text().replace("\n300\n", "\n301\n")
    (twice / "cosigned").write_text(flipped)
    told = subprocess.run([sys.executable, "-c", program, str(twice)], capture_output=True, text=True, check=False)
    assert told.returncode == verify.FALLS

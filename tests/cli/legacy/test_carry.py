"""What is carried from another site: sealed there, relayed by anybody, and the source of every word here."""

import json
import random
import shutil
import signal
import stat
import time
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from aliquot.cli import main
from aliquot.cli.exits import Exit
from aliquot.cli.legacy import carry
from aliquot.custody.steps import Step
from aliquot.legacy import carried
from aliquot.legacy.source import Cell
from aliquot.terms import clock
from aliquot.terms.errors import Refused
from aliquot.vault import bundle, carrying, mandate, senderkey
from tests.cli import terminal
from tests.cli.legacy import laboratory, site, test_ending
from tests.cli.legacy.conftest import Ground
from tests.cli.legacy.laboratory import CANARY, Laboratory
from tests.cli.legacy.site import PASSPHRASE, Site
from tests.legacy.move import Old
from tests.legacy.old import person, result
from tests.world import Templates

KILLS = 2
ROWS = 201_000
CELLS = (CANARY, "141,7", "0,957", "7700171", "8800900", "2511135238001")
"""What stands in cells of the source."""


@pytest.fixture(scope="module")
def here(tmp_path_factory: pytest.TempPathFactory) -> Site:
    """A site that has carried a small old system."""
    folder = tmp_path_factory.mktemp("here")
    (folder / "old").mkdir()
    made = site.made(Old(folder / "old", [person("17")], [result("17", "900")]), folder / "site")
    assert made.carry().status == 0
    return made


@pytest.fixture(scope="module")
def large(tmp_path_factory: pytest.TempPathFactory) -> Site:
    """A site with enough rows for three parts of results, of which none was carried yet."""
    folder = tmp_path_factory.mktemp("large")
    (folder / "old").mkdir()
    rows = [result("17", f"{number}") for number in range(ROWS)]
    return site.made(Old(folder / "old", [person("17")], rows), folder / "site")


@pytest.fixture
def away(ground: Ground, templates: Templates, source: Old, tmp_path: Path) -> Iterator[tuple[Laboratory, Site]]:
    """A laboratory, and another site whose keys its mandate names."""
    folder = tmp_path / "site"
    folder.mkdir()
    said = terminal.run("legacy", "sender", str(folder / "site.sender"), "--json", passphrase=PASSPHRASE)
    assert said.status == 0, said.err
    with laboratory.opened(ground, templates, "sqlite", tmp_path) as world:
        lab = laboratory.moved(world, source, json.loads(said.out)["fingerprint"])
        document = folder / "mandate.aqm"
        told = lab.word("show", lab.mandate, "--document", str(document))
        key = mandate.key_of(document.read_bytes()).hex()
        assert f"  laboratory's key {key}\n  sender {json.loads(said.out)['fingerprint']}\n" in told.out
        yield lab, Site(source, folder, key)


def cells(site_: Site) -> list[tuple[Cell, ...]]:
    """The rows of a bundle, opened with the key that only a laboratory has."""
    assert site_.staging is not None
    of, _, parts = carrying.arrived(site_.to)
    found: list[tuple[Cell, ...]] = []
    for number, trailer in parts.items():
        path = carrying.path_of(site_.to, number)
        part = site_.staging.open(of, carrying.located(path).head, trailer)
        for piece in carried.pieces(iter(part.open(0, tuple(carrying.chunks(path))))):
            found += piece.rows.rows if piece.rows is not None else ()
    return found


def begun(site_: Site) -> None:
    """Until a part is there."""
    terminal.until(lambda: any(site_.to.glob("*.part")))


def test_a_laboratory_moves_over_a_relay_that_learns_nothing(away: tuple[Laboratory, Site], tmp_path: Path) -> None:
    lab, far = away
    told = json.loads(far.carry("--json").out)
    assert (told["mandate"], told["rows"], told["carried"]) == (lab.mandate, 8, True)
    relay = shutil.copytree(far.to, tmp_path / "relay")
    said = [far.carry(), terminal.run("legacy", "parts", str(relay))]
    assert [one.status for one in said] == [0, 0]
    assert "was whole already, and nothing was read" in said[0].out
    assert "R: 5 rows in 2 parts, to its end" in said[1].out
    seen = [one.out + one.err for one in said] + [path.read_bytes().decode("latin-1") for path in relay.iterdir()]
    there = b"".join(path.read_bytes() for path in lab.old.folder.iterdir()).decode()
    assert [cell for cell in CELLS if cell not in there] == []
    assert [cell for cell in CELLS for text in seen if cell in text] == []
    # From here on the old system is not there any more.
    arrived = str(shutil.copytree(relay, lab.lab.home / "incoming"))
    shutil.rmtree(far.old.folder)
    far.old.folder.mkdir()
    assert lab.word("profile", lab.mandate, arrived).status == 0
    lab.sign("map", lab.draw())
    lab.sign("load", rests=str(lab.told("rehearse", lab.map, arrived)["digest"]))
    for word in (("load", lab.map, arrived), ("finish", lab.mandate), ("reconcile", lab.map, arrived)):
        done = lab.word(*word)
        assert done.status == 0, done
    assert lab.kept() == {"DEMOGRAPHY": 2, "REQUISITION": 2, "OBSERVATION": 3, "IMPORT": 2}
    # The bundle is no longer opened now: whether the old system goes on is seen where it stands.
    compared = lab.told("reconcile", lab.map, arrived)
    header = bundle.header((Path(arrived) / carrying.HEADER).read_bytes())
    assert compared["came"] == {"id": header.id, "created": header.created.isoformat().replace("+00:00", "Z")}
    loaded = json.loads((lab.folder / "loaded.json").read_bytes())
    assert loaded["came"] == compared["came"]
    digest, account = str(compared["digest"]), lab.move.in_force("finish").hex()
    test_ending.signed(lab, Step.RECONCILE, digest, account)
    back = lab.told("back", lab.mandate, arrived)
    assert (back["tables"], back["new"], back["reconciliation"]) == ([], {}, digest)


def test_a_folder_without_a_bundle_is_no_source(lab: Laboratory, tmp_path: Path) -> None:
    said = lab.word("profile", lab.mandate, str(tmp_path))
    assert (said.status, "there is no bundle in this folder" in said.err) == (Exit.FOUND, True)


def test_keys_are_made_once_and_their_fingerprint_is_printed_again(tmp_path: Path) -> None:
    file = tmp_path / "site.sender"
    made = terminal.run("legacy", "sender", str(file), passphrase=PASSPHRASE)
    before = file.read_bytes()
    again = terminal.run("legacy", "sender", str(file))
    assert (made.status, again.status, file.read_bytes()) == (0, 0, before)
    assert made.out.splitlines()[1:] == again.out.splitlines()[1:]
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    short = terminal.run("legacy", "sender", str(tmp_path / "other"), passphrase="short")
    assert (short.status, (tmp_path / "other").exists()) == (Exit.FOUND, False)


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (lambda raw: raw.replace(b"1000", b"9000"), "export key"),
        (lambda _: b"{}", "no mandate document"),
        (lambda _: None, "cannot be read"),
    ],
    ids=["altered", "none", "gone"],
)
def test_a_document_that_nobody_signed_is_refused(
    here: Site, tmp_path: Path, content: Callable[[bytes], bytes | None], said: str
) -> None:
    file = tmp_path / "other.aqm"
    raw = content(here.document.read_bytes())
    if raw is not None:
        file.write_bytes(raw)
    with pytest.raises(Refused, match=said):
        carry.read(file, here.laboratory)


def test_a_file_in_another_character_set_is_carried_and_told_with_its_columns_and_the_charset(tmp_path: Path) -> None:
    (tmp_path / "old").mkdir()
    rows = [result("17", "900", COM="RenÃ©"), result("17", "901")]
    wrong = site.made(Old(tmp_path / "old", [person("17")], rows), tmp_path / "site")
    people = tmp_path / "old" / "P.csv"
    people.write_bytes(people.read_text().encode("cp1252"))
    done = wrong.carry("--json")
    assert done.status == 0
    asked = 'is charset = "utf-8-sig" of source.toml what it is written in?'
    assert f"P: NOM: 1 cell with letters that are none (1 sign); {asked}" in done.err
    assert f"R: COM: 1 cell of UTF-8 that was read byte by byte; {asked}" in done.err
    assert "carry into a new folder" in done.err
    assert not [cell for cell in ("VRE", "Ren") if cell in done.out + done.err]
    found = json.loads(done.out)
    assert (found["damaged"], found["mojibake"]) == ({"P.NOM": 1}, {"R.COM": 1})


@pytest.mark.parametrize("key", ["", "no key", "00" * 31])
def test_a_key_of_a_laboratory_that_is_none_is_refused(here: Site, key: str) -> None:
    with pytest.raises(Refused):
        carry.read(here.document, key)


def test_another_passphrase_and_another_sender_carry_nothing(here: Site) -> None:
    to = here.folder / "nothing"
    other = here.folder / "other.sender"
    senderkey.create(other, PASSPHRASE)
    foreign = here.carry("--to", str(to), "--sender", str(other))
    locked = here.carry("--to", str(to), passphrase="another passphrase")
    assert (foreign.status, "names another sender" in foreign.err) == (Exit.FOUND, True)
    assert (locked.status, "passphrase" in locked.err) == (Exit.LOCKED, True)
    assert not to.exists()


def test_out_of_its_hours_it_pauses_before_it_begins(here: Site) -> None:
    now, to = clock.system().astimezone(), here.folder / "later"
    hours = "-".join(f"{now + timedelta(hours=ahead):%H:%M}" for ahead in (2, 3))
    assert here.carry("--between", hours, "--to", str(to)).status == Exit.PAUSED
    assert not to.exists()


def test_killed_at_any_moment_it_goes_on_and_every_row_is_there_once(large: Site) -> None:
    for _ in range(KILLS):
        process = large.begin()
        time.sleep(random.uniform(1.0, 4.0))
        process.send_signal(signal.SIGKILL)
        process.communicate()
    said = large.carry()
    assert said.status == 0, said.err
    found = cells(large)
    assert len(found) == ROWS + 1
    assert {row[1] for row in found[1:]} == {f"{number}" for number in range(ROWS)}
    assert large.files() == [*(f"{number:06d}.part" for number in range(1, 7)), "header.json", "manifest.json"]
    shutil.rmtree(large.to)


def test_a_signal_pauses_with_whole_parts_and_a_source_that_changed_is_not_gone_on_with(large: Site) -> None:
    process = large.begin()
    begun(large)
    process.send_signal(signal.SIGTERM)
    _, said = process.communicate(timeout=30)
    assert (process.returncode, "type the same command to go on" in said) == (Exit.PAUSED, True)
    assert not [name for name in large.files() if name.endswith(".draft")]
    assert terminal.run("legacy", "parts", str(large.to)).status == Exit.FOUND
    (large.old.folder / "P.csv").write_text((large.old.folder / "P.csv").read_text().replace("17;", "18;"))
    changed = large.carry()
    assert (changed.status, "has changed since this bundle was begun (table P" in changed.err) == (Exit.FOUND, True)
    assert carrying.MANIFEST not in large.files()
    shutil.rmtree(large.to)


@pytest.mark.parametrize(
    ("spoil", "said"),
    [
        (lambda to: (to / "000001.part").unlink(), "000001.part is not here"),
        (lambda to: (to / "manifest.json").unlink(), "manifest.json is not here"),
        (lambda to: (to / "000002.part").write_bytes(b"aqb1"), "000002.part: bundle: a part was cut"),
        (lambda to: shutil.copy(to / "000001.part", to / "000009.part"), "000009.part: bundle: a part has the name"),
        (lambda to: (to / "manifest.json").write_text("{}"), "manifest.json: bundle: what the sender signed"),
    ],
    ids=["gone", "no manifest", "cut", "copied", "no signature"],
)
def test_parts_names_each_file_that_is_missing_or_not_as_it_was_signed(
    here: Site, tmp_path: Path, capsys: pytest.CaptureFixture[str], spoil: Callable[[Path], None], said: str
) -> None:
    to = shutil.copytree(here.to, tmp_path / "relay")
    spoil(to)
    statuses = [main.main(["legacy", "parts", str(to), *extra]) for extra in ((), ("--json",))]
    looked, told = capsys.readouterr().out.rsplit("not whole\n", 1)
    assert statuses == [Exit.FOUND, Exit.FOUND]
    assert said in looked
    assert [fault for fault in json.loads(told)["faults"] if fault.startswith(said)] != []


@pytest.mark.parametrize(
    ("number", "said"), [(1, "not the one that the manifest names"), (5, "it is one too many")], ids=["anew", "more"]
)
def test_a_part_that_its_own_sender_sealed_later_is_seen(
    here: Site, tmp_path: Path, capsys: pytest.CaptureFixture[str], number: int, said: str
) -> None:
    assert here.staging is not None
    to, keys = shutil.copytree(here.to, tmp_path / "relay"), senderkey.unlock(here.key, PASSPHRASE)
    label = carrying.finished(to)[1].label
    with carrying.part(to, (number, label), [here.staging.slot()], keys) as piece:
        piece.write(b"")
    assert main.main(["legacy", "parts", str(to)]) == Exit.FOUND
    assert f"{number:06d}.part: " in (told := capsys.readouterr().out)
    assert said in told


def test_parts_tells_what_a_relay_may_know(here: Site) -> None:
    said = terminal.run("legacy", "parts", str(here.to), "--json")
    told, of = json.loads(said.out), bundle.header((here.to / carrying.HEADER).read_bytes())
    assert (said.status, told["whole"], told["sender"]) == (0, True, bundle.fingerprint(of.sender))
    assert told["tables"]["P"] == {"rows": 1, "parts": 2, "ends": True}

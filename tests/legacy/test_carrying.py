"""What is carried is sealed as it is read, opened by the receiving laboratory alone, and reads like the source."""

import contextlib
import sqlite3
from collections.abc import Callable
from datetime import date
from pathlib import Path

import msgspec
import pytest

from aliquot.cli.scratch import World
from aliquot.custody.denial import Denial
from aliquot.legacy import arriving, carried, carrying, description, seals
from aliquot.legacy.carrying import Bearer
from aliquot.legacy.description import Database, Delimited, Description, TextTable
from aliquot.legacy.entrance import Leave
from aliquot.legacy.fates import Bin, Sums
from aliquot.legacy.loading import Load
from aliquot.legacy.reading import Reading, Settled
from aliquot.legacy.rehearsal import Trial
from aliquot.legacy.seals import Seals
from aliquot.terms.errors import Refused
from aliquot.terms.kinds import Kind
from aliquot.terms.mandates import Follows, Scope, Table
from aliquot.vault import bundle
from aliquot.vault import carrying as parts
from aliquot.vault.bundle import SenderKey
from aliquot.vault.errors import Forged
from tests.custody import moving
from tests.custody.moving import Move
from tests.legacy import disk, move, old
from tests.legacy.move import SCOPED, WHERE, Cells, Mover, Old
from tests.legacy.old import CATALOGUE, PEOPLE, RESULTS, TODAY, person, result

SENDER = SenderKey.generate()
CANARY = "ZZCANARI"


@pytest.fixture
def source(tmp_path: Path) -> Old:
    folder = tmp_path / "old"
    folder.mkdir()
    return Old(
        folder,
        [person(NOM=CANARY), person("18", NOM="MARTIN", NAI="01/02/1980", SEXE="M")],
        [result(), result("18", "901"), result(dossier="902", JOUR="01072000"), result(COM=CANARY, VAL="141")],
    )


@pytest.fixture
def migration(small_lab: World) -> Move:
    return moving.declared(small_lab, scope=SCOPED, sender=bundle.fingerprint(SENDER.public()))


def sealed(migration: Move, source: Old, folder: Path) -> list[int]:
    marks: list[int] = []
    bearer = Bearer(migration.document(), SENDER, folder)
    with source.reading() as reading:
        carrying.carry(reading, bearer, migration.lab.clock(), lambda _, upto: marks.append(upto))
    return marks


def opened(migration: Move, folder: Path) -> Reading:
    leave = Leave(migration.loader, migration.mandate, WHERE, migration.lab.clock)
    return arriving.opened(leave, SCOPED, folder)


def everything(folder: Path) -> bytes:
    return b"".join(path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file())


def test_a_bundle_rehearses_like_the_source_it_was_carried_from(migration: Move, source: Old, tmp_path: Path) -> None:
    sealed(migration, source, tmp_path / "bundle")
    drawn = msgspec.structs.replace(old.drawn(), mandate=migration.mandate.hex())
    with source.reading() as reading:
        there = Trial(drawn, SCOPED, CATALOGUE, TODAY).run(reading)
    with opened(migration, tmp_path / "bundle") as reading:
        assert Trial(drawn, SCOPED, CATALOGUE, TODAY).run(reading) == there
    assert there.sums.bins("R")[Bin.OUT_OF_SCOPE] == 1


def test_a_bundle_loads_like_the_source_it_was_carried_from(migration: Move, source: Old, tmp_path: Path) -> None:
    sealed(migration, source, tmp_path / "bundle")
    migration.until("load")
    drawn = msgspec.structs.replace(old.drawn(), mandate=migration.mandate.hex())
    mover = Mover(migration.lab, migration, drawn, move.begun(drawn))
    leave = Leave(migration.loader, migration.mandate, WHERE, migration.lab.clock)
    with opened(migration, tmp_path / "bundle") as reading:
        told: Sums = Load(leave, drawn, SCOPED, mover.progress, mover.settled).run(reading)
    assert told.open() == ()
    assert (move.kept(Kind.DEMOGRAPHY), move.kept(Kind.OBSERVATION)) == (2, 3)


def test_nothing_in_clear_is_in_a_bundle_and_nothing_out_of_range_at_all(
    migration: Move, source: Old, tmp_path: Path
) -> None:
    sealed(migration, source, tmp_path / "bundle")
    written = everything(tmp_path / "bundle")
    assert CANARY.encode() in everything(source.folder)
    for word in (CANARY, "MARTIN", "mmol", "03/11/1951"):
        assert word.encode() not in written


def test_a_carry_that_was_killed_goes_on_where_its_last_whole_part_ends(
    migration: Move, source: Old, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(carrying, "ROWS", 1)
    assert sealed(migration, source, tmp_path / "whole") == [1, 2, 0, 1, 2, 4, 0]
    bearer = Bearer(migration.document(), SENDER, tmp_path / "bundle")
    with source.reading() as reading, pytest.raises(KeyboardInterrupt):
        carrying.carry(reading, bearer, migration.lab.clock(), _interrupted(after=2))
    assert len(parts.finished(tmp_path / "bundle")) == 3
    assert sealed(migration, source, tmp_path / "bundle") == [1, 2, 4, 0]
    with opened(migration, tmp_path / "bundle") as reading:
        assert sum(len(chunk.rows) for chunk in reading.rows("R")) == 3


def half(migration: Move, source: Old, folder: Path, after: int = 4) -> set[str]:
    """A carry that was killed behind its n-th part; the answer is what lies there."""
    bearer = Bearer(migration.document(), SENDER, folder)
    with source.reading() as reading, pytest.raises(KeyboardInterrupt):
        carrying.carry(reading, bearer, migration.lab.clock(), _interrupted(after=after))
    return {path.name for path in folder.iterdir()}


@pytest.mark.parametrize(
    ("change", "place"),
    [
        (lambda people, _: people.__setitem__(0, person(NOM="AUTRE")), "table P, rows 1 to 1"),
        (lambda people, _: people.append(person("19")), "table P, how it ends"),
        (lambda _, results: results.__setitem__(0, result(VAL="8")), "table R, rows 1 to 1"),
        (lambda _, results: results.clear(), "table R, rows 1 to 1"),
        (lambda _, results: results.__setitem__(0, result(JOUR="01072000")), "table R, rows 1 to 1"),
    ],
    ids=["a whole table", "a row more in it", "a cell", "rows are gone", "a row is out of range now"],
)
def test_a_carry_that_goes_on_with_a_source_that_has_changed_is_refused(
    migration: Move,
    source: Old,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    change: Callable[[list[Cells], list[Cells]], None],
    place: str,
) -> None:
    monkeypatch.setattr(carrying, "ROWS", 1)
    before = half(migration, source, tmp_path / "bundle")
    people, results = [*source.people], [*source.results]
    change(people, results)
    source.people, source.results = people, results
    with pytest.raises(Refused, match=f"has changed since this bundle was begun .{place}.*new folder"):
        sealed(migration, source, tmp_path / "bundle")
    assert {path.name for path in (tmp_path / "bundle").iterdir()} == before


def test_killed_just_after_a_part_got_its_name_it_goes_on(
    migration: Move, source: Old, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    rename = Path.replace

    def killed(self: Path, target: Path) -> Path:
        named = rename(self, target)
        if named.suffix == ".part":
            raise KeyboardInterrupt
        return named

    with monkeypatch.context() as dying:
        dying.setattr(Path, "replace", killed)
        with pytest.raises(KeyboardInterrupt):
            sealed(migration, source, tmp_path / "bundle")
    assert parts.path_of(tmp_path / "bundle", 1).exists()
    sealed(migration, source, tmp_path / "bundle")
    assert parts.arrived(tmp_path / "bundle")[1].rows == 5


def test_a_running_database_is_compared_like_any_other_source(
    migration: Move, source: Old, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(carrying, "ROWS", 1)
    described = Description(tmp_path, Database(dsn="sqlite:///old.db"))
    with contextlib.closing(sqlite3.connect(tmp_path / "old.db")) as db:
        for table, rows in ((PEOPLE, source.people), (RESULTS, source.results)):
            columns = ", ".join(f'"{column}" TEXT' for column in table.columns)
            db.execute(f'CREATE TABLE "{table.name}" (n INTEGER PRIMARY KEY, {columns})')
            marks = ", ".join("?" * (len(table.columns) + 1))
            db.executemany(f'INSERT INTO "{table.name}" VALUES ({marks})', [(n, *row) for n, row in enumerate(rows)])
        db.commit()
        bearer, now = Bearer(migration.document(), SENDER, tmp_path / "bundle"), migration.lab.clock()
        with Reading(SCOPED, described) as reading, pytest.raises(KeyboardInterrupt):
            carrying.carry(reading, bearer, now, _interrupted(after=4))
        db.execute("UPDATE P SET NOM = 'AUTRE' WHERE n = 0")
        db.commit()
    with Reading(SCOPED, described) as reading, pytest.raises(Refused, match="has changed since"):
        carrying.carry(reading, bearer, now, lambda *_: None)


def test_what_was_added_behind_what_is_sealed_is_carried(
    migration: Move, source: Old, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(carrying, "ROWS", 1)
    half(migration, source, tmp_path / "bundle")
    source.results = [*source.results, result("18", "903")]
    assert sealed(migration, source, tmp_path / "bundle") == [4, 5, 0]


def test_what_a_carry_keeps_on_its_way_tells_nothing_without_its_keys_and_goes_in_the_end(
    migration: Move, source: Old, tmp_path: Path
) -> None:
    for name in ("one", "two"):
        half(migration, source, tmp_path / name, after=1)
    one, two = ((tmp_path / name / seals.FILE).read_text() for name in ("one", "two"))
    frame = carried.frame(carried.Piece(carried.Carried(tuple(source.people), (1, 2), (), 0)))
    for key, known in ((SENDER, True), (SenderKey.generate(), False)):
        digest = Seals(tmp_path / "one", key).digest(1)
        digest.update(frame)
        assert (digest.hexdigest() in one) is known
        assert digest.hexdigest() not in two
    sealed(migration, source, tmp_path / "one")
    assert not (tmp_path / "one" / seals.FILE).exists()


@pytest.mark.parametrize("content", [None, "[", '{"parts":[]}'])
def test_a_folder_that_does_not_say_what_it_was_sealed_from_is_not_gone_on_with(
    migration: Move, source: Old, tmp_path: Path, content: str | None
) -> None:
    half(migration, source, tmp_path / "bundle", after=1)
    file = tmp_path / "bundle" / seals.FILE
    if content is None:
        file.unlink()
    else:
        file.write_text(content)
    with pytest.raises(Refused, match="into a new"):
        sealed(migration, source, tmp_path / "bundle")


def test_a_part_that_was_moved_away_is_missed(
    migration: Move, source: Old, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(carrying, "ROWS", 1)
    half(migration, source, tmp_path / "bundle")
    parts.path_of(tmp_path / "bundle", 2).unlink()
    with pytest.raises(Refused, match="copied on their way, not moved"):
        sealed(migration, source, tmp_path / "bundle")


def test_a_bundle_that_is_whole_is_not_carried_into(migration: Move, source: Old, tmp_path: Path) -> None:
    sealed(migration, source, tmp_path / "bundle")
    with pytest.raises(Refused, match="is whole"):
        sealed(migration, source, tmp_path / "bundle")


def test_a_source_that_changed_while_it_was_read_makes_no_whole_bundle(
    migration: Move, source: Old, tmp_path: Path
) -> None:
    def changed() -> None:
        raise Refused("it has changed")

    bearer = Bearer(migration.document(), SENDER, tmp_path / "bundle", changed)
    with source.reading() as reading, pytest.raises(Refused, match="it has changed"):
        carrying.carry(reading, bearer, migration.lab.clock(), lambda *_: None)
    assert not (tmp_path / "bundle" / parts.MANIFEST).exists()


@pytest.mark.parametrize("bytes_", [64, 4000])
def test_on_a_full_disk_only_whole_parts_stay_and_it_goes_on_once_there_is_room(
    migration: Move, source: Old, tmp_path: Path, bytes_: int
) -> None:
    bearer, now = Bearer(migration.document(), SENDER, tmp_path / "bundle"), migration.lab.clock()
    with source.reading() as reading, disk.room(bytes_), pytest.raises(Refused, match=r"no room left.*the same folder"):
        carrying.carry(reading, bearer, now, lambda *_: None)
    assert {path.name for path in (tmp_path / "bundle").iterdir()} <= {parts.HEADER, seals.FILE}
    sealed(migration, source, tmp_path / "bundle")
    assert parts.arrived(tmp_path / "bundle")[1].rows == 5


def test_days_are_read_on_arrival_as_the_far_side_read_them(migration: Move, source: Old, tmp_path: Path) -> None:
    sealed(migration, source, tmp_path / "bundle")
    with opened(migration, tmp_path / "bundle") as reading:
        assert sum(len(chunk.rows) for chunk in reading.rows("R")) == 3
        with source.reading() as there:
            list(there.rows("R"))
            assert reading.settled("R") == there.settled("R") != Settled()


def test_a_bundle_is_read_longer_than_a_session_lasts(migration: Move, source: Old, tmp_path: Path) -> None:
    sealed(migration, source, tmp_path / "bundle")
    with opened(migration, tmp_path / "bundle") as reading:
        for _ in range(3):
            migration.let_pass(hours=10)
            assert sum(len(chunk.rows) for chunk in reading.rows("R")) == 3


def test_another_sender_than_the_mandate_names_carries_nothing(migration: Move, source: Old, tmp_path: Path) -> None:
    bearer = Bearer(migration.document(), SenderKey.generate(), tmp_path / "bundle")
    with source.reading() as reading, pytest.raises(Refused, match="another sender"):
        carrying.carry(reading, bearer, migration.lab.clock(), lambda *_: None)
    assert not (tmp_path / "bundle").exists()


def test_nothing_is_carried_after_the_mandate_has_ended(migration: Move, source: Old, tmp_path: Path) -> None:
    document = migration.document()
    with source.reading() as reading, pytest.raises(Refused, match="has ended"):
        carrying.carry(reading, Bearer(document, SENDER, tmp_path / "bundle"), document.until, lambda *_: None)


def test_a_bundle_is_opened_for_its_own_mandate_and_no_other(
    small_lab: World, migration: Move, source: Old, tmp_path: Path
) -> None:
    sealed(migration, source, tmp_path / "bundle")
    other = moving.declared(small_lab, migration.loader, scope=SCOPED, sender=bundle.fingerprint(SENDER.public()))
    with pytest.raises((Denial, Refused, Forged)):
        opened(other, tmp_path / "bundle")


def test_a_part_that_is_missing_or_changed_shows_before_anything_is_read(
    migration: Move, source: Old, tmp_path: Path
) -> None:
    sealed(migration, source, tmp_path / "bundle")
    part = parts.path_of(tmp_path / "bundle", 1)
    kept = part.read_bytes()
    part.write_bytes(kept[:-40] + bytes([kept[-40] ^ 1]) + kept[-39:])
    with pytest.raises((Refused, Forged)):
        opened(migration, tmp_path / "bundle")
    part.unlink()
    with pytest.raises((Refused, Forged)):
        opened(migration, tmp_path / "bundle")


def test_a_part_that_was_exchanged_after_it_arrived_is_not_read(
    migration: Move, source: Old, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(carrying, "ROWS", 1)
    sealed(migration, source, tmp_path / "bundle")
    with opened(migration, tmp_path / "bundle") as reading:
        first, second = (parts.path_of(tmp_path / "bundle", number) for number in (4, 5))
        second.write_bytes(first.read_bytes())
        with pytest.raises(Forged, match=r"00000\d\.part: bundle: this is not the part that arrived"):
            list(reading.rows("R"))


def test_a_part_that_lost_its_chunks_after_it_arrived_is_not_read(migration: Move, source: Old, tmp_path: Path) -> None:
    sealed(migration, source, tmp_path / "bundle")
    with opened(migration, tmp_path / "bundle") as reading:
        cut = parts.path_of(tmp_path / "bundle", 3)
        raw, place = cut.read_bytes(), parts.located(cut)
        cut.write_bytes(raw[: place.chunks_at] + place.trailer + len(place.trailer).to_bytes(4, "big"))
        with pytest.raises(Forged, match=r"00000\d\.part: bundle: this is not the part that arrived"):
            list(reading.rows("R"))


def test_an_aborted_migration_leaves_a_bundle_that_nobody_opens(migration: Move, source: Old, tmp_path: Path) -> None:
    sealed(migration, source, tmp_path / "bundle")
    migration.signed("abort", ("privacy@nord",))
    with pytest.raises(Denial):
        opened(migration, tmp_path / "bundle")


def _interrupted(after: int) -> carrying.Progress:
    told = iter(range(after))

    def progress(_: str, __: int) -> None:
        if next(told, None) is None:
            raise KeyboardInterrupt

    return progress


def test_a_table_that_others_follow_is_carried_first_and_read_once(small_lab: World, source: Old) -> None:
    people, results = SCOPED.tables
    following = msgspec.structs.replace(people, follows=Follows("NUM", results.name, "NUM"))
    scope = msgspec.structs.replace(SCOPED, tables=(following, results))
    migration = moving.declared(small_lab, scope=scope, sender=bundle.fingerprint(SENDER.public()))
    source.reading().close()
    read: list[str] = []
    described = description.read(source.folder / "source.toml")
    with Reading(scope, described, progress=lambda table, *_: read.append(table)) as reading:
        bearer = Bearer(migration.document(), SENDER, source.folder / "bundle")
        carrying.carry(reading, bearer, migration.lab.clock(), lambda *_: None)
    assert read == [results.name, people.name]


def test_a_table_of_the_longest_name_and_of_the_widest_cells_arrives(small_lab: World, tmp_path: Path) -> None:
    table = Table("é" * 100 + "\\" * 100, ("A", "B"))
    scope = Scope((table,), date(2019, 1, 1), date(2020, 1, 1))
    lines = [f"{number};{'x' * 100_000}\n" for number in range(700)]
    (tmp_path / "t.csv").write_text("".join(["A;B\n", *lines]))
    described = Description(tmp_path, Delimited(separator=";", tables={table.name: TextTable(path="t.csv")}))
    migration = moving.declared(small_lab, scope=scope, sender=bundle.fingerprint(SENDER.public()))
    bearer = Bearer(migration.document(), SENDER, tmp_path / "bundle")
    with Reading(scope, described) as reading:
        carrying.carry(reading, bearer, small_lab.clock(), lambda *_: None)
    leave = Leave(migration.loader, migration.mandate, WHERE, small_lab.clock)
    with arriving.opened(leave, scope, tmp_path / "bundle") as reading:
        assert sum(len(chunk.rows) for chunk in reading.rows(table.name)) == 700

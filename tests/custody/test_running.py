"""What the loader does beside loading: rows are named and bundles are opened, under one mandate and nowhere else."""

import os
from datetime import timedelta
from pathlib import Path

import msgspec
import pytest

from aliquot.access import migrating
from aliquot.cli.scratch import World
from aliquot.custody import migrations, parts
from aliquot.custody.denial import Denial
from aliquot.custody.migration_protocol import CHUNKS_AT_ONCE
from aliquot.custody.steps import State
from aliquot.terms import canonical, ids
from aliquot.vault import bundle, carrying
from aliquot.vault.bundle import CHUNK, SenderKey
from aliquot.vault.carrying import Terms
from aliquot.vault.letterbox import SlotKey
from tests.custody import moving
from tests.custody.moving import ROAD, SENDER, Move
from tests.custody.speaker import Speaker, notices
from tests.plan import NORD, SUD

MINE = bundle.fingerprint(SENDER.public())


@pytest.fixture
def move(small_lab: World) -> Move:
    return moving.declared(small_lab, sender=MINE)


def refused(move: Move, *keys: str) -> str:
    try:
        with move.run() as grant:
            migrating.names(grant, "patient", keys)
    except Denial as denial:
        return denial.code
    return ""


def carried(move: Move, folder: Path, content: bytes, sender: SenderKey = SENDER, **changed: object) -> Path:
    """A bundle of one part, as the site of the old system seals it."""
    document = move.document()
    slots = (SlotKey(bytes.fromhex(document.staging)),)
    now = move.lab.clock()
    said = {"mandate": move.mandate, "created": now, "expires": now + timedelta(days=3)} | changed
    carrying.begin(folder, Terms(**said), slots, sender)  # type: ignore[arg-type]  # the tests name fields of Terms
    with carrying.part(folder, (1, "PATIENT 1"), slots, sender) as piece:
        piece.write(content)
    return folder


def opened(move: Move, folder: Path) -> bytes:
    """What a loader reads of a part, through custody."""
    path = carrying.path_of(folder, 1)
    place = carrying.located(path)
    header = (folder / carrying.HEADER).read_bytes()
    read = b""
    with move.run() as grant:
        part = migrating.open_part(grant, header, place.head, place.trailer)
        for number, chunk in enumerate(carrying.chunks(path)):
            (plain,) = migrating.open_chunks(grant, part.handle, number, (chunk,))
            read += plain
    return read


def denied(move: Move, folder: Path) -> tuple[str, str]:
    with pytest.raises(Denial) as denial:
        opened(move, folder)
    return denial.value.code, denial.value.reason


def test_a_row_has_the_same_name_each_time_and_no_two_have_one(move: Move) -> None:
    move.until("load")
    with move.run() as grant:
        first = migrating.names(grant, "patient", ["1", "2", "3"])
    with move.run() as grant:
        assert migrating.names(grant, "patient", ["3", "1", "2"]) == (first[2], first[0], first[1])
        other = migrating.names(grant, "requisition", ["1", "2", "3"])
        # What a row is and what it is called are parted: neither reaches into the other.
        assert migrating.names(grant, "patient1", ["x"]) != migrating.names(grant, "patient", ["1x"])
    assert len({*first, *other}) == 6


def test_a_name_is_an_id_of_the_organization_and_of_the_week_of_signing(move: Move) -> None:
    move.until("load")
    signed = move.document().signed_at
    with move.run() as grant:
        (named,) = migrating.names(grant, "patient", ["1"])
    assert named[:6] == NORD + ids.week(signed).to_bytes(2, "big")
    assert len(named) == 16


def test_rows_of_a_patient_stand_beside_the_patient_and_each_by_itself(move: Move) -> None:
    move.until("load")
    rows, whose = ["a", "b", "c"], ["1", "1", "2"]
    with move.run() as grant:
        one, other = migrating.names(grant, "patient", ["1", "2"])
        named = migrating.names(grant, "result", rows, whose)
        alone = migrating.names(grant, "result", rows)
        assert migrating.names(grant, "result", ["c", "a"], ["2", "1"]) == (named[2], named[0])
        # A row of somebody else is another row.
        assert migrating.names(grant, "result", ["a"], ["2"]) != named[:1]
        with pytest.raises(Denial, match="each row is somebody's"):
            migrating.names(grant, "result", rows, ["1"])
    assert [row[:9] for row in named] == [one[:9], one[:9], other[:9]]
    assert len({*named, *alone, one, other}) == 8
    assert [row[9:] for row in named] == [row[6:13] for row in alone]


def test_another_mandate_over_the_same_source_gives_the_same_names_and_over_another_others(move: Move) -> None:
    move.until("load")
    with move.run() as grant:
        (first,) = migrating.names(grant, "patient", ["1"])
    move.step("abort")
    # The id says when the source was first signed for, however late the next mandate is.
    move.let_pass(days=15)
    for source, same in (("Ancien", True), ("ancienne", False)):
        other = moving.declared(move.lab, move.loader, source=source).until("load")
        with other.run() as grant:
            (found,) = migrating.names(grant, "patient", ["1"])
        assert (found == first) is same


def test_another_laboratory_has_other_names_for_a_source_of_the_same_name(lab: World) -> None:
    unlocked = lab.custodian.custodian.held.unlocked
    sources = {migrations.source_of(unlocked, org, "ancien") for org in (NORD, SUD)}
    assert len({unlocked.digest(org, "rows", source) for org, source in zip((NORD, SUD), sources, strict=True)}) == 2


def test_a_source_that_was_moved_with_other_columns_is_not_recognised_and_so_not_signed_for(move: Move) -> None:
    form = moving.mandate_form(move.lab)
    people, results = moving.SCOPE.tables
    fewer = msgspec.structs.replace(results, columns=tuple(name for name in results.columns if name != "VAL"))
    changed = msgspec.structs.replace(form, scope=msgspec.structs.replace(moving.SCOPE, tables=(people, fewer)))
    assert moving.refusal(move.lab, "director@nord", changed) == "scope"
    assert moving.refusal(move.lab, "director@nord", msgspec.structs.replace(changed, source="autre")) == ""
    move.step("abort")
    # Nothing came in under it.
    assert moving.refusal(move.lab, "director@nord", changed) == ""


def test_rows_are_named_where_they_are_needed_and_nowhere_else(move: Move) -> None:
    allowed = []
    for station in ("", *ROAD):
        if station:
            move.step(station)
        if refused(move, "1") == "":
            allowed.append(move.state().value)
    assert allowed == ["loading", "loaded"]


def test_a_bundle_is_opened_inside_and_only_its_content_comes_out(move: Move, tmp_path: Path) -> None:
    content = os.urandom(2 * CHUNK + 10)
    assert opened(move, carried(move, tmp_path, content)) == content


def test_several_chunks_are_opened_at_once_and_no_more_than_eight(move: Move, tmp_path: Path) -> None:
    content = os.urandom(3 * CHUNK)
    carried(move, tmp_path, content)
    path = carrying.path_of(tmp_path, 1)
    place = carrying.located(path)
    with move.run() as grant:
        part = migrating.open_part(grant, (tmp_path / carrying.HEADER).read_bytes(), place.head, place.trailer)
        assert (part.chunks, part.rows) == (3, 1)
        plain = migrating.open_chunks(grant, part.handle, 1, tuple(carrying.chunks(path))[1:])
        assert b"".join(plain) == content[CHUNK:]
        with pytest.raises(Denial) as many:
            migrating.open_chunks(grant, part.handle, 0, (b"",) * (CHUNKS_AT_ONCE + 1))
    assert many.value.code == "malformed"


def test_a_bundle_of_a_sender_whom_the_mandate_does_not_name_is_not_opened(move: Move, tmp_path: Path) -> None:
    assert denied(move, carried(move, tmp_path, b"row", SenderKey.generate())) == (
        "bundle",
        "bundle: its sender is not the one that the mandate names",
    )


def test_a_mandate_without_a_sender_opens_no_bundle(small_lab: World, tmp_path: Path) -> None:
    move = moving.declared(small_lab)
    assert denied(move, carried(move, tmp_path, b"row"))[0] == "bundle"


def test_a_bundle_of_another_mandate_is_not_opened(move: Move, tmp_path: Path) -> None:
    other = moving.declared(move.lab, move.loader, sender=MINE)
    assert "another mandate" in denied(move, carried(move, tmp_path, b"row", mandate=other.mandate))[1]
    sealed = carried(other, tmp_path / "other", b"row", mandate=move.mandate)
    assert "another key" in denied(move, sealed)[1]


def test_a_bundle_that_is_over_is_not_opened(move: Move, tmp_path: Path) -> None:
    carried(move, tmp_path, b"row", expires=move.lab.clock() + timedelta(hours=5))
    move.let_pass(hours=6)
    assert "it is over" in denied(move, tmp_path)[1]


def test_a_header_whose_end_was_put_off_opens_nothing(move: Move, tmp_path: Path) -> None:
    carried(move, tmp_path, b"row")
    header = tmp_path / carrying.HEADER
    of = bundle.header(header.read_bytes())
    later = msgspec.structs.replace(of, expires=of.expires + timedelta(days=1))
    header.write_bytes(canonical.encode(later))
    assert denied(move, tmp_path)[0] == "bundle"


def test_a_header_that_anybody_could_have_written_is_refused_and_rings_nothing(move: Move, tmp_path: Path) -> None:
    carried(move, tmp_path, b"row")
    header = tmp_path / carrying.HEADER
    raw = header.read_bytes()
    for forged in (raw.replace(b'Z"', b'"'), raw.replace(b'"mandate":"', b'"mandate":"\xff')):
        assert forged != raw
        header.write_bytes(forged)
        assert denied(move, tmp_path)[0] == "bundle"
    assert "custody-broken" not in notices(move.lab)


def test_a_part_whose_chunk_was_altered_says_so_and_says_nothing_else(move: Move, tmp_path: Path) -> None:
    carried(move, tmp_path, b"CANARI")
    path = carrying.path_of(tmp_path, 1)
    raw, place = bytearray(path.read_bytes()), carrying.located(path)
    raw[place.chunks_at] ^= 1
    path.write_bytes(raw)
    assert denied(move, tmp_path) == ("bundle", "bundle: a chunk does not open in this place")


def test_after_the_migration_is_over_no_bundle_of_it_opens(move: Move, tmp_path: Path) -> None:
    carried(move, tmp_path, b"row")
    path = carrying.path_of(tmp_path, 1)
    place = carrying.located(path)
    with move.run() as grant:
        part = migrating.open_part(grant, (tmp_path / carrying.HEADER).read_bytes(), place.head, place.trailer)
        move.step("abort")
        with pytest.raises(Denial) as over:
            migrating.open_chunks(grant, part.handle, 0, tuple(carrying.chunks(path)))
    assert over.value.code == "migration-over"
    assert denied(move, tmp_path)[0] == "mandate"


def test_a_bundle_is_opened_until_it_is_loaded_and_not_after(move: Move, tmp_path: Path) -> None:
    carried(move, tmp_path, b"row")
    found = []
    for station in ("", *ROAD[:-1]):
        if station:
            move.step(station)
        if move.state() in {State.RECONCILED, State.CUT_OVER}:
            assert denied(move, tmp_path)[0] in {"migration-state", "service"}
        else:
            assert opened(move, tmp_path) == b"row"
            found.append(move.state().value)
    assert found == ["declared", "profiled", "mapped", "rehearsed", "loading", "loaded"]


def test_an_older_bundle_does_not_stand_in_for_a_newer_one(move: Move, tmp_path: Path) -> None:
    old = carried(move, tmp_path / "old", b"old")
    move.until("load")
    assert opened(move, old) == b"old"
    move.let_pass(hours=1)
    new = carried(move, tmp_path / "new", b"new")
    assert opened(move, new) == b"new"
    assert denied(move, old) == ("bundle", "bundle: a newer one was opened already")
    assert opened(move, new) == b"new"


def test_what_was_reconciled_is_not_opened_as_the_last_difference(move: Move, tmp_path: Path) -> None:
    old = carried(move, tmp_path / "old", b"old")
    move.until("load")
    # A load may be opened again for who was doubtful, on what was carried.
    for step in ("finish", "load", "finish"):
        assert opened(move, old) == b"old"
        move.step(step)
    move.step("reconcile")
    move.step("load")
    assert denied(move, old) == ("bundle", "bundle: it was reconciled already; the last difference is carried anew")
    move.let_pass(hours=1)
    assert opened(move, carried(move, tmp_path / "new", b"new")) == b"new"
    move.step("finish")
    assert denied(move, old)[0] == "bundle"


def test_a_handle_is_good_for_its_own_session_and_mandate(move: Move, tmp_path: Path) -> None:
    carried(move, tmp_path, b"row")
    place = carrying.located(carrying.path_of(tmp_path, 1))
    chunks = tuple(carrying.chunks(carrying.path_of(tmp_path, 1)))
    with move.run() as grant:
        part = migrating.open_part(grant, (tmp_path / carrying.HEADER).read_bytes(), place.head, place.trailer)
    other = moving.declared(move.lab, move.loader, sender=MINE)
    for stranger in (other, move):
        with stranger.run() as grant, pytest.raises(Denial) as refusal:
            migrating.open_chunks(grant, part.handle, 0, chunks)
        assert refusal.value.code == "no-such-part"


def test_a_loader_that_opens_many_parts_loses_the_oldest(move: Move, tmp_path: Path) -> None:
    carried(move, tmp_path, b"row")
    header = (tmp_path / carrying.HEADER).read_bytes()
    place = carrying.located(carrying.path_of(tmp_path, 1))
    chunks = tuple(carrying.chunks(carrying.path_of(tmp_path, 1)))
    with move.run() as grant:
        handles = [migrating.open_part(grant, header, place.head, place.trailer).handle for _ in range(parts.MOST + 1)]
        assert migrating.open_chunks(grant, handles[1], 0, chunks) == (b"row",)
        with pytest.raises(Denial) as gone:
            migrating.open_chunks(grant, handles[0], 0, chunks)
    assert gone.value.code == "no-such-part"


def test_a_worker_runs_no_migration(move: Move) -> None:
    worker = Speaker(move.lab, move.lab.work(NORD).line, move.lab.work(NORD).ticket, NORD)
    assert worker.denied(worker.act("RunMigration", NORD + bytes(12))) == "forbidden"


def test_a_bundle_that_says_it_was_begun_later_than_now_opens_not_and_bars_no_other(move: Move, tmp_path: Path) -> None:
    """It would be good for as long as it likes, and every bundle of before would be an old one."""
    later = move.lab.clock() + timedelta(days=3650)
    code, reason = denied(move, carried(move, tmp_path / "a", b"row", created=later, expires=later + timedelta(days=3)))
    assert (code, "a clock is wrong" in reason) == ("bundle", True)
    ahead = move.lab.clock() + timedelta(hours=23)
    assert opened(move, carried(move, tmp_path / "b", b"row", created=ahead)) == b"row"

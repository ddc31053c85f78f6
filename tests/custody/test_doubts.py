"""Who is doubtful is seen by who decides, so many a day; it is forgotten when it is decided, and dies with the rest."""

from collections.abc import Sequence
from datetime import date

import msgspec
import pytest

from aliquot.access import acts, door, migrating
from aliquot.access.acts import DecideMatch
from aliquot.cli.scratch import World
from aliquot.custody import limits, subjects
from aliquot.custody.denial import Denial
from aliquot.custody.doubts import _KEPT, _LENGTH
from aliquot.custody.migration_protocol import Doubt, DoubtsRead, Incoming, ReadDoubts
from aliquot.terms.errors import Broken
from aliquot.terms.identity import Demography, Sex
from aliquot.terms.ids import Id
from tests.custody import moving
from tests.custody.moving import ROAD, Move
from tests.custody.speaker import notices, person
from tests.custody.test_matching import NIR, compared, decide, history, known
from tests.plan import NORD

CANARY = Demography("CANARIOTTO", ("Pauline",), date(1950, 6, 7), Sex.FEMALE)
"""How the old system calls somebody, and nobody else does."""
HERE = Demography("Canariotto", ("Pauline",), date(1950, 6, 7), Sex.FEMALE)
BIOLOGIST = "biologist@nord"


@pytest.fixture
def move(small_lab: World) -> Move:
    return moving.declared(small_lab).until("map")


def doubtful(move: Move, n: int = 1) -> tuple[Id, list[bytes]]:
    """A patient who is known here, and so many rows of the source that may be that patient."""
    patient = known(move.lab, HERE, (("nir", NIR),))
    verdicts = compared(move, *(Incoming(str(number), CANARY) for number in range(n)))
    assert {verdict.says for verdict in verdicts} == {"doubtful"}
    return patient, sorted(verdict.row for verdict in verdicts)


def read(move: Move, who: str = BIOLOGIST, after: bytes = b"", most: int = 10) -> DoubtsRead:
    """What somebody is shown who decides."""
    actor = move.lab.sign_in(who)
    desk = DecideMatch(acts.organization(actor.org))
    with door.enter(actor, desk, door.intent(actor, move.lab.clock(), "HOPERAT")) as grant:
        return migrating.doubts(grant, move.mandate, after, most)


def refused(move: Move, who: str = BIOLOGIST, most: int = 10) -> str:
    with pytest.raises(Denial) as denied:
        read(move, who, most=most)
    return denied.value.code


def sealed(move: Move) -> Sequence[tuple[bytes, bytes]]:
    """What custody keeps of doubts."""
    rows: list[tuple[bytes, bytes]] = move.lab.custodian.custodian.store.db.execute(
        "SELECT row, sealed FROM doubt ORDER BY row"
    ).fetchall()
    return rows


def test_who_decides_sees_who_comes_and_who_it_may_be_and_why(move: Move) -> None:
    patient = known(move.lab, HERE, (("nir", NIR), ("extid", "urn:oid:1.2.3|77")))
    other = msgspec.structs.replace(CANARY, family="Kanariotto")
    (verdict,) = compared(move, Incoming("1", other, (("extid", "urn:oid:1.2.3|77"),)))
    told = read(move)
    assert told.left == 1
    assert [(doubt.row, doubt.demography) for doubt in told.doubts] == [(verdict.row, other)]
    ((candidate,),) = [doubt.candidates for doubt in told.doubts]
    assert (candidate.patient, candidate.numbers) == (patient, ("extid",))
    assert candidate == verdict.candidates[0]
    assert set(candidate.reasons) >= {"same-identifier"}


def test_a_page_goes_on_after_the_row_that_is_left_for_later(move: Move) -> None:
    _, rows = doubtful(move, 3)
    assert [doubt.row for doubt in read(move, most=1).doubts] == rows[:1]
    assert [doubt.row for doubt in read(move, after=rows[0], most=2).doubts] == rows[1:]
    assert read(move, after=rows[2]).doubts == ()
    assert read(move, after=rows[2]).left == 3


def test_a_decision_takes_the_doubt_away_and_a_no_takes_one_candidate_away(move: Move) -> None:
    first = known(move.lab, HERE, ())
    second = known(move.lab, HERE, ())
    verdicts = compared(move, Incoming("1", CANARY), Incoming("2", CANARY))
    decide(move, verdicts[0], first, same=True, who=BIOLOGIST)
    assert [row for row, _ in sealed(move)] == [verdicts[1].row]
    decide(move, verdicts[1], first, same=False, who=BIOLOGIST)
    assert [[one.patient for one in doubt.candidates] for doubt in read(move).doubts] == [[second]]
    decide(move, verdicts[1], second, same=False, who=BIOLOGIST)
    assert read(move) == DoubtsRead((), 0)


def test_a_comparison_renews_what_is_kept(move: Move) -> None:
    doubtful(move)
    corrected = msgspec.structs.replace(CANARY, given=("Paulina",))
    compared(move, Incoming("0", corrected))
    assert [doubt.demography for doubt in read(move).doubts] == [corrected]
    compared(move, Incoming("0", msgspec.structs.replace(CANARY, family="Zzz", born_on=date(1901, 1, 1))))
    assert (sealed(move), read(move).left) == ([], 0)


def test_a_candidate_who_is_not_registered_or_not_any_more_is_not_shown(move: Move) -> None:
    compared(move, Incoming("1", CANARY), Incoming("2", CANARY))
    assert [doubt.candidates for doubt in read(move).doubts] == [()]


@pytest.mark.parametrize("who", ["director@nord", "privacy@nord", "technician@nord", "administrator@nord"])
def test_nobody_else_sees_them(move: Move, who: str) -> None:
    doubtful(move)
    assert refused(move, who) == "forbidden"


def test_no_other_act_reads_them(move: Move) -> None:
    doubtful(move)
    biologist = person(move.lab, BIOLOGIST)
    grant = biologist.granted(biologist.act("ReadMigration", NORD + bytes(12), "HOPERAT")).grant
    with pytest.raises(Denial) as denied:
        biologist.line.ask(ReadDoubts(grant, move.mandate, b"", 1), DoubtsRead)
    assert denied.value.code == "not-of-this-act"


def test_another_laboratory_sees_none(move: Move) -> None:
    doubtful(move)
    assert refused(move, "biologist@sud") == "no-such-mandate"
    actor = move.lab.sign_in("biologist@sud")
    desk = DecideMatch(acts.organization(actor.org))
    with door.enter(actor, desk, door.intent(actor, move.lab.clock(), "HOPERAT")) as grant:
        assert migrating.doubtful(grant) == ()


def test_who_decides_is_told_in_which_migration_how_many_wait(move: Move) -> None:
    doubtful(move, 2)
    actor = move.lab.sign_in("secretary@nord")
    desk = DecideMatch(acts.organization(actor.org))
    with door.enter(actor, desk, door.intent(actor, move.lab.clock(), "PATADMIN")) as grant:
        (waiting,) = migrating.doubtful(grant)
    assert (waiting.mandate, waiting.source, waiting.left) == (move.mandate.hex(), "ancien", 2)


def test_one_person_sees_so_many_a_day_and_the_alarm_rings_before(move: Move) -> None:
    doubtful(move, limits.DOUBTS_A_DAY + 5)
    shown: list[Doubt] = []
    while len(shown) < limits.DOUBTS_A_DAY:
        assert ("doubts-many" in notices(move.lab)) == (len(shown) >= limits.DOUBTS_ALARM)
        shown += read(move, after=shown[-1].row if shown else b"").doubts
    last = shown[-1].row
    with pytest.raises(Denial) as denied:
        read(move, after=last)
    assert denied.value.code == "budget-doubts"
    assert len(read(move, most=10).doubts) == 10, "what was seen today costs nothing more"
    assert len(read(move, "secretary@nord", after=last).doubts) == 5, "each person has a day of their own"
    move.let_pass(days=1)
    assert len(read(move, after=last).doubts) == 5


def test_a_page_ends_where_the_day_ends(move: Move) -> None:
    doubtful(move, limits.DOUBTS_A_DAY + 5)
    seen = read(move, most=5).doubts
    for _ in range(3):
        seen += read(move, after=seen[-1].row).doubts
    assert len(seen) == limits.DOUBTS_A_DAY - 5
    assert len(read(move, after=seen[-1].row, most=10).doubts) == 5


def test_seeing_somebody_new_is_one_entry_of_history_with_a_count(move: Move) -> None:
    doubtful(move, 3)
    read(move)
    read(move)
    assert [(leaf.n, leaf.id) for leaf in history(move.lab) if leaf.act == "migration.doubts"] == [
        (3, move.mandate.hex())
    ]


def test_what_is_kept_lies_under_the_migrations_key_and_has_the_length_of_many(move: Move) -> None:
    _, (row,) = doubtful(move)
    custodian = move.lab.custodian.custodian
    ((_, kept),) = sealed(move)
    with custodian.store.turn(move.lab.clock()) as turn:
        subject = custodian.held.subject(turn, move.mandate)
        patient = custodian.held.subject(turn, Id(NORD + bytes(12)))
        assert subject is not None
        assert patient is not None
        plain = subjects.unseal(custodian.held.unlocked, subject, f"doubt {row.hex()}", kept)
        with pytest.raises(Broken):
            subjects.unseal(custodian.held.unlocked, patient, f"doubt {row.hex()}", kept)
        with pytest.raises(Broken):
            subjects.unseal(custodian.held.unlocked, subject, f"doubt {bytes(16).hex()}", kept)
    assert (len(plain), len(kept)) == (256, 256 + 30)
    assert _KEPT.decode(plain[_LENGTH:].rstrip(b"\0")).demography == CANARY


@pytest.mark.parametrize("end", ["close", "abort", "lapse"])
def test_when_it_is_over_no_byte_of_them_is_left(move: Move, end: str) -> None:
    doubtful(move)
    ((_, kept),) = sealed(move)
    if end == "close":
        for step in ROAD[ROAD.index("map") + 1 :]:
            move.step(step)
    elif end == "abort":
        move.step("abort")
    else:
        move.let_pass(hours=73)
    assert sealed(move) == []
    assert refused(move) == "migration-over"
    database = move.lab.installation.custody.database
    written = b"".join(path.read_bytes() for path in database.parent.glob(f"{database.name}*"))
    assert kept[-32:] not in written
    assert move.row("SELECT count(*) FROM subject WHERE id = ?", move.mandate) == (0,)


def test_no_file_of_custodys_has_the_name_in_clear(move: Move) -> None:
    doubtful(move)
    assert b"CANARIOTTO" not in _files(move)


def _files(move: Move) -> bytes:
    """Every byte beside custody's database: its log, the key journal, the tiles of history."""
    folder = move.lab.installation.custody.database.parent
    return b"".join(path.read_bytes() for path in folder.rglob("*") if path.is_file()).upper()

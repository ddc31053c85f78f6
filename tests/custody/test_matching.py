"""Whom somebody who is brought in is the same as: by ids and scores, never by names, and a person decides the doubt."""

from dataclasses import replace
from datetime import date

import msgspec
import pytest

from aliquot.access import acts, door, governing, migrating
from aliquot.access.acts import ReadHistory
from aliquot.access.migrating import Decision
from aliquot.cli.scratch import World
from aliquot.custody import answers, ending, limits, matching
from aliquot.custody.denial import Denial
from aliquot.custody.ending import _Act
from aliquot.custody.matching import SAME_NUMBER
from aliquot.custody.migration_protocol import Incoming, SettleMatch, Verdict
from aliquot.custody.protocol import Done, Write
from aliquot.custody.steps import State
from aliquot.custody.store import Turn
from aliquot.custody.writing import Written, WrittenList
from aliquot.ledger import entry
from aliquot.terms.identity import Demography, Sex
from aliquot.terms.ids import Id
from aliquot.terms.kinds import Kind
from tests.custody import moving
from tests.custody.moving import PAUL, Move
from tests.custody.speaker import EMPTY, Speaker, identity, notices, other, person
from tests.custody.test_erasure import pseudonym, shred, together
from tests.plan import NORD

NIR = "150067511400112"
OTHER_NIR = "150067511400210"
ANNE = Demography("Zélande", ("Anne",), date(1961, 4, 1), Sex.FEMALE)
SETTLED = "migration.settle"
Numbers = tuple[tuple[str, str], ...]


@pytest.fixture
def move(small_lab: World) -> Move:
    return moving.declared(small_lab)


def known(lab: World, demography: Demography = PAUL, numbers: Numbers = (("nir", NIR),)) -> Id:
    """A patient who was registered at reception."""
    return register(person(lab, "secretary@nord"), demography, numbers)


def register(by: Speaker, demography: Demography, numbers: Numbers, mandate: bytes = b"", id_: Id | None = None) -> Id:
    patient = by.id() if id_ is None else id_
    act = other(by.act("RegisterPatient", patient, "PATADMIN"), mandate=mandate)
    numbered = Write(Kind.IDENTIFIERS, by.id(), 1, 1, "known", (), 0, EMPTY, numbers)
    by.prepare(by.granted(act).grant, identity(by.id(), demography), numbered)
    by.end(act.id)
    return patient


def opened(lab: World, patient: Id) -> tuple[answers.Opening, ...]:
    """What the history tells about a patient."""
    officer = lab.sign_in("privacy@nord")
    desk = ReadHistory(acts.organization(NORD))
    with door.enter(officer, desk, door.intent(officer, lab.clock(), "HLEGAL")) as grant:
        return governing.who_opened(grant, patient).openings


def history(lab: World) -> list[entry.Entry]:
    """Every entry of the laboratory's history."""
    rows = lab.custodian.custodian.store.db.execute("SELECT entry FROM leaf WHERE org = ? ORDER BY seq", (NORD,))
    return [entry.decode(raw) for (raw,) in rows.fetchall()]


def compared(move: Move, *people: Incoming) -> tuple[Verdict, ...]:
    with move.run() as grant:
        return migrating.match(grant, people)


def one(move: Move, demography: Demography = PAUL, numbers: Numbers = (("nir", NIR),), key: str = "1") -> Verdict:
    (verdict,) = compared(move, Incoming(key, demography, numbers))
    return verdict


def decide(move: Move, verdict: Verdict, patient: bytes, *, same: bool, who: str = "secretary@nord") -> None:
    actor = move.lab.sign_in(who)
    decision = Decision(move.mandate, verdict.row, Id(patient), same)
    migrating.decide(actor, decision, door.intent(actor, move.lab.clock(), "PATADMIN"))


def test_whom_a_person_found_to_be_the_same_stays_erased_before_the_load_too(move: Move) -> None:
    patient = known(move.lab, numbers=())
    move.until("map")
    doubtful = one(move)
    decide(move, doubtful, patient, same=True)
    together(move.lab, shred(patient))
    move.step("rehearse")
    move.step("load")
    assert one(move) == Verdict(doubtful.row, "erased")
    assert one(move, key="2").says == "nobody"


def test_a_row_that_was_found_to_be_somebody_else_since_is_not_erased_with_the_first(move: Move) -> None:
    first = known(move.lab)
    move.until("load")
    row = one(move)
    assert row.patient == first
    decide(move, row, first, same=False)
    assert one(move).patient != first
    together(move.lab, shred(first))
    assert one(move).says == "nobody"


def test_which_rows_were_somebody_who_is_known_is_forgotten_with_the_migration(move: Move) -> None:
    known(move.lab)
    move.until("load")
    one(move)
    assert move.row("SELECT count(*) FROM merged") == (1,)
    move.step("abort")
    assert move.row("SELECT count(*) FROM merged") == (0,)


def test_nobody_close_is_a_new_patient_under_the_name_of_the_row(move: Move) -> None:
    known(move.lab, ANNE, ())
    move.until("load")
    verdict = one(move)
    with move.run() as grant:
        assert migrating.names(grant, "patient", ["1"]) == (verdict.row,)
    assert (verdict.says, verdict.patient, verdict.candidates) == ("nobody", b"", ())


@pytest.mark.parametrize("number", [("nir", NIR), ("extid", "urn:oid:1.2.3|77")])
def test_an_equal_number_with_names_and_birth_date_that_agree_is_the_same_person(
    move: Move, number: tuple[str, str]
) -> None:
    patient = known(move.lab, numbers=(number,))
    move.until("load")
    verdict = one(move, numbers=(number,))
    assert (verdict.says, verdict.patient) == ("same", patient)


@pytest.mark.parametrize(
    ("demography", "numbers", "reasons"),
    [
        (PAUL, (), ("same-birth-date", "same-family-name", "same-given-name")),
        (PAUL, (("nir", OTHER_NIR),), ("same-birth-date", "same-family-name", "same-given-name")),
        (
            msgspec.structs.replace(PAUL, family="Dupond"),
            (("nir", NIR),),
            ("same-birth-date", "family-name-sounds-alike", "same-given-name", SAME_NUMBER),
        ),
        (
            msgspec.structs.replace(PAUL, born_on=date(1950, 7, 6)),
            (("nir", NIR),),
            ("day-and-month-exchanged", "same-family-name", "same-given-name", SAME_NUMBER),
        ),
        (ANNE, (("nir", NIR),), (SAME_NUMBER,)),
    ],
    ids=["no number", "another number", "another spelling", "another day", "another person"],
)
def test_what_lies_between_waits_for_a_person(
    move: Move, demography: Demography, numbers: Numbers, reasons: tuple[str, ...]
) -> None:
    patient = known(move.lab)
    move.until("load")
    verdict = one(move, demography, numbers)
    assert verdict.says == "doubtful"
    assert [(candidate.patient, candidate.reasons) for candidate in verdict.candidates] == [(patient, reasons)]


def test_a_file_number_alone_makes_nobody_the_same(move: Move) -> None:
    known(move.lab, numbers=(("file", "12345"),))
    move.until("load")
    verdict = one(move, numbers=(("file", "12345"),))
    assert verdict.says == "doubtful"
    assert SAME_NUMBER in verdict.candidates[0].reasons


def test_two_patients_with_one_number_are_a_doubt(move: Move) -> None:
    patients = {known(move.lab), known(move.lab)}
    move.until("load")
    verdict = one(move)
    assert verdict.says == "doubtful"
    assert {candidate.patient for candidate in verdict.candidates} == patients


def test_a_number_that_a_patient_no_longer_has_makes_nobody_the_same(move: Move) -> None:
    patient = known(move.lab)
    db = move.lab.custodian.custodian.store.db
    (numbered,) = db.execute("SELECT resource FROM identifier WHERE subject = ?", (patient,)).fetchone()
    corrected = Written(numbered, 2, b"", Kind.IDENTIFIERS, "known", b"", 0, "")
    act = _Act(b"", NORD, "", b"", b"", patient, b"", 0, b"", "", None)
    move.until("load")
    assert one(move).says == "same"
    ending._identify(Turn(db, move.lab.clock()), act, WrittenList((corrected,), None))
    assert one(move).says == "doubtful"


def test_nothing_of_a_known_patient_is_answered_but_ids_scores_and_reasons(move: Move) -> None:
    known(move.lab)
    move.until("load")
    said = repr(one(move, msgspec.structs.replace(PAUL, family="Dupond")))
    assert not any(word in said for word in ("Dupont", "Dupond", "Paul", "1950", NIR))


def test_whoever_is_the_same_comes_under_the_mandate_once_and_opens_to_nobody(move: Move) -> None:
    patient = known(move.lab)
    move.until("load")
    for _ in range(2):
        assert one(move).patient == patient
    assert move.told().used == 1
    loader = move.speaker()
    act = other(loader.act("LoadHistory", patient, "HOPERAT", loader.id()), mandate=move.mandate)
    granted = loader.granted(act)
    work = Write(Kind.REQUISITION, act.work, 1, 1, "closed", (), 0, EMPTY, site="nord")
    loader.prepare(granted.grant, work)
    loader.end(act.id)
    assert loader.denied(other(loader.act("OpenIdentity", patient, "PATADMIN"), mandate=move.mandate)) == "mandate"


def test_a_past_is_not_slipped_into_work_that_is_done_here(move: Move) -> None:
    patient = known(move.lab)
    done_here, _ = person(move.lab, "secretary@nord").order(patient)
    move.until("load")
    assert one(move).patient == patient
    loader = move.speaker()
    act = other(loader.act("LoadHistory", patient, "HOPERAT", loader.id()), mandate=move.mandate)
    granted = loader.granted(act)
    work = Write(Kind.REQUISITION, act.work, 1, 1, "closed", (), 0, EMPTY, site="nord")
    for slipped in (
        Write(Kind.ORDER, loader.id(), 1, 1, "completed", (done_here,), 0, EMPTY),
        Write(Kind.SPECIMEN, loader.id(), 1, 1, "accepted", (done_here,), 0, EMPTY),
        Write(Kind.OBSERVATION, loader.id(), 1, 1, "cancelled", (done_here,), 0, EMPTY),
    ):
        with pytest.raises(Denial) as refused:
            loader.prepare(granted.grant, work, slipped)
        assert refused.value.code == "not-of-this-act"
    loader.prepare(granted.grant, work)


@pytest.mark.parametrize("kind", [Kind.OBSERVATION, Kind.ORDER, Kind.IMPORT])
def test_a_result_of_the_past_was_measured_on_a_tube_and_on_nothing_else(move: Move, kind: Kind) -> None:
    patient = known(move.lab)
    move.until("load")
    assert one(move).patient == patient
    loader = move.speaker()
    act = other(loader.act("LoadHistory", patient, "HOPERAT", loader.id()), mandate=move.mandate)
    granted = loader.granted(act)
    work = Write(Kind.REQUISITION, act.work, 1, 1, "closed", (), 0, EMPTY, site="nord")
    tube, order, result = loader.id(), loader.id(), loader.id()
    states = {Kind.ORDER: "completed", Kind.IMPORT: "known"}
    named = result if kind is Kind.OBSERVATION else tube
    others = [Write(kind, tube, 1, 1, states[kind], (act.work,), 0, EMPTY)] if kind in states else []
    measured = Write(Kind.OBSERVATION, result, 1, 1, "released", (act.work, order, named), 0, EMPTY)
    with pytest.raises(Denial) as refused:
        loader.prepare(granted.grant, work, *others, measured)
    assert refused.value.code == "not-of-this-act"
    drawn = Write(Kind.SPECIMEN, tube, 1, 1, "accepted", (act.work, order), 0, EMPTY)
    loader.prepare(granted.grant, work, drawn, msgspec.structs.replace(measured, parents=(act.work, order, tube)))


def test_a_rehearsal_compares_and_brings_nobody_under_the_mandate(move: Move) -> None:
    patient = known(move.lab)
    move.until("map")
    assert one(move).patient == patient
    assert move.told().used == 0


def test_a_count_that_does_not_reach_refuses_the_whole_request(small_lab: World) -> None:
    move = moving.declared(small_lab, allowed=1)
    twice = [known(small_lab), known(small_lab, ANNE, (("nir", OTHER_NIR),))]
    move.until("load")
    both = (Incoming("1", PAUL, (("nir", NIR),)), Incoming("2", ANNE, (("nir", OTHER_NIR),)))
    with pytest.raises(Denial) as refused:
        compared(move, *both)
    assert refused.value.code == "mandate"
    assert move.told().used == 0
    assert one(move).patient == twice[0]


def test_somebody_who_was_loaded_from_this_row_is_the_same_when_it_is_loaded_again(move: Move) -> None:
    move.until("load")
    first = one(move)
    register(move.speaker(), PAUL, (("nir", NIR),), move.mandate, Id(first.row))
    again = one(move)
    assert (again.says, again.patient) == ("same", first.row)
    twin = one(move, numbers=(), key="2")
    assert twin.says == "doubtful"
    assert move.told().used == 1


@pytest.mark.parametrize("who", ["secretary@nord", "biologist@nord"])
def test_a_person_who_says_same_is_believed(move: Move, who: str) -> None:
    patient = known(move.lab)
    move.until("load")
    decide(move, one(move, numbers=()), patient, same=True, who=who)
    verdict = one(move, numbers=())
    assert (verdict.says, verdict.patient) == ("same", patient)
    assert move.told().used == 1


def test_a_person_who_says_different_is_believed_and_may_think_again(move: Move) -> None:
    patient = known(move.lab)
    move.until("load")
    doubt = one(move, numbers=())
    decide(move, doubt, patient, same=False)
    assert one(move, numbers=()).says == "nobody"
    decide(move, doubt, patient, same=True)
    assert one(move, numbers=()).patient == patient


def test_nobody_lays_a_row_upon_a_patient_who_is_not_like_it(move: Move) -> None:
    near, stranger = known(move.lab, numbers=()), known(move.lab, ANNE, (("nir", OTHER_NIR),))
    move.until("load")
    decide(move, one(move), stranger, same=True)
    again = one(move)
    assert (again.says, again.patient, [each.patient for each in again.candidates]) == ("doubtful", b"", [near])
    assert move.told().used == 0


def test_of_two_patients_one_is_the_same(move: Move) -> None:
    first, second = known(move.lab, numbers=()), known(move.lab, numbers=())
    move.until("load")
    doubt = one(move, numbers=())
    decide(move, doubt, first, same=True)
    decide(move, doubt, second, same=True)
    assert one(move, numbers=()).patient == second


def test_a_decision_is_of_one_row_under_every_mandate_over_its_source(move: Move) -> None:
    patient = known(move.lab)
    beside = moving.declared(move.lab, move.loader)
    apart = moving.declared(move.lab, move.loader, source="autre")
    for each in (move, beside, apart):
        each.until("load")
    decide(move, one(move, numbers=()), patient, same=True)
    assert one(move, numbers=(), key="2").says == "doubtful"
    assert one(beside, numbers=()).patient == patient
    assert one(apart, numbers=()).says == "doubtful"
    decide(beside, one(beside, numbers=()), patient, same=False)
    assert one(move, numbers=()).says != "same"
    assert move.row("SELECT count(*) FROM matched") == (1,)


@pytest.mark.parametrize("who", ["technician@nord", "director@nord", "administrator@nord", "privacy@nord"])
def test_nobody_else_decides(move: Move, who: str) -> None:
    patient = known(move.lab)
    move.until("load")
    doubt = one(move, numbers=())
    with pytest.raises(Denial) as refused:
        decide(move, doubt, patient, same=True, who=who)
    assert refused.value.code == "forbidden"


def test_who_is_not_known_here_is_not_decided_upon(move: Move) -> None:
    move.until("load")
    doubt = one(move)
    for stranger in (move.mandate, NORD + b"nobody knows"):
        with pytest.raises(Denial) as refused:
            decide(move, doubt, stranger, same=True)
        assert refused.value.code == "unknown-subject"


def test_people_are_compared_where_it_is_needed_and_nowhere_else(move: Move) -> None:
    allowed = []
    for station in ("", *moving.ROAD[:-1]):
        if station:
            move.step(station)
        try:
            one(move)
            allowed.append(move.state())
        except Denial:
            continue
    assert allowed == [State.MAPPED, State.REHEARSED, State.LOADING, State.LOADED]


def test_each_request_is_one_leaf_with_its_count_and_nothing_of_anybody(move: Move) -> None:
    move.until("load")
    compared(move, *(Incoming(str(number), PAUL, (("nir", NIR),)) for number in range(3)))
    query = "SELECT entry FROM leaf WHERE org = ? ORDER BY seq DESC LIMIT 1"
    raw = move.row(query, NORD)[0]
    assert isinstance(raw, bytes)
    leaf = entry.decode(raw)
    assert (leaf.act, leaf.n, leaf.id) == ("migration.match", 3, move.mandate.hex())


def test_comparing_far_more_people_than_may_ever_come_rings(small_lab: World) -> None:
    move = moving.declared(small_lab, allowed=1)
    move.until("map")
    people = [Incoming(str(number), PAUL, ()) for number in range(limits.MATCHED_A_DAY)]
    compared(move, *people)
    assert "match-many" not in notices(small_lab)
    compared(move, people[0])
    assert "match-many" in notices(small_lab)


def test_a_loader_that_tries_out_a_register_is_stopped_until_the_next_day(small_lab: World) -> None:
    move = moving.declared(small_lab, allowed=2)
    move.until("map")
    guesses = [Incoming(str(number), PAUL, ()) for number in range(2 * limits.MATCHED_AT_MOST)]
    compared(move, *guesses)
    with pytest.raises(Denial) as refused:
        compared(move, guesses[0])
    assert refused.value.code == "mandate"
    move.let_pass(days=1)
    assert len(compared(move, guesses[0])) == 1


@pytest.mark.parametrize("numbers", [(("nir", "1"),), (("login", "x"),), (("shoe-size", "42"),)])
def test_an_identifier_that_cannot_be_read_is_refused(move: Move, numbers: Numbers) -> None:
    move.until("load")
    with pytest.raises(Denial) as refused:
        one(move, numbers=numbers)
    assert refused.value.code == "malformed"


def test_a_decision_that_was_not_the_one_confirmed_is_refused(move: Move) -> None:
    patient = known(move.lab)
    move.until("load")
    doubt = one(move, numbers=())
    secretary = person(move.lab, "secretary@nord")
    wrong = replace(Decision(move.mandate, doubt.row, patient, same=True), same=False)
    digest = matching.digest(wrong.mandate, wrong.row, wrong.patient, same=wrong.same)
    act = other(secretary.act("DecideMatch", NORD + bytes(12), "PATADMIN"), digest=digest)
    asked = SettleMatch(secretary.granted(act).grant, move.mandate, doubt.row, patient, True)
    with pytest.raises(Denial) as refused:
        secretary.line.ask(asked, Done)
    assert refused.value.code == "not-of-this-act"


def test_a_decision_stands_in_the_history_of_the_patient_whom_it_is_about(move: Move) -> None:
    patient, other_ = known(move.lab), known(move.lab, ANNE, ())
    move.until("load")
    decide(move, one(move, numbers=()), patient, same=True)
    decided = {whom: [one_.act for one_ in opened(move.lab, whom) if one_.act == SETTLED] for whom in (patient, other_)}
    assert decided == {patient: [SETTLED], other_: []}
    (who,) = {one_.name for one_ in opened(move.lab, patient) if one_.act == SETTLED}
    assert who == "Secretary Nord"
    assert {leaf.pat for leaf in history(move.lab) if leaf.act == SETTLED} == {pseudonym(move.lab, patient)}


def test_two_rows_of_one_person_in_one_request_are_one_new_patient(move: Move) -> None:
    move.until("load")
    first, second = compared(move, Incoming("1", PAUL, (("nir", NIR),)), Incoming("2", PAUL, (("nir", NIR),)))
    assert (first.says, second.says, second.patient) == ("nobody", "same", first.row)
    assert move.told().used == 0
    register(move.speaker(), PAUL, (("nir", NIR),), move.mandate, Id(first.row))
    assert one(move, key="2").patient == first.row
    assert move.told().used == 1


def test_two_rows_in_one_request_that_may_be_one_person_are_a_doubt(move: Move) -> None:
    move.until("load")
    first, second, third = compared(move, *(Incoming(key, PAUL, ()) for key in "12"), Incoming("3", ANNE, ()))
    assert (first.says, second.says, third.says) == ("nobody", "doubtful", "nobody")
    assert [candidate.patient for candidate in second.candidates] == [first.row]

"""What an opening costs, what is given back, what rings, and an ordinary day in which nothing is refused."""

from pathlib import Path

import pytest

from aliquot.custody import buckets, budgets, elapsed, explanation, limits, tallies
from aliquot.custody.asker import Asker
from aliquot.custody.denial import Denial
from aliquot.custody.portions import PORTIONS
from aliquot.custody.protocol import Act
from tests.custody.bureau import NORTH, SOUTH, Bureau, asker, days

ANNE, BEN, TOM = asker("anne"), asker("ben", "biologist"), asker("tom", "technician")
WORK = asker("work", "worker")


@pytest.fixture
def bureau(tmp_path: Path) -> Bureau:
    return Bureau(tmp_path)


def room(bureau: Bureau, who: Asker = ANNE) -> int:
    """How many unexplained patients a person may open now."""
    key = buckets.unexplained_of(who.person)
    turn = bureau.turn()
    return buckets.room(turn, {key: limits.unexplained(who.roles)}, elapsed.moment(turn))[key]


def denied(bureau: Bureau, who: Asker, name: str, patient: bytes, **fields: object) -> str:
    """The code of the refusal of an act."""
    with pytest.raises(Denial) as denial:
        bureau.enter(who, name, patient, **fields)  # type: ignore[arg-type]  # fields of Act
    return denial.value.code


def drain(bureau: Bureau, who: Asker = ANNE) -> None:
    """Open unexplained patients, from the end of the list, until the person's bucket is empty."""
    for patient in bureau.patients[who.org][-room(bureau, who) :]:
        bureau.enter(who, "OpenDossier", patient)


def test_an_ordinary_day_refuses_nobody_and_rings_for_no_order(bureau: Bureau) -> None:
    alarms: list[tallies.Alarm] = []
    patients = bureau.patients[NORTH]
    works = []
    for n, patient in enumerate(patients[:120]):
        budgets.searched(bureau.turn(), ANNE, patients[n : n + (2 if n % 20 == 0 else 1)])
        alarms += bureau.enter(ANNE, "ShowCandidate", patient).alarms
        if n % 20 == 0:
            alarms += bureau.enter(ANNE, "ShowCandidate", patients[n + 1]).alarms
        alarms += bureau.enter(ANNE, "OpenIdentity", patient).alarms
        work, rung, entered = bureau.order(ANNE, patient)
        assert not entered.weighing.withheld
        bureau.enter(ANNE, "PrintLabels", patient, work=work)
        alarms += rung
        works.append((patient, work))
        if n >= 60:
            budgets.work_confirmed(bureau.turn(), (works[n - 60][1],), "letter")
        bureau.wait(minutes=4)
    for n in range(200):
        patient, work = works[n % 120]
        bureau.enter(TOM, "ListBench", patient, work=work)
    for patient, work in works:
        budgets.work_confirmed(bureau.turn(), (work,), "letter")
        bureau.enter(WORK, "VerifyResults", patient, work=work)
    for patient, work in works[:80]:
        for name in ("OpenDossier", "ValidateMedically", "ReleaseReport"):
            alarms += bureau.enter(BEN, name, patient, work=work).alarms
        budgets.work_closed(bureau.turn(), work)
    clerk = asker("cleo")
    for patient in patients[1_000:1_010]:
        alarms += bureau.enter(clerk, "OpenIdentity", patient).alarms
    bureau.wait(hours=24)
    alarms += budgets.lapse(bureau.turn())
    assert [(alarm.kind, alarm.person) for alarm in alarms] == [("unexplained-person", clerk.person)]


def test_the_bucket_of_a_person_holds_a_day_and_drains_linearly(bureau: Bureau) -> None:
    drain(bureau)
    assert denied(bureau, ANNE, "OpenIdentity", bureau.patients[NORTH][0]) == "budget-person"
    bureau.wait(hours=2)
    bureau.enter(ANNE, "OpenIdentity", bureau.patients[NORTH][0])
    assert denied(bureau, ANNE, "OpenIdentity", bureau.patients[NORTH][1]) == "budget-person"
    bureau.wait(days=30)
    assert room(bureau) == 12


@pytest.mark.parametrize(
    ("role", "unexplained", "everyone"),
    [("secretary", 12, 299), ("technician", 10, 382), ("biologist", 32, 544), ("director", 10, 97)],
)
def test_each_role_has_its_buckets(role: str, unexplained: int, everyone: int) -> None:
    assert (limits.unexplained({role}), limits.everyone({role})) == (unexplained, everyone)
    assert limits.unexplained({role, "biologist"}) == 32


def test_the_floors_and_the_parts_of_a_laboratory_and_an_installation() -> None:
    assert [limits.laboratory(n) for n in (0, 4_000, 50_000)] == [40, 40, 500]
    assert [limits.installation(n) for n in (0, 20_000, 100_000)] == [100, 100, 500]
    assert [limits.unconfirmed(*n) for n in ((0, 0), (280, 28), (2_800, 7))] == [100, 100, 600]


def test_the_same_patient_is_counted_once_a_day_and_remembered_in_the_session(bureau: Bureau) -> None:
    patient = bureau.patients[NORTH][0]
    for name in ("OpenIdentity", "OpenDossier", "OpenIdentity"):
        bureau.enter(ANNE, name, patient)
    assert room(bureau) == 11
    act = Act(bureau.id(NORTH), "OpenDossier", patient, "TREAT")
    portion = PORTIONS["OpenDossier"]
    assert budgets.shown_already(bureau.turn(), ANNE, act, portion)
    assert not budgets.shown_already(bureau.turn(), asker("anne", session=b"other"), act, portion)
    assert not budgets.shown_already(bureau.turn(), ANNE, act, PORTIONS["ReleaseReport"])
    bureau.wait(days=1)
    assert not budgets.shown_already(bureau.turn(), ANNE, act, portion)


def test_a_broken_glass_is_not_remembered_beyond_its_hour(bureau: Bureau) -> None:
    patient = bureau.patients[NORTH][0]
    bureau.enter(ANNE, "OpenDossier", patient, factor=True, purpose="BTG", reason="emergency")
    act = Act(bureau.id(NORTH), "OpenDossier", patient, "TREAT")
    assert not budgets.shown_already(bureau.turn(), ANNE, act, PORTIONS["OpenDossier"])
    assert room(bureau) == 12


def test_break_glass_is_never_taken_for_something_shown_already(bureau: Bureau) -> None:
    patient = bureau.patients[NORTH][0]
    bureau.enter(ANNE, "OpenDossier", patient)
    act = Act(bureau.id(NORTH), "OpenDossier", patient, limits.BREAK_GLASS_PURPOSE)
    assert not budgets.shown_already(bureau.turn(), ANNE, act, PORTIONS["OpenDossier"])


def test_a_patient_who_was_not_shown_is_counted_when_shown_later_that_day(bureau: Bureau) -> None:
    patient = bureau.patients[NORTH][0]
    drain(bureau)
    bureau.enter(ANNE, "PlaceOrder", patient, work=bureau.id(NORTH))
    bureau.work(patient)
    assert bureau.enter(ANNE, "OpenDossier", patient).weighing.everyone


def test_an_order_gives_back_its_opening_and_an_opened_dossier_is_not_given_back(bureau: Bureau) -> None:
    first, second = bureau.patients[NORTH][:2]
    bureau.enter(ANNE, "OpenIdentity", first)
    assert room(bureau) == 11
    bureau.order(ANNE, first)
    assert room(bureau) == 12
    bureau.enter(ANNE, "OpenIdentity", second)
    bureau.enter(ANNE, "OpenDossier", second)
    bureau.order(ANNE, second)
    assert room(bureau) == 11


def test_an_order_after_a_quarter_of_an_hour_gives_nothing_back(bureau: Bureau) -> None:
    patient = bureau.patients[NORTH][0]
    bureau.enter(ANNE, "ShowCandidate", patient)
    bureau.wait(minutes=15)
    bureau.order(ANNE, patient)
    turn = bureau.turn()
    key = buckets.unexplained_of(ANNE.person)
    # The order's own opening of the patient was counted already that day, and what drained is less than one patient.
    assert buckets.room(turn, {key: 12}, elapsed.moment(turn))[key] == 11


def search(bureau: Bureau, first: int) -> list[bytes]:
    found = bureau.patients[NORTH][first : first + 5]
    budgets.searched(bureau.turn(), ANNE, found)
    for patient in found:
        bureau.enter(ANNE, "ShowCandidate", patient)
    return found


def test_those_shown_beside_the_chosen_cost_one_together_ten_times_a_day(bureau: Bureau) -> None:
    costs = []
    for n in range(11):
        bureau.store.db.execute("UPDATE bucket SET level = 0")
        found = search(bureau, 5 * n)
        assert room(bureau) == 7
        bureau.order(ANNE, found[2])
        costs.append(12 - room(bureau))
    assert costs == [1] * 10 + [4]


def test_those_beside_wait_for_confirmation_like_the_orders_that_they_stand_by(bureau: Bureau) -> None:
    for n in range(10):
        bureau.store.db.execute("UPDATE bucket SET level = 0")
        bureau.order(ANNE, search(bureau, 5 * n)[0])
    orders = [bureau.order(asker(f"anne{n % 6}"), bureau.patients[NORTH][100 + n])[1] for n in range(61)]
    silent = [n for n, rung in enumerate(orders) if "orders-explain-nothing" in [alarm.kind for alarm in rung]]
    assert silent == [60]


def test_there_is_no_discount_when_too_many_wait(bureau: Bureau) -> None:
    for n in range(97):
        bureau.order(asker(f"anne{n % 10}"), bureau.patients[NORTH][100 + n])
    bureau.order(ANNE, search(bureau, 0)[0])
    assert room(bureau) == 12 - 4


def test_a_registration_lets_a_search_cost_one_and_lapses_without_an_order(bureau: Bureau) -> None:
    search(bureau, 0)
    new = bureau.id(NORTH)
    budgets.registered(bureau.turn(), NORTH, ANNE.person, new)
    assert room(bureau) == 11
    bureau.wait(hours=24)
    budgets.lapse(bureau.turn())
    assert room(bureau) == 8


def test_a_registration_followed_by_a_confirmed_order_costs_one_for_good(bureau: Bureau) -> None:
    search(bureau, 0)
    new = bureau.id(NORTH)
    budgets.registered(bureau.turn(), NORTH, ANNE.person, new)
    work, _, _ = bureau.order(ANNE, new)
    budgets.work_confirmed(bureau.turn(), (work,), "letter")
    bureau.wait(hours=24)
    budgets.lapse(bureau.turn())
    assert room(bureau) == 12


def test_a_hand_over_refunds_the_one_chosen(bureau: Bureau) -> None:
    found = search(bureau, 0)
    work = bureau.work(found[0])
    bureau.enter(ANNE, "ReadReport", found[0], work=work)
    assert room(bureau) == 11


def test_an_order_that_lapses_becomes_a_debt_which_a_late_confirmation_gives_back(bureau: Bureau) -> None:
    works = [bureau.order(ANNE, patient)[0] for patient in bureau.patients[NORTH][:30]]
    assert room(bureau) == 12
    bureau.wait(hours=24)
    alarms = budgets.lapse(bureau.turn())
    assert room(bureau) == 12 - 30
    assert [alarm.kind for alarm in alarms] == ["orders-lapsed"]
    assert budgets.lapse(bureau.turn()) == ()
    for work in works:
        budgets.work_confirmed(bureau.turn(), (work,), "factor")
    assert room(bureau) == 12


def test_beyond_what_may_wait_orders_are_taken_ring_and_explain_nothing(bureau: Bureau) -> None:
    patients = bureau.patients[NORTH]
    crew = [asker(f"anne{n}") for n in range(4)]
    for n, patient in enumerate(patients[: limits.UNCONFIRMED_FLOOR]):
        bureau.order(crew[n % 4], patient)
    work, alarms, _ = bureau.order(ANNE, patients[500])
    assert "orders-explain-nothing" in [alarm.kind for alarm in alarms]
    assert room(bureau) == 11
    drain(bureau)
    blind = bureau.enter(ANNE, "PrintLabels", patients[500], work=bureau.work(patients[500], confirmed=False))
    assert not blind.weighing.withheld
    _, _, entered = bureau.order(ANNE, patients[501])
    assert entered.weighing.withheld == explanation.IDENTITY
    bureau.enter(TOM, "ListBench", patients[500], work=work)
    budgets.work_confirmed(bureau.turn(), (work,), "factor")
    assert not bureau.enter(ANNE, "OpenIdentity", patients[500]).weighing.takes


def test_an_overdrawn_laboratory_takes_orders_that_explain_nothing(bureau: Bureau) -> None:
    crew = [asker(f"anne{n}") for n in range(20)]
    for n, patient in enumerate(bureau.patients[NORTH][:100]):
        bureau.order(crew[n % 20], patient)
    bureau.wait(hours=24)
    assert [alarm.kind for alarm in budgets.lapse(bureau.turn())] == ["orders-lapsed", "budget-overdrawn"]
    patient = bureau.patients[NORTH][200]
    work, _, entered = bureau.order(ANNE, patient)
    assert entered.weighing.withheld == explanation.IDENTITY
    labels = bureau.enter(ANNE, "PrintLabels", patient, work=work)
    assert labels.weighing.withheld == explanation.IDENTITY
    assert denied(bureau, ANNE, "OpenIdentity", patient) == "budget-laboratory"
    assert bureau.enter(BEN, "OpenDossier", patient, factor=True, purpose="BTG", reason="emergency").alarms
    # What lapsed is a debt of the installation too; it drains before the laboratory's own does.
    bureau.wait(hours=3)
    assert bureau.order(ANNE, patient)[2].weighing.withheld == explanation.IDENTITY
    south = asker("sue", "secretary", SOUTH)
    assert not bureau.order(south, bureau.patients[SOUTH][0])[2].weighing.withheld


def test_more_orders_may_wait_where_more_are_confirmed_by_letters(bureau: Bureau) -> None:
    turn = bureau.turn()
    today = elapsed.day(elapsed.moment(turn))
    tallies.add(turn, NORTH, "confirmed", today - 1, 80)
    tallies.add(turn, NORTH, "confirmed-by-factor", today - 1, 500)
    tallies.add(turn, NORTH, "confirmed", today - 2, 80)
    rung = [
        budgets.work_opened(bureau.turn(), bureau.id(NORTH), patient, "main", WORK.person)
        for patient in bureau.patients[NORTH][:121]
    ]
    silent = [n for n, alarms in enumerate(rung) if "orders-explain-nothing" in [alarm.kind for alarm in alarms]]
    assert silent == [120]


def test_a_service_has_no_unexplained_leave(bureau: Bureau) -> None:
    assert denied(bureau, WORK, "VerifyResults", bureau.patients[NORTH][0]) == "budget-service"


def test_closed_work_is_refused_when_all_patients_are_used_up_and_open_work_only_rings(bureau: Bureau) -> None:
    bureau.store.db.execute(
        "INSERT INTO bucket VALUES (?, ?, 299, ?)",
        (buckets.all_of(ANNE.person), days(299), elapsed.moment(bureau.turn())),
    )
    closed, opened, other = bureau.patients[NORTH][:3]
    for patient in (closed, other):
        budgets.work_closed(bureau.turn(), bureau.work(patient))
    bureau.work(opened)
    assert [alarm.kind for alarm in bureau.enter(ANNE, "OpenDossier", opened).alarms] == ["all-patients"]
    assert denied(bureau, ANNE, "OpenDossier", closed) == "budget-all"
    bureau.enter(ANNE, "OpenDossier", closed, factor=True)
    bureau.enter(ANNE, "OpenDossier", other)
    turn, key = bureau.turn(), buckets.all_of(ANNE.person)
    # 299, and one beyond; a quarter (74) was given back, and two were taken.
    assert buckets.room(turn, {key: 299}, elapsed.moment(turn))[key] == -1 + 74 - 2


def test_an_alarm_rings_once_a_day_for_a_person_and_kind(bureau: Bureau) -> None:
    first = budgets.refused(bureau.turn(), ANNE, "budget-person")
    assert [(alarm.kind, alarm.person) for alarm in first] == [("budget-person", ANNE.person)]
    assert budgets.refused(bureau.turn(), ANNE, "budget-person") == ()
    assert budgets.refused(bureau.turn(), BEN, "budget-person") != ()
    assert budgets.refused(bureau.turn(), BEN, "unknown-act") == ()
    bureau.wait(days=1)
    assert budgets.refused(bureau.turn(), ANNE, "budget-person") != ()


def test_scanning_birth_dates_or_guessing_identifiers_rings(bureau: Bureau) -> None:
    rung = [budgets.looked_up(bureau.turn(), ANNE, "born-on", [n]) for n in range(300)]
    assert [n for n, alarms in enumerate(rung) if alarms] == [299]
    assert [alarm.kind for alarm in rung[299]] == ["search-values"]
    repeated = [budgets.looked_up(bureau.turn(), BEN, "nir", [7]) for _ in range(600)]
    assert not any(repeated)


def test_what_is_no_longer_looked_at_is_forgotten(bureau: Bureau) -> None:
    drain(bureau)
    budgets.looked_up(bureau.turn(), ANNE, "nir", [7])
    budgets.searched(bureau.turn(), ANNE, bureau.patients[NORTH][:1])
    bureau.enter(ANNE, "OpenDossier", bureau.patients[NORTH][0], factor=True, purpose="BTG", reason="emergency")
    bureau.wait(days=91)
    budgets.lapse(bureau.turn())
    for table in ("asked", "shown", "provisional", "grace", "opening"):
        assert bureau.store.db.execute(f"SELECT count(*) FROM {table}").fetchone() == (0,)

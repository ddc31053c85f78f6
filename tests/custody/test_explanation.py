"""What explains an opening, and the many things that do not."""

from pathlib import Path
from typing import Any  # fields of Act, by name

import pytest

from aliquot.custody import budgets, elapsed, explanation, limits
from aliquot.custody.denial import Denial
from aliquot.custody.explanation import Explanation, Why
from aliquot.custody.portions import PORTIONS, Scope
from aliquot.custody.protocol import Act
from tests.custody.bureau import NORTH, SOUTH, Bureau, asker, days, replace_act


@pytest.fixture
def bureau(tmp_path: Path) -> Bureau:
    return Bureau(tmp_path, patients=10)


ANNE = asker("anne")
WORK = asker("work", "worker")
LOAD = asker("load", "loader")


def explain(bureau: Bureau, name: str, who: object = ANNE, *, factor: bool = False, **fields: object) -> Explanation:
    act = replace_act(Act(bureau.id(NORTH), name, bureau.patients[NORTH][0], "TREAT"), fields)
    return explanation.explain(bureau.turn(), who, act, PORTIONS[name], factor=factor)  # type: ignore[arg-type]  # askers


def test_confirmed_open_work_at_my_site_explains_the_dossier(bureau: Bureau) -> None:
    work = bureau.work(bureau.patients[NORTH][0])
    assert explain(bureau, "OpenDossier") == Explanation(Why.WORK, work)


def test_without_work_nothing_explains_and_neither_does_a_purpose_or_a_reason(bureau: Bureau) -> None:
    assert explain(bureau, "OpenDossier").why is Why.NONE
    assert explain(bureau, "OpenDossier", purpose="critical-call", reason="potassium").why is Why.NONE


def test_another_patients_work_explains_nothing_and_naming_it_is_refused(bureau: Bureau) -> None:
    work = bureau.work(bureau.patients[NORTH][1])
    assert explain(bureau, "OpenDossier").why is Why.NONE
    with pytest.raises(Denial) as denial:
        explain(bureau, "OpenDossier", work=work)
    assert denial.value.code == "no-work"


def test_work_at_another_site_explains_nothing_there_and_says_so(bureau: Bureau) -> None:
    bureau.work(bureau.patients[NORTH][0], site="annexe")
    found = explain(bureau, "OpenDossier", asker("tom", "technician"))
    assert (found.why, found.elsewhere) == (Why.NONE, True)
    with pytest.raises(Denial) as denial:
        bureau.enter(asker("tom", "technician"), "OpenDossier", bureau.patients[NORTH][0])
    assert denial.value.code == "another-site"


def test_a_technician_opens_none_of_another_sites_patients_without_break_glass(tmp_path: Path) -> None:
    bureau = Bureau(tmp_path, patients=1_000)
    for patient in bureau.patients[NORTH]:
        bureau.work(patient, site="annexe")
    for patient in bureau.patients[NORTH]:
        for name in ("OpenDossier", "OpenIdentity"):
            with pytest.raises(Denial, match="another site"):
                bureau.enter(asker("tom", "technician"), name, patient)


def test_a_patient_of_another_laboratory_is_refused(bureau: Bureau) -> None:
    with pytest.raises(Denial) as denial:
        explain(bureau, "OpenIdentity", subject=bureau.patients[SOUTH][0])
    assert denial.value.code == "another-laboratory"


def test_an_unconfirmed_order_explains_identity_and_its_own_rows_only(bureau: Bureau) -> None:
    work = bureau.work(bureau.patients[NORTH][0], confirmed=False)
    assert explain(bureau, "OpenIdentity").why is Why.ORDER
    assert explain(bureau, "PrintLabels", work=work).why is Why.ORDER
    assert explain(bureau, "PrintLabels").why is Why.NONE
    assert explain(bureau, "OpenDossier", work=work).why is Why.NONE
    verifying = explain(bureau, "VerifyResults", WORK, work=work)
    assert explanation.narrowed(PORTIONS["VerifyResults"], verifying) is Scope.WORK
    assert explanation.narrowed(PORTIONS["OpenIdentity"], explain(bureau, "OpenIdentity")) is Scope.DOSSIER


def test_a_confirmed_order_explains_earlier_results(bureau: Bureau) -> None:
    work = bureau.work(bureau.patients[NORTH][0], confirmed=False)
    budgets.work_confirmed(bureau.turn(), (work,), "letter")
    verifying = explain(bureau, "VerifyResults", WORK, work=work)
    assert explanation.narrowed(PORTIONS["VerifyResults"], verifying) is Scope.DOSSIER
    assert explain(bureau, "OpenDossier").why is Why.WORK


def test_an_order_that_lapsed_explains_nothing(bureau: Bureau) -> None:
    bureau.work(bureau.patients[NORTH][0], confirmed=False)
    bureau.wait(hours=23)
    budgets.lapse(bureau.turn())
    assert explain(bureau, "OpenIdentity").why is Why.ORDER
    bureau.wait(hours=1)
    budgets.lapse(bureau.turn())
    assert explain(bureau, "OpenIdentity").why is Why.NONE


def test_closed_work_explains_for_fourteen_days_if_it_was_confirmed(bureau: Bureau) -> None:
    work = bureau.work(bureau.patients[NORTH][0])
    bureau.work(bureau.patients[NORTH][1], confirmed=False)
    budgets.work_closed(bureau.turn(), work)
    bureau.store.db.execute("UPDATE work SET closed = ? WHERE closed IS NULL", (elapsed.moment(bureau.turn()),))
    bureau.wait(days=13)
    assert explain(bureau, "ReadReport", work=work) == Explanation(Why.CLOSED, work)
    assert explain(bureau, "OpenIdentity", subject=bureau.patients[NORTH][1]).why is Why.NONE
    bureau.wait(days=1)
    assert explain(bureau, "ReadReport", work=work).why is Why.NONE
    budgets.work_reopened(bureau.turn(), work)
    assert explain(bureau, "ReadReport", work=work).why is Why.WORK


def test_a_bench_row_needs_open_work_of_this_patient_and_nothing_more(bureau: Bureau) -> None:
    with pytest.raises(Denial) as denial:
        explain(bureau, "ListBench")
    assert denial.value.code == "no-work"
    work = bureau.work(bureau.patients[NORTH][0], site="annexe", confirmed=False)
    assert explain(bureau, "ListBench", work=work) == Explanation(Why.OWN, work)
    with pytest.raises(Denial):
        explain(bureau, "ListBench", work=bureau.id(NORTH))


def test_break_glass_needs_a_person_a_factor_and_a_reason_and_lasts_an_hour_for_one_patient(bureau: Bureau) -> None:
    patient, other = bureau.patients[NORTH][:2]
    glass: dict[str, Any] = {"purpose": limits.BREAK_GLASS_PURPOSE, "reason": "unconscious in casualty"}
    for wrong in ({"factor": False}, {"factor": True, "reason": " "}, {"factor": True, "who": WORK}):
        with pytest.raises(Denial) as denial:
            explain(bureau, "OpenDossier", **(glass | wrong))
        assert denial.value.code == "break-glass"
    first = bureau.enter(ANNE, "OpenDossier", patient, factor=True, **glass)
    assert first.explained.why is Why.BREAK_GLASS
    bureau.wait(minutes=59)
    assert bureau.enter(ANNE, "OpenDossier", patient, **glass).explained.why is Why.GRACE
    with pytest.raises(Denial):
        bureau.enter(ANNE, "OpenDossier", other, **glass)
    with pytest.raises(Denial):
        bureau.enter(asker("ben"), "OpenDossier", patient, **glass)
    bureau.wait(minutes=1)
    with pytest.raises(Denial):
        bureau.enter(ANNE, "OpenDossier", patient, **glass)


def test_a_candidate_is_one_of_a_search_of_this_session_in_the_last_quarter_of_an_hour(bureau: Bureau) -> None:
    budgets.searched(bureau.turn(), ANNE, bureau.patients[NORTH][:1])
    assert explain(bureau, "ShowCandidate").why is Why.CANDIDATE
    assert explain(bureau, "ShowCandidate", asker("ben")).why is Why.NONE
    assert explain(bureau, "ShowCandidate", subject=bureau.patients[NORTH][1]).why is Why.NONE
    bureau.wait(minutes=15)
    assert explain(bureau, "ShowCandidate").why is Why.NONE


def test_a_mandate_covers_its_service_its_subjects_its_count_and_its_term(bureau: Bureau) -> None:
    mandate, until = bureau.id(NORTH), elapsed.moment(bureau.turn()) + days(2)
    bureau.store.db.execute(
        "INSERT INTO mandate VALUES (?, ?, 'seal-only', 'load', 2, 0, ?, 'in-force')", (mandate, NORTH, until)
    )
    new = [bureau.id(NORTH) for _ in range(3)]
    for patient in new[:2]:
        assert bureau.enter(LOAD, "RegisterPatient", patient, mandate=mandate).explained.why is Why.MANDATE
    bureau.enter(LOAD, "RegisterPatient", new[0], mandate=mandate)
    assert bureau.enter(LOAD, "OpenIdentity", new[1], mandate=mandate).explained.why is Why.MANDATE
    refused = [
        (LOAD, "RegisterPatient", new[2], mandate),
        (LOAD, "OpenIdentity", bureau.patients[NORTH][0], mandate),
        (WORK, "OpenIdentity", new[0], mandate),
        (ANNE, "OpenIdentity", new[0], mandate),
        (LOAD, "OpenIdentity", new[0], bureau.id(NORTH)),
    ]
    for who, name, patient, under in refused:
        with pytest.raises(Denial) as denial:
            bureau.enter(who, name, patient, mandate=under)
        assert denial.value.code == "mandate"
    bureau.wait(days=2)
    with pytest.raises(Denial):
        bureau.enter(LOAD, "OpenIdentity", new[0], mandate=mandate)


def test_an_order_placed_under_a_mandate_explains_nothing_to_people(bureau: Bureau) -> None:
    mandate, until = bureau.id(NORTH), elapsed.moment(bureau.turn()) + days(2)
    bureau.store.db.execute(
        "INSERT INTO mandate VALUES (?, ?, 'seal-only', 'load', 2, 0, ?, 'in-force')", (mandate, NORTH, until)
    )
    patient, work = bureau.patients[NORTH][0], bureau.id(NORTH)
    bureau.store.db.execute("INSERT INTO mandated VALUES (?, ?)", (mandate, patient))
    bureau.enter(LOAD, "PlaceOrder", patient, mandate=mandate, work=work)
    budgets.work_opened(bureau.turn(), work, patient, "main", LOAD.person)
    assert explain(bureau, "OpenIdentity").why is Why.NONE
    budgets.work_confirmed(bureau.turn(), (work,), "letter")
    assert explain(bureau, "OpenIdentity").why is Why.WORK


def test_acts_that_show_nobody_need_no_explanation(bureau: Bureau) -> None:
    assert explain(bureau, "ConfirmOrder").why is Why.OWN
    assert explain(bureau, "FindPatient").why is Why.OWN

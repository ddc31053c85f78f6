"""The whole walk of results into reports, without a browser, on both engines."""

from datetime import timedelta

import pytest

from aliquot.access import door
from aliquot.access.acts import OpenDossier, OpenRestricted, ReleaseReport
from aliquot.lab import reports
from aliquot.lab.holds import Override
from aliquot.lab.validation import Choice
from aliquot.record.models import Requisition, Specimen, Version
from aliquot.terms import states
from aliquot.terms.errors import Broken, Refused
from aliquot.terms.kinds import Kind
from aliquot.terms.quantities import Absent, Text
from tests.lab import office
from tests.lab.office import NEGATIVE, Office, number
from tests.world import World


@pytest.fixture
def at_work(lab: World) -> Office:
    return office.open_(lab)


def sealed(*kinds: Kind) -> dict[tuple[bytes, int], bytes]:
    """Every stored version of some kinds, byte for byte."""
    found = Version.objects.filter(kind__in=kinds).values_list("resource", "version", "sealed")
    return {(bytes(resource), version): bytes(body) for resource, version, body in found}


def test_a_result_walks_from_the_analyser_to_a_corrected_report(at_work: Office) -> None:
    case = at_work.ask(at_work.register(), "NA", "K")
    at_work.record(case, {"NA": number("138"), "K": number("5.30")})
    at_work.verify(case, office.BY_HAND)
    at_work.technically(case, at_work.choice(case, "NA"), at_work.choice(case, "K"))
    at_work.medically(case, at_work.choice(case, "NA"), at_work.choice(case, "K"), comment="Sans particularité.")
    first = at_work.release(case)

    assert (first.version, first.status, first.replaces, first.pending, first.changes) == (1, "final", 0, (), ())
    assert (first.comment, first.history_size, first.history_root) == ("Sans particularité.", 42, "0a" * 32)
    assert first.patient.demography.family == "Zélande"
    assert first.patient.file_number.startswith("P")
    sodium, potassium = first.results
    assert (potassium.content.name, potassium.content.value) == ("Kaliémie", number("5.30"))
    assert (potassium.content.flag, potassium.section, potassium.state) == ("H", "biochemistry", "released")
    assert potassium.content.reference is not None
    assert (potassium.content.reference.low, potassium.content.reference.high) == ("3.5", "5.1")
    assert (sodium.content.flag, sodium.accession) == ("N", case.placed.tubes[0].need.accession)
    meanings = [(each.meaning, each.role, each.name) for each in potassium.content.signatures]
    assert meanings == [
        ("technical", "technician", "Technician Nord"),
        ("medical", "biologist", "Biologist Nord"),
    ]
    assert [each.name for each in first.signatures] == ["Biologist Nord"]
    issued = sealed(Kind.REPORT, Kind.DOCUMENT) | {
        key: body for key, body in sealed(Kind.OBSERVATION).items() if key[1] == potassium.version
    }

    at_work.correct(case, at_work.choice(case, "K"), number("4.10"))
    at_work.verify(case, office.BY_HAND)
    at_work.technically(case, at_work.choice(case, "K"), who="second")
    at_work.medically(case, at_work.choice(case, "K"), who="second")
    second = at_work.release(case, who="second")

    assert (second.version, second.status, second.replaces) == (2, "corrected", 1)
    (change,) = second.changes
    assert (change.test, change.before, change.after) == ("K", "5.30 mmol/L H", "4.10 mmol/L N")
    assert change.reason == "diluted wrongly"
    assert [each.meaning for each in second.results[1].content.signatures] == ["correction", "technical", "medical"]
    now = sealed(Kind.REPORT, Kind.DOCUMENT, Kind.OBSERVATION)
    assert {key: now[key] for key in issued} == issued
    read = at_work.read(case)
    assert read.reports == (first, second)
    assert [(each.version, each.pdf) for each in read.documents] == [(1, b"%PDF\x01"), (2, b"%PDF\x02")]


def test_everything_closes_when_the_last_result_is_released_and_shows_only_its_week(at_work: Office) -> None:
    case = at_work.ask(at_work.register(), "NA")
    at_work.finish(case, {"NA": number("140")})
    found = at_work_states()
    assert found[Kind.REQUISITION] == {"closed"}
    assert found[Kind.ORDER] == {"completed"}
    requisition, tube = Requisition.objects.get(), Specimen.objects.get()
    assert (requisition.awaits, tube.awaits) == ("nothing", "nothing")
    for moment in (requisition.opened_at, tube.since):
        assert (moment.weekday(), moment.hour, moment.minute, moment.second) == (0, 0, 0, 0)


def at_work_states() -> dict[int, set[str]]:
    """The states of the latest versions, by kind."""
    latest: dict[bytes, tuple[int, str]] = {}
    for resource, kind, state in Version.objects.order_by("version").values_list("resource", "kind", "state"):
        latest[bytes(resource)] = (kind, state)
    found: dict[int, set[str]] = {}
    for kind, state in latest.values():
        found.setdefault(kind, set()).add(state)
    return found


def test_a_correction_opens_the_requisition_again(at_work: Office) -> None:
    case = at_work.ask(at_work.register(), "NA")
    at_work.finish(case, {"NA": number("140")})
    at_work.correct(case, at_work.choice(case, "NA"), None)
    assert at_work_states()[Kind.REQUISITION] == {"open"}
    assert Requisition.objects.get().awaits == "technical"
    assert Specimen.objects.get().awaits == "rules"
    # What was reopened without a value may be measured anew.
    at_work.record(case, {"NA": number("141")})
    at_work.verify(case)
    at_work.medically(case, at_work.choice(case, "NA"))
    assert at_work.release(case).status == "corrected"


def test_what_was_issued_stays_on_the_report_while_it_is_under_review(at_work: Office) -> None:
    case = at_work.ask(at_work.register(), "NA", "K")
    at_work.finish(case, {"NA": number("140"), "K": number("4.0")})
    at_work.correct(case, at_work.choice(case, "NA"), None)
    at_work.correct(case, at_work.choice(case, "K"), number("4.2"))
    at_work.verify(case)
    at_work.technically(case, at_work.choice(case, "K"), who="second")
    at_work.medically(case, at_work.choice(case, "K"))
    second = at_work.release(case)
    assert [each.content.value for each in second.results] == [number("140"), number("4.2")]
    assert second.pending == ("Sodium",)
    assert at_work_states()[Kind.REQUISITION] == {"open"}


def test_what_is_not_validated_is_in_no_report(at_work: Office) -> None:
    case = at_work.ask(at_work.register(), "NA", "K", "RPR")
    at_work.record(case, {"NA": number("140"), "K": number("4.0")})
    at_work.verify(case)
    with pytest.raises(Refused, match="nothing is validated"):
        at_work.release(case)
    at_work.medically(case, at_work.choice(case, "NA"))
    report = at_work.release(case)
    assert (report.status, report.pending) == ("preliminary", ("Kaliémie", "Syphilis"))
    assert [each.content.test for each in report.results] == ["NA"]
    (read,) = at_work.read(case).reports
    assert [each.content.test for each in read.results] == ["NA"]
    with pytest.raises(Refused, match="nothing changed"):
        at_work.release(case)
    at_work.medically(case, at_work.choice(case, "K"))
    at_work.cancel(case, "RPR")
    final = at_work.release(case)
    assert (final.version, final.status, final.pending) == (2, "final", ())
    assert [each.state for each in final.results] == ["released", "released", "cancelled"]
    assert final.results[2].content.reason == "QS"


def test_zero_and_absent_and_words_stay_what_they_are(at_work: Office) -> None:
    case = at_work.ask(at_work.register(), "NA", "K", "RPR")
    at_work.record(case, {"NA": number("0"), "K": Absent("error"), "RPR": Text("agglutinates")})
    at_work.verify(case)
    for test in ("NA", "K", "RPR"):
        at_work.medically(case, at_work.choice(case, test))
    report = at_work.release(case)
    assert [each.content.value for each in report.results] == [number("0"), Absent("error"), Text("agglutinates")]
    assert [each.content.flag for each in report.results] == ["L", "", ""]


def test_a_restricted_result_is_withheld_from_the_dossier_and_shown_for_a_purpose(at_work: Office) -> None:
    case = at_work.ask(at_work.register(), "NA", "HIV")
    plain, restricted = at_work.record(case, {"NA": number("140"), "HIV": NEGATIVE})
    at_work.verify(case)
    assert at_work.opened(OpenDossier(case.patient)) == {plain}
    assert at_work.opened(OpenRestricted(case.patient), "biologist@nord") == {plain, restricted}
    at_work.medically(case, at_work.choice(case, "NA"))
    at_work.medically(case, at_work.choice(case, "HIV", Override(states.Hold.SENSITIVE, "seen")))
    report = at_work.release(case)
    assert [each.content.test for each in report.results] == ["NA", "HIV"]


def test_nothing_is_signed_while_rows_of_the_patient_are_missing(at_work: Office) -> None:
    case = at_work.ask(at_work.register(), "NA")
    at_work.record(case, {"NA": number("140")})
    at_work.verify(case)
    Version.objects.filter(kind=Kind.MESSAGE).delete()
    with pytest.raises(Broken, match="missing"):
        at_work.medically(case, at_work.choice(case, "NA"))


def test_the_same_release_sent_twice_is_one_version(at_work: Office) -> None:
    case = at_work.ask(at_work.register(), "NA")
    at_work.record(case, {"NA": number("140")})
    at_work.verify(case)
    at_work.medically(case, at_work.choice(case, "NA"))
    actor = at_work.who("biologist")
    meant = at_work.meant(actor)
    signer = at_work.signer("biologist")
    told = []
    for _ in range(2):
        with door.enter(actor, ReleaseReport(case.patient, case.work), meant) as grant:
            told.append(reports.release(grant, office.WHERE, office.HISTORY, signer, at=at_work.lab.clock()))
        at_work.lab.clock.pass_(timedelta(seconds=1))
    assert told[0] is not None
    assert told[1] is None
    assert len(at_work.read(case).reports) == 1


def test_a_review_that_confirms_the_result_is_told_as_an_amendment(at_work: Office) -> None:
    case = at_work.ask(at_work.register(), "NA", "K")
    at_work.finish(case, {"NA": number("140"), "K": number("4.0")})
    at_work.correct(case, at_work.choice(case, "NA"), None, reason="complaint")
    at_work.verify(case)
    choice = at_work.choice(case, "NA")
    at_work.medically(case, Choice(choice.observation, choice.version, comment="Confirmed."))
    second = at_work.release(case)
    assert (second.status, second.replaces) == ("amended", 1)
    (change,) = second.changes
    assert (change.before, change.after, change.reason) == ("140 mmol/L N", "140 mmol/L N", "complaint")
    assert second.results[0].content.comment == "Confirmed."


def test_the_national_number_leaves_only_with_a_qualified_identity(at_work: Office) -> None:
    patient = at_work.reception.register(at_work.reception.person(nir="261045405400206"))
    case = at_work.ask(patient, "NA")
    report = at_work.finish(case, {"NA": number("140")})
    assert report.patient.national_number == ""
    assert report.patient.file_number.startswith("P")

"""What holds of a laboratory whatever is done in it: the invariants of the domain that no other test states whole."""

import msgspec
import pytest

from aliquot.access import door, rows
from aliquot.access.acts import ReceiveSpecimen, TypeResult, ValidateTechnically
from aliquot.access.grant import Draft
from aliquot.custody.denial import Denial
from aliquot.lab.rejections import Refusal
from aliquot.lab.statuses import Role
from aliquot.terms import states
from aliquot.terms.kinds import Kind
from tests.lab import desk, office
from tests.lab.office import Case, Office, number
from tests.world import World


@pytest.fixture
def here(small_lab: World) -> Office:
    """Everybody at work."""
    desk.publish(small_lab, office.CATALOGUE)
    return office.open_(small_lab)


def issued(here: Office, case: Case) -> dict[tuple[bytes, int], bytes]:
    """Every stored version of what was released or issued, as its bytes."""
    kept = {Kind.REPORT, Kind.DOCUMENT, Kind.OBSERVATION}
    stored = rows.of_work((case.work,), tuple(kept))
    return {(one.row.id, one.row.version): rows.digest(one) for one in stored}


def test_inv_3_what_was_issued_does_not_change_by_one_byte(here: Office) -> None:
    case = here.ask(here.register(), "NA")
    here.finish(case, {"NA": number("140")})
    before = issued(here, case)
    here.correct(case, here.choice(case, "NA"), number("104"))
    here.verify(case, office.BY_HAND)
    here.medically(case, here.choice(case, "NA"))
    here.release(case)
    after = issued(here, case)
    assert len(after) > len(before)
    assert {place: after[place] for place in before} == before
    assert here.read(case).reports[0].results[0].content.value == number("140")


def test_inv_22_a_new_catalogue_changes_no_flag_of_the_past(here: Office) -> None:
    case = here.ask(here.register(), "NA")
    here.finish(case, {"NA": number("140")})
    narrow = tuple(
        msgspec.structs.replace(test, references=(msgspec.structs.replace(test.references[0], low=141),))
        if test.code == "NA"
        else test
        for test in office.CATALOGUE.tests
    )
    desk.publish(here.lab, msgspec.structs.replace(office.CATALOGUE, version=2, tests=narrow))
    (result,) = here.found(case).observations
    assert result.content.flag == "N"
    assert result.content.reference is not None
    assert "136" in str(result.content.reference)


@pytest.mark.parametrize(
    ("who", "act", "state"),
    [
        ("technician", TypeResult, states.Analysis.MEASURED),
        ("technician", TypeResult, states.Analysis.CANCELLED),
        ("technician", TypeResult, states.Analysis.RELEASED),
        ("technician", ValidateTechnically, states.Analysis.TECH_VALIDATED),
        ("technician", ValidateTechnically, states.Analysis.READY),
    ],
)
def test_pages_that_were_taken_over_write_nothing_over_a_released_result(
    here: Office, who: str, act: type[TypeResult | ValidateTechnically], state: states.Analysis
) -> None:
    case = here.ask(here.register(), "NA", "K")
    here.finish(case, {"NA": number("140")})
    (released,) = here.found(case).observations
    actor = here.who(who)
    with pytest.raises(Denial), door.enter(actor, act(case.patient, case.work), here.meant(actor)) as grant:
        grant.write(
            Draft(Kind.OBSERVATION, released.id, released.version + 1, state, released.parents, released.content)
        )


def test_pages_that_were_taken_over_make_no_rejected_tube_good_again(here: Office) -> None:
    case = here.ask(here.register(), "NA")
    technician = desk.Desk(here.lab, here.bench)
    technician.reject(case.patient, case.placed, Refusal(case.tube, "RH", Role.TECHNICIAN, "nord"))
    tube = here.found(case).specimen(case.tube)
    act = ReceiveSpecimen(case.patient, case.work)
    again = Draft(
        Kind.SPECIMEN, tube.id, tube.version + 1, states.Specimen.ACCEPTED, tube.parents, tube.content, harm=tube.harm
    )
    with pytest.raises(Denial), door.enter(here.bench, act, here.meant(here.bench)) as grant:
        grant.write(again)

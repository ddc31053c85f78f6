import pytest

from aliquot.access import door
from aliquot.access.acts import CorrectResult
from aliquot.custody.denial import Denial
from aliquot.lab.validation import Choice
from aliquot.record.models import Version
from aliquot.terms.errors import Refused
from tests.lab import office
from tests.lab.office import Case, Office, number
from tests.world import World


@pytest.fixture
def small(small_lab: World) -> Office:
    return office.open_(small_lab)


def released(small: Office) -> Case:
    case = small.ask(small.register(), "NA")
    small.finish(case, {"NA": number("140")})
    return case


def test_a_correction_needs_a_fresh_factor_and_a_biologist(small: Office) -> None:
    case = released(small)
    for who in ("biologist", "technician"):
        actor = small.who(who)
        with pytest.raises(Denial) as refused:
            door.note(actor, CorrectResult(case.patient, case.work), small.meant(actor))
        assert refused.value.code == "forbidden"


def test_a_correction_needs_a_reason_and_the_version_that_was_seen(small: Office) -> None:
    case = released(small)
    choice = small.choice(case, "NA")
    before = Version.objects.count()
    with pytest.raises(Refused, match="reason"):
        small.correct(case, choice, number("141"), reason=" ")
    with pytest.raises(Denial) as refused:
        small.correct(case, Choice(choice.observation, choice.version - 1), number("141"))
    assert refused.value.code == "conflict"
    assert Version.objects.count() == before


def test_only_what_was_released_is_corrected(small: Office) -> None:
    case = small.ask(small.register(), "NA")
    small.record(case, {"NA": number("140")})
    small.verify(case)
    with pytest.raises(Refused, match="A9"):
        small.correct(case, small.choice(case, "NA"), number("141"))


def test_a_corrected_value_says_nothing_that_was_judged_about_the_wrong_one(small: Office) -> None:
    case = small.ask(small.register(), "NA")
    small.finish(case, {"NA": number("150")})
    small.correct(case, small.choice(case, "NA"), number("140"))
    (result,) = small.found(case).observations
    said = result.content
    assert (said.value, said.flag, said.reference, said.holds, said.rules) == (number("140"), "", None, (), "")
    assert (said.typed_by, said.reason) == (small.signer("biologist").person, "diluted wrongly")
    assert [each.meaning for each in said.signatures] == ["correction"]

"""A laboratory with something at the bench, for the pages of bench, validation and report."""

from aliquot.terms.quantities import Value
from tests.lab import desk, office
from tests.lab.office import Case, Office
from tests.web.browser import Browser, page
from tests.world import World


def at_work(lab: World) -> Office:
    """Everybody comes to work, and the director has put the catalogue in force."""
    desk.publish(lab, office.CATALOGUE)
    return office.open_(lab)


def measured(here: Office, found: dict[str, Value], *flags: str, asked: tuple[str, ...] = ()) -> Case:
    """A new patient's tube, measured by the analyser and looked at by the rules."""
    case = here.ask(here.register(), *(asked or found))
    here.record(case, found, *flags)
    here.verify(case, office.BY_HAND)
    return case


def signed(here: Office, found: dict[str, Value]) -> Case:
    """A tube whose results are validated, technically and medically."""
    case = measured(here, found)
    here.technically(case, *(here.choice(case, test) for test in found))
    for test in found:
        here.medically(case, here.choice(case, test))
    return case


def form(browser: Browser, path: str, action: str = "") -> dict[str, str]:
    """The hidden fields of a form of a page, as a browser sends them back."""
    tree = page(browser.get(path))
    (found,) = tree.xpath("//main//form[@action=$action]", action=action or path) or tree.xpath("//main//form")
    return {
        str(each.get("name")): str(each.get("value", ""))
        for each in found.xpath(".//input[@type='hidden']")
        if each.get("name") != "csrfmiddlewaretoken"
    }


def choose(here: Office, case: Case, *tests: str) -> dict[str, str]:
    """The boxes of some results, ticked in the version that stands."""
    chosen = [here.choice(case, test) for test in tests]
    return {f"choose-{each.observation.hex()}": str(each.version) for each in chosen}

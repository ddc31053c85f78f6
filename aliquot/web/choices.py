"""Which results a form has chosen, in the versions that its reader saw, and which holds it sets aside and why."""

from collections.abc import Mapping

from django.http import HttpRequest

from aliquot.lab.holds import Override
from aliquot.lab.validation import Choice
from aliquot.terms import states
from aliquot.terms.canonical import Json
from aliquot.terms.errors import Refused
from aliquot.web import addresses

_CHOSEN, _ASIDE = "choose-", "aside-"


def posted(request: HttpRequest) -> tuple[Choice, ...]:
    """The chosen results, in the order of the form.

    Raises:
        Refused: a field names no result, no version or no hold.
    """
    return tuple(
        Choice(addresses.read(result), addresses.version(seen), _overrides(request.POST, result))
        for result, seen in _fields(request.POST, _CHOSEN)
    )


def told(chosen: tuple[Choice, ...]) -> Json:
    """The choices as what an act wants: the same form sent again wants the same."""
    return [
        [each.observation.hex(), each.version, [[one.hold.value, one.reason] for one in each.overrides]]
        for each in chosen
    ]


def kept(request: HttpRequest) -> dict[str, str]:
    """What was filled in, to be shown again when the form comes back."""
    return {name: str(value) for name, value in request.POST.items() if name.startswith((_CHOSEN, _ASIDE))}


def _fields(posted: Mapping[str, object], prefix: str) -> list[tuple[str, str]]:
    return [(name.removeprefix(prefix), str(value)) for name, value in posted.items() if name.startswith(prefix)]


def _overrides(posted: Mapping[str, object], result: str) -> tuple[Override, ...]:
    given = _fields(posted, f"{_ASIDE}{result}-")
    return tuple(Override(_hold(hold), reason.strip()) for hold, reason in given if reason.strip())


def _hold(code: str) -> states.Hold:
    try:
        return states.Hold(code)
    except ValueError:
        raise Refused("hold: there is none of this name") from None

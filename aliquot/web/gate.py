"""The one gate of every page: each route says what it needs, and no view runs before that is so.

A route is open (and says why), needs a signed-in person (and says why no act), or needs one of its acts among those
that the person's roles could ever be allowed. The last is courtesy: custody decides each act when it is entered.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import wraps
from typing import Concatenate

from django.http import HttpRequest, HttpResponse
from django.urls import URLPattern, path
from django.utils.functional import Promise

from aliquot.access import people
from aliquot.access.acts import Act
from aliquot.access.door import Actor
from aliquot.custody.denial import Denial
from aliquot.custody.protocol import SessionOpened
from aliquot.terms.errors import Broken, Refused
from aliquot.terms.ids import Org
from aliquot.web import answers, process, tickets
from aliquot.web.visitor import Entry, Visitor

OpenView = Callable[Concatenate[HttpRequest, ...], HttpResponse]
DeskView = Callable[Concatenate[HttpRequest, Visitor, ...], HttpResponse]


@dataclass(frozen=True)
class Open:
    """A page for anybody. It shows nothing of a patient, and `reason` says why it needs no person."""

    path: str
    view: OpenView
    reason: str


@dataclass(frozen=True)
class Desk:
    """A page for a person. `acts` are those that it enters; with none, `reason` says why a person is enough.

    With a `menu` label it stands in the menu of whoever could do one of its acts; `about` says what it is for, and
    `keys` (`g r`) is its shortcut. `leads_to` is the act behind its next page: without it the desk is of no use.
    """

    path: str
    view: DeskView
    acts: tuple[type[Act], ...] = ()
    reason: str = ""
    menu: str | Promise = ""
    about: str | Promise = ""
    keys: str = ""
    leads_to: type[Act] | None = None


Route = Open | Desk

_ABOVE = {"patients": ("reception", "tubes"), "glass": ("glass", "privacy")}
"""An address below several desks: a patient is also opened from a tube, and a glass from a patient's history."""


def patterns(routes: Sequence[Route]) -> list[URLPattern]:
    """Django's patterns for the routes, named like their views (`module.function`)."""
    menu = [route for route in routes if isinstance(route, Desk) and route.menu]
    return [path(route.path, _guarded(route, menu), name=name(route)) for route in routes]


def name(route: Route) -> str:
    """What templates call a route: its view's module and function."""
    return f"{route.view.__module__.rpartition('.')[2]}.{route.view.__name__}"


def menu_of(session: SessionOpened, menu: Sequence[Desk]) -> list[Entry]:
    """The desks that these roles could ever open, in the order of the routes."""
    return [Entry(desk.menu, desk.about, f"/{desk.path}", desk.keys) for desk in menu if _could(session, desk)]


def desk_of(route: Desk, menu: Sequence[Entry]) -> str:
    """The path of the menu's desk that a page is below, or empty: `bench/<str:work>` is below the bench."""
    first = route.path.partition("/")[0]
    candidates = [f"/{path}" for path in _ABOVE.get(first, (first,))]
    own = {entry.path for entry in menu}
    return next((path for path in candidates if path in own), "")


def _guarded(route: Route, menu: Sequence[Desk]) -> Callable[..., HttpResponse]:
    @wraps(route.view)
    def guarded(request: HttpRequest, **places: object) -> HttpResponse:
        try:
            if isinstance(route, Open):
                return route.view(request, **places)
            return route.view(request, _visitor(request, route, menu), **places)
        except (Refused, Broken) as error:
            return answers.answer(request, error)

    return guarded


def _visitor(request: HttpRequest, desk: Desk, menu: Sequence[Desk]) -> Visitor:
    ticket = tickets.of(request)
    if not ticket:
        raise Denial("signed-out", "sign in first")
    line = process.line()
    session = people.who(line, ticket)
    if not _could(session, desk):
        raise Denial("forbidden", "none of your roles has this desk")
    entries = menu_of(session, menu)
    return Visitor(Actor(line, ticket, Org(session.org)), session, entries, desk_of(desk, entries))


def _could(session: SessionOpened, desk: Desk) -> bool:
    if desk.leads_to is not None and desk.leads_to.__name__ not in session.acts:
        return False
    return not desk.acts or any(act.__name__ in session.acts for act in desk.acts)

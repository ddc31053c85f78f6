"""The person at the browser, as custody described them for this one request."""

from collections.abc import Sequence
from dataclasses import dataclass
from zoneinfo import ZoneInfo

from django.utils.functional import Promise

from aliquot.access.door import Actor
from aliquot.custody.protocol import SessionOpened
from aliquot.terms.ids import Org
from aliquot.terms.installation import Laboratory
from aliquot.web import process, titles


@dataclass(frozen=True)
class Entry:
    """One line of the menu: a desk that the person's roles could ever open. It decides nothing."""

    label: str | Promise
    about: str | Promise
    path: str
    keys: str


@dataclass(frozen=True)
class Visitor:
    """Who is signed in, and at which `desk` of the menu. It is made anew for each request and kept nowhere."""

    actor: Actor
    session: SessionOpened
    menu: Sequence[Entry]
    desk: str

    @property
    def org(self) -> Org:
        """The laboratory in which the person works."""
        return self.actor.org

    @property
    def laboratory(self) -> Laboratory | None:
        """What is printed of that laboratory, if the installation file names it."""
        return next((one for one in process.installation().laboratories if one.org == self.org.hex()), None)

    @property
    def zone(self) -> ZoneInfo:
        """The laboratory's own time."""
        laboratory = self.laboratory
        return ZoneInfo(laboratory.time_zone if laboratory else "UTC")

    @property
    def titles(self) -> list[str]:
        """The person's roles in words."""
        return [titles.of(role) for role in self.session.roles]

    @property
    def desks(self) -> list[Entry]:
        """The menu without the start page."""
        return [entry for entry in self.menu if entry.path != "/"]

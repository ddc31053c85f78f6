"""Who works here and what is enrolled, for every page on which somebody chooses among them."""

from collections.abc import Sequence

from aliquot.access import acts, door, governing
from aliquot.access.acts import ReadStaff
from aliquot.custody.answers import Accounts
from aliquot.custody.roles import Role
from aliquot.terms import clock
from aliquot.terms.purposes import Purpose
from aliquot.web.visitor import Visitor


def told(visitor: Visitor) -> Accounts:
    """The people, devices and services of the laboratory, and what waits for a second person."""
    meant = door.intent(visitor.actor, clock.system(), Purpose.HSYSADMIN)
    with door.enter(visitor.actor, ReadStaff(acts.organization(visitor.org)), meant) as grant:
        return governing.people(grant)


def services(found: Accounts, role: Role) -> Sequence[str]:
    """The services that are enrolled in a role, by name."""
    return [one.name for one in found.equipment if (one.kind, one.place) == ("service", role)]


def sites(visitor: Visitor, found: Accounts) -> list[str]:
    """The sites that the installation file names, and those at which somebody holds a role."""
    named = visitor.laboratory.sites if visitor.laboratory else ()
    held = (role.partition("@")[2] for one in found.accounts for role in one.roles)
    return list(dict.fromkeys((*named, *held)))

"""Where somebody sits and how they sign, as custody's session says."""

from django.http import HttpRequest

from aliquot.lab.signing import Signer
from aliquot.lab.statuses import Role
from aliquot.terms.errors import Refused
from aliquot.web.visitor import Visitor

_SIGN = (Role.BIOLOGIST, Role.TECHNICIAN)


def site(request: HttpRequest, visitor: Visitor) -> str:
    """The site whose work is listed: the one asked for, else the person's first.

    Raises:
        Refused: the person works at no site.
    """
    sites = visitor.session.sites
    if not sites:
        raise Refused("session: you work at no site yet")
    wanted = request.GET.get("site", "")
    return wanted if wanted in sites else sites[0]


def signer(visitor: Visitor) -> Signer:
    """The person under the highest role with which they may sign a result.

    Raises:
        Refused: none of their roles signs results.
    """
    role = next((role for role in _SIGN if role in visitor.session.roles), None)
    if role is None:
        raise Refused("session: none of your roles signs results")
    return Signer(visitor.session.person.hex(), visitor.session.name, role)

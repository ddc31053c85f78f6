"""Ids in the addresses of pages: opaque, and never a name, a date or a number of a person."""

from aliquot.terms import ids
from aliquot.terms.errors import Refused
from aliquot.terms.ids import Id


def read(text: str) -> Id:
    """The id that stands in an address or in a hidden field.

    Raises:
        Refused: no page writes such an address.
    """
    try:
        return ids.parse(text)
    except ValueError:
        raise Refused("address: open the page again from its list") from None

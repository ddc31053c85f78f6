"""Ids in the addresses of pages: opaque, and never a name, a date or a number of a person.

Beside them, in hidden fields, the versions of what a person saw.
"""

import re
from typing import Final

from aliquot.terms import ids
from aliquot.terms.errors import Refused
from aliquot.terms.ids import Id

_VERSION: Final = re.compile(r"[0-9]{1,9}")


def read(text: str) -> Id:
    """The id that stands in an address or in a hidden field.

    Raises:
        Refused: no page writes such an address.
    """
    try:
        return ids.parse(text)
    except ValueError:
        raise Refused("address: open the page again from its list") from None


def version(text: str) -> int:
    """The version of a record that a person saw, 0 where there was none yet.

    Raises:
        Refused: no page writes such a field.
    """
    if not _VERSION.fullmatch(text):
        raise Refused("version: open the page again")
    return int(text)

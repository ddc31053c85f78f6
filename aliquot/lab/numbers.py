"""The laboratory's own numbers: drawn at random, so that none tells how many patients or tubes there are.

A form carries the number that was drawn when it was rendered, as it carries its act's id: the same form gives the same
numbers. Two that meet by chance are refused by the record (`identifier-taken`), and the form is rendered anew.
"""

import secrets

from aliquot.terms import identifiers
from aliquot.terms.identifiers import Accession, FileNumber

_TUBES = 10**11
_PATIENTS = 10**8


def draw() -> int:
    """A number for a requisition, from which those of its tubes count on."""
    return secrets.randbelow(_TUBES)


def draw_file_number() -> FileNumber:
    """A number for a new patient."""
    return identifiers.file_number(secrets.randbelow(_PATIENTS))


def requisition(drawn: int) -> str:
    """What is printed on the request: `R`, 11 digits and a check character, so that it cannot pass for a tube's."""
    body = f"R{drawn % _TUBES:011d}"
    return body + identifiers.check_character(body)


def accession(drawn: int, tube: int) -> Accession:
    """The barcode of one tube of a requisition; `tube` counts from 0."""
    return identifiers.accession((drawn + tube) % _TUBES)

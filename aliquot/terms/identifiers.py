"""Numbers that name a person or a tube, and the check characters that catch a slip of the hand.

A valid check character proves typing, never identity. Normalised forms for blind indexes are the vault's matter.
"""

import re
from typing import NewType

from aliquot.terms.errors import Refused, Unclear

Nir = NewType("Nir", str)
"""A French national number with its key: 15 characters, no spaces, `2A` and `2B` in capitals."""

Accession = NewType("Accession", str)
"""What a tube's barcode carries: 11 digits and a check character."""

FileNumber = NewType("FileNumber", str)
"""A patient's number in one laboratory: `P`, 8 digits and a check character, so that it cannot pass for a tube's."""

NIR_SYSTEM = "urn:oid:1.2.250.1.213.1.4.8"
NIA_SYSTEM = "urn:oid:1.2.250.1.213.1.4.9"
FILE_NUMBER_SYSTEM = "urn:aliquot:file-number"

_ALPHABET = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"
_NIR_BODY = re.compile(r"[1-478][0-9]{4}(?:[0-9]{2}|2[AB])[0-9]{6}")
_INSEE = re.compile(r"[0-9][0-9AB][0-9]{3}")
_NRIC_BODY = re.compile(r"[STFG][0-9]{7}")
_NRIC_WEIGHTS = (2, 7, 6, 5, 4, 3, 2)
_ACCESSION_DIGITS = 11
_FILE_NUMBER_DIGITS = 8


def nir_key(body: str) -> str:
    """The two-digit key of the 13 characters of a NIR or NIA.

    Raises:
        Unclear: the text does not have the shape of a NIR without its key.
    Source: INSEE; Corsican departments count as 19 (`2A`) and 18 (`2B`).
    """
    if not _NIR_BODY.fullmatch(body):
        raise Unclear("NIR", "not 13 characters of a national number")
    number = int(body.replace("2A", "19").replace("2B", "18"))
    return f"{97 - number % 97:02d}"


def nir(text: str) -> Nir:
    """A national number as typed or scanned, spaces allowed.

    Raises:
        Unclear: wrong shape or wrong key.
    """
    compact = re.sub(r"\s", "", text).upper()
    if nir_key(compact[:13]) != compact[13:]:
        raise Unclear("NIR", "the key does not match")
    return Nir(compact)


def is_insee(text: str) -> bool:
    """Whether this is shaped like the INSEE code of a birthplace; it does not establish that there is such a place."""
    return _INSEE.fullmatch(text) is not None


def nric_letter(body: str) -> str:
    """The check letter of a Singapore NRIC or FIN, given its series letter and 7 digits.

    Raises:
        Unclear: not that shape, or the M series, whose letters we have not verified.
    """
    if not _NRIC_BODY.fullmatch(body):
        raise Unclear("NRIC", "not a series letter S, T, F or G and 7 digits")
    total = sum(weight * int(digit) for weight, digit in zip(_NRIC_WEIGHTS, body[1:], strict=True))
    shifted = total + (4 if body[0] in "TG" else 0)
    return ("JZIHGFEDCBA" if body[0] in "ST" else "XWUTRQPNMLK")[shifted % 11]


def accession(number: int) -> Accession:
    """The barcode of the tube with this number.

    Raises:
        Refused: the number does not fit 11 digits.
    """
    return Accession(_checked("", number, _ACCESSION_DIGITS))


def read_accession(text: str) -> Accession:
    """A barcode as a scanner or an analyser gives it, exact: no other length, no small letters, no correction.

    Raises:
        Unclear: wrong shape or wrong check character.
    """
    return Accession(_read("accession", "", _ACCESSION_DIGITS, text))


def file_number(number: int) -> FileNumber:
    """The laboratory's number for a patient.

    Raises:
        Refused: the number does not fit 8 digits.
    """
    return FileNumber(_checked("P", number, _FILE_NUMBER_DIGITS))


def read_file_number(text: str) -> FileNumber:
    """A file number as typed, exact.

    Raises:
        Unclear: wrong shape or wrong check character.
    """
    return FileNumber(_read("file number", "P", _FILE_NUMBER_DIGITS, text))


def check_character(text: str) -> str:
    """The check character of ISO 7064, MOD 37,36: it catches every single slip and every swap of neighbours."""
    product = 36
    for character in text:
        total = (product + _ALPHABET.index(character)) % 36 or 36
        product = total * 2 % 37
    return _ALPHABET[(37 - product) % 36]


def _checked(prefix: str, number: int, digits: int) -> str:
    if not 0 <= number < 10**digits:
        raise Refused(f"a number does not fit {digits} digits")
    body = f"{prefix}{number:0{digits}d}"
    return body + check_character(body)


def _read(place: str, prefix: str, digits: int, text: str) -> str:
    if not re.fullmatch(f"{prefix}[0-9]{{{digits}}}[0-9A-Z]", text):
        raise Unclear(place, "not its shape")
    if check_character(text[:-1]) != text[-1]:
        raise Unclear(place, "the check character does not match")
    return text

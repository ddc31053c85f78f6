"""How a machine finds a tube or a patient by a unique number without the number being stored.

Equality of tokens tells nothing new for what is unique per patient. Names, dates, sex, postcodes and test codes have
no token: their frequencies would give them away.
"""

import unicodedata
from enum import StrEnum
from typing import Final, final

from cryptography.hazmat.primitives import hashes, hmac

from aliquot.terms.errors import Unclear
from aliquot.terms.ids import Org
from aliquot.vault import keys
from aliquot.vault.keys import DerivedKey, LabLabel, LabSecret


class Field(StrEnum):
    """The identifiers that have a token."""

    NIR = "nir"
    FILE = "file"
    ACCESSION = "accession"
    EXTID = "extid"
    LOGIN = "login"


_LABELS: Final = {
    Field.NIR: LabLabel.BLIND_NIR,
    Field.FILE: LabLabel.BLIND_FILE,
    Field.ACCESSION: LabLabel.BLIND_ACCESSION,
    Field.EXTID: LabLabel.BLIND_EXTID,
    Field.LOGIN: LabLabel.BLIND_LOGIN,
}
# In these the punctuation tells one from another (an OID with its value, an address), and only spaces go.
_PUNCTUATED: Final = frozenset({Field.EXTID, Field.LOGIN})
_NIR_LENGTH = 13
_NIR_WITH_KEY = 15


@final
class TokenKeys:
    """One laboratory's token keys, one for each field: the same text gives unrelated tokens in two fields."""

    __slots__ = ("_keys",)

    def __init__(self, secret: LabSecret, org: Org) -> None:
        self._keys = {field: keys.derive(secret, org, label) for field, label in _LABELS.items()}

    def of(self, field: Field) -> DerivedKey:
        """The key of one field."""
        return self._keys[field]


def token(token_keys: TokenKeys, field: Field, text: str) -> int:
    """The number under which an identifier is looked up: signed, 64 bits.

    Raises:
        Unclear: the text is no identifier of this field.
    Source: first 8 bytes, big endian, of HMAC-SHA256 over the normalised text in UTF-8.
    """
    mac = hmac.HMAC(token_keys.of(field).reveal(), hashes.SHA256())
    mac.update(normalise(field, text).encode())
    return int.from_bytes(mac.finalize()[:8], "big", signed=True)


def normalise(field: Field, text: str) -> str:
    """One spelling for each identifier: NFKC, upper case, no spaces; no punctuation where it only separates.

    A NIR is given with or without its two-digit key and keeps the 13 characters before it; the key is not checked.

    Raises:
        Unclear: nothing is left, or a NIR has neither 13 nor 15 characters.
    """
    folded = unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", text).upper())
    kept = "".join(folded.split() if field in _PUNCTUATED else filter(str.isalnum, folded))
    if not kept:
        raise Unclear(field, "empty")
    if field is not Field.NIR:
        return kept
    if len(kept) not in {_NIR_LENGTH, _NIR_WITH_KEY}:
        raise Unclear(field, "neither 13 nor 15 characters")
    return kept[:_NIR_LENGTH]

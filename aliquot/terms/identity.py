"""Who a person is, in the kinds in which an act may or may not see it: each struct is one sealed record's content."""

from datetime import date
from enum import StrEnum

import msgspec


class Sex(StrEnum):
    """Administrative sex, in FHIR's words."""

    MALE = "male"
    FEMALE = "female"
    OTHER = "other"
    UNKNOWN = "unknown"


class Trust(StrEnum):
    """How far an identity is established (RNIV): only `qualified` may carry the national number out."""

    PROVISIONAL = "provisional"
    RETRIEVED = "retrieved"
    VALIDATED = "validated"
    QUALIFIED = "qualified"


class Demography(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What a person is called by, and what the choice of reference ranges needs. The search index is made of this."""

    family: str
    given: tuple[str, ...]
    born_on: date
    sex: Sex


class Traits(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The strict traits that are not in daily use: birth name, birth first names, birthplace (INSEE code)."""

    birth_family: str
    birth_given: tuple[str, ...]
    birthplace_insee: str
    trust: Trust
    doubtful: bool = False
    fictitious: bool = False


class Identifier(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One identifier with the system (URI or OID) that makes it unique."""

    system: str
    value: str


class Identifiers(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Every identifier under which a person is known here."""

    identifiers: tuple[Identifier, ...]


class Contact(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How to reach a person."""

    lines: tuple[str, ...]
    postcode: str
    city: str
    phone: str
    email: str


class Note(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Free text about a person or a request."""

    text: str

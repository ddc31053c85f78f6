"""The papers of a migration: what its people sign and how far it is, by names that custody and everybody else share."""

import hashlib
from enum import StrEnum

from aliquot.terms.ids import Id

_LABEL = b"aliquot/paper/v1\x00"
_STEM = 6
"""An id begins with its organization and its week."""


class Paper(StrEnum):
    """What a migration has one of, in versions."""

    PROFILE = "profile"
    MAP = "map"
    REHEARSAL = "rehearsal"
    PROGRESS = "progress"
    LOADED = "loaded"
    RECONCILIATION = "reconciliation"
    CERTIFICATE = "certificate"


class Reason(StrEnum):
    """Why a dossier that two people compare differs from the old system's; nothing, if it agrees."""

    NONE = ""
    IDENTITY = "identity"
    MISSING = "missing"
    SURPLUS = "surplus"
    VALUE = "value"
    UNIT = "unit"
    DATE = "date"
    STATUS = "status"
    OTHER = "other"


def identity(mandate: bytes, paper: Paper) -> Id:
    """The one id of this paper of this migration: of the mandate's organization and week, the rest a hash of both.

    No content is in it, so that the hash needs no key.
    """
    return Id(mandate[:_STEM] + hashlib.sha256(_LABEL + mandate + paper.encode()).digest()[:10])


def identities(mandate: bytes) -> frozenset[Id]:
    """The ids of all papers of a migration."""
    return frozenset(identity(mandate, paper) for paper in Paper)

"""What the laboratory works with: the catalogue in force, and who it is. Pure."""

from datetime import date, datetime
from zoneinfo import ZoneInfo

import msgspec

from aliquot.lab import catalogue
from aliquot.lab.catalogue import Catalogue, Test
from aliquot.lab.content import Laboratory
from aliquot.terms import installation


class Setting(msgspec.Struct, frozen=True):
    """What stays the same from one act to the next."""

    catalogue: Catalogue
    laboratory: Laboratory


def laboratory(described: installation.Laboratory) -> Laboratory:
    """A laboratory as its reports name it."""
    return Laboratory(
        name=described.name,
        lines=described.lines,
        phone=described.phone,
        director=described.director,
        accreditation=described.accreditation,
        time_zone=described.time_zone,
        language=described.language,
    )


def test(setting: Setting, code: str) -> Test:
    """The test with this code.

    Raises:
        Refused: the catalogue in force does not have it.
    """
    return catalogue.test(setting.catalogue, code)


def name(setting: Setting, test: Test) -> str:
    """What a test is called in the laboratory's reports."""
    return test.names.fr if setting.laboratory.language == "fr" else test.names.en


def day(setting: Setting, at: datetime | None) -> date | None:
    """The day at the laboratory's place; unknown stays unknown."""
    return None if at is None else at.astimezone(ZoneInfo(setting.laboratory.time_zone)).date()

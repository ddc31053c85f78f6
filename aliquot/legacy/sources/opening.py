"""The reader that fits a description."""

from collections.abc import Callable

from aliquot.legacy.description import (
    Database,
    Delimited,
    Description,
    Dump,
    Fixed,
    Messages,
    Parquet,
    Resources,
    Workbook,
)
from aliquot.legacy.source import Source
from aliquot.legacy.sources import database, delimited, dump, fhir, fixed, hl7v2, parquet, workbook

Ask = Callable[[], str]
"""Asks for the password of a database; "" where there is none."""


def no_password() -> str:
    """For sources that need none."""
    return ""


def opened(description: Description, ask: Ask = no_password) -> Source:
    """The old system, opened to read. Columns may be listed; nothing was read yet of what it says.

    Raises:
        Refused: a file is missing, or is not what the description says it is.
    """
    match description.form:
        case Delimited() as form:
            return delimited.Tables(description, form)
        case Fixed() as form:
            return fixed.Tables(description, form)
        case Dump() as form:
            return dump.Tables(description, form)
        case Messages() as form:
            return hl7v2.Tables(description, form)
        case Resources() as form:
            return fhir.Tables(description, form)
        case Workbook() as form:
            return workbook.Tables(description, form)
        case Parquet() as form:
            return parquet.Tables(description, form)
        case Database() as form:
            return database.Tables(description, form, ask)

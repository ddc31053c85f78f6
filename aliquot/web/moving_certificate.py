"""The certificate of a closed migration: read at the desk by the two who sign it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from django.utils.translation import gettext_lazy as _

from aliquot.legacy.closing import Certificate
from aliquot.legacy.fates import Bin
from aliquot.web import moving_words
from aliquot.web.tables import Cell, Column, Row, Table


@dataclass(frozen=True)
class Certified:
    """What two people sign: counts, what was erased, and when the key dies."""

    patients: str
    rows: Table
    erased: Table
    files: int
    key: str
    dies: datetime
    made_at: datetime
    entries: str
    root: str


def of(made: Certificate) -> Certified:
    """The certificate in words."""
    return Certified(
        moving_words.number(made.patients),
        _rows(made),
        _erased(made),
        len(made.erased),
        made.key,
        made.key_dies_by,
        made.made_at,
        moving_words.number(made.log.size),
        made.log.root,
    )


def _rows(made: Certificate) -> Table:
    columns = (
        Column(_("Table")),
        Column(_("Rows"), number=True),
        *(Column(words, number=True) for _tone, words in moving_words.BINS.values()),
    )
    rows = [Row((Cell(one.table), Cell(moving_words.number(one.rows)), *_counts(one.bins))) for one in made.tables]
    return Table(_("What became of the rows"), columns, rows, _("No row was looked at yet"))


def _counts(bins: dict[str, int]) -> Sequence[Cell]:
    return [Cell(moving_words.number(bins[bin_])) for bin_ in Bin]


def _erased(made: Certificate) -> Table:
    columns = (Column(_("File"), code=True), Column(_("Bytes"), number=True), Column(_("SHA-256"), code=True))
    rows = [Row((Cell(one.name), Cell(moving_words.number(one.bytes)), Cell(one.sha256))) for one in made.erased]
    return Table(_("What was erased"), columns, rows, _("Nothing lay here: the source was read in place"))

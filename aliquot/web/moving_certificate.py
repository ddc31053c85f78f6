"""The certificate of a closed migration: read at the desk by the two who sign it."""

from dataclasses import dataclass
from datetime import datetime

from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext

from aliquot.legacy.closing import Certificate
from aliquot.legacy.fates import Bin
from aliquot.web import moving_account, moving_words
from aliquot.web.tables import Cell, Column, Row, Table


@dataclass(frozen=True)
class Certified:
    """What two people sign: counts, what was erased, and when the key dies. `said` is how many patients came in."""

    said: str
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
        ngettext(
            "%(n)s patient came in under this mandate.", "%(n)s patients came in under this mandate.", made.patients
        )
        % {"n": moving_words.number(made.patients)},
        moving_account.counted(
            _("What became of the rows"),
            list(Bin),
            [(one.table, (one.rows, *(one.bins[bin_] for bin_ in Bin))) for one in made.tables],
        ),
        _erased(made),
        len(made.erased),
        made.key,
        made.key_dies_by,
        made.made_at,
        moving_words.number(made.log.size),
        made.log.root,
    )


def _erased(made: Certificate) -> Table:
    columns = (Column(_("File"), code=True), Column(_("Bytes"), number=True), Column(_("SHA-256"), code=True))
    rows = [Row((Cell(one.name), Cell(moving_words.number(one.bytes)), Cell(one.sha256))) for one in made.erased]
    return Table(_("What was erased"), columns, rows, _("Nothing lay here: the source was read in place"))

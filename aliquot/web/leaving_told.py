"""What leaves, in words: what would be signed and of how many patients, and how far what was signed has come."""

from collections.abc import Sequence
from dataclasses import dataclass
from zoneinfo import ZoneInfo

from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from aliquot.access import exporting
from aliquot.access.acts import ReadMigration
from aliquot.access.grant import Grant
from aliquot.custody import answers, exports, forms
from aliquot.custody.answers import Leaving
from aliquot.custody.denial import Denial
from aliquot.terms import clock
from aliquot.web import change_words, denials, moving_words
from aliquot.web.change_words import Told
from aliquot.web.moving_words import Words
from aliquot.web.tables import Cell, Column, Row, Table, Tone
from aliquot.web.visitor import Visitor

_NOBODY = answers.Accounts((), (), (), ())
_WAYS: dict[str, tuple[Tone, Words]] = {
    "signed": ("wait", _("signed; nothing has left yet")),
    "leaving": ("info", _("leaving")),
    "opened": ("ok", _("everybody on the list was opened")),
    "ended": ("alarm", _("ended before its time")),
    "over": ("plain", _("its time is over")),
}


@dataclass(frozen=True)
class Scope:
    """What somebody would sign, and of how many patients it would be now, or why custody would not take it."""

    form: forms.SignExport
    zone: ZoneInfo
    patients: int
    denial: Denial | None = None

    @property
    def told(self) -> Told:
        """Its words, as both signers and a terminal show them; a receiver that cannot be read has none."""
        return change_words.told(self.form, _NOBODY, self.zone)

    @property
    def problem(self) -> denials.Words | None:
        """Why custody would not take it, in words."""
        return denials.words(self.denial) if self.denial else None


@dataclass(frozen=True)
class Going:
    """An export that was signed: its words, who signed, and how far it is. `runs` says that more may leave."""

    leaving: Leaving
    form: forms.SignExport
    told: Told
    state: tuple[Tone, Words]
    left: tuple[Tone, str]
    runs: bool


def scope(visitor: Visitor, grant: Grant[ReadMigration], form: forms.SignExport) -> Scope:
    """What a signature would cover, and what custody says of it now."""
    try:
        return Scope(form, visitor.zone, exporting.in_scope(grant, form))
    except Denial as denial:
        return Scope(form, visitor.zone, 0, denial)


def going(visitor: Visitor, leaving: Leaving) -> Going:
    """What was signed, and how far it has come."""
    form = exports.read(leaving.form.encode())
    left = moving_words.left(form.until, clock.system())
    return Going(
        leaving,
        form,
        change_words.told(form, _NOBODY, visitor.zone),
        _WAYS[_way(leaving)],
        left,
        leaving.state == "in-force",
    )


def table(visitor: Visitor, found: Sequence[Leaving]) -> Table:
    """What leaves and has left, the latest first."""
    columns = (
        Column(_("Receiver")),
        Column(_("State")),
        Column(_("Until")),
        Column(_("Patients"), number=True),
    )
    return Table(_("Records that leave"), columns, [_row(going(visitor, one)) for one in found], "")


def _row(one: Going) -> Row:
    path = reverse("leaving.show", args=[one.leaving.id])
    tone, state = one.state
    dies, left = one.left
    opened, listed = moving_words.number(one.leaving.opened), moving_words.number(one.leaving.listed)
    return Row(
        (
            Cell(one.form.recipient, path=path, note=one.form.purpose),
            Cell(state, tone=tone),
            Cell(left, tone=dies) if one.runs else Cell("–"),
            Cell(f"{opened} / {listed}"),
        )
    )


def _way(leaving: Leaving) -> str:
    if leaving.state != "in-force":
        return leaving.state
    if leaving.opened == leaving.listed:
        return "opened"
    return "leaving" if leaving.begun_at else "signed"

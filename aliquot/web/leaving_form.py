"""What is filled in so that records leave: which, filed when and where, of how many patients, to whom, until when."""

from collections.abc import Sequence
from typing import Any, Final
from zoneinfo import ZoneInfo

from django import forms as fields
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext

from aliquot.custody import exports, forms
from aliquot.custody.denial import Denial
from aliquot.custody.portions import PORTIONS
from aliquot.terms import plain
from aliquot.terms.kinds import Kind
from aliquot.web import denials, history_words
from aliquot.web.change_words import HARMS
from aliquot.web.inputs import LONGEST, Day, MovingMandate, Typed, Word

LONGEST_RECEIVER: Final = 256 * 1024
_ALL: Final = PORTIONS["ExportDossier"].reads
_FIELDS: Final = {
    "kinds": "kinds",
    "scope": "last_on",
    "receiver": "receiver",
    "sender": "receiver",
    "term": "until",
    "no-such-service": "service",
    "role": "service",
}
"""Beside which field a refusal of custody is told."""


def _choices(kinds: frozenset[Kind]) -> list[tuple[str, str | Promise]]:
    return [(name, history_words.PORTIONS[name]) for name in (kind.name.lower() for kind in Kind if kind in kinds)]


class LeavingForm(MovingMandate):
    """What two people are to sign before anything leaves."""

    field_order = (
        *("recipient", "purpose", "file", "receiver", "kinds", "free_text", "harm", "history"),
        *("first_on", "last_on", "sites", "other_sites", "service", "allowed", "until"),
    )

    purpose = Word(label=_("Purpose"), max_length=LONGEST, help_text=_("Why they leave. Patients are told so."))
    recipient = Word(
        label=_("Receiver"), max_length=LONGEST, help_text=_("Who receives them, in words that a patient may be told.")
    )
    file = fields.FileField(
        label=_("The receiver's signed mandate as a file"),
        required=False,
        help_text=_("What the receiver sent after its own two people had signed (“aqm1”)."),
    )
    receiver = fields.CharField(
        label=_("Or its text"),
        required=False,
        max_length=LONGEST_RECEIVER,
        widget=fields.Textarea(attrs={"rows": 4, "spellcheck": "false", "class": "code"}),
    )
    kinds = fields.MultipleChoiceField(
        label=_("What leaves"),
        required=False,
        choices=_choices(_ALL - exports.FREE_TEXT),
        initial=[kind.name.lower() for kind in _ALL - exports.FREE_TEXT],
        widget=fields.CheckboxSelectMultiple,
    )
    free_text = fields.MultipleChoiceField(
        label=_("Free text: anything may stand there"),
        required=False,
        choices=_choices(_ALL & exports.FREE_TEXT),
        help_text=_("What is not ticked does not leave; results in words are masked then, and comments are blank."),
        widget=fields.CheckboxSelectMultiple,
    )
    harm = fields.ChoiceField(label=_("Most harmful class"), choices=[("", "–"), *HARMS.items()])
    history = fields.BooleanField(
        label=_("leaves too, for these days: roles and pseudonyms of the staff, no names"), required=False
    )
    first_on = Day(label=_("First day"), help_text=_("The day on which a request was filed here."))
    last_on = Day(label=_("Last day"))
    sites = fields.MultipleChoiceField(label=_("Sites"), required=False, widget=fields.CheckboxSelectMultiple)
    other_sites = fields.CharField(
        label=_("Other sites"),
        required=False,
        help_text=_("Closed ones, or as the map of a migration named them: one in each line."),
        widget=fields.Textarea(attrs={"rows": 2, "spellcheck": "false"}),
    )
    service = fields.ChoiceField(label=_("Exporter"))
    allowed = fields.IntegerField(
        label=_("Patients at most"),
        min_value=1,
        max_value=100_000_000,
        help_text=_("Custody counts them; if they are more, nobody can sign."),
    )

    def clean(self) -> None:
        """Read what stands in several fields."""
        said = self.cleaned_data
        if not said.get("receiver") and "receiver" not in self.errors:
            self.add_error("receiver", _("Give the receiver's signed mandate, as a file or as text."))
        if not said.get("kinds") and not said.get("free_text"):
            self.add_error("kinds", _("Choose what leaves."))
        if said.get("first_on") and said.get("last_on") and said["first_on"] > said["last_on"]:
            self.add_error("last_on", _("The last day lies before the first."))
        self._sites(said)

    def _sites(self, said: dict[str, Any]) -> None:
        typed = [line.strip() for line in said.get("other_sites", "").splitlines() if line.strip()]
        if not all(plain.is_plain(line) for line in typed):
            self.add_error("other_sites", Word.default_error_messages["hidden"])
        elif any(len(line) > LONGEST for line in typed):
            self.add_error("other_sites", _("A name of a site is longer than any is."))
        elif not typed and not said.get("sites"):
            self.add_error("sites", _("Choose at least one site."))
        said["named"] = tuple(dict.fromkeys((*said.get("sites", ()), *typed)))

    def judged(self, patients: int, denial: Denial | None, own: str) -> bool:
        """Whether custody would take it; what it has against it is told beside its field.

        `own` is this laboratory's fingerprint as a sender, which the receiver has to name.
        """
        if denial is not None:
            words = denials.words(denial)
            said = f"{words.title}. {words.then}"
            self.add_error(_FIELDS.get(denial.code), f"{said} {own}" if denial.code == "sender" else said)
        elif patients == 0:
            self.add_error("last_on", _("Nobody has a request of these days at these sites."))
        elif patients > self.cleaned_data["allowed"]:
            counted = ngettext("%(n)s patient is in scope now.", "%(n)s patients are in scope now.", patients)
            self.add_error("allowed", counted % {"n": patients})
        return not self.errors


def made(said: Typed) -> forms.SignExport:
    """What two people are to sign."""
    return forms.SignExport(
        purpose=said["purpose"],
        recipient=said["recipient"],
        receiver=said["receiver"],
        kinds=(*said["kinds"], *said["free_text"]),
        first_on=said["first_on"],
        last_on=said["last_on"],
        sites=said["named"],
        harm=said["harm"],
        service=said["service"],
        allowed=said["allowed"],
        until=said["until"],
        history=said["history"],
    )


def given(form: forms.SignExport, zone: ZoneInfo, known: Sequence[str]) -> dict[str, object]:
    """What stands in the fields when something is changed before it is signed: everything as it was."""
    free = {kind.name.lower() for kind in exports.FREE_TEXT}
    return {
        **{name: getattr(form, name) for name in form.__struct_fields__},
        "kinds": [kind for kind in form.kinds if kind not in free],
        "free_text": [kind for kind in form.kinds if kind in free],
        "sites": [site for site in form.sites if site in known],
        "other_sites": "\n".join(site for site in form.sites if site not in known),
        "until": form.until.astimezone(zone).date(),
    }

"""A value as a person types it: a number with its comparator, a listed answer, words, or why there is none.

Zero, empty and "not done" are typed in different places, and never stand for one another.
"""

import re
from collections.abc import Mapping
from decimal import Decimal
from typing import cast

from django import forms
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from aliquot.lab.catalogue import Test
from aliquot.terms.canonical import Json
from aliquot.terms.quantities import Absent, Coded, Comparator, Quantity, Text, Value
from aliquot.web import findings

_NUMBER = re.compile(r"[-−+]?\d{1,12}([.,]\d{1,9})?")
_COMPARATORS = [("", _("exactly")), ("<", "<"), ("<=", "≤"), (">=", "≥"), (">", ">")]
_ABSENT: list[tuple[str, str | Promise]] = [
    ("", "–"),
    ("not-performed", _("not done")),
    ("error", _("the measurement failed")),
    ("unknown", _("unknown")),
]


class ValueForm(forms.Form):
    """What is typed about one analysis; the fields depend on the test. `language` is that of the reports."""

    def __init__(
        self, test: Test, language: str, posted: Mapping[str, object] | None = None, *, optional: bool = False
    ) -> None:
        super().__init__(posted)
        self.test = test
        self.language = language
        self.optional = optional
        if test.answers:
            answers = [("", "–"), *((each.code, findings.answer(each)) for each in test.answers)]
            self.fields["answer"] = forms.ChoiceField(label=_("Answer"), choices=answers, required=False)
        else:
            self.fields["comparator"] = forms.ChoiceField(label=_("Comparator"), choices=_COMPARATORS, required=False)
            self.fields["number"] = forms.CharField(
                label=_("Number"),
                required=False,
                help_text=_("in %(unit)s; every digit is kept") % {"unit": test.ucum},
                widget=forms.TextInput(attrs={"inputmode": "decimal", "autocomplete": "off", "data-keys": "n"}),
            )
        self.fields["words"] = forms.CharField(label=_("In words instead"), max_length=200, required=False)
        self.fields["absent"] = forms.ChoiceField(label=_("There is no value"), choices=_ABSENT, required=False)

    def clean_number(self) -> str:
        """A number as it was typed, with a point."""
        typed = str(self.cleaned_data["number"]).replace(" ", "")
        if typed and not _NUMBER.fullmatch(typed):
            raise forms.ValidationError(_("This is not a number."))
        return typed.replace(",", ".").replace("−", "-")

    def clean(self) -> dict[str, object]:
        """One value, said in one place."""
        typed = self.cleaned_data
        said = [name for name in ("number", "answer", "words", "absent") if typed.get(name)]
        if len(said) > 1 or (not said and not self.optional and not self.errors):
            raise forms.ValidationError(_("Say one thing: a value, words, or why there is none."))
        return typed

    @property
    def value(self) -> Value | None:
        """The value of a form that is valid; none where nothing needed to be said."""
        typed = self.cleaned_data
        if typed.get("number"):
            compared = cast("Comparator", typed["comparator"])  # the choices of the field are the comparators
            return Quantity(Decimal(typed["number"]), self.test.ucum, compared)
        if typed.get("answer"):
            return self._coded(typed["answer"])
        if typed["words"]:
            return Text(typed["words"])
        return Absent(typed["absent"]) if typed["absent"] else None

    @property
    def told(self) -> Json:
        """What was typed, as what an act wants."""
        return {name: str(said) for name, said in self.cleaned_data.items()}

    def _coded(self, code: str) -> Coded:
        answer = next(each for each in self.test.answers if each.code == code)
        return Coded(answer.system, answer.code, answer.names.fr if self.language == "fr" else answer.names.en)

"""Opening a released result again: why, and the right value if it is known, under a fresh factor."""

from dataclasses import dataclass

from django import forms
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_http_methods

from aliquot.access import door
from aliquot.access.acts import CorrectResult, ReadReport
from aliquot.custody.denial import Denial
from aliquot.lab import bench, corrections, reports
from aliquot.lab.catalogue import Test
from aliquot.lab.content import ReportResult
from aliquot.lab.corrections import Correction
from aliquot.lab.reports import Issued
from aliquot.lab.setting import Setting
from aliquot.terms import canonical, clock, states
from aliquot.terms.errors import Refused
from aliquot.terms.purposes import Purpose
from aliquot.web import addresses, answers, factors, findings, intents, pages, premises, result_words, workplace
from aliquot.web.denials import Words
from aliquot.web.values import ValueForm
from aliquot.web.visitor import Visitor

NEEDED = Words(
    422,
    _("A correction needs your confirmation"),
    _("Use your passkey, or type a new code: the form is all still here."),
)


class ReasonForm(forms.Form):
    """Why a released result is opened again; the words stand on the next version of the report."""

    kind = forms.ChoiceField(label=_("What was wrong"), choices=[("", "–"), *result_words.CORRECTIONS.items()])
    reason = forms.CharField(
        label=_("In the words of the report"),
        max_length=200,
        help_text=_("The reader of the first version reads this."),
    )


@dataclass(frozen=True)
class _Sheet:
    """The form as it stands: which result of which requisition, why, and what it should say."""

    work: str
    line: ReportResult
    why: ReasonForm
    value: ValueForm


@require_http_methods(["GET", "POST"])
def correct(request: HttpRequest, visitor: Visitor, work: str, observation: str) -> HttpResponse:
    """Correct one released result: what it says now, what was wrong, and what is right if that is known."""
    requisition, at = addresses.read(work), clock.system()
    subject = bench.whose(visitor.actor, requisition)
    reading = door.intent(visitor.actor, at, Purpose.TREAT)
    with door.enter(visitor.actor, ReadReport(subject, requisition), reading) as grant:
        line = _line(reports.read(grant), observation)
    where = premises.of(visitor, at)
    posted = request.POST if request.method == "POST" else None
    value = ValueForm(_test(where, line), where.laboratory.language, posted, optional=True)
    filled = _Sheet(work, line, ReasonForm(posted), value)
    if not (filled.why.is_valid() and value.is_valid()):
        return _page(request, visitor, filled, None)
    return _correct(request, visitor, CorrectResult(subject, requisition), filled)


def _correct(request: HttpRequest, visitor: Visitor, act: CorrectResult, filled: _Sheet) -> HttpResponse:
    reason, line = filled.why.cleaned_data["reason"], filled.line
    wanted = {
        "result": line.observation,
        "version": line.version,
        "kind": filled.why.cleaned_data["kind"],
        "reason": reason,
        "value": filled.value.told,
    }
    meant = intents.posted(request, visitor, Purpose.TREAT, canonical.encode(wanted))
    if factors.asked(request):
        return factors.challenge(visitor, act, meant)
    correction = Correction(addresses.read(line.observation), line.version, reason, filled.value.value)
    try:
        with door.enter(visitor.actor, act, meant) as grant:
            corrections.open_(grant, correction, workplace.signer(visitor), at=clock.system())
    except Denial as denial:
        if denial.code not in {"forbidden", "factor"}:
            raise
        return _page(request, visitor, filled, NEEDED if meant.factor is None else answers.words(denial))
    return pages.moved(request, reverse("validation.show", args=[filled.work]))


def _page(request: HttpRequest, visitor: Visitor, filled: _Sheet, problem: Words | None) -> HttpResponse:
    said = filled.line.content
    test = filled.value.test
    wrong = bool(filled.why.errors or filled.value.errors)
    shown = {
        "crumbs": [
            (_("Reports"), reverse("report.find")),
            (_("Report"), reverse("report.show", args=[filled.work])),
            (_("Correct a result"), ""),
        ],
        "name": findings.name(test),
        "now": " ".join(findings.value(test, said.value)).strip(),
        "flag": findings.flag(said.flag),
        "why": filled.why,
        "value": filled.value,
        "act": intents.fresh(visitor),
        "problem": problem,
    }
    status = problem.status if problem else 422 if wrong else 200
    return pages.page(request, visitor, "report/correct.html", shown, status=status)


def _line(issued: Issued, observation: str) -> ReportResult:
    latest = issued.reports[-1].results if issued.reports else ()
    for line in latest:
        if line.observation == observation and line.state == states.Analysis.RELEASED:
            return line
    raise Refused("correct: only a released result is corrected")


def _test(where: Setting, line: ReportResult) -> Test:
    test = findings.known(where.catalogue, line.content.test)
    if test is None:
        raise Refused("correct: the catalogue in force does not have this test")
    return test

"""One result as a screen shows it: its words in the reader's language, its flag, what holds it, what may be done."""

from dataclasses import dataclass
from datetime import datetime

from django.utils import translation

from aliquot.disclosure import lines, phrases
from aliquot.lab import catalogue, content, holds, statuses
from aliquot.lab.catalogue import Answer, Catalogue, Test
from aliquot.lab.content import Observation, OrderItem
from aliquot.lab.dossier import Dossier
from aliquot.lab.records import Kept
from aliquot.terms import states
from aliquot.terms.quantities import Coded, Value
from aliquot.web import result_words, tube_words
from aliquot.web.result_words import FlagWords, HoldWords, Words
from aliquot.web.tables import Tone

_ONE_ROUND = 3
"""Versions of a result that is measured, looked at by the rules and sent back: after them it was measured again."""

_UNMEASURED = frozenset({states.Analysis.REQUESTED, states.Analysis.READY, states.Analysis.CANCELLED})


@dataclass(frozen=True)
class Held:
    """One hold. `blocks` says that it stands in the way; `field` is the form's field, if the role may set it aside."""

    words: HoldWords
    rule: str
    blocks: bool
    reason: str
    field: str


@dataclass(frozen=True)
class Finding:
    """One analysis on one tube. `id` is its result's, empty while there is none."""

    id: str
    version: int
    order: str
    specimen: str
    accession: str
    test: str
    name: str
    section: str
    state: states.Analysis
    tone: Tone
    state_words: Words
    value: str
    unit: str
    flag: FlagWords | None
    reference: str
    holds: tuple[Held, ...]
    looked_at: bool
    by_hand: bool
    double_read: bool
    reason: str
    comment: str
    measured_at: datetime | None
    device: str

    @property
    def held(self) -> bool:
        """Whether something stands in the way of validation."""
        return any(hold.blocks for hold in self.holds)

    @property
    def measured(self) -> bool:
        """Whether there is a result that the bench may still judge."""
        return self.state is states.Analysis.MEASURED

    @property
    def open(self) -> bool:
        """Whether a value may still be typed, or the analysis given up."""
        return self.state in {states.Analysis.READY, states.Analysis.MEASURED}

    @property
    def signable(self) -> bool:
        """Whether it waits for a biologist."""
        return self.state in {states.Analysis.MEASURED, states.Analysis.TECH_VALIDATED} and self.looked_at

    @property
    def returnable(self) -> bool:
        """Whether a biologist may send it back to the bench."""
        return self.state in {states.Analysis.TECH_VALIDATED, states.Analysis.MED_VALIDATED}


@dataclass(frozen=True)
class Tube:
    """One tube of a requisition: what it is, and how far."""

    said: content.Specimen
    look: str
    tone: Tone
    state: Words


def of_dossier(found: Dossier, tests: Catalogue, role: statuses.Role) -> tuple[Finding, ...]:
    """Every analysis that was asked for, in the order of asking; once for each tube that could give it."""
    return tuple(
        _finding(found, order, tube, tests, role)
        for order in found.orders
        if found.state(order) is not None
        for tube in found.specimens
        if order.content.test in tube.content.tests
    )


def tubes(found: Dossier) -> list[Tube]:
    """The tubes of a requisition in words."""
    return [
        Tube(each.content, tube_words.look(each.content.tube).text, *tube_words.STATES[each.state])
        for each in found.specimens
    ]


def value(test: Test | None, said: Value) -> tuple[str, str]:
    """A value and its unit in the reader's language; a coded answer by its name in the catalogue."""
    language = translation.get_language() or "en"
    if test is not None and isinstance(said, Coded):
        for each in test.answers:
            if (each.system, each.code) == (said.system, said.code):
                return answer(each), ""
    _, text, unit = lines.value_of(said, phrases.of(language), language)
    return text, unit


def answer(listed: Answer) -> str:
    """What a coded answer is called in the reader's language."""
    return listed.names.fr if translation.get_language() == "fr" else listed.names.en


def name(test: Test) -> str:
    """What a test is called in the reader's language."""
    return test.names.fr if translation.get_language() == "fr" else test.names.en


def known(tests: Catalogue, code: str) -> Test | None:
    """The test of a code; an older result may be of one that the catalogue in force has no more."""
    return next((test for test in tests.tests if test.code == code), None)


def age(kept: str) -> str:
    """An age as the bench reads it; an order that was taken without showing who it is has none."""
    if not kept:
        return "?"
    number, _, unit = kept.partition(" ")
    return str(result_words.AGES[unit]) % {"number": number}


def flag(code: str) -> FlagWords | None:
    """A flag in words; none where nothing is known."""
    return result_words.FLAGS.get(code)


def reference(range_: content.Reference | None) -> str:
    """A reference range as it was applied."""
    if range_ is None:
        return ""
    language = translation.get_language() or "en"
    low, high = phrases.decimal(range_.low, language), phrases.decimal(range_.high, language)
    if low and high:
        return f"{low} – {high}"
    return (low and f"≥ {low}") or (high and f"≤ {high}") or range_.text


def _finding(
    found: Dossier, order: Kept[OrderItem], tube: Kept[content.Specimen], tests: Catalogue, role: statuses.Role
) -> Finding:
    test = catalogue.test(tests, order.content.test)
    result = found.on(order.id, tube.id)
    state = states.Analysis(result.state) if result else found.state(order) or states.Analysis.REQUESTED
    said = result.content if result else None
    measured = said is not None and state not in _UNMEASURED
    text, unit = value(test, said.value) if said is not None and measured else ("", "")
    tone, words = result_words.STATES[state]
    return Finding(
        id=result.id.hex() if result else "",
        version=result.version if result else 0,
        order=order.id.hex(),
        specimen=tube.id.hex(),
        accession=tube.content.accession,
        test=test.code,
        name=name(test),
        section=test.section,
        state=state,
        tone=tone,
        state_words=words,
        value=text,
        unit=unit,
        flag=flag(said.flag) if said is not None and measured else None,
        reference=reference(said.reference) if said is not None else "",
        holds=_holds(result, role) if measured else (),
        looked_at=bool(said and said.rules),
        by_hand=bool(said and said.typed_by),
        double_read=test.double_read,
        reason=said.reason if said else "",
        comment=said.comment if said else "",
        measured_at=said.measured_at if said else None,
        device=said.device if said else "",
    )


def _holds(result: Kept[Observation] | None, role: statuses.Role) -> tuple[Held, ...]:
    if result is None:
        return ()
    blocking = holds.blocking(result.content.holds)
    repeated = result.version > _ONE_ROUND
    return tuple(
        Held(
            words=result_words.HOLDS[states.Hold(each.hold)],
            rule=each.detail.partition(" ")[0],
            blocks=each in blocking,
            reason=each.override_reason,
            field=f"aside-{result.id.hex()}-{each.hold}"
            if each in blocking and holds.may(states.Hold(each.hold), role, repeated=repeated)
            else "",
        )
        for each in result.content.holds
    )

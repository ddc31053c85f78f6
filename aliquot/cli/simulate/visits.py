"""The dossiers of a row of patients: what was asked on which day, what came out, and what was typed wrongly."""

from bisect import bisect_right
from itertools import accumulate
from random import Random
from typing import Final

import msgspec

from aliquot.cli.simulate import comments, days, rates, staff
from aliquot.cli.simulate.catalogue import ORDERS, SAMPLES, Catalogue, Line, Sample
from aliquot.cli.simulate.days import Day
from aliquot.cli.simulate.people import pick
from aliquot.cli.simulate.rates import Mess
from aliquot.cli.simulate.records import Dossier, Person, Result, Written
from aliquot.cli.simulate.vocabulary import WORDS
from aliquot.terms.quantities import Absent, Quantity, Text, Value

VALIDATED: Final = "VB"
_FATES: Final = {
    "D": rates.DELETED_RESULT,
    "A": rates.CANCELLED,
    "R": rates.CORRECTED,
    "P": rates.PENDING,
    "VT": rates.TECHNICAL,
    "": rates.NO_STATUS,
}
_SLIPS: Final = {
    Mess.REPEATED: rates.REPEATED,
    Mess.USER_SPELLING: rates.USER_SPELLING,
    Mess.UNIT_SPELLING: rates.UNIT_SPELLING,
    Mess.NO_UNIT: rates.NO_UNIT,
    Mess.TYPED_TEXT: rates.TYPED_TEXT,
    Mess.COMPARATOR: rates.COMPARATOR,
    Mess.DECIMAL_COMMA: rates.DECIMAL_COMMA,
    Mess.COMMENT: rates.RESULT_COMMENT,
    Mess.SENSITIVE_TREATMENT: rates.RESULT_SENSITIVE,
}
_CHANCES: Final = (*_FATES.items(), *_SLIPS.items())
_ENDS: Final = tuple(accumulate(share for _, share in _CHANCES))
_RARE: Final = _ENDS[-1]


class Visit(msgspec.Struct, frozen=True, gc=False):
    """The circumstances that all results of a dossier share."""

    day: Day
    written: Written
    validator: staff.User
    commas: bool


class Dossiers:
    """Makes dossiers, numbered one after another through the laboratory's life."""

    def __init__(self, seed: int) -> None:
        self.catalogue = Catalogue(seed)
        self._made = 0

    def make(self, person: Person, ordinal: int, site: str, rng: Random) -> Dossier:
        """What was asked for somebody on a day, and what came out."""
        self._made += 1
        day = days.day(ordinal)
        kinds: list[str] = [Mess.SECOND_SITE] if site != "01" else []
        written = _written(day, ordinal, rng, kinds)
        prescriber = pick(rng, staff.prescribers())
        spelt = prescriber.name
        if rng.random() < rates.PRESCRIBER_SPELLING:
            spelt = pick(rng, prescriber.spellings)
            kinds.append(Mess.PRESCRIBER_SPELLING)
        hour = pick(rng, days.hours()) if rng.random() < 0.3 else days.hours()[int(rng.random() * 180)]
        order = int(rng.random() * ORDERS)
        lines = self.catalogue.lines(order, site, ordinal, person.sex, int(rng.random() < rates.OTHER_CODE))
        visit = Visit(day, written, pick(rng, staff.validators()), ordinal < days.COMMAS_UNTIL)
        return Dossier(
            numdos=f"{day.number}{self._made:08d}",
            datprel=written,
            heuprel=hour,
            site=site,
            prescripteur=spelt,
            results=_results(lines, visit, person.number, rng),
            collected_at=f"{day.iso}T{hour.slashed}:00{day.offset}",
            month=day.iso[:7],
            utf8=rng.random() < rates.UTF8,
            mess=tuple(kinds),
        )


def _written(day: Day, ordinal: int, rng: Random, kinds: list[str]) -> Written:
    chance = rng.random()
    if chance < rates.IMPOSSIBLE_DAY:
        kinds.append(Mess.IMPOSSIBLE_DATE)
        return days.impossible(day.full, rng)
    if chance < rates.IMPOSSIBLE_DAY + rates.OUTSIDE_DAY:
        kinds.append(Mess.OUTSIDE_DATE)
        return days.outside(rng)
    if ordinal < days.SHORT_YEARS_UNTIL or chance > 1 - rates.TWO_DIGIT_DAY:
        kinds.append(Mess.TWO_DIGIT_YEAR)
        return day.short
    return day.full


def _results(lines: list[Line], visit: Visit, number: int, rng: Random) -> tuple[Result, ...]:
    chance = rng.random
    level = number * 7919
    made: list[Result] = []
    for line in lines:
        place = (level + line.place) % SAMPLES
        if line.noise:
            place = min(max(place + int((chance() - 0.5) * line.noise), 0), SAMPLES - 1)
        sample = line.samples[place]
        rare = chance()
        if rare < _RARE:
            made += _unusual(_CHANCES[bisect_right(_ENDS, rare)][0], line, sample, visit, rng)
        else:
            made.append(_usual(line, sample, visit))
    return tuple(made)


def _usual(line: Line, sample: Sample, visit: Visit) -> Result:
    entry = line.entry
    comma = visit.commas and sample.comma != sample.point
    mess = line.mess
    if comma:
        mess = (*mess, Mess.DECIMAL_COMMA)
    if sample.comparator:
        mess = (*mess, Mess.COMPARATOR)
    return Result(
        entry.code,
        entry.label,
        sample.comma if comma else sample.point,
        entry.unit,
        entry.low,
        entry.high,
        sample.flag,
        VALIDATED,
        visit.validator.name,
        visit.day.full,
        "",
        line,
        sample.value,
        mess,
    )


def _unusual(chance: str, line: Line, sample: Sample, visit: Visit, rng: Random) -> list[Result]:
    """One result with a fate or a slip; where the slip cannot happen to it, the result as usual."""
    usual = _usual(line, sample, visit)
    if chance in _FATES:
        return [_fated(usual, chance, visit)]
    kind = Mess(chance)
    match kind:
        case Mess.REPEATED:
            return [usual, _slipped(usual, kind)]
        case Mess.USER_SPELLING:
            return [_slipped(usual, kind, valideur=pick(rng, visit.validator.spellings))]
        case Mess.UNIT_SPELLING if line.entry.spellings:
            return [_slipped(usual, kind, unite=pick(rng, line.entry.spellings))]
        case Mess.NO_UNIT if usual.unite:
            return [_slipped(usual, kind, unite="")]
        case Mess.TYPED_TEXT:
            return [_typed(usual, rng)]
        case Mess.COMPARATOR if isinstance(sample.value, Quantity) and not sample.comparator:
            return [_compared(usual, sample.value, rng)]
        case Mess.DECIMAL_COMMA if sample.comma != sample.point and not visit.commas:
            return [_slipped(usual, kind, valeur=sample.comma)]
        case Mess.COMMENT:
            text, found = comments.hostile(pick(rng, WORDS.result_comments), rng)
            return [_slipped(usual, kind, *found, comres=text)]
        case Mess.SENSITIVE_TREATMENT:
            found_kind, text = comments.sensitive(rng)
            return [_slipped(usual, found_kind, Mess.COMMENT, comres=text)]
    return [usual]


def _slipped(usual: Result, *kinds: str, **columns: str) -> Result:
    return msgspec.structs.replace(usual, mess=(*usual.mess, *kinds), **columns)


def _fated(usual: Result, status: str, visit: Visit) -> Result:
    if status == "P":
        return msgspec.structs.replace(
            usual,
            statut=status,
            valeur="",
            flag="",
            valideur="",
            datval=Written("", ""),
            value=_NOT_YET,
            mess=usual.line.mess,
        )
    if status == "D":
        return msgspec.structs.replace(usual, statut=status, mess=(*usual.mess, Mess.DELETED))
    return msgspec.structs.replace(usual, statut=status)


_NOT_YET: Final[Value] = Absent("temp-unknown")


def _typed(usual: Result, rng: Random) -> Result:
    value: Value
    if rng.random() < 0.6:
        word = pick(rng, WORDS.typed.absent)
        value = Absent("not-performed")
    else:
        word = pick(rng, WORDS.typed.text)
        value = Text(word)
    return msgspec.structs.replace(usual, valeur=word, flag="", value=value, mess=(*usual.line.mess, Mess.TYPED_TEXT))


def _compared(usual: Result, value: Quantity, rng: Random) -> Result:
    sign: Final = "<" if rng.random() < 0.5 else ">"
    return msgspec.structs.replace(
        usual,
        valeur=f"{sign}{usual.valeur}",
        flag="",
        value=msgspec.structs.replace(value, comparator=sign),
        mess=(*usual.mess, Mess.COMPARATOR),
    )

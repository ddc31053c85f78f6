"""What the old laboratory measured, under which code and in which unit at which time, and what usually came out.

The mess of twenty years is in the file: codes renamed, two codes for one test, one code used again for another test,
units that moved under a code that stayed.
"""

import tomllib
from bisect import bisect_right
from datetime import date
from functools import cache
from importlib import resources
from math import exp
from random import Random
from statistics import NormalDist
from typing import Final

import msgspec

from aliquot.cli.simulate.rates import Mess
from aliquot.terms.quantities import Coded, Quantity, Text, Value

SAMPLES: Final = 512
"""How many values a test has, sorted: a person's level is a place among them and moves little."""

SITES: Final = ("01", "02")
ORDERS: Final = 240
"""How many different orders there are; they are numbered from 0."""
_NOISE: Final = 24
_SNOMED: Final = "http://snomed.info/sct"
_NEGATIVE: Final = Coded(_SNOMED, "260385009", "négatif")
_POSITIVE: Final = Coded(_SNOMED, "10828004", "positif")


class Analyte(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A thing measured, whatever it was called: a number, an answer or words."""

    test: str = ""
    centre: float = 0
    spread: float = 0
    least: float = 0
    positive: float = 0
    words: tuple[str, ...] = ()
    sex: str = ""
    like: str = ""


class Entry(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """An entry of the old catalogue while it was in force, and what it means today."""

    analyte: str
    code: str
    label: str
    loinc: str
    unit: str = ""
    spellings: tuple[str, ...] = ()
    ucum: str = ""
    factor: float = 1
    decimals: int = 0
    low: str = ""
    high: str = ""
    since: date = date(2001, 1, 1)
    until: date = date(2100, 1, 1)
    sites: tuple[str, ...] = SITES


class Sample(msgspec.Struct, frozen=True, gc=False):
    """A value as written with a point and with a comma, its flag, and what it is."""

    point: str
    comma: str
    flag: str
    value: Value
    comparator: bool


class Line(msgspec.Struct, frozen=True):
    """An entry ready to make results: its samples, how far one person's move, and which kinds of mess it brings."""

    entry: Entry
    test: str
    samples: tuple[Sample, ...]
    place: int
    noise: int
    sex: str
    mess: tuple[str, ...]


class _Request(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    tests: tuple[str, ...]
    percent: int


class _File(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    requests: tuple[_Request, ...]
    analytes: dict[str, Analyte]
    entries: tuple[Entry, ...]


@cache
def _file() -> _File:
    text = resources.files(__package__).joinpath("catalogue.toml").read_text("utf-8")
    return msgspec.convert(tomllib.loads(text), _File)


def entries() -> tuple[Entry, ...]:
    """Every entry that was ever in force, in the order of the file."""
    return _file().entries


@cache
def lines() -> tuple[Line, ...]:
    """Every entry, ready to make results."""
    return tuple(_line(entry) for entry in entries())


def analyte(entry: Entry) -> Analyte:
    """What an entry measures."""
    return _file().analytes[entry.analyte]


class Catalogue:
    """Which lines an order has at a site on a day; the same from the same seed."""

    def __init__(self, seed: int) -> None:
        self._turns = sorted({day.toordinal() for entry in entries() for day in (entry.since, entry.until)})
        self._orders = tuple(_order(Random(f"{seed}/order/{number}")) for number in range(ORDERS))
        self._in_force = {
            (site, era, variant): _in_force(site, ordinal, variant)
            for site in SITES
            for era, ordinal in enumerate(self._turns, start=1)
            for variant in (0, 1)
        }

    def mean(self) -> float:
        """How many results a dossier has on average, at the end of the twenty years."""
        return sum(len(self.lines(order, "01", self._turns[-2], "F", 0)) for order in range(ORDERS)) / ORDERS

    def lines(self, order: int, site: str, ordinal: int, sex: str, variant: int) -> list[Line]:
        """The lines of an order; where two codes are in force for one test, `variant` 1 takes the second."""
        in_force = self._in_force[site, bisect_right(self._turns, ordinal), variant]
        found = (in_force.get(name) for name in self._orders[order])
        return [line for line in found if line is not None and line.sex in ("", sex)]


def _in_force(site: str, ordinal: int, variant: int) -> dict[str, Line]:
    chosen: dict[str, list[Line]] = {}
    for line in lines():
        if _holds(line.entry, site, ordinal):
            chosen.setdefault(line.entry.analyte, []).append(line)
    return {name: found[min(variant, len(found) - 1)] for name, found in chosen.items()}


def _holds(entry: Entry, site: str, ordinal: int) -> bool:
    return site in entry.sites and entry.since.toordinal() <= ordinal < entry.until.toordinal()


def _order(rng: Random) -> tuple[str, ...]:
    asked = [test for request in _file().requests if rng.random() * 100 < request.percent for test in request.tests]
    return tuple(asked) or _file().requests[1].tests


def _line(entry: Entry) -> Line:
    what = analyte(entry)
    samples, noise = _samples(entry, what)
    names = list(_file().analytes)
    return Line(
        entry=entry,
        test=what.test,
        samples=samples,
        place=names.index(what.like or entry.analyte) * 97,
        noise=noise,
        sex=what.sex,
        mess=_mess(entry),
    )


def _samples(entry: Entry, what: Analyte) -> tuple[tuple[Sample, ...], int]:
    if what.positive:
        positives = round(what.positive * SAMPLES)
        return tuple(_answer(number >= SAMPLES - positives) for number in range(SAMPLES)), 0
    if what.words:
        each = (what.words[number * len(what.words) // SAMPLES] for number in range(SAMPLES))
        return tuple(Sample(word, word, "", Text(word), comparator=False) for word in each), 0
    places = ((number + 0.5) / SAMPLES for number in range(SAMPLES))
    return tuple(_number(entry, what, NormalDist().inv_cdf(place)) for place in places), _NOISE


def _answer(positive: bool) -> Sample:
    answer = _POSITIVE if positive else _NEGATIVE
    return Sample(answer.text, answer.text, "*" if positive else "", answer, comparator=False)


def _number(entry: Entry, what: Analyte, deviations: float) -> Sample:
    number = what.centre * exp(what.spread * deviations)
    below = number < what.least
    shown = f"{max(number, what.least) * entry.factor:.{entry.decimals}f}"
    quantity = msgspec.convert({"type": "quantity", "number": shown, "ucum": entry.ucum}, Quantity)
    if below:
        quantity = msgspec.structs.replace(quantity, comparator="<")
        shown = f"<{shown}"
    flag = "" if below else _flag(number * entry.factor, entry)
    return Sample(shown, shown.replace(".", ","), flag, quantity, comparator=below)


def _flag(number: float, entry: Entry) -> str:
    if entry.low and number < float(entry.low):
        return "B"
    return "H" if entry.high and number > float(entry.high) else ""


def _mess(entry: Entry) -> tuple[str, ...]:
    others = [other for other in entries() if other is not entry]
    same = [other for other in others if other.analyte == entry.analyte]
    kinds: list[str] = []
    if any(other.code == entry.code and other.analyte != entry.analyte for other in others):
        kinds.append(Mess.REUSED_CODE)
    if any(other.code == entry.code and other.ucum != entry.ucum and other.since >= entry.until for other in same):
        kinds.append(Mess.MOVED_UNIT)
    following = [other.code for other in same if other.since == entry.until]
    if following and entry.code not in following:
        kinds.append(Mess.RENAMED_CODE)
    earlier = [other for other in entries()[: entries().index(entry)] if other.analyte == entry.analyte]
    if any(other.code != entry.code and other.since < entry.until and entry.since < other.until for other in earlier):
        kinds.append(Mess.SECOND_CODE)
    return tuple(kinds)

"""Plausible results and orders for synthetic people: mostly normal, some abnormal, with histories that go somewhere."""

from collections.abc import Sequence
from datetime import date
from decimal import Decimal
from random import Random

import msgspec

from aliquot.lab import catalogue, reference
from aliquot.lab.catalogue import Catalogue, Test
from aliquot.lab.orders import Priority
from aliquot.lab.reference import Flag
from aliquot.terms.identity import Demography
from aliquot.terms.quantities import Coded, Quantity, Value

_ABNORMAL_SHARE = 0.12
_TREND_SHARE = 0.25
_POSITIVE_SHARE = 0.01
_PRIORITIES: tuple[Priority, ...] = ("routine", "urgent", "stat")

# What a morning's requests look like: how often each panel or test is asked for, of 100 requests.
_MIX = {
    "IONO": 55,
    "FBC": 60,
    "LIVER": 30,
    "LIPIDS": 25,
    "GLU": 40,
    "CRP": 30,
    "CA": 10,
    "INR": 12,
    "APTT": 5,
    "HIV": 4,
    "HBSAG": 4,
}


class Ask(msgspec.Struct, frozen=True):
    """What one request asks for: panels and tests by code, and how urgently."""

    codes: tuple[str, ...]
    priority: Priority


def ask(rng: Random) -> Ask:
    """One request of the demonstration's mix; never empty."""
    codes = tuple(code for code, share in _MIX.items() if rng.random() * 100 < share)
    return Ask(codes=codes or ("FBC",), priority=rng.choices(_PRIORITIES, weights=(88, 9, 3))[0])


def values(test: Test, person: Demography, rng: Random, days: Sequence[date]) -> list[Value]:
    """One value for each day of collection, in order: around a level of the person's own, for some with a trend."""
    if test.answers:
        positive = rng.random() < _POSITIVE_SHARE
        return [_coded(test, Flag.ABNORMAL if positive else Flag.NORMAL) for _ in days]
    low, high = _usual(test, person, days[-1])
    width = high - low
    level = rng.gauss((low + high) / 2, width / 6)
    if rng.random() < _ABNORMAL_SHARE:
        level = rng.choice((low - width * 0.15, high + width * 0.25))
    drift = rng.choice((-0.3, 0.3)) * width if rng.random() < _TREND_SHARE else 0.0
    steps = max(len(days) - 1, 1)
    return [_number(test, level + drift * step / steps + rng.gauss(0, width / 25)) for step in range(len(days))]


def visits(
    version: Catalogue, codes: Sequence[str], person: Demography, rng: Random, days: Sequence[date]
) -> list[dict[str, Value]]:
    """The results of each day by test code, such that those of one tube agree with each other."""
    wanted = [catalogue.test(version, code) for code in codes]
    columns = {test.code: values(test, person, rng, days) for test in wanted}
    rows = [{code: column[step] for code, column in columns.items()} for step in range(len(days))]
    if "HCT" in columns and "HGB" in columns:
        haematocrit = catalogue.test(version, "HCT")
        for row in rows:
            row["HCT"] = _haematocrit(haematocrit, row["HGB"])
    return rows


def _coded(test: Test, flag: Flag) -> Coded:
    answer = next(each for each in test.answers if each.flag is flag)
    return Coded(system=answer.system, code=answer.code, text=answer.names.en)


def _usual(test: Test, person: Demography, on: date) -> tuple[float, float]:
    """Where this person's values usually lie: the reference range, completed where it has one end or none."""
    band = reference.select(test.references, reference.Person(person.sex, person.born_on, on))
    band = band or test.references[0]
    if band.low is not None:
        return float(band.low), float(band.high if band.high is not None else band.low * 2)
    high = float(band.high or 1)
    return high * 0.25, high


def _number(test: Test, number: float) -> Quantity:
    lowest = max(test.amr_low or Decimal(0), test.plausible_low or Decimal(0))
    exact = max(Decimal(repr(number)), lowest).quantize(Decimal(1).scaleb(-test.decimals))
    return Quantity(number=exact, ucum=test.ucum)


def _haematocrit(test: Test, haemoglobin: Value) -> Value:
    if not isinstance(haemoglobin, Quantity):
        return haemoglobin
    return _number(test, float(haemoglobin.number) * 3)

"""What the laboratory measures and how it judges it: one version of tests, panels, rules and device mappings.

A version is sealed whole, as canonical JSON of `Catalogue`, and never changes; results copy from it what was applied.
"""

from collections.abc import Iterable, Sequence
from decimal import Decimal
from itertools import combinations
from typing import Literal

import msgspec

from aliquot.lab import reference
from aliquot.lab.reference import Band, Flag
from aliquot.terms import handwriting, units
from aliquot.terms.errors import Refused
from aliquot.terms.kinds import Harm
from aliquot.terms.quantities import Coded, Quantity

Section = Literal["biochemistry", "haematology", "coagulation", "serology"]
DeltaKind = Literal["absolute", "percent", "both", "either", "rate", "rcv", "log-rcv", "coded"]


class NotMapped(Refused):
    """The device sends a code that its mapping does not have: the message waits in quarantine (UNKNOWN_TEST)."""


class Names(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What a thing is called on screens and reports, per language."""

    en: str
    fr: str


class Answer(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One allowed coded answer: its code, its names, how it is judged, and what analysers write for it."""

    system: str
    code: str
    names: Names
    flag: Flag
    written: tuple[str, ...] = ()


class Delta(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How far a result may be from the patient's previous one.

    `absolute` is in the test's unit, `percent` of the previous value, `rate` in the test's unit a day; `cv_a` and
    `cv_i` are analytical and within-subject variation in percent, `z` 1.96 for 95 % two-sided; `changes` lists the
    pairs of answer codes, from and to, that are held.
    """

    kind: DeltaKind
    max_days: int
    absolute: Decimal | None = None
    percent: Decimal | None = None
    rate: Decimal | None = None
    cv_a: Decimal | None = None
    cv_i: Decimal | None = None
    z: Decimal = Decimal("1.96")
    changes: tuple[tuple[str, str], ...] = ()


class Test(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One orderable test. A test has either a unit and numbers, or a list of answers.

    `specimen_type` is a code of HL7 table 0487, `tube` the colour and additive; limits are in `ucum`; `decimals` is
    for display, which rounds after judging. `stability_hours` counts from collection to measurement.
    """

    code: str
    loinc: str
    names: Names
    section: Section
    specimen_type: str
    tube: str
    method: str
    harm: Harm = Harm.NORMAL
    ucum: str = ""
    decimals: int = 0
    amr_low: Decimal | None = None
    amr_high: Decimal | None = None
    plausible_low: Decimal | None = None
    plausible_high: Decimal | None = None
    stability_hours: int | None = None
    references: tuple[Band, ...] = ()
    criticals: tuple[Band, ...] = ()
    delta: Delta | None = None
    answers: tuple[Answer, ...] = ()
    double_read: bool = False
    orderable: bool = True


class Panel(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Tests that are asked for together."""

    code: str
    names: Names
    tests: tuple[str, ...]


class Consistency(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Two results of one specimen that must agree (AV-15): the first never above the second, or Hct near three Hb."""

    rule: Literal["not-above", "three-times"]
    tests: tuple[str, str]


class Device(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """An analyser, and the flags of its own that do not hold a result."""

    device: str
    allowed_flags: tuple[str, ...] = ()


class DeviceMapping(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What one analyser calls a test. `ucum` holds where it writes no unit, or a unit listed in `written`."""

    device: str
    code: str
    system: str
    test: str
    ucum: str = ""
    written: tuple[str, ...] = ()


class Catalogue(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One approved version of everything above."""

    version: int
    tests: tuple[Test, ...]
    panels: tuple[Panel, ...] = ()
    devices: tuple[Device, ...] = ()
    mappings: tuple[DeviceMapping, ...] = ()
    consistency: tuple[Consistency, ...] = ()


def parse(toml: str) -> Catalogue:
    """A catalogue as its author wrote it, checked as a whole.

    Raises:
        Refused: not TOML, an unknown or missing key, a code used twice, a name that leads nowhere, a unit that the
            tables do not have, a delta rule without its limit, or two ranges of equal rank that one person could meet.
    """
    found = handwriting.read(toml, Catalogue, "catalogue")
    _check_names(found)
    for each in found.tests:
        _check_test(each)
    return found


def test(catalogue: Catalogue, code: str) -> Test:
    """The test with this code.

    Raises:
        Refused: there is none in this version.
    """
    for each in catalogue.tests:
        if each.code == code:
            return each
    raise Refused("catalogue: no test with this code")


def panel(catalogue: Catalogue, code: str) -> Panel:
    """The panel with this code.

    Raises:
        Refused: there is none in this version.
    """
    for each in catalogue.panels:
        if each.code == code:
            return each
    raise Refused("catalogue: no panel with this code")


def device(catalogue: Catalogue, name: str) -> Device:
    """The analyser with this name.

    Raises:
        Refused: there is none in this version.
    """
    for each in catalogue.devices:
        if each.device == name:
            return each
    raise Refused("catalogue: no device with this name")


def map_result(catalogue: Catalogue, device: str, code: str, system: str) -> DeviceMapping:
    """The test that this analyser means by this code: exact, with no fallback to a like one (M3).

    Raises:
        NotMapped: this device has no such code in this system.
    """
    for each in catalogue.mappings:
        if each.code == code and each.device == device and each.system == system:
            return each
    raise NotMapped("catalogue: the device's code is not mapped")


def unit(mapping: DeviceMapping, written: str) -> str:
    """The UCUM unit that the analyser means by what it wrote, or by writing nothing.

    Raises:
        units.UnknownUnit: the mapping and the table of units both lack it.
    """
    if mapping.ucum and (not written.strip() or written in mapping.written):
        return mapping.ucum
    return units.ucum(written)


def answer(test: Test, written: str) -> Coded:
    """The coded answer for what an analyser or a person wrote: its code, or a listed spelling, capitals ignored.

    Raises:
        Refused: it is not an answer of this test.
    """
    wanted = written.strip().casefold()
    for each in test.answers:
        if wanted in {spelling.casefold() for spelling in (each.code, *each.written)}:
            return Coded(system=each.system, code=each.code, text=written)
    raise Refused("catalogue: not an answer of this test")


def _check_names(catalogue: Catalogue) -> None:
    codes = [each.code for each in catalogue.tests]
    devices = [each.device for each in catalogue.devices]
    _refuse_twice("test code", codes)
    _refuse_twice("panel code", [*codes, *(each.code for each in catalogue.panels)])
    _refuse_twice("device", devices)
    _refuse_twice("device code", [(each.device, each.code, each.system) for each in catalogue.mappings])
    for each in catalogue.panels:
        _refuse_twice(f"test of panel {each.code}", each.tests)
        _refuse_unknown(f"panel {each.code}", each.tests, codes)
    _refuse_unknown("mappings", (each.test for each in catalogue.mappings), codes)
    _refuse_unknown("mappings", (each.device for each in catalogue.mappings), devices)
    _refuse_unknown("consistency", (code for each in catalogue.consistency for code in each.tests), codes)
    for mapping in catalogue.mappings:
        to = test(catalogue, mapping.test).ucum
        if mapping.ucum or to:
            # A device whose unit does not lead exactly to the test's would have every one of its results held.
            units.convert(Quantity(number=Decimal(1), ucum=mapping.ucum), to)


def _refuse_twice(place: str, names: Sequence[object]) -> None:
    if len(set(names)) != len(names):
        raise Refused(f"catalogue: a {place} is there twice")


def _refuse_unknown(place: str, names: Iterable[str], known: Sequence[str]) -> None:
    for name in names:
        if name not in known:
            raise Refused(f"catalogue: {place} names {name}, which is not defined")


def _check_test(test: Test) -> None:
    place = f"catalogue: test {test.code}"
    if bool(test.ucum) == bool(test.answers):
        raise Refused(f"{place} needs either a unit or answers")
    if test.ucum and units.ucum(test.ucum) != test.ucum:
        raise Refused(f"{place} has a unit that is not UCUM")
    _refuse_twice(f"answer of test {test.code}", [(each.system, each.code) for each in test.answers])
    _check_limits(place, test.amr_low, test.amr_high)
    _check_limits(place, test.plausible_low, test.plausible_high)
    for bands in (test.references, test.criticals):
        for band in bands:
            _check_limits(place, band.low, band.high)
            reference.check(band)
        for one, other in combinations(bands, 2):
            if reference.overlap(one, other):
                raise Refused(f"{place} has two ranges of equal rank that one person could meet")
    if test.delta is not None:
        _check_delta(place, test.delta)


def _check_limits(place: str, low: Decimal | None, high: Decimal | None) -> None:
    if low is not None and high is not None and low > high:
        raise Refused(f"{place} has a lower limit above the upper one")


def _check_delta(place: str, delta: Delta) -> None:
    needed: dict[DeltaKind, tuple[object, ...]] = {
        "absolute": (delta.absolute,),
        "percent": (delta.percent,),
        "both": (delta.absolute, delta.percent),
        "either": (delta.absolute, delta.percent),
        "rate": (delta.rate,),
        "rcv": (delta.cv_a, delta.cv_i),
        "log-rcv": (delta.cv_a, delta.cv_i),
        "coded": (delta.changes or None,),
    }
    if None in needed[delta.kind]:
        raise Refused(f"{place} has a delta rule without its limit")
    limits = (delta.absolute, delta.percent, delta.rate, delta.cv_i, delta.z, delta.max_days)
    if any(limit is not None and limit <= 0 for limit in limits):
        raise Refused(f"{place} has a delta limit that is not above zero")

"""A reading meets the bench: every observation finds its open analysis exactly, or the whole message waits.

Pure: the caller brings the catalogue, what is open on each tube, and the time. Nothing is filed by likeness, and
nothing of a message is filed while any part of it is unclear (DOMAIN 3.8, M3 and M4).
"""

from collections import Counter
from collections.abc import Mapping
from datetime import date, datetime, timedelta
from typing import Final

import msgspec

from aliquot.intake import values
from aliquot.intake.fates import Cause, Reason
from aliquot.intake.results import Intent, Moment, Named, Reading, Report, Reported
from aliquot.intake.values import Chosen, Coding, Measured
from aliquot.lab import catalogue, orders
from aliquot.lab.catalogue import Catalogue, DeviceMapping, NotMapped, Test
from aliquot.terms import units
from aliquot.terms.errors import Refused
from aliquot.terms.identity import Sex
from aliquot.terms.ids import Id
from aliquot.terms.quantities import Absent, Coded, Quantity, Text, Value
from aliquot.terms.states import Analysis
from aliquot.wire.hl7v2 import times


class Run(msgspec.Struct, frozen=True, gc=False):
    """The measurement that stands now, as far as it tells another one from the same one told again."""

    device: str
    measured_at: datetime | None
    value: Value
    flags: tuple[str, ...]


class OpenAnalysis(msgspec.Struct, frozen=True, gc=False):
    """One test on one tube as it stands now: `observation` and `version` name what an earlier run left there."""

    order: Id
    test: str
    state: Analysis
    observation: Id | None = None
    version: int = 0
    run: Run | None = None


class Bearer(msgspec.Struct, frozen=True, gc=False):
    """Whose tube it is, as its request says it to the bench: sex, and age on the day of the request (`34 y`)."""

    sex: Sex
    age: str
    asked_on: date


class Tube(msgspec.Struct, frozen=True, gc=False):
    """One specimen that reception accepted, and its analyses. Without a bearer nothing is compared."""

    analyses: tuple[OpenAnalysis, ...]
    bearer: Bearer | None = None


class Bench(msgspec.Struct, frozen=True, gc=False):
    """Under which rules results of one device are filed. `fresh` is how long ago they may have been measured."""

    catalogue: Catalogue
    device: str
    fresh: timedelta = timedelta(hours=48)


class Draft(msgspec.Struct, frozen=True, gc=False):
    """One run to be recorded: the value in the test's unit, and beside it what the machine wrote."""

    analysis: OpenAnalysis
    value: Value
    run: str
    intent: Intent
    instrument_flags: tuple[str, ...]
    method: str
    device: str
    equipment: str
    measured_at: datetime | None
    place: str
    written: str
    written_unit: str
    status: str
    reference: str
    notes: tuple[str, ...]


class Filed(msgspec.Struct, frozen=True, gc=False):
    """The runs of one tube: one act records them."""

    accession: str
    drafts: tuple[Draft, ...]


class Filing(msgspec.Struct, frozen=True, gc=False):
    """A message that is clear to its last observation.

    `passed` are the places that report nothing, `known` those that tell again what was filed before.
    """

    tubes: tuple[Filed, ...]
    passed: tuple[str, ...]
    known: tuple[Reason, ...] = ()


class Quarantine(msgspec.Struct, frozen=True, gc=False):
    """A message that waits, with everything that stands against it."""

    reasons: tuple[Reason, ...]


_AHEAD: Final = timedelta(minutes=10)
_SEXES: Final = {"M": Sex.MALE, "F": Sex.FEMALE}
_SYSTEMS: Final = {"SCT": "http://snomed.info/sct", "LN": "http://loinc.org"}
_UNUSABLE: Final = {
    Analysis.REQUESTED: Cause.UNKNOWN_SPECIMEN,
    Analysis.TECH_VALIDATED: Cause.ALREADY_VALIDATED,
    Analysis.MED_VALIDATED: Cause.ALREADY_VALIDATED,
    Analysis.RELEASED: Cause.ALREADY_RELEASED,
    Analysis.CANCELLED: Cause.NOT_ORDERED,
    Analysis.WITHDRAWN: Cause.NOT_ORDERED,
}


class _Held(Refused):
    """One observation, or one tube, cannot be filed."""

    def __init__(self, cause: Cause, place: str) -> None:
        super().__init__(f"{place}: {cause}")
        self.reason = Reason(cause, place)


def file(reading: Reading, bench: Bench, tubes: Mapping[str, Tube], now: datetime) -> Filing | Quarantine:
    """What of a message is recorded, or all the reasons why nothing of it is.

    `tubes` are the accepted ones by their number. A result for an analysis that was measured before is one run more;
    for one that somebody validated or released, it changes nothing and waits for a person (M6). The same measurement
    told again is filed once, however far the first has come.
    """
    reasons: list[Reason] = []
    filed: dict[str, list[Draft]] = {}
    known: list[Reason] = []
    for report in reading.reports:
        try:
            tube = _tube(report, tubes)
        except _Held as held:
            reasons.append(held.reason)
            continue
        drafts, against = _drafts(report, reading, bench, tube.analyses, now)
        filed.setdefault(report.accession, []).extend(drafts)
        reasons += against
    for accession, drafts in filed.items():
        reasons += _repeated(drafts)
        known += [Reason(Cause.ALREADY_FILED, draft.place) for draft in drafts if _known(draft)]
        filed[accession] = [draft for draft in drafts if not _known(draft)]
    if reasons:
        return Quarantine(tuple(dict.fromkeys(reasons)))
    nothing = (each.place for report in reading.reports for each in report.results if each.intent is Intent.NOTHING)
    tubes_filed = (Filed(accession, tuple(each)) for accession, each in filed.items() if each)
    return Filing(tuple(tubes_filed), tuple(nothing), tuple(known))


def _tube(report: Report, tubes: Mapping[str, Tube]) -> Tube:
    if report.role not in ("", "P"):
        raise _Held(Cause.QC_UNRECOGNISED, "SPM-11")
    if any(report.accession == each.number for each in report.named.identifiers):
        raise _Held(Cause.PATIENT_ID_AS_SPECIMEN, report.place)
    if not report.accession or report.accession not in tubes:
        raise _Held(Cause.UNKNOWN_SPECIMEN, report.place)
    tube = tubes[report.accession]
    if tube.bearer is not None:
        _compare(report.named, tube.bearer)
    return tube


def _compare(named: Named, bearer: Bearer) -> None:
    """Whatever the message says of the patient has to be so; what it leaves out says nothing.

    Names and numbers are not compared: who files a machine's results is not shown them.
    """
    if named.born and bearer.age and not _as_old(named.born, bearer):
        raise _Held(Cause.PATIENT_MISMATCH, "PID-7")
    sex = _SEXES.get(named.sex)
    if sex and bearer.sex in _SEXES.values() and sex is not bearer.sex:
        raise _Held(Cause.PATIENT_MISMATCH, "PID-8")


def _as_old(written: str, bearer: Bearer) -> bool:
    """Whether somebody who was born on this day had the bearer's age on the day of the request.

    A word without a digit names no day and contradicts nothing: senders that hide a birth date write `DOB` there. What
    was meant as a date and cannot be read as one is no agreement.
    """
    if not any(character.isdigit() for character in written):
        return True
    try:
        return orders.age(times.day(written, "PID-7"), bearer.asked_on) == bearer.age
    except Refused:
        return False


def _drafts(
    report: Report, reading: Reading, bench: Bench, analyses: tuple[OpenAnalysis, ...], now: datetime
) -> tuple[list[Draft], list[Reason]]:
    drafts: list[Draft] = []
    against: list[Reason] = []
    for reported in report.results:
        if reported.intent is Intent.NOTHING:
            continue
        try:
            mapping = _mapping(reported, bench)
            analysis = _told_before(reported, mapping, bench, analyses)
            if analysis is None:
                analysis = _analysis(reported, mapping.test, analyses)
                _check_time(reported, reading.sent, now - bench.fresh, now + _AHEAD)
            value = _value(reported, mapping, catalogue.test(bench.catalogue, mapping.test))
        except _Held as held:
            against.append(held.reason)
        else:
            drafts.append(_draft(reported, analysis, value, bench.device, reading.control_id))
    return drafts, against


def _repeated(drafts: list[Draft]) -> list[Reason]:
    # Two results of one test are two time-points, two components or two runs: which one counts is not ours to guess.
    times_filed = Counter(draft.analysis.test for draft in drafts)
    return [Reason(Cause.AMBIGUOUS_COMPONENT, draft.place) for draft in drafts if times_filed[draft.analysis.test] > 1]


def _mapping(reported: Reported, bench: Bench) -> DeviceMapping:
    found: dict[str, DeviceMapping] = {}
    for coding in reported.codings:
        try:
            mapping = catalogue.map_result(bench.catalogue, bench.device, coding.code, coding.system)
        except NotMapped:
            continue
        found.setdefault(mapping.test, mapping)
    if len(found) > 1:
        raise _Held(Cause.AMBIGUOUS_COMPONENT, f"{reported.place}-3")
    if not found:
        raise _Held(Cause.UNKNOWN_TEST, f"{reported.place}-3")
    (mapping,) = found.values()
    return mapping


def _told_before(
    reported: Reported, mapping: DeviceMapping, bench: Bench, analyses: tuple[OpenAnalysis, ...]
) -> OpenAnalysis | None:
    """The analysis for which this very measurement was filed: same analyser, tube, test, time, flags and value."""
    measured = _measured(reported)
    if measured is None or measured.at is None:
        return None
    then = (bench.device, measured.at, _flags(reported))
    for each in analyses:
        if each.test == mapping.test and each.run and (each.run.device, each.run.measured_at, each.run.flags) == then:
            value = _value(reported, mapping, catalogue.test(bench.catalogue, mapping.test))
            return each if each.run.value == value else None
    return None


def _known(draft: Draft) -> bool:
    told = Run(draft.device, draft.measured_at, draft.value, draft.instrument_flags)
    return draft.measured_at is not None and draft.analysis.run == told


def _analysis(reported: Reported, test: str, analyses: tuple[OpenAnalysis, ...]) -> OpenAnalysis:
    if reported.intent in (Intent.WITHDRAWN, Intent.UNSTATED):
        raise _Held(Cause.UNCLEAR, f"{reported.place}-11")
    ordered = [each for each in analyses if each.test == test]
    usable = [each for each in ordered if each.state not in _UNUSABLE]
    if len(usable) > 1:
        raise _Held(Cause.AMBIGUOUS_COMPONENT, reported.place)
    if not usable:
        raise _Held(_UNUSABLE[ordered[0].state] if ordered else Cause.NOT_ORDERED, reported.place)
    return usable[0]


def _check_time(reported: Reported, sent: Moment | None, first: datetime, last: datetime) -> None:
    # Nothing is sent before it is measured: with no other time, the message's own bounds it.
    measured = _measured(reported) or sent
    if measured is None:
        raise _Held(Cause.STALE, "MSH-7")
    if measured.at is None or measured.at < first:
        raise _Held(Cause.STALE, measured.place)
    if measured.at > last:
        raise _Held(Cause.UNCLEAR, measured.place)


def _measured(reported: Reported) -> Moment | None:
    """When the machine measured: OBX-19, in older messages OBX-14. OBR-7 is when the tube was drawn."""
    return reported.analysed or reported.observed


def _value(reported: Reported, mapping: DeviceMapping, test: Test) -> Value:
    said = reported.value
    if isinstance(said, Absent):
        return said
    if test.answers:
        return _answer(reported, test)
    if isinstance(said, Text) and reported.type in ("ST", "TX", "FT"):
        said = values.number(said.text) or said
    if not isinstance(said, Measured):
        raise _Held(Cause.UNCLEAR, f"{reported.place}-5")
    try:
        ucum = catalogue.unit(mapping, _unit(reported))
        return units.convert(Quantity(said.number, ucum, said.comparator), test.ucum)
    except units.UnknownUnit:
        raise _Held(Cause.UNIT, f"{reported.place}-6") from None


def _unit(reported: Reported) -> str:
    return reported.unit.code or reported.unit.text


def _answer(reported: Reported, test: Test) -> Coded:
    """The one answer that an observation leads to. Where it has codes they decide, and its words may not contradict."""
    place = f"{reported.place}-5"
    match reported.value:
        case Chosen(codings, original):
            codes = [_coded(coding, test, place) for coding in codings if coding.code]
            words = [_spelled(each, test) for each in (*(coding.text for coding in codings), original)]
        case Text(text):
            codes, words = [], [_spelled(text, test)]
        case _:
            raise _Held(Cause.UNCLEAR, place)
    if codes and not any(codes):
        raise _Held(Cause.UNCLEAR, place)
    answers = {each.code: each for each in reversed([*codes, *words]) if each}
    if len(answers) != 1:
        raise _Held(Cause.UNCLEAR, place)
    return answers.popitem()[1]


def _coded(coding: Coding, test: Test, place: str) -> Coded | None:
    if coding.system not in _SYSTEMS:
        return _spelled(coding.code, test)
    wanted = (_SYSTEMS[coding.system], coding.code)
    if wanted not in {(each.system, each.code) for each in test.answers}:
        raise _Held(Cause.UNCLEAR, place)
    return Coded(*wanted, text=coding.text)


def _spelled(written: str, test: Test) -> Coded | None:
    try:
        return catalogue.answer(test, written)
    except Refused:
        return None


def _draft(reported: Reported, analysis: OpenAnalysis, value: Value, device: str, control_id: str) -> Draft:
    measured = _measured(reported)
    return Draft(
        analysis=analysis,
        value=value,
        run=f"{device} {control_id} {reported.place}",
        intent=reported.intent,
        instrument_flags=_flags(reported),
        method=reported.method,
        device=device,
        equipment=reported.equipment,
        measured_at=measured.at if measured else None,
        place=reported.place,
        written=reported.written,
        written_unit=_unit(reported),
        status=reported.status,
        reference=reported.reference,
        notes=reported.notes,
    )


def _flags(reported: Reported) -> tuple[str, ...]:
    # What is not the machine's last word carries a flag, so that no rule passes it unless the catalogue allows that.
    status = () if reported.intent is Intent.FINAL else (f"OBX-11 {reported.status}",)
    return (*reported.flags, *status)

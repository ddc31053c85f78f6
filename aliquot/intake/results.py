"""A parsed HL7 v2 message becomes what its sender reports, tube by tube. Pure: no clock, no catalogue, no database.

What is read is what the machine said; what the laboratory makes of it is decided in `intake.filing`. No more is taken
about the patient than is needed to notice that the tube is somebody else's (M8).
"""

from collections.abc import Iterator
from datetime import datetime, timedelta, tzinfo
from enum import StrEnum
from typing import Final, Literal

import msgspec

from aliquot.intake import judgement, values
from aliquot.intake.fates import Cause, Reason
from aliquot.intake.values import Coding, Said
from aliquot.terms.errors import Unclear
from aliquot.terms.quantities import Absent
from aliquot.wire.hl7v2 import groups, headers, times
from aliquot.wire.hl7v2.messages import Element, Message, Segment
from aliquot.wire.hl7v2.times import Precision, Time

Place = Literal["SPM-2.1", "SPM-2.2", "OBR-2", "OBR-3"]
"""Where a sender can put the number of the tube: the specimen's own (placer's, filler's) or the order's."""


class Profile(msgspec.Struct, frozen=True, gc=False):
    """What was agreed with one sender when it was connected.

    `accession` holds where an SPM is present and `without_specimen` where none is: one place each, and an empty place
    is an unknown tube, whatever the other places say. `processing` are the values of MSH-11 that are patients' work.
    `unfiled` are the codes (with their system) that the sender also sends and the laboratory does not file: images,
    answers to questions, research parameters. `zone` is the sender's clock where a time names no zone. `fresh` is how
    long ago a result may have been measured when it comes.
    """

    accession: Place = "SPM-2.1"
    without_specimen: Place = "OBR-3"
    processing: frozenset[str] = frozenset({"P"})
    unfiled: frozenset[tuple[str, str]] = frozenset()
    zone: tzinfo | None = None
    fresh: timedelta = timedelta(hours=48)


class Intent(StrEnum):
    """What the sender wants to be done with an observation (OBX-11, HL7 table 0085)."""

    FINAL = "final"
    PRELIMINARY = "preliminary"
    CORRECTED = "corrected"
    UNOBTAINABLE = "unobtainable"
    WITHDRAWN = "withdrawn"
    NOTHING = "nothing"
    UNSTATED = "unstated"


class Moment(msgspec.Struct, frozen=True, gc=False):
    """A time as it was sent, and where it stood. `at` is none where it was not exact to the minute."""

    place: str
    time: Time
    at: datetime | None


class Identifier(msgspec.Struct, frozen=True, gc=False):
    """One of PID-3: the number, who gave it, and of what type it is (`MR`, `PI`)."""

    number: str
    authority: str
    type: str


class Named(msgspec.Struct, frozen=True, gc=False):
    """Whom the message names: PID-3, PID-7 and PID-8 as written, and nothing else of PID."""

    identifiers: tuple[Identifier, ...] = ()
    born: str = ""
    sex: str = ""


class Reported(msgspec.Struct, frozen=True, gc=False):
    """One observation as the machine said it.

    `place` counts the OBX of the message (`OBX[3]`); `written` is OBX-5 before anything was made of it, and
    `reference` the range as sent, which is kept and never used for a flag. `collected` is OBR-7, `observed` OBX-14 and
    `analysed` OBX-19.
    """

    place: str
    set_id: str
    type: str
    codings: tuple[Coding, ...]
    sub_id: str
    value: Said
    written: str
    unit: Coding
    reference: str
    flags: tuple[str, ...]
    status: str
    intent: Intent
    collected: Moment | None
    observed: Moment | None
    analysed: Moment | None
    equipment: str
    method: str
    notes: tuple[str, ...]


class Report(msgspec.Struct, frozen=True, gc=False):
    """The results of one tube. `place` is where its number stood, `role` SPM-11 (empty or `P`: a patient's tube)."""

    accession: str
    place: str
    role: str
    named: Named
    results: tuple[Reported, ...]


class Reading(msgspec.Struct, frozen=True, gc=False):
    """One message of results. `unfiled` are the places of what the profile leaves out."""

    type: str
    control_id: str
    sent: Moment | None
    reports: tuple[Report, ...]
    unfiled: tuple[str, ...]


class Unreadable(Unclear):
    """A message that does not say one thing; `reasons` are all the places where it does not."""

    def __init__(self, faults: list[Unclear]) -> None:
        super().__init__(faults[0].place, faults[0].reason)
        self.reasons = tuple(Reason(Cause.UNCLEAR, place) for place in dict.fromkeys(fault.place for fault in faults))


_INTENTS: Final = {
    "F": Intent.FINAL,
    "P": Intent.PRELIMINARY,
    "R": Intent.PRELIMINARY,
    "S": Intent.PRELIMINARY,
    "C": Intent.CORRECTED,
    "X": Intent.UNOBTAINABLE,
    "D": Intent.WITHDRAWN,
    "W": Intent.WITHDRAWN,
    "I": Intent.NOTHING,
    "N": Intent.NOTHING,
    "O": Intent.NOTHING,
}


def read(message: Message, profile: Profile) -> Reading:
    """What a message reports.

    Raises:
        Unreadable: not a message of results or not patients' work, no control id, no result at all, a value or a time
            that cannot be read, an order with several tubes, or one tube under two patients.
    """
    header = headers.of(message)
    reader = _Reader(message, profile)
    reader.check(header)
    for patient in groups.patients(message):
        reader.take(patient)
    if reader.faults:
        raise Unreadable(reader.faults)
    return Reading(
        type=f"{header.type}^{header.trigger}",
        control_id=header.control_id,
        sent=reader.sent,
        reports=tuple(reader.reports()),
        unfiled=tuple(reader.unfiled),
    )


class _Tube(msgspec.Struct, frozen=True, gc=False):
    """Where an observation belongs, as the message says it."""

    accession: str
    place: str
    role: str
    named: Named


class _Clock:
    """The sender's clock. Most times of one message are the same few, so that each is read once."""

    def __init__(self, zone: tzinfo | None) -> None:
        self._zone = zone
        self._read: dict[str, tuple[Time, datetime | None]] = {}

    def moment(self, element: Element, place: str) -> Moment | None:
        if not element:
            return None
        written = element.text
        known = self._read.get(written)
        if known is None:
            time = times.parse(written, place)
            exact = time.precision >= Precision.MINUTE
            known = self._read[written] = time, times.moment(time, place, self._zone) if exact else None
        return Moment(place, *known)


class _Reader:
    """What has been read so far, and what could not be."""

    def __init__(self, message: Message, profile: Profile) -> None:
        self.faults: list[Unclear] = []
        self.unfiled: list[str] = []
        self.sent: Moment | None = None
        self._message = message
        self._profile = profile
        self._clock = _Clock(profile.zone)
        self._places = {id(obx): f"OBX[{at}]" for at, obx in enumerate(message["OBX"], 1)}
        self._tubes: dict[_Tube, list[Reported]] = {}

    def check(self, header: headers.Header) -> None:
        if f"{header.type}^{header.trigger}" not in judgement.TAKEN:
            self.faults.append(Unclear("MSH-9", "not a message of results"))
        if not header.control_id:
            self.faults.append(Unclear("MSH-10", "no control id"))
        if header.processing_id not in self._profile.processing:
            self.faults.append(Unclear("MSH-11", "not patients' work"))
        if not self._places:
            self.faults.append(Unclear("OBX", "no result"))
        try:
            self.sent = self._clock.moment(self._message.header[7], "MSH-7")
        except Unclear as fault:
            self.faults.append(fault)

    def take(self, patient: groups.Patient) -> None:
        named = _named(patient.pid)
        for order, specimens, observations in _parts(patient):
            if not observations:
                continue
            try:
                tube = self._tube(order, specimens, named)
            except Unclear as fault:
                self.faults.append(fault)
                continue
            for observation in observations:
                self._observe(observation, order, tube)

    def reports(self) -> Iterator[Report]:
        for tube, results in self._tubes.items():
            yield Report(tube.accession, tube.place, tube.role, tube.named, tuple(results))

    def _tube(self, order: groups.Order | None, specimens: list[groups.Specimen], named: Named) -> _Tube:
        spms = [specimen.spm for specimen in specimens]
        place = self._profile.accession if spms else self._profile.without_specimen
        obr = order.obr if order else None
        found = {(_number(place, spm, obr), spm[11, 1].text) for spm in spms} or {(_number(place, None, obr), "")}
        if len(found) > 1:
            raise Unclear(place, "several tubes in one order")
        ((accession, role),) = found
        tube = _Tube(accession, place, role, named)
        if tube.accession and any(each.accession == tube.accession and each.named != named for each in self._tubes):
            raise Unclear("PID", "one tube under two patients")
        return tube

    def _observe(self, observation: groups.Observation, order: groups.Order | None, tube: _Tube) -> None:
        place = self._places[id(observation.obx)]
        # What the laboratory does not file may be of any type and say anything.
        found = _codings(observation.obx[3])
        if any((each.code, each.system) in self._profile.unfiled for each in found):
            self.unfiled.append(place)
            return
        try:
            reported = _reported(observation, order.obr if order else None, (place, found), self._clock)
        except Unclear as fault:
            self.faults.append(fault)
            return
        self._tubes.setdefault(tube, []).append(reported)


_Part = tuple[groups.Order | None, list[groups.Specimen], list[groups.Observation]]


def _parts(patient: groups.Patient) -> Iterator[_Part]:
    """Every stretch of observations with the order and the tubes around it; none is there twice."""
    yield None, [], patient.observations
    for specimen in patient.specimens:
        yield None, [specimen], specimen.observations
    before = {id(specimen) for specimen in patient.specimens}
    for order in patient.orders:
        yield order, order.specimens, order.observations
        for specimen in order.specimens:
            if id(specimen) not in before:
                yield order, [specimen], specimen.observations


def _number(place: Place, spm: Segment | None, obr: Segment | None) -> str:
    if place in ("SPM-2.1", "SPM-2.2"):
        return spm[2, int(place[-1]), 1].text if spm else ""
    return obr[int(place[-1]), 1].text if obr else ""


def _named(pid: Segment | None) -> Named:
    if pid is None:
        return Named()
    numbers = (Identifier(each[1].text, each[4].text, each[5].text) for each in pid[3])
    return Named(tuple(each for each in numbers if each.number), pid[7].text, pid[8].text)


def _codings(field: Element) -> tuple[Coding, ...]:
    return values.codings(field[1])


def _reported(
    observation: groups.Observation, obr: Segment | None, what: tuple[str, tuple[Coding, ...]], clock: _Clock
) -> Reported:
    """`what` is the place of the observation, and the codes that it has there."""
    obx, (place, codings) = observation.obx, what
    intent = _INTENTS.get(obx[11].text, Intent.UNSTATED)
    return Reported(
        place=place,
        set_id=obx[1].text,
        type=obx[2].text,
        codings=codings,
        sub_id=obx[4].verbatim,
        value=Absent("not-performed") if intent is Intent.UNOBTAINABLE else values.read(obx, place),
        written=obx[5].raw or "",
        unit=next(iter(_codings(obx[6])), Coding("", "", "")),
        reference=obx[7].verbatim,
        flags=tuple(each[1].text for each in obx[8] if each[1]),
        status=obx[11].text,
        intent=intent,
        collected=clock.moment(obr[7], "OBR-7") if obr else None,
        observed=clock.moment(obx[14], f"{place}-14"),
        analysed=clock.moment(obx[19], f"{place}-19"),
        equipment=obx[18].verbatim,
        method=obx[17].verbatim,
        notes=tuple(nte[3].verbatim for nte in observation.notes),
    )

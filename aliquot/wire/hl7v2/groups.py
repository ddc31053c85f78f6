"""Which result belongs to which order, specimen and patient: the nesting that the order of segments stands for.

Structure only. In ORU and OML a specimen follows its order, with the results that are its own; in OUL^R22 and R23 it
comes first and its orders follow (HL7 v2 chapters 4 and 7).
"""

from typing import Final

import msgspec

from aliquot.wire.hl7v2.messages import Message, Segment

_SPECIMEN_FIRST: Final = frozenset({"OUL_R22", "OUL_R23"})


class Observation(msgspec.Struct):
    """One result and the notes on it."""

    obx: Segment
    notes: list[Segment] = []


class Specimen(msgspec.Struct):
    """One tube: what was observed about the tube itself, its notes, and its other segments (SAC, INV)."""

    spm: Segment
    observations: list[Observation] = []
    notes: list[Segment] = []
    others: list[Segment] = []


class Order(msgspec.Struct):
    """One order: the panel asked for (OBR), its control (ORC), its results, its specimens."""

    orc: Segment | None = None
    obr: Segment | None = None
    observations: list[Observation] = []
    specimens: list[Specimen] = []
    notes: list[Segment] = []
    others: list[Segment] = []


class Patient(msgspec.Struct):
    """One patient of a message, or none (quality control, or a sender that knows only tubes)."""

    pid: Segment | None = None
    orders: list[Order] = []
    specimens: list[Specimen] = []
    observations: list[Observation] = []
    notes: list[Segment] = []
    others: list[Segment] = []


def patients(message: Message) -> tuple[Patient, ...]:
    """The patients of a message with their orders, specimens and results. Every segment but MSH is in one place.

    `Patient.specimens` are tubes without an order, `Patient.observations` results without either. In a message that
    names specimens first, each order lists the specimen before it.
    """
    header = message.header
    structure = header[9, 3].text or f"{header[9, 1].text}_{header[9, 2].text}"
    reading = _Reading(specimen_first=structure in _SPECIMEN_FIRST)
    for segment in message.segments[1:]:
        reading.take(segment)
    return tuple(reading.patients)


class _Reading:
    """Where we are in the message."""

    def __init__(self, *, specimen_first: bool) -> None:
        self.patients: list[Patient] = []
        self._specimen_first = specimen_first
        self._order: Order | None = None
        self._specimen: Specimen | None = None
        self._observation: Observation | None = None

    def take(self, segment: Segment) -> None:
        match segment.name:
            case "PID":
                self._begin(Patient(pid=segment))
            case "ORC":
                self._control(segment)
            case "OBR":
                self._request(segment)
            case "SPM":
                self._tube(segment)
            case "OBX":
                self._observation = Observation(segment)
                self._around().observations.append(self._observation)
            case "NTE":
                (self._observation or self._around()).notes.append(segment)
            case _:
                self._around().others.append(segment)

    @property
    def _patient(self) -> Patient:
        if not self.patients:
            self.patients.append(Patient())
        return self.patients[-1]

    def _around(self) -> Patient | Order | Specimen:
        if self._specimen_first and self._order:
            return self._order
        return self._specimen or self._order or self._patient

    def _begin(self, patient: Patient) -> None:
        # What came before the first PID (software, event) is about the message and stays with its first patient.
        loose = self._patient
        if loose == Patient(others=loose.others):
            patient.others = self.patients.pop().others
        self.patients.append(patient)
        self._order = self._specimen = self._observation = None

    def _control(self, orc: Segment) -> None:
        # In OUL the control follows the request that it belongs to.
        if self._specimen_first and self._order and self._order.orc is None:
            self._order.orc = orc
            return
        self._open(Order(orc=orc))

    def _request(self, obr: Segment) -> None:
        if self._order and self._order.obr is None:
            self._order.obr = obr
            return
        self._open(Order(obr=obr))

    def _open(self, order: Order) -> None:
        self._patient.orders.append(order)
        self._order, self._observation = order, None
        if not self._specimen_first:
            self._specimen = None
        elif self._specimen:
            order.specimens.append(self._specimen)

    def _tube(self, spm: Segment) -> None:
        self._specimen, self._observation = Specimen(spm), None
        if self._specimen_first:
            self._order = None
        (self._order or self._patient).specimens.append(self._specimen)

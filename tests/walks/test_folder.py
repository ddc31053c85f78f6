"""Every message of the shared HL7 v2 folder has a fate: filed and compared value by value, quarantined, or refused."""

import re
from collections import Counter
from dataclasses import dataclass

import msgspec
import pytest

from aliquot.access import acts, door, rows
from aliquot.access.acts import InspectQuarantined, RepairQuarantined, TypeResult
from aliquot.intake import judgement, quarantine, seat
from aliquot.intake.batch import Outcome
from aliquot.intake.fates import Cause, Fate, Reason
from aliquot.intake.letterbox import Arrival, Slot
from aliquot.intake.worker import Worker, agreed
from aliquot.lab import dossier
from aliquot.lab.content import Observation
from aliquot.record.models import Message, Requisition
from aliquot.terms.ids import Id
from aliquot.terms.installation import Peer
from aliquot.terms.letters import Masked, Repair
from aliquot.terms.quantities import Absent, Coded, Quantity, Text
from tests.intake import worlds
from tests.lab import desk
from tests.plan import NORD
from tests.walks import folder
from tests.walks.folder import Sent
from tests.wire.hl7v2 import samples
from tests.world import World

_ENOUGH = 60
_RUN = re.compile(r"OBX\[(\d+)\]")


@dataclass(frozen=True)
class Told:
    """The fate of one message, as the table shows it."""

    name: str
    fate: str
    why: str


def test_every_message_has_a_fate_and_what_is_filed_says_the_same(
    lab: World, capsys: pytest.CaptureFixture[str]
) -> None:
    all_sent = folder.sent()
    described = msgspec.structs.replace(
        lab.installation, listen=msgspec.structs.replace(lab.installation.listen, peers=folder.peers(all_sent))
    )
    worker = Worker(described, lab.worker(), lab.clock)
    folder.enrol(lab, all_sent)
    desk.publish(lab, folder.catalogue(all_sent))
    folder.order(lab, all_sent, worker.setting(lab.work(), lab.clock()))
    taken = [each for each in all_sent if judgement.judge(each.raw).objection is None]
    outcomes = post(lab, worker, taken)
    named = name_tubes(lab, taken, outcomes)
    worker.retry()
    outcomes = [again(each, outcome, named) for each, outcome in zip(taken, outcomes, strict=True)]
    worker.close()
    table = told(taken, outcomes) + refused()
    assert len(table) == len(list(samples.messages()))
    compared = compare(lab, {each.device: each for each in taken})
    fates = Counter(each.fate for each in table)
    with capsys.disabled():
        show(table, fates, compared)
    assert fates["filed"] >= _ENOUGH
    assert compared > 300
    assert set(fates) == {"filed", "quarantined", "refused", "duplicate"}


def post(lab: World, worker: Worker, taken: list[Sent]) -> list[Outcome]:
    """The listener has stored them all; the worker files them."""
    slot = Slot(lab.installation.listen.letterbox, seat.read(lab.installation.listen))
    stored = slot.drop([Arrival(each.device, lab.clock(), each.raw) for each in taken])
    slot.close()
    found: dict[int, Outcome] = {}
    while len(found) < len(stored):
        more = worker.letters()
        assert more, "the worker left letters where they were"
        found |= more
    return [found[number] for number in stored]


def name_tubes(lab: World, taken: list[Sent], outcomes: list[Outcome]) -> dict[str, Id]:
    """Where a message leaves the tube's number out, a person who holds the tube fills it in; by device."""
    integrator = desk.desk(lab, "integrator@nord")
    org = acts.organization(NORD)
    with door.enter(integrator.actor, InspectQuarantined(org), integrator.meant()) as grant:
        shown = {
            each.message.device: each for each in quarantine.inspect(grant, quarantine.waiting(org, "waiting", 500))
        }
    named: dict[str, Id] = {}
    for sent, outcome in zip(taken, outcomes, strict=True):
        if sent.reading is not None and outcome.reasons and not any(each.accession for each in sent.reading.reports):
            changes = left_out(shown[sent.device].message, folder.unnamed(sent))
            with door.enter(integrator.actor, RepairQuarantined(org), integrator.meant()) as repairing:
                quarantine.repair(repairing, shown[sent.device].id, 1, Repair(changes, "read from the tube"))
            named[sent.device] = shown[sent.device].id
    return named


def left_out(message: Masked, tube: str) -> tuple[tuple[str, str], ...]:
    """What an integrator fills in: the tube's number, and that a result without a status is final."""
    orders = sum(row[0] == "OBR" for row in message.segments)
    results = [row for row in message.segments if row[0] == "OBX"]
    unstated = [number for number, row in enumerate(results, start=1) if len(row) <= 11 or not row[11]]
    return (
        *((f"OBR[{number}]-3", tube) for number in range(1, orders + 1)),
        *((f"OBX[{number}]-11", "F") for number in unstated),
    )


def again(sent: Sent, outcome: Outcome, named: dict[str, Id]) -> Outcome:
    """What became of a message after the second try."""
    if sent.device in named and Message.objects.get(id=named[sent.device]).state == "filed":
        return Outcome(Fate.FILED, (Reason(Cause.UNKNOWN_SPECIMEN, "named by a person"),))
    return outcome


def told(taken: list[Sent], outcomes: list[Outcome]) -> list[Told]:
    """What became of the messages that were taken."""
    return [
        Told(each.name, outcome.fate, " ".join(sorted({f"{one.cause} {one.place}" for one in outcome.reasons})))
        for each, outcome in zip(taken, outcomes, strict=True)
    ]


def refused() -> list[Told]:
    """What a listener refuses, by its header alone."""
    judged = [(name, judgement.judge(raw)) for name, raw in samples.messages()]
    return [
        Told(name, "refused", f"{verdict.code} {verdict.objection.place} {verdict.objection.hl70357}")
        for name, verdict in judged
        if verdict.objection is not None
    ]


def compare(lab: World, by_device: dict[str, Sent]) -> int:
    """Every filed result beside what another parser reads at its place in the message; the number compared."""
    technician = desk.desk(lab, "technician@nord")
    compared = 0
    for work, subject in Requisition.objects.values_list("id", "subject_id"):
        act = TypeResult(Id(bytes(subject)), bytes(work))
        with door.enter(technician.actor, act, technician.meant()) as grant:
            found = dossier.of(grant.read(rows.of_work((Id(bytes(work)),), dossier.KINDS)))
        for each in found.observations:
            _same(each.content, by_device[each.content.test.split(" ", 1)[0]])
            compared += 1
    return compared


def _same(said: Observation, sent: Sent) -> None:
    place = _RUN.search(said.run)
    assert place is not None, said.run
    theirs = [segment for segment in worlds.theirs(sent.raw) if str(segment[0]) == "OBX"][int(place[1]) - 1]
    written = worlds.field(theirs, 5)
    code, _, system = [*worlds.field(theirs, 3).split("^"), "", ""][:3]
    other = " ".join(worlds.field(theirs, 3).split("^")[3:6:2])
    assert said.test.split(" ", 1)[1] in (f"{code} {system}", other)
    match said.value:
        case Quantity(number, _, comparator):
            assert (comparator, number) == worlds.number(written)
        case Coded(_, answer, text):
            parts = [part.strip() for part in written.replace("\\T\\", "&").split("^")]
            assert answer in (parts[0], "said")
            assert text in (*parts, "".join(parts))
        case Absent(_):
            assert written in ("", '""') or worlds.field(theirs, 11) == "X"
        case Text(text):
            raise AssertionError(f"no test of this laboratory is answered in free text: {len(text)} signs")


def show(table: list[Told], fates: Counter[str], compared: int) -> None:
    """Print the table of fates."""
    print("\n\nThe fate of every message in the shared HL7 v2 folder")
    for each in sorted(table, key=lambda one: (one.fate, one.name)):
        print(f"  {each.fate:12} {each.name:70.70} {each.why:.90}")
    print(f"  {dict(fates)}; {compared} results compared value by value")


def test_what_was_agreed_with_a_sender_comes_from_the_installations_file() -> None:
    (peer,) = [each for each in folder.peers(folder.sent()) if each.device == folder.UNREAD]
    profile = agreed(replace_zone(peer), "Europe/Paris")
    assert str(profile.zone) == "Europe/Paris"
    assert profile.processing == worlds.ANY


def replace_zone(peer: Peer) -> Peer:
    """The same sender without a clock of its own."""
    return msgspec.structs.replace(peer, zone="")

"""The senders of the shared folder, connected to a small laboratory: devices, catalogue, patients, orders, tubes."""

from dataclasses import dataclass, replace
from datetime import date

import msgspec

from aliquot.access import door, governing
from aliquot.access.acts import PlaceOrder, RegisterPatient
from aliquot.access.door import Intent
from aliquot.custody import forms
from aliquot.intake import results
from aliquot.intake.results import Named, Profile, Reading
from aliquot.lab import numbers, orders, patients
from aliquot.lab.catalogue import Catalogue, DeviceMapping, Test
from aliquot.lab.orders import Wanted
from aliquot.lab.patients import Registration
from aliquot.lab.setting import Setting
from aliquot.lab.specimens import Checks
from aliquot.terms.errors import Unclear
from aliquot.terms.identity import Demography, Sex
from aliquot.terms.installation import Peer
from aliquot.wire.hl7v2 import messages, times
from tests.intake import worlds
from tests.lab import desk
from tests.lab.desk import Desk
from tests.world import World

UNREAD = "PEER-0"
_CENTURY_HOURS = 876_000
_SOMEBODY = date(1970, 1, 1)


@dataclass(frozen=True)
class Sent:
    """One message of the folder, the device that sends it here, and what it says, if it can be read."""

    name: str
    raw: bytes
    device: str
    reading: Reading | None
    profile: Profile


def sent() -> list[Sent]:
    """Every message of results; those that can be read come from a sender of their own."""
    found: list[Sent] = []
    for name, raw, message in worlds.reports():
        profile = msgspec.structs.replace(worlds.profile(name), unfiled=worlds.beyond(message))
        try:
            reading = results.read(messages.parse(raw), profile)
        except Unclear:
            found.append(Sent(name, raw, UNREAD, None, profile))
            continue
        found.append(Sent(name, raw, f"PEER-{len(found) + 1}", reading, profile))
    return found


def peers(all_sent: list[Sent]) -> tuple[Peer, ...]:
    """What the installation's file says of these senders."""
    readable = [each for each in all_sent if each.reading is not None]
    return (
        Peer("127.0.0.1", UNREAD, processing=tuple(sorted(worlds.ANY)), zone="UTC"),
        *(
            Peer(
                address=f"127.0.1.{number}",
                device=each.device,
                accession=each.profile.accession,
                without_specimen=each.profile.without_specimen,  # type: ignore[arg-type]  # OBR-2 or OBR-3 for them
                processing=tuple(sorted(worlds.ANY)),
                unfiled=tuple(sorted(each.profile.unfiled)),
                zone="UTC",
                fresh_hours=_CENTURY_HOURS,
            )
            for number, each in enumerate(readable)
        ),
    )


def enrol(lab: World, all_sent: list[Sent]) -> None:
    """The administrator lets the laboratory expect letters of every sender."""
    administrator = lab.sign_in("administrator@nord")
    for device in dict.fromkeys((UNREAD, *(each.device for each in all_sent))):
        meant = door.intent(administrator, lab.clock(), "HSYSADMIN")
        covered = replace(meant, factor=lab.factor("administrator@nord"))
        governing.change(administrator, forms.EnrolDevice(device, "nord"), covered)


def catalogue(all_sent: list[Sent]) -> Catalogue:
    """One catalogue with everything that the messages report, a test for each code of each sender."""
    tests: list[Test] = []
    mappings: list[DeviceMapping] = []
    for each in all_sent:
        if each.reading is not None:
            own = worlds.world(each.reading).bench.catalogue
            tests += [msgspec.structs.replace(test, code=f"{each.device} {test.code}") for test in own.tests]
            mappings += [
                msgspec.structs.replace(mapping, device=each.device, test=f"{each.device} {mapping.test}")
                for mapping in own.mappings
            ]
    return Catalogue(version=1, tests=tuple(tests), mappings=tuple(mappings))


def order(lab: World, all_sent: list[Sent], where: Setting) -> None:
    """Reception registers a patient and an order for every tube that is named, and the bench takes the tube in."""
    secretary, technician = desk.desk(lab, "secretary@nord"), desk.desk(lab, "technician@nord")
    wanted: dict[str, list[str]] = {}
    named: dict[str, Named] = {}
    for each in all_sent:
        if each.reading is not None:
            for number, tube in worlds.world(each.reading).tubes.items():
                known = wanted.setdefault(number or unnamed(each), [])
                known += [f"{each.device} {analysis.test}" for analysis in tube.analyses]
            named |= {report.accession or unnamed(each): report.named for report in each.reading.reports}
    for number, tests in wanted.items():
        if tests:
            asked = Wanted("nord", numbers.draw(), tests=tuple(tests), prescriber="Dr Exemple", borne=(number,))
            _order(secretary, technician, _person(lab, named[number]), (asked, where))


def unnamed(sent: Sent) -> str:
    """The number on the tube of a message that does not say it: whoever holds the tube can read it."""
    return f"T-{sent.device}"


def _person(lab: World, named: Named) -> Registration:
    """Somebody of the sex and birth date that the messages say."""
    try:
        born = times.day(named.born, "PID-7")
    except Unclear:
        born = _SOMEBODY
    sex = {"M": Sex.MALE, "F": Sex.FEMALE}.get(named.sex, Sex.UNKNOWN)
    return Registration(Demography("Zélande", ("Jeanne",), born, sex), numbers.draw_file_number(), lab.clock())


def _order(secretary: Desk, technician: Desk, person: Registration, asked: tuple[Wanted, Setting]) -> None:
    request, where = asked
    lab = secretary.lab
    meant = Intent("TREAT", secretary.id())
    with door.enter(secretary.actor, RegisterPatient(secretary.id()), meant) as registering:
        patient = patients.register(registering, person, at=lab.clock())
    meant = Intent("TREAT", secretary.id())
    with door.enter(secretary.actor, PlaceOrder(patient, secretary.id()), meant) as placing:
        placed = orders.place(placing, request, where, at=lab.clock())
    checks = Checks("-", readable=True, identity_agrees=True, enough=True)
    technician.receive(patient, placed, desk.arrival(placed, checks=checks))

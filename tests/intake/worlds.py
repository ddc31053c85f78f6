"""The senders of the shared data folder, what another parser reads in their messages, and a bench for each of them."""

import re
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import hl7
import msgspec

from aliquot.intake import results
from aliquot.intake.filing import Bearer, Bench, OpenAnalysis, Tube
from aliquot.intake.results import Intent, Place, Profile, Reading, Reported
from aliquot.intake.values import Chosen, Coding, Measured
from aliquot.lab import orders
from aliquot.lab.catalogue import Answer, Catalogue, DeviceMapping, Names, Test
from aliquot.lab.reference import Flag
from aliquot.terms import units
from aliquot.terms.errors import Unclear
from aliquot.terms.identity import Sex
from aliquot.terms.ids import Id
from aliquot.terms.quantities import Text
from aliquot.terms.states import Analysis
from aliquot.wire.hl7v2 import messages, times
from aliquot.wire.hl7v2.messages import Message
from tests.wire.hl7v2 import samples

DEVICE = "PEER"
ANY = frozenset({"P", "T", "D", ""})
"""The folder's messages are examples, so most of them say that they are no patients' work."""

PEERS: dict[str, tuple[Place, Place]] = {
    "cdc-dex/PHLIP_FLU_2.5.1_NO_MSH12": ("OBR-3", "OBR-3"),
    "cdc-dex/PHLIP": ("SPM-2.2", "OBR-3"),
    "cdc-mapping-inventory/nte": ("SPM-2.2", "OBR-3"),
    "cdc-reportstream/etor": ("OBR-3", "OBR-3"),
    "cdc-reportstream/fail": ("SPM-2.2", "OBR-3"),
    "cdc-reportstream/hci": ("OBR-3", "OBR-3"),
    "cdc-reportstream/sample_1.": ("SPM-2.2", "OBR-3"),
    "cdc-reportstream/sample_2.": ("SPM-2.2", "OBR-3"),
    "cdc-reportstream/valid": ("SPM-2.2", "OBR-3"),
    "cdc-reportstream/sample_oru_CDPH": ("OBR-2", "OBR-2"),
    "cdc-trusted-intermediary/003": ("OBR-3", "OBR-3"),
    "ms-fhir-converter/LRI": ("OBR-3", "OBR-3"),
    "nist-elr/ORU": ("OBR-3", "OBR-3"),
}
"""Which place was agreed for the number of the tube, by the beginning of the path; elsewhere the default holds."""

_NAMES = Names(en="-", fr="-")
_LATER = date(2100, 1, 1)
_SPELLED = {"{ratio}": "1", "{Ratio}": "1", "iU/mL": "[IU]/mL"}


class World(msgspec.Struct, frozen=True):
    """A bench at which a message can be filed: the catalogue that maps its codes, and the tubes that it names."""

    bench: Bench
    tubes: dict[str, Tube]
    now: datetime


def reports() -> Iterator[tuple[str, bytes, Message]]:
    """Every message of results in the folder, with its path (and its number in a file of several)."""
    seen: dict[str, int] = {}
    for name, raw in samples.messages():
        message = messages.parse(raw)
        if message.header[9, 1].text in ("ORU", "OUL"):
            seen[name] = seen.get(name, 0) + 1
            yield name if seen[name] == 1 else f"{name}#{seen[name]}", raw, message


def profile(name: str) -> Profile:
    """What would be agreed with the sender of this file, apart from what is not filed."""
    for start, (accession, without_specimen) in PEERS.items():
        if name.startswith(start):
            return Profile(accession, without_specimen, ANY, zone=UTC)
    return Profile(processing=ANY, zone=UTC)


def theirs(raw: bytes) -> list[hl7.Segment]:
    """The segments of a message as the other parser reads them."""
    return list(hl7.parse(re.sub(r"\r\n|\n", "\r", raw.decode("utf-8-sig"))))


def field(segment: hl7.Segment, number: int) -> str:
    """What the other parser has in a field, separators and escapes included."""
    return str(segment[number]) if number < len(segment) else ""


def beyond(message: Message) -> frozenset[tuple[str, str]]:
    """The codes that this laboratory does not file: images, addresses, dates, notes, lists, and units unknown to it."""
    found: set[tuple[str, str]] = set()
    seen: set[tuple[str, str]] = set()
    for obx in message["OBX"]:
        codes = {(obx[3, at].text, obx[3, at + 2].text) for at in (1, 4) if obx[3, at]}
        unknown = obx[2].text in ("NM", "SN") and obx[6] and _ucum(obx[6, 1].text) is None
        if unknown or obx[2].text not in ("NM", "SN", "CE", "CWE", "CNE", "ST"):
            found |= codes
        found |= codes & seen
        seen |= codes
    return frozenset(found)


def world(reading: Reading) -> World:
    """A bench at which everything that the message reports was ordered and nothing was measured."""
    first: dict[Coding, Reported] = {}
    tubes: dict[str, Tube] = {}
    for report in reading.reports:
        own = [each for each in report.results if each.codings and each.intent is not Intent.NOTHING]
        for each in own:
            first.setdefault(each.codings[0], each)
        codes = sorted({_code(each.codings[0]) for each in own})
        analyses = tuple(OpenAnalysis(Id(code.encode()), code, Analysis.READY) for code in codes)
        before = tubes[report.accession].analyses if report.accession in tubes else ()
        tubes[report.accession] = Tube((*before, *analyses), _bearer(report.named))
    tests = tuple(_test(coding, reported) for coding, reported in first.items())
    mappings = tuple(
        DeviceMapping(DEVICE, coding.code, coding.system, test.code, test.ucum, (first[coding].unit.code,))
        for coding, test in zip(first, tests, strict=True)
    )
    moments = [each.analysed or each.observed or reading.sent for each in first.values()]
    exact = [moment.at for moment in moments if moment is not None and moment.at is not None]
    bench = Bench(Catalogue(version=1, tests=tests, mappings=mappings), DEVICE, timedelta(days=36500))
    return World(bench, tubes, max(exact, default=datetime(2026, 1, 5, tzinfo=UTC)))


def _code(coding: Coding) -> str:
    return f"{coding.code} {coding.system}"


def _test(coding: Coding, reported: Reported) -> Test:
    number = isinstance(reported.value, Measured)
    return Test(
        code=_code(coding),
        loinc="",
        names=_NAMES,
        section="biochemistry",
        specimen_type="SER",
        tube="-",
        method="-",
        ucum=(_ucum(reported.unit.code) or "1") if number else "",
        answers=() if number else _answers(reported),
    )


def _answers(reported: Reported) -> tuple[Answer, ...]:
    match reported.value:
        case Chosen(codings, original):
            coding = codings[0] if codings else Coding("", original, "")
            system = {"SCT": "http://snomed.info/sct", "LN": "http://loinc.org"}.get(coding.system, coding.system)
            words = tuple(each for each in (coding.text, original) if each)
            return (Answer(system, coding.code or "said", _NAMES, Flag.ABNORMAL, words),)
        case Text(text):
            return (Answer("urn:test", "said", _NAMES, Flag.ABNORMAL, (text,)),)
        case _:
            return (Answer("urn:test", "none", _NAMES, Flag.ABNORMAL),)


def _ucum(written: str) -> str | None:
    try:
        return _SPELLED.get(written) or units.ucum(written)
    except units.UnknownUnit:
        return None


def _bearer(named: results.Named) -> Bearer | None:
    sex = {"M": Sex.MALE, "F": Sex.FEMALE}.get(named.sex, Sex.UNKNOWN)
    try:
        born: date = times.day(named.born, "PID-7")
    except Unclear:
        return None
    return Bearer(sex, orders.age(born, _LATER), _LATER)


def number(written: str) -> tuple[str, Decimal]:
    """A comparator and a number (NM or SN), taken apart by other means than those under test."""
    digits = written.lstrip("<>=^")
    return written[: len(written) - len(digits)].replace("^", "").removeprefix("="), Decimal(digits)

"""What the talking analyser says of a tube: HL7 v2 messages (ORU^R01) with plausible values. Pure.

It knows what an analyser knows: the barcode, which tests, sex and age. Values that go with nobody's past come of that,
and the rules hold some of them for it.
"""

from collections.abc import Sequence
from datetime import date, datetime, timedelta
from random import Random

import msgspec

from aliquot.cli.demo import results
from aliquot.lab import catalogue, reference
from aliquot.lab.catalogue import Catalogue, DeviceMapping, Test
from aliquot.terms.errors import Broken
from aliquot.terms.identity import Demography, Sex
from aliquot.terms.quantities import Coded, Quantity, Value
from aliquot.wire.hl7v2 import drafts
from aliquot.wire.hl7v2.drafts import Draft, Field

UNKNOWN_CODE = "LIPIDX"
"""A code that no catalogue maps: the message waits in quarantine for the integrator."""

_CRITICAL_SHARE = 0.03
_FLAGGED_SHARE = 0.03
_FLAG = "CLOT"


class Tube(msgspec.Struct, frozen=True):
    """A tube in the analyser: its barcode, whose it could be, and what is to be measured."""

    accession: str
    sex: Sex
    age: str
    tests: tuple[str, ...]


class Sender(msgspec.Struct, frozen=True):
    """Who speaks: the device by its catalogue, the control id of this message, and when."""

    device: str
    catalogue: Catalogue
    control_id: str
    at: datetime


def message(tube: Tube, sender: Sender, rng: Random, *, odd: bool) -> bytes:
    """One message with the results of one tube; an odd one also has a code that nobody knows."""
    mappings = [each for each in sender.catalogue.mappings if each.device == sender.device and each.test in tube.tests]
    found = _values(tube, sender, [each.test for each in mappings], rng)
    segments: list[Draft] = [
        _header(sender),
        ("PID", {1: "1"}),
        ("OBR", {1: "1", 4: ("PROFILE", "", "L"), 22: _time(sender.at)}),
    ]
    for number, mapping in enumerate(mappings, 1):
        segments.append(_result(number, mapping, found[mapping.test], sender, rng))
    if odd:
        segments.append(_unknown(len(mappings) + 1, sender))
    segments.append(("SPM", {1: "1", 2: ((tube.accession,),), 4: "-", 11: "P"}))
    return drafts.message(segments)


def born_on(age: str, on: date) -> date:
    """A birth date that fits an age as the bench reads it (`34 y`, `12 d`)."""
    number, unit = age.split()
    days = int(number) if unit == "d" else round((int(number) + 0.5) * 365.25)
    return on - timedelta(days=days)


def _values(tube: Tube, sender: Sender, codes: Sequence[str], rng: Random) -> dict[str, Value]:
    today = sender.at.date()
    bearer = Demography("", (), born_on(tube.age, today), tube.sex)
    (found,) = results.visits(sender.catalogue, codes, bearer, rng, [today])
    if rng.random() < _CRITICAL_SHARE * len(codes):
        code = rng.choice(list(codes))
        found[code] = _critical(catalogue.test(sender.catalogue, code), bearer, today) or found[code]
    return found


def _critical(test: Test, bearer: Demography, today: date) -> Quantity | None:
    limits = reference.select(test.criticals, reference.Person(bearer.sex, bearer.born_on, today))
    if limits is None:
        return None
    limit = limits.high if limits.high is not None else limits.low
    return None if limit is None else Quantity(number=limit, ucum=test.ucum)


def _header(sender: Sender) -> Draft:
    return (
        "MSH",
        {
            3: sender.device,
            5: "ALIQUOT",
            7: _time(sender.at),
            9: ("ORU", "R01", "ORU_R01"),
            10: sender.control_id,
            11: "P",
            12: "2.5.1",
            18: "UNICODE UTF-8",
        },
    )


def _result(number: int, mapping: DeviceMapping, value: Value, sender: Sender, rng: Random) -> Draft:
    flag = _FLAG if rng.random() < _FLAGGED_SHARE else ""
    said: dict[int, Field] = {
        1: str(number),
        3: (mapping.code, "", mapping.system),
        8: flag,
        11: "F",
        19: _time(sender.at),
    }
    match value:
        case Quantity():
            said |= {2: "NM", 5: str(value.number), 6: (value.ucum, "", "UCUM")}
        case Coded():
            said |= {2: "ST", 5: value.text}
        case _:
            raise Broken("analyser: it measures numbers and gives coded answers")
    return "OBX", said


def _unknown(number: int, sender: Sender) -> Draft:
    return "OBX", {1: str(number), 2: "NM", 3: (UNKNOWN_CODE, "", "L"), 5: "1", 11: "F", 19: _time(sender.at)}


def _time(at: datetime) -> str:
    return at.strftime("%Y%m%d%H%M%S%z")

"""The answer to a message: MSA, and ERR where it was not taken (HL7 v2 chapter 2, acknowledgment messages)."""

import re
from datetime import datetime
from enum import StrEnum
from typing import Final

from aliquot.wire.hl7v2 import drafts, escapes, times
from aliquot.wire.hl7v2.drafts import Draft, Field
from aliquot.wire.hl7v2.headers import Header, Objection

_REASONS: Final = {
    "100": "Segment sequence error",
    "101": "Required field missing",
    "102": "Data type error",
    "103": "Table value not found",
    "200": "Unsupported message type",
    "201": "Unsupported event code",
    "202": "Unsupported processing id",
    "203": "Unsupported version id",
    "204": "Unknown key identifier",
    "205": "Duplicate key identifier",
    "206": "Application record locked",
    "207": "Application error",
}
_REJECTIONS: Final = ("200", "201", "202", "203")
_PLACE: Final = re.compile(r"([A-Z][A-Z0-9]{2})(?:\[(\d+)\])?(?:-(\d+)(?:\.(\d+))?)?")
_DEFAULT_VERSION: Final = "2.5.1"


class Code(StrEnum):
    """MSA-1 (HL7 table 0008): A* answers for the application, C* says only that the message is in safe keeping."""

    AA = "AA"
    AE = "AE"
    AR = "AR"
    CA = "CA"
    CE = "CE"
    CR = "CR"


def code(header: Header, objection: Objection | None) -> Code:
    """The code of a listener's answer: C* where the sender asks for enhanced mode by filling MSH-15 or MSH-16."""
    verdict = "A" if objection is None else "R" if objection.hl70357 in _REJECTIONS else "E"
    return Code(("C" if header.accept_ack or header.application_ack else "A") + verdict)


def wanted(header: Header, objection: Objection | None) -> bool:
    """Whether the sender wants the listener's answer: always in original mode, by MSH-15 in enhanced mode."""
    if not (header.accept_ack or header.application_ack):
        return True
    return header.accept_ack == "AL" or header.accept_ack == ("SU" if objection is None else "ER")


def build(header: Header, code: Code, control_id: str, at: datetime, objection: Objection | None = None) -> bytes:
    """The acknowledgment, in the sender's version, separators and character set, with its control id returned.

    `control_id` is the acknowledgment's own. Only table texts go into ERR, never content.
    """
    version = header.version or _DEFAULT_VERSION
    msh: dict[int, Field] = {
        3: _party(header.receiving_application, header),
        4: _party(header.receiving_facility, header),
        5: _party(header.sending_application, header),
        6: _party(header.sending_facility, header),
        7: times.write(at),
        9: ("ACK", header.trigger, "ACK") if header.trigger else "ACK",
        10: control_id,
        11: header.processing_id or "P",
        12: version,
    }
    if header.charset:
        msh[18] = header.charset
    segments: list[Draft] = [("MSH", msh), ("MSA", {1: code, 2: header.control_id})]
    if objection is not None:
        segments.append(("ERR", _error(objection, version)))
    return drafts.message(segments, header.encoding)


def _party(written: str, header: Header) -> Field:
    encoding = header.encoding
    if not set(encoding.characters).intersection(written):
        return written
    components = written.split(encoding.component)
    return tuple(
        tuple(escapes.decode(leaf, encoding) for leaf in _split(component, encoding.subcomponent))
        for component in components
    )


def _split(text: str, separator: str) -> list[str]:
    return text.split(separator) if separator else [text]


def _error(objection: Objection, version: str) -> dict[int, Field]:
    reason = _REASONS[objection.hl70357]
    place = _PLACE.fullmatch(objection.place)
    segment, sequence, field, component = place.groups("") if place else ("", "", "", "")
    if version < "2.5":
        return {1: (segment, sequence or "1", field, (objection.hl70357, reason, "HL70357"))}
    location = (segment, sequence or "1", field, "1", component) if field else (segment, sequence or "1")
    return {2: location, 3: (objection.hl70357, reason, "HL70357"), 4: "E"}

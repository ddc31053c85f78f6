"""What a message says about itself, and what a listener may refuse on that ground alone."""

import re
from collections.abc import Collection
from typing import Final

import msgspec

from aliquot.wire.hl7v2 import encodings, messages
from aliquot.wire.hl7v2.encodings import Encoding
from aliquot.wire.hl7v2.messages import Message

VERSIONS: Final = frozenset(
    (
        "2.1",
        "2.2",
        "2.3",
        "2.3.1",
        "2.4",
        "2.5",
        "2.5.1",
        "2.6",
        "2.7",
        "2.7.1",
        "2.8",
        "2.8.1",
        "2.8.2",
        "2.9",
        "2.9.1",
    )
)
"""The versions that are read here (HL7 table 0104)."""

_FIRST_SEGMENT: Final = re.compile(rb"[\s\x00]*(?:\xef\xbb\xbf)?[\s\x00]*MSH[^\r\n]*")
_WIDE: Final = (b"\xff\xfe", b"\xfe\xff", b"\x00\x00\xfe\xff")


class Header(msgspec.Struct, frozen=True):
    """MSH. The four parties stay written as they came, components and all, because an answer returns them so.

    `charset` is MSH-18's first repetition, `accept_ack` MSH-15 and `application_ack` MSH-16 (HL7 table 0155).
    """

    encoding: Encoding
    sending_application: str = ""
    sending_facility: str = ""
    receiving_application: str = ""
    receiving_facility: str = ""
    sent: str = ""
    type: str = ""
    trigger: str = ""
    structure: str = ""
    control_id: str = ""
    processing_id: str = ""
    version: str = ""
    accept_ack: str = ""
    application_ack: str = ""
    charset: str = ""


class Objection(msgspec.Struct, frozen=True):
    """Why a message is not taken: the place in the standard's address, and the reason in HL7 table 0357."""

    place: str
    hl70357: str


UNREADABLE: Final = Header(encodings.STANDARD, version="2.5.1")
"""Whom to answer when a message has no header that can be read: nobody by name."""


def read(raw: bytes) -> Header:
    """The header of a message whose other segments are left unread.

    Raises:
        Unclear: there is no header, or its characters or separators cannot be told.
    """
    if raw.startswith(_WIDE):
        return of(messages.parse(raw))
    first = _FIRST_SEGMENT.match(raw)
    return of(messages.parse(first[0] if first else b""))


def of(message: Message) -> Header:
    """The header of a message that was parsed."""
    msh = message.header
    return Header(
        encoding=message.encoding,
        sending_application=msh[3].raw or "",
        sending_facility=msh[4].raw or "",
        receiving_application=msh[5].raw or "",
        receiving_facility=msh[6].raw or "",
        sent=msh[7].text,
        type=msh[9, 1].text,
        trigger=msh[9, 2].text,
        structure=msh[9, 3].text,
        control_id=msh[10].verbatim,
        processing_id=msh[11].text,
        version=msh[12].text,
        accept_ack=msh[15].text,
        application_ack=msh[16].text,
        charset=msh[18].text,
    )


def objection(header: Header, types: Collection[str]) -> Objection | None:
    """Why a listener may not take this message: it judges MSH and nothing further in.

    A message without a control id is refused, for its sender could not tell which message was stored. `types` are
    those that the caller takes: `ORU^R01`, or `ORU` for all its triggers.
    """
    if not header.control_id:
        return Objection("MSH-10", "101")
    if not header.type:
        return Objection("MSH-9", "101")
    if header.version not in VERSIONS:
        return Objection("MSH-12", "203")
    if header.type in types or f"{header.type}^{header.trigger}" in types:
        return None
    return Objection("MSH-9", "201" if any(known.startswith(f"{header.type}^") for known in types) else "200")

"""The register of copies: each report version that left, to whom and by whose hand, sealed with the patient's records.

Source: GDPR article 30; ISO 15189:2022, 7.4.1.8 and 8.4 (issue and control of records).
"""

from datetime import datetime
from typing import Literal

import msgspec

from aliquot.access import rows
from aliquot.access.acts import ReadReport
from aliquot.access.grant import Draft, Grant
from aliquot.lab import records, repetition, reports
from aliquot.lab.content import Disclosure, Document
from aliquot.terms import ids
from aliquot.terms.errors import Refused
from aliquot.terms.ids import Id
from aliquot.terms.kinds import Kind

Form = Literal["pdf", "fhir"]
Channel = Literal["handed over", "downloaded"]


class Giver(msgspec.Struct, frozen=True):
    """Who gives a copy out, as their session names them."""

    person: str
    name: str


class Copy(msgspec.Struct, frozen=True):
    """One copy that somebody asks for: which version, as what, for whom and on which way."""

    version: int
    form: Form
    recipient: str
    channel: Channel


def disclose(grant: Grant[ReadReport], copy: Copy, by: Giver, *, at: datetime) -> bytes:
    """Give out one copy of an issued version, and enter it into the register in the same act.

    Raises:
        Refused: there is no such version, or nobody is named who gets it.
    """
    if not copy.recipient.strip():
        raise Refused("disclosure.recipient: say who gets the copy")
    document = _document(reports.read(grant).documents, copy.version)
    if not repetition.is_done(grant):
        said = Disclosure(
            document.report, copy.version, copy.form, copy.recipient, copy.channel, by.person, by.name, at
        )
        parents = (grant.act.work, ids.parse(document.report))
        grant.write(Draft(Kind.DISCLOSURE, ids.new(ids.org_of(grant.id), at), 1, "known", parents, said))
    return document.pdf if copy.form == "pdf" else document.fhir


def entries(grant: Grant[ReadReport]) -> tuple[Disclosure, ...]:
    """Every copy of the act's requisition that left, the newest first."""
    opened = grant.read(rows.of_work((Id(grant.act.work),), (Kind.DISCLOSURE,)))
    found = [each.content for each in records.of(opened, Kind.DISCLOSURE, Disclosure)]
    return tuple(sorted(found, key=lambda each: each.at, reverse=True))


def _document(documents: tuple[Document, ...], version: int) -> Document:
    for each in documents:
        if each.version == version:
            return each
    raise Refused("disclosure.version: no such version was issued")

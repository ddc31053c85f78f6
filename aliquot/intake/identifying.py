"""Which tube a message is about: barcodes become tokens, tokens become specimens, specimens tell whose work it is."""

from collections.abc import Iterable
from datetime import datetime

import msgspec

from aliquot.access import acts, door, rows
from aliquot.access.acts import LookUpIdentifier
from aliquot.access.door import Actor
from aliquot.custody.protocol import Tokens, TokensMade
from aliquot.terms.ids import Id

_LONGEST = 64


class Tube(msgspec.Struct, frozen=True, gc=False):
    """One specimen as the record database knows it: whose it is, and to which requisition it belongs."""

    specimen: Id
    subject: Id
    requisition: Id


def tubes(actor: Actor, accessions: Iterable[str], at: datetime) -> dict[str, Tube]:
    """The known tubes among these barcodes, in one look-up; what is no barcode of ours is nobody's tube."""
    asked = tuple(sorted(filter(_plausible, set(accessions))))
    if not asked:
        return {}
    meant = door.intent(actor, at)
    with door.enter(actor, LookUpIdentifier(acts.organization(actor.org)), meant) as grant:
        made = actor.line.ask(Tokens(grant.token, "accession", asked), TokensMade).tokens
    known = rows.resolve(actor.org, "accession", made)
    by_specimen = {Id(stored.row.id): stored for stored in rows.latest(rows.of_resources(tuple(known.values())))}
    return {
        accession: Tube(known[token], by_specimen[known[token]].subject, Id(by_specimen[known[token]].row.parents[0]))
        for accession, token in zip(asked, made, strict=True)
        if token in known and known[token] in by_specimen
    }


def _plausible(accession: str) -> bool:
    """Whether it can be a tube's number at all: ours, or one that the tube already bore when it came."""
    return 0 < len(accession) <= _LONGEST and any(map(str.isalnum, accession))

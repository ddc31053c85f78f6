"""What the exporter does beside opening: it sees who is listed, and has what it sealed signed by the laboratory.

Each request is asked under a grant of `RunExport`, whose entry is in the history. Nothing is signed but a bundle for
the key of the receiving side, under its mandate, that ends with both mandates at the latest.
"""

import hashlib

import msgspec

from aliquot.custody import accesses, answers, exporting, exports
from aliquot.custody.denial import Denial
from aliquot.custody.export_protocol import ExportSigned, Histories, SignExported, TellHistories
from aliquot.custody.forms import SignExport
from aliquot.custody.grants import Grant
from aliquot.custody.history import Leaf
from aliquot.custody.holdings import Holdings
from aliquot.custody.store import Turn
from aliquot.ledger.entry import Step
from aliquot.terms import canonical
from aliquot.terms.errors import Refused
from aliquot.terms.ids import Org
from aliquot.vault import bundle
from aliquot.vault.bundle import Header, Manifest, Trailer

_PAGE = 2000


def told(turn: Turn, held: Holdings, grant: Grant) -> answers.Export:
    """What was signed, and how far the export has come."""
    org = grant.asker.org
    form = exports.form_of(turn, held.unlocked, org, grant.mandate)
    listed, opened = turn.db.execute(
        "SELECT count(*), count(opened) FROM exported WHERE mandate = ?", (grant.mandate,)
    ).fetchone()
    return answers.Export(
        id=grant.mandate.hex(),
        purpose=form.purpose,
        recipient=form.recipient,
        receiver=form.receiver,
        kinds=tuple(sorted(form.kinds)),
        first_on=form.first_on,
        last_on=form.last_on,
        sites=form.sites,
        harm=form.harm,
        history=form.history,
        until=form.until,
        listed=listed,
        opened=opened,
        sender=_sender(turn, held, org),
    )


def listed(turn: Turn, grant: Grant, after: bytes) -> answers.Patients:
    """A page of the patients whom custody listed, in the order of their ids."""
    rows = turn.db.execute(
        "SELECT subject FROM exported WHERE mandate = ? AND subject > ? ORDER BY subject LIMIT ?",
        (grant.mandate, after, _PAGE),
    )
    return answers.Patients(tuple(patient.hex() for (patient,) in rows))


def histories(turn: Turn, held: Holdings, request: TellHistories) -> Histories:
    """Who opened the patients of these grants, when, as what and for which purpose, where the mandates name that.

    Raises:
        Denial: `not-of-this-act`; `mandate`, it does not name the history.
    """
    grants = held.granted(turn, request.grants)
    if any(grant.name != "ExportDossier" for grant in grants):
        raise Denial("not-of-this-act", "this act exports nobody")
    leaving: dict[bytes, accesses.Leaving] = {}
    for grant in grants:
        if grant.mandate not in leaving:
            leaving[grant.mandate] = _leaving(turn, held, grant)
    return Histories(tuple(canonical.encode(leaving[grant.mandate].of(grant.subject.id)) for grant in grants))


def own_sender(turn: Turn, held: Holdings, org: Org) -> answers.Sender:
    """The keys by which a receiving side knows the bundles of this laboratory; they are made when first asked for."""
    return _sender(turn, held, org)


def sign(turn: Turn, held: Holdings, request: SignExported) -> ExportSigned:
    """Sign a part, or the whole, of a bundle that this mandate is for.

    Raises:
        Denial: `not-of-this-act`, `bundle`; the reason names what is wrong with it.
    """
    grant = held.grant(turn, request.grant)
    if grant.name != "RunExport":
        raise Denial("not-of-this-act", "this act exports nothing")
    form = exports.form_of(turn, held.unlocked, grant.asker.org, grant.mandate)
    try:
        of = bundle.header(request.header)
        _check(turn, held, (grant, form), of)
        said = msgspec.json.decode(request.said, type=_SAID[request.kind])
    except (Refused, *canonical.UNREADABLE) as refused:
        raise Denial("bundle", str(refused) if isinstance(refused, Refused) else "it cannot be read") from None
    if canonical.encode(said) != request.said or said.header != bundle.header_hash(of).hex():
        raise Denial("bundle", "bundle: this is said of another bundle")
    if isinstance(said, Manifest):
        root = hashlib.sha256(request.said).hexdigest()
        leaf = Leaf("export.sealed", Step.EVENT, grant.asker.person.hex(), grant.mandate.hex(), root=root)
        held.history.append(turn, grant.asker.org, leaf)
    return ExportSigned(exporting.sender(turn, held, grant.asker.org).sign(said))


def _leaving(turn: Turn, held: Holdings, grant: Grant) -> accesses.Leaving:
    form = exports.form_of(turn, held.unlocked, grant.asker.org, grant.mandate)
    if not form.history:
        raise Denial("mandate", "this mandate does not name the history")
    return accesses.Leaving(turn, held.unlocked, grant, form)


def _check(turn: Turn, held: Holdings, asked: tuple[Grant, SignExport], of: Header) -> None:
    grant, form = asked
    found = exports.receiver(form)
    if (of.mandate, of.recipients) != (found.id, (bundle.slot_id(bundle.slot(found.staging)),)):
        raise Refused("bundle: it is for another receiver than the mandate names")
    if bundle.fingerprint(of.sender) != exporting.fingerprint(turn, held.unlocked, grant.asker.org):
        raise Refused("bundle: its sender is not this laboratory")
    if of.expires > min(form.until, found.until):
        raise Refused("bundle: it is good for longer than the mandates are")


def _sender(turn: Turn, held: Holdings, org: Org) -> answers.Sender:
    public = exporting.sender(turn, held, org).public()
    return answers.Sender(public.ed25519, public.mldsa44, bundle.fingerprint(public))


_SAID: dict[str, type[Trailer | Manifest]] = {"trailer": Trailer, "manifest": Manifest}

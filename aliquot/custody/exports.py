"""What may leave under an export mandate, of whom, and to whom: a fact that two people signed, and a list made here.

Whoever exports names nobody: custody lists the patients who have work in scope when the second person signs, refuses
the mandate if they are more than it says, and opens nobody else under it. A closed requisition is known here by its
week: it is in scope with its week. Source: HOUSE 3 (budgets); CONTROLS C4; docs/decisions/0016-the-way-out.md.
"""

from datetime import UTC, date, datetime, time, timedelta

import msgspec

from aliquot.custody import equipment, exporting, limits, services, store
from aliquot.custody.asker import Asker
from aliquot.custody.denial import Denial
from aliquot.custody.forms import SignExport
from aliquot.custody.history import Leaf
from aliquot.custody.holdings import Holdings
from aliquot.custody.portions import PORTIONS
from aliquot.custody.protocol import Act
from aliquot.custody.roles import Role
from aliquot.custody.store import Turn
from aliquot.custody.unlocked import Unlocked
from aliquot.ledger.entry import Step
from aliquot.terms import canonical, ids
from aliquot.terms.errors import Refused
from aliquot.terms.ids import Id, Org
from aliquot.terms.kinds import Harm, Kind
from aliquot.vault import bundle, mandate
from aliquot.vault.mandate import MandateDocument

EXPORTS = frozenset({"ExportDossier", "RunExport"})
"""What an export mandate covers, and what nothing else covers."""
FREE_TEXT = frozenset(
    {Kind.NOTE, Kind.CLINICAL_NOTE, Kind.COMMENT, Kind.IMPORT, Kind.MESSAGE, Kind.REPORT, Kind.DOCUMENT}
)
"""Kinds in which anything may stand: they leave only where a mandate names them; no draft does (CONTROLS B4)."""
_MAY_LEAVE = PORTIONS["ExportDossier"].reads
_WEEK = 7 * limits.DAY
_OLDEST, _LATEST = date(1900, 1, 1), date(2999, 12, 31)
_SCOPE = """
work.org = ? AND work.site IN (SELECT value FROM json_each(?)) AND work.opened < ?
AND (work.opened >= ? OR work.closed IS NOT NULL AND work.opened >= ?)
"""
_PATIENTS = f"""
SELECT DISTINCT subject.id FROM work JOIN subject ON subject.id = work.subject
WHERE subject.state = 'known' AND {_SCOPE} ORDER BY subject.id
"""  # noqa: S608  # both are constants


def check(turn: Turn, unlocked: Unlocked, org: Org, form: SignExport) -> None:
    """Whether this may be signed now.

    Raises:
        Denial: as `counted`; `count`.
    """
    there = counted(turn, unlocked, org, form)
    if not 0 < there <= form.allowed:
        raise Denial("count", f"{there} patients are in scope, and the mandate is for at most {form.allowed}")


def counted(turn: Turn, unlocked: Unlocked, org: Org, form: SignExport) -> int:
    """How many patients are in scope of what could be signed now, but perhaps for their number.

    Raises:
        Denial: `kinds`, `scope`, `receiver`, `sender`, `term`, `no-such-service`, `role`.
    """
    if len(set(form.kinds)) != len(form.kinds) or not kinds(form) <= _MAY_LEAVE:
        raise Denial("kinds", "a kind is named twice, or is not one that leaves")
    if not _OLDEST <= form.first_on <= form.last_on <= _LATEST or len(set(form.sites)) != len(form.sites):
        raise Denial("scope", "the days end before they begin, or a site is named twice")
    equipment.check_mandate(turn, org, form.service, form.until)
    service = services.find(turn, form.service)
    if service is None or service.role != Role.EXPORTER:
        raise Denial("role", "this service is no exporter")
    found = receiver(form)
    if found.until <= turn.now:
        raise Denial("receiver", "the mandate of the receiving side is over")
    if found.sender != exporting.fingerprint(turn, unlocked, org):
        raise Denial("sender", "the mandate of the receiving side names another sender than this laboratory")
    return len(_listed(turn, org, form))


def read(raw: bytes) -> SignExport:
    """What somebody would sign.

    Raises:
        Denial: `form`.
    """
    try:
        return _FORM.decode(raw)
    except canonical.UNREADABLE:
        raise Denial("form", "this is not what anybody signs so that records leave") from None


def kinds(form: SignExport) -> frozenset[Kind]:
    """The kinds that a mandate names.

    Raises:
        Denial: `kinds`.
    """
    try:
        return frozenset(Kind[name.upper()] for name in form.kinds)
    except KeyError:
        raise Denial("kinds", "this is not a kind of content") from None


def receiver(form: SignExport) -> MandateDocument:
    """What the receiving side signed: under which mandate of its own it takes the bundle, and with which key.

    It does not establish whose export key signed it: the signers are shown that key and compare it.

    Raises:
        Denial: `receiver`.
    """
    raw = form.receiver.encode()
    try:
        found = mandate.read(raw, mandate.key_of(raw))
    except Refused:
        raise Denial("receiver", "this is not the signed mandate of a receiving side") from None
    if len(bytes.fromhex(found.staging)) != bundle.SLOT_BYTES:
        raise Denial("receiver", "the mandate of the receiving side has no key to seal to")
    return found


def begin(turn: Turn, held: Holdings, identity: Id, form: SignExport, signers: tuple[bytes, ...]) -> None:
    """Two people have signed: the mandate is in force, and its patients are listed."""
    org = ids.org_of(identity)
    listed = _listed(turn, org, form)
    turn.db.execute(
        "INSERT INTO mandate (id, org, purpose, service, allowed, used, until, state)"
        " VALUES (?, ?, ?, ?, ?, 0, ?, 'in-force')",
        (identity, org, form.purpose, form.service, len(listed), store.micros(form.until)),
    )
    sealed = held.unlocked.box(org).seal(_label(identity), canonical.encode(form))
    turn.db.execute("INSERT INTO export (mandate, org, sealed) VALUES (?, ?, ?)", (identity, org, sealed))
    turn.db.executemany("INSERT INTO exported (mandate, subject) VALUES (?, ?)", [(identity, one) for one in listed])
    key = bundle.slot_id(bundle.slot(receiver(form).staging))
    leaf = Leaf("export.signed", Step.EVENT, signers[0].hex(), identity.hex(), n=len(listed), root=key)
    held.history.append(turn, org, leaf)


def form_of(turn: Turn, unlocked: Unlocked, org: Org, identity: bytes) -> SignExport:
    """What two people signed.

    Raises:
        Denial: `no-such-mandate`.
    """
    row = turn.db.execute("SELECT sealed FROM export WHERE mandate = ? AND org = ?", (identity, org)).fetchone()
    if row is None:
        raise Denial("no-such-mandate", "this organization has no such export mandate")
    return _FORM.decode(unlocked.box(org).open(_label(identity), row[0]))


def cover(turn: Turn, act: Act) -> None:
    """Whether the mandate of an act is for acts of its kind, and lists the patient whom the act is about.

    Raises:
        Denial: `mandate`.
    """
    exports = turn.db.execute("SELECT 1 FROM export WHERE mandate = ?", (act.mandate,)).fetchone() is not None
    if exports != (act.name in EXPORTS):
        raise Denial("mandate", "this mandate does not cover this")
    if act.name == "ExportDossier" and act.work:
        raise Denial("mandate", "the mandate says which requisitions leave, and nobody else does")
    listed = "SELECT 1 FROM exported WHERE mandate = ? AND subject = ?"
    if act.name == "ExportDossier" and not turn.db.execute(listed, (act.mandate, act.subject)).fetchone():
        raise Denial("mandate", "this patient is not on the mandate's list")


def portion(turn: Turn, unlocked: Unlocked, act: Act) -> tuple[frozenset[Kind], Harm, frozenset[bytes]]:
    """What the mandate of an act lets be opened of its patient: kinds, the worst class, requisitions."""
    org = ids.org_of(Id(act.subject))
    form = form_of(turn, unlocked, org, act.mandate)
    return kinds(form), Harm[form.harm.upper()], works(turn, org, form, act.subject)


def works(turn: Turn, org: Org, form: SignExport, patient: bytes) -> frozenset[bytes]:
    """The requisitions of a patient that a mandate is for."""
    query = f"SELECT work.id FROM work WHERE work.subject = ? AND {_SCOPE}"  # noqa: S608  # a constant
    return frozenset(work for (work,) in turn.db.execute(query, (patient, *_bounds(org, form))))


def days(form: SignExport) -> tuple[int, int]:
    """From when to before when, in microseconds."""
    return _midnight(form.first_on), _midnight(form.last_on + timedelta(days=1))


def opened(turn: Turn, held: Holdings, asker: Asker, act: Act) -> None:
    """A patient was opened under an export mandate, which the patient can be told; the first one rings."""
    turn.db.execute(
        "UPDATE exported SET opened = ? WHERE mandate = ? AND subject = ? AND opened IS NULL",
        (turn.at, act.mandate, act.subject),
    )
    query = "UPDATE export SET begun = ? WHERE mandate = ? AND begun IS NULL"
    if turn.db.execute(query, (turn.at, act.mandate)).rowcount:
        (n,) = turn.db.execute("SELECT allowed FROM mandate WHERE id = ?", (act.mandate,)).fetchone()
        held.alarm(turn, asker.org, "export-begun", person=asker.person, n=n)


def told_of(turn: Turn, unlocked: Unlocked, org: Org, identity: bytes) -> str:
    """To whom records were given under an export mandate, and what for: what a patient can be told."""
    form = form_of(turn, unlocked, org, identity)
    return f"{form.recipient}: {form.purpose}"


def _listed(turn: Turn, org: Org, form: SignExport) -> list[bytes]:
    return [subject for (subject,) in turn.db.execute(_PATIENTS, _bounds(org, form))]


def _bounds(org: Org, form: SignExport) -> tuple[Org, str, int, int, int]:
    since, until = days(form)
    sites = msgspec.json.encode(form.sites).decode()
    return org, sites, until, since, since - since % _WEEK


def _midnight(on: date) -> int:
    return store.micros(datetime.combine(on, time(), UTC))


def _label(identity: bytes) -> str:
    return f"export {identity.hex()}"


_FORM = msgspec.json.Decoder(SignExport)

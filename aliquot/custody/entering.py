"""Entering an act: decide, count, write history, and only then let it begin.

Everything that can refuse comes before the first change, so that one refused act leaves its neighbours untouched.
"""

import hmac
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from aliquot.custody import budgets, explanation, exports, holdings, migrations, sessions, store, subjects
from aliquot.custody.asker import Asker
from aliquot.custody.budgets import Weighing
from aliquot.custody.denial import Denial
from aliquot.custody.explanation import Explanation, Why
from aliquot.custody.grants import Grant
from aliquot.custody.history import Leaf
from aliquot.custody.holdings import Holdings
from aliquot.custody.policy import Question
from aliquot.custody.portions import PORTIONS, About, Portion
from aliquot.custody.protocol import Act, Denied, Enter, Entered, Granted
from aliquot.custody.store import Turn
from aliquot.custody.subjects import Subject
from aliquot.ledger.entry import Step
from aliquot.terms import canonical, ids
from aliquot.terms.ids import Id
from aliquot.terms.kinds import Kind
from aliquot.vault.keystore import INSTALLATION

_ID_BYTES = 16
_ORG_BYTES = 4
_OPENS_WORK = frozenset({"PlaceOrder", "LoadHistory"})
_DAY = 86_400 * 1_000_000
_IDLE = 10 * 60 * 1_000_000
"""After ten minutes at rest a session signs nothing without a fresh factor (DOMAIN S2), in microseconds."""


@dataclass(frozen=True)
class _Earlier:
    """An act of the same id and content that was entered before; `here`, in this session and on this day."""

    state: str
    here: bool


@dataclass(frozen=True)
class _Known:
    """What custody knows of what a request names: acts by id, whose a requisition is, letters that it opened."""

    acts: dict[bytes, tuple[Any, ...]]  # Any: the columns of an act
    works: dict[bytes, bytes]
    letters: frozenset[tuple[int, bytes]]


def enter(turn: Turn, held: Holdings, request: Enter) -> Entered:
    """Decide each act of a request, in order; the refused ones are in the history too."""
    asker = sessions.asker(turn, held.unlocked, request.ticket)
    at_home = {act.subject[:_ORG_BYTES]: _at_home(held, asker, act) for act in request.acts}
    known = _known(turn, request.acts)
    outcomes = tuple(_decide(turn, held, at_home[act.subject[:_ORG_BYTES]], act, known) for act in request.acts)
    head = held.history.head(at_home[request.acts[0].subject[:_ORG_BYTES]].org if request.acts else asker.org)
    return Entered(outcomes, head.size, head.root)


def _known(turn: Turn, acts: Sequence[Act]) -> _Known:
    """Asked once for a whole request. Entering changes none of it but the acts themselves (`_write_history`)."""
    entered = "SELECT id, actor, name, subject, work, digest, state, session, entered FROM act WHERE id IN"
    works = sorted({act.work for act in acts if act.work})
    letters = sorted({act.letter for act in acts if act.letter})
    return _Known(
        {row[0]: row[1:] for row in store.among(turn, entered, [act.id for act in acts])},
        dict(store.among(turn, "SELECT id, subject FROM work WHERE id IN", works)),
        frozenset(store.among(turn, "SELECT number, org FROM letter WHERE number IN", letters)),
    )


def _at_home(held: Holdings, asker: Asker, act: Act) -> Asker:
    """A service of the installation serves every laboratory, in each act only the one that the act is about."""
    org = ids.org_of(Id(act.subject))
    if asker.service and asker.org == INSTALLATION and held.unlocked.serves(org):
        return replace(asker, org=org)
    return asker


def _decide(turn: Turn, held: Holdings, asker: Asker, act: Act, known: _Known) -> Granted | Denied:
    try:
        return _enter(turn, held, asker, act, known)
    except Denial as denial:
        _refused(turn, held, asker, act)
        held.ring(turn, budgets.refused(turn, asker, denial.code))
        return Denied(act.id, denial.code, denial.reason)


def _enter(turn: Turn, held: Holdings, asker: Asker, act: Act, known: _Known) -> Granted:
    portion = _portion(act)
    _check_home(asker, act, portion)
    earlier = _earlier(turn, held, asker, act, known)
    if earlier is not None and earlier.state != "entered":
        return Granted(act.id, b"", 0, earlier.state)
    subject = _subject(turn, held, act, portion, earlier)
    _check_causes(known, asker, act)
    factor = bool(sessions.fresh_factor(turn, held.unlocked, held.passkeys, asker, act))
    if act.factor is not None and not factor:
        raise Denial("factor", "this confirmation is not right, or was used before; confirm again")
    found = explanation.explain(turn, asker, act, portion, factor=factor)
    _ask_policies(turn, held, asker, act, found)
    exported = exports.portion(turn, held.unlocked, act) if act.name == "ExportDossier" else None
    if exported is not None:
        portion = replace(portion, reads=portion.reads & exported[0], harm=exported[1])
    weighing = budgets.weigh(turn, asker, act, portion, found)
    shown = budgets.shown_already(turn, asker, act, portion)
    # From here on nothing refuses.
    if subject is None:
        subject = subjects.create(turn, held.unlocked, held.journal, Id(act.subject))
    elif subject.state == subjects.LOST:
        subjects.begin_again(turn, subject)
    if not shown:
        # An act that is asked for again may show more than it did at first, and pays for that; a patient who was
        # counted today costs nothing more.
        rung = budgets.spend(turn, asker, act, weighing)
        held.ring(turn, rung, subject=act.subject, reason=act.reason)
    if not shown and not (earlier is not None and earlier.here):
        meant = _write_history(turn, held, asker, act, (subject, portion.reads))
        whose = (asker.person, act.name, act.subject, act.work)
        known.acts[act.id] = (*whose, meant, "entered", asker.session, turn.at)
        if act.name == "ConfirmOrder":
            budgets.work_confirmed(turn, (act.work,), "factor")
    leave = _leave(asker, act, _narrowed(portion, weighing), subject)
    if exported is not None:
        exports.opened(turn, held, asker, act)
        leave.works = exported[2]
    return _grant(turn, held, leave)


def _narrowed(portion: Portion, weighing: Weighing) -> Portion:
    if weighing.scope is portion.scope and not weighing.withheld:
        return portion
    return replace(portion, scope=weighing.scope, reads=portion.reads - weighing.withheld)


def _portion(act: Act) -> Portion:
    portion = PORTIONS.get(act.name)
    if portion is None:
        raise Denial("unknown-act", "there is no act of this name")
    if len(act.work) not in {0, _ID_BYTES}:
        raise Denial("malformed", "an id has 16 bytes")
    return portion


def _check_home(asker: Asker, act: Act, portion: Portion) -> None:
    """An act and its subject belong to the asker's organization, which is itself the subject of its own acts only."""
    if {ids.org_of(Id(act.subject)), ids.org_of(Id(act.id))} != {asker.org}:
        raise Denial("other-organization", "this belongs to another organization")
    own = act.subject == holdings.organization(asker.org)
    if own != (portion.about is About.ORGANIZATION) and portion.about is not About.LETTER:
        raise Denial("malformed", "this act is not about that")


def _earlier(turn: Turn, held: Holdings, asker: Asker, act: Act, known: _Known) -> _Earlier | None:
    row = known.acts.get(act.id)
    if row is None:
        return None
    actor, name, subject, work, meant, state, session, entered = row
    same = (actor, name, subject, work) == (asker.person, act.name, act.subject, act.work)
    if not same or not hmac.compare_digest(meant, _meant(held, act)):
        raise Denial("act-reused", "this form was already sent with other content; open it anew")
    return _Earlier(state, session == asker.session and entered // _DAY == turn.at // _DAY)


def _meant(held: Holdings, act: Act) -> bytes:
    """What has to stay the same under one act id, beside whose act it is and about what; keyed, for forms are short.

    The letter is not among it: a machine that sends again has its message in another letter, and does the same act.
    """
    said = canonical.encode([act.digest.hex(), act.purpose, act.mandate.hex(), act.reason])
    return held.unlocked.digest(ids.org_of(Id(act.subject)), "act", said)


def _subject(turn: Turn, held: Holdings, act: Act, portion: Portion, earlier: _Earlier | None) -> Subject | None:
    """The subject with its key open, or nothing for a patient that this act is about to make known."""
    subject = held.subject(turn, Id(act.subject))
    if subject is None and subjects.is_shredded(turn, act.subject):
        raise Denial("shredded", "what was kept about this patient was erased")
    if portion.about is About.NEW_PATIENT:
        if subject is not None and earlier is None and not _may_begin(turn, act, subject):
            raise Denial("act-reused", "this patient is registered already")
        return subject
    if subject is None or (subject.state != subjects.KNOWN and portion.about is About.PATIENT):
        raise Denial("unknown-subject", "no such record here")
    return subject


def _may_begin(turn: Turn, act: Act, subject: Subject) -> bool:
    """Whether who has a key is not registered all the same: it was lost, or begun under a mandate that is over."""
    begun = subject.state == subjects.PENDING
    return subject.state == subjects.LOST or (begun and migrations.was_given_up(turn, act.mandate, subject.id))


def _check_causes(known: _Known, asker: Asker, act: Act) -> None:
    """A requisition is named only by an act about its own patient; one that is not there yet is about to be opened.

    A letter is named only by a service, and only if custody itself opened it: it is what confirms work.
    """
    opens = act.name in _OPENS_WORK
    if act.work or opens:
        whose = known.works.get(act.work)
        if not act.work or (whose is None) != opens or (whose is not None and whose != act.subject):
            raise Denial("unknown-work", "this requisition is not one of this patient's")
    opened = (act.letter, ids.org_of(Id(act.subject))) in known.letters
    if act.letter and not (opened and asker.service):
        raise Denial("unknown-letter", "no letter of this number was opened for this organization")


def _ask_policies(turn: Turn, held: Holdings, asker: Asker, act: Act, found: Explanation) -> None:
    question = Question(
        act=act.name,
        roles=asker.roles,
        purpose=act.purpose,
        service=bool(asker.service),
        same_org=act.subject[:4] == asker.org,
        explained=found.why not in {Why.NONE, Why.CANDIDATE},
        confirmed=found.why in {Why.WORK, Why.CLOSED},
        factor=found.factor or found.why is Why.GRACE,
        mandate=found.why is Why.MANDATE,
        idle=not asker.service and turn.at - asker.seen > _IDLE,
    )
    if not held.policies.decide(question).allowed:
        raise Denial("forbidden", "your roles do not allow this here")


def _write_history(turn: Turn, held: Holdings, asker: Asker, act: Act, shows: tuple[Subject, frozenset[Kind]]) -> bytes:
    """Write the act down, with the kinds that it shows; the answer is what of it has to stay the same."""
    subject, kinds = shows
    held.history.append(
        turn,
        asker.org,
        Leaf(
            act=act.name,
            step=Step.ENTER,
            actor=asker.person.hex(),
            id=act.id.hex(),
            ses=asker.session.hex()[:16],
            why=act.purpose,
            pat=subject.card.pseudonym,
            portion=tuple(sorted(kind.name.lower() for kind in kinds)),
            subject=act.subject,
        ),
    )
    reason = subjects.seal(subject, "reason", act.reason.encode()) if act.reason else None
    meant = _meant(held, act)
    turn.db.execute(
        "INSERT INTO act (id, org, name, actor, session, subject, work, letter, mandate, digest, state, entered,"
        " reason) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, 'entered', ?, ?)"
        " ON CONFLICT (id) DO UPDATE SET session = excluded.session, entered = excluded.entered",
        (
            *(act.id, asker.org, act.name, asker.person, asker.session, act.subject, act.work),
            *(act.letter, act.mandate, meant, turn.at, reason),
        ),
    )
    return meant


def _refused(turn: Turn, held: Holdings, asker: Asker, act: Act) -> None:
    known = act.name in PORTIONS
    leaf = Leaf(
        act=act.name if known else "unknown",
        step=Step.REFUSED,
        actor=asker.person.hex(),
        id=act.id.hex(),
        ses=asker.session.hex()[:16],
    )
    held.history.append(turn, asker.org, leaf)


def _grant(turn: Turn, held: Holdings, grant: Grant) -> Granted:
    held.grants.give(turn, grant)
    return Granted(grant.act, grant.token, grant.subject.kept, "")


def _leave(asker: Asker, act: Act, portion: Portion, subject: Subject) -> Grant:
    return Grant(
        token=b"",
        act=Id(act.id),
        name=act.name,
        asker=asker,
        subject=subject,
        portion=portion,
        work=act.work,
        letter=act.letter,
        mandate=act.mandate,
        digest=act.digest,
        expires=0,
    )

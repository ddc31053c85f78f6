"""Who may change who may do what: one person for most things, two for whatever could undo the rest.

What two people want stays sealed and `waiting` until the second one approves; neither of them may be the one whom it
favours. The caller has already decided the act `Administer` with a fresh factor over the form.
"""

from collections.abc import Sequence
from datetime import timedelta
from enum import StrEnum

import msgspec

from aliquot.custody import (
    cutting,
    equipment,
    erasure,
    exports,
    forms,
    invitations,
    losses,
    migrations,
    people,
    samples,
    sessions,
    steps,
    store,
)
from aliquot.custody.asker import Asker
from aliquot.custody.denial import Denial
from aliquot.custody.forms import Change
from aliquot.custody.invitations import Invitation
from aliquot.custody.people import Held, Named, Person, State
from aliquot.custody.protocol import Governed
from aliquot.custody.roles import KEPT_ROLES, SERVICES, TWO_PEOPLE, Role
from aliquot.custody.store import Turn
from aliquot.custody.unlocked import Unlocked
from aliquot.terms import canonical, ids
from aliquot.terms.ids import Id, Org

PROPOSERS = frozenset({Role.ADMINISTRATOR, Role.DIRECTOR})
APPROVERS = frozenset({Role.ADMINISTRATOR, Role.DIRECTOR, Role.PRIVACY_OFFICER})
OFFICERS = frozenset({Role.DIRECTOR, Role.PRIVACY_OFFICER})
"""Bulk work and what was lost are the laboratory's decision and its privacy officer's, and not technical ones."""
WAITING = timedelta(days=7)


class Progress(StrEnum):
    """How far a change has come."""

    WAITING = "waiting"
    IN_FORCE = "in-force"
    REJECTED = "rejected"


class Founder(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One of the first people of an organization, with the roles that they begin with at one site."""

    login: str
    name: str
    roles: tuple[Role, ...]
    site: str


class Waiting(msgspec.Struct, frozen=True):
    """A change that waits for its second person. `digest` is what that person confirms."""

    id: bytes
    proposed_by: bytes
    proposed: int
    change: Change
    digest: bytes


class _Founding(msgspec.Struct, frozen=True):
    founders: tuple[Founder, ...]


def govern(turn: Turn, unlocked: Unlocked, asker: Asker, form: forms.Form) -> Governed:
    """Do what a form says: propose, approve or reject. Raises as these three."""
    match form:
        case forms.Approve():
            return approve(turn, unlocked, asker, form)
        case forms.Reject():
            return reject(turn, unlocked, asker, form)
        case _:
            return propose(turn, unlocked, asker, form)


def propose(turn: Turn, unlocked: Unlocked, asker: Asker, change: Change) -> Governed:
    """Bring a change into force, or have it wait for a second person. A mandate has the id of its change.

    Raises:
        Denial: `not-yours` to ask for; `own`, if it would favour the asker; `no-such-...` or another code of the
            change itself.
    """
    _may(asker, _proposers(change))
    _check(turn, unlocked, asker, change)
    _check_compared(turn, change, asker.person)
    identity = ids.new(asker.org, turn.now)
    two = _needs_two(turn, change)
    once = b"" if two else _apply(turn, unlocked, identity, change)
    state = Progress.WAITING if two else Progress.IN_FORCE
    _keep(turn, unlocked, identity, change, (state, asker.person))
    return Governed(identity, "waiting" if two else "in-force", once)


def approve(turn: Turn, unlocked: Unlocked, asker: Asker, form: forms.Approve) -> Governed:
    """A second person brings a waiting change into force; what it tells once is told to them.

    1. It waits, in this organization, since at most a week, and is what the approver saw.
    2. The approver holds the right role, did not propose it, and is not whom it favours.
    3. Who proposed it could still propose it, and it still makes sense.

    Raises:
        Denial: `no-such-change`, `lapsed`, `other-form` (1); `not-yours`, `second-person` (2); as `propose` (3).
    """
    identity, waiting = _waiting_change(turn, unlocked, asker.org, form.id)
    if waiting.digest.hex() != form.digest:
        raise Denial("other-form", "this is not the change that waits")
    change = waiting.change
    _may(asker, _approvers(change))
    if asker.person in (waiting.proposed_by, _favoured(change)):
        raise Denial("second-person", "somebody else must approve this")
    proposer = _proposer(turn, unlocked, waiting)
    if parts(change) and not steps.filled(parts(change), (proposer.roles, asker.roles)):
        raise Denial("second-person", "somebody with the other role must approve this")
    if isinstance(change, forms.Erasing) and not erasure.both(proposer.roles, asker.roles):
        raise Denial("second-person", "a privacy officer and a director decide this together")
    _check(turn, unlocked, proposer, change)
    _check_compared(turn, change, proposer.person, asker.person)
    once = _apply(turn, unlocked, identity, change)
    _decide(turn, identity, Progress.IN_FORCE, asker)
    return Governed(identity, "in-force", once)


def reject(turn: Turn, unlocked: Unlocked, asker: Asker, form: forms.Reject) -> Governed:
    """What waits will not come: said by one who could approve it or any other change, or by who asked for it.

    Raises:
        Denial: `no-such-change`, `not-yours`.
    """
    identity = Id(bytes.fromhex(form.id))
    row = turn.db.execute(
        "SELECT id, sealed, proposed_by, proposed FROM change WHERE id = ? AND org = ? AND state = ?",
        (identity, asker.org, Progress.WAITING),
    ).fetchone()
    if row is None:
        raise _no_such_change()
    waiting = _opened(unlocked, asker.org, row)
    if waiting.proposed_by != asker.person:
        _may(asker, APPROVERS | _approvers(waiting.change))
    _decide(turn, identity, Progress.REJECTED, asker)
    return Governed(identity, "in-force", b"")


def in_force(turn: Turn, unlocked: Unlocked, identity: bytes) -> tuple[Change, tuple[bytes, ...]] | None:
    """A change that came into force, with those who wanted it, the proposer first; nothing for one that did not."""
    row = turn.db.execute(
        "SELECT org, sealed, proposed_by, decided_by FROM change WHERE id = ? AND state = ?",
        (identity, Progress.IN_FORCE),
    ).fetchone()
    if row is None:
        return None
    org, sealed, *people_ = row
    return forms.change(unlocked.box(org).open(_label(identity), sealed)), tuple(filter(None, people_))


def parts(change: Change) -> tuple[steps.Part, ...]:
    """Which roles the people of a migration must hold between them; nothing for any other change."""
    match change:
        case forms.SignMigration() | forms.SignExport():
            return steps.TWO_SIGN
        case forms.StepMigration():
            return steps.RULES[change.step].parts
        case _:
            return ()


def found(turn: Turn, unlocked: Unlocked, org: Org, founders: Sequence[Founder]) -> tuple[Invitation, ...]:
    """The very first people of an organization: an administrator, a director and a privacy officer, three people.

    Raises:
        Denial: `founded` already, or `founders` if one of the three is missing or two of them are one person.
    """
    if turn.db.execute("SELECT 1 FROM person WHERE org = ?", (org,)).fetchone():
        raise Denial("founded", "this organization has people already; they enrol the others")
    _three(founders)
    _keep(turn, unlocked, ids.new(org, turn.now), _Founding(tuple(founders)), (Progress.IN_FORCE, b""))
    return tuple(_founder(turn, unlocked, org, founder) for founder in founders)


def waiting(turn: Turn, unlocked: Unlocked, org: Org) -> tuple[Waiting, ...]:
    """What waits for a second person, oldest first, opened."""
    rows = turn.db.execute(
        "SELECT id, sealed, proposed_by, proposed FROM change WHERE org = ? AND state = ? AND proposed > ?"
        " ORDER BY proposed, id",
        (org, Progress.WAITING, store.micros(turn.now - WAITING)),
    ).fetchall()
    return tuple(_opened(unlocked, org, row) for row in rows)


def _may(asker: Asker, allowed: frozenset[Role]) -> None:
    if asker.service or not asker.roles & allowed:
        raise Denial("not-yours", "this is for another role to decide")


def _proposers(change: Change) -> frozenset[Role]:
    if isinstance(change, forms.SignMigration | forms.StepMigration | forms.SignExport):
        return frozenset().union(*parts(change))
    return OFFICERS if isinstance(change, forms.AcknowledgeLost | forms.Erasing) else PROPOSERS


def _approvers(change: Change) -> frozenset[Role]:
    if isinstance(change, forms.SignMigration | forms.StepMigration | forms.SignExport):
        return _proposers(change)
    return OFFICERS if isinstance(change, forms.SignMandate | forms.AcknowledgeLost | forms.Erasing) else APPROVERS


def _check(turn: Turn, unlocked: Unlocked, asker: Asker, change: Change) -> None:
    """Whether the change makes sense now; nothing is written before all of it does."""
    match change:
        case forms.GrantRole() | forms.RenewPerson() | forms.ResetFactors():
            _member(turn, unlocked, asker, change.person)
            if bytes.fromhex(change.person) == asker.person:
                raise Denial("own", "nobody changes their own roles, term or factors here")
            _check_favour(turn, change)
        case forms.EndPerson():
            _member(turn, unlocked, asker, change.person)
            _not_last(turn, asker.org, bytes.fromhex(change.person), KEPT_ROLES)
        case forms.EndRole():
            _member(turn, unlocked, asker, change.person)
            _check_end(turn, asker.org, change)
        case forms.EnrolPerson():
            people.check_free(turn, unlocked, change.login)
            people.check_term(turn, change.until, people.LONGEST_TERM)
        case forms.SignMigration():
            migrations.check_sign(turn, unlocked, asker.org, change)
        case forms.SignExport():
            exports.check(turn, unlocked, asker.org, change)
        case forms.StepMigration():
            cutting.check(turn, unlocked, migrations.check_step(turn, asker.org, change), change)
        case forms.AcknowledgeLost():
            losses.check(turn, unlocked, asker.org, change.acts)
        case forms.ShredPatient() | forms.PlaceHold() | forms.LiftHold():
            erasure.check(turn, asker.org, change)
        case _:
            equipment.check(turn, asker.org, change)


def _check_compared(turn: Turn, change: Change, *people_: bytes) -> None:
    """Who answers for it that two systems agree has compared the dossiers that were drawn."""
    if isinstance(change, forms.StepMigration) and change.step is steps.Step.RECONCILE:
        for person in people_:
            samples.check(turn, bytes.fromhex(change.mandate), person)


def _check_favour(turn: Turn, change: forms.GrantRole | forms.RenewPerson | forms.ResetFactors) -> None:
    if isinstance(change, forms.GrantRole) and change.role in SERVICES:
        raise Denial("role", "this role is for services, and given by their enrolment")
    if not isinstance(change, forms.ResetFactors) and change.until is not None:
        people.check_term(turn, change.until, people.LONGEST_TERM)


def _check_end(turn: Turn, org: Org, change: forms.EndRole) -> None:
    person = bytes.fromhex(change.person)
    places = [one.site for one in people.held(turn, person) if one.role == change.role]
    if change.site not in places:
        raise Denial("no-such-role", "this role is not held at this site")
    if places == [change.site]:
        _not_last(turn, org, person, KEPT_ROLES & {change.role})


def _needs_two(turn: Turn, change: Change) -> bool:
    match change:
        case forms.GrantRole():
            return change.role in TWO_PEOPLE
        case forms.ResetFactors():
            # Whoever asks gets the invitation: alone, an administrator could become the director.
            return bool(people.roles(people.held(turn, bytes.fromhex(change.person))) & TWO_PEOPLE)
        case forms.AcknowledgeLost():
            return True
        case forms.SignMandate() | forms.EnrolService() | forms.EnrolListener():
            # A service of one's own reads letters, a listener of one's own confirms orders.
            return True
        case forms.SignMigration() | forms.StepMigration() | forms.SignExport():
            return len(parts(change)) > 1
        case forms.ShredPatient() | forms.LiftHold():
            return True
        case _:
            return False


def _apply(turn: Turn, unlocked: Unlocked, identity: Id, change: Change) -> bytes:
    org = ids.org_of(identity)
    match change:
        case forms.EnrolPerson():
            person = people.enrol(turn, unlocked, org, Named(change.login, change.name), until=change.until)
            return canonical.encode(invitations.invite(turn, unlocked, person, change.login))
        case forms.ResetFactors():
            return canonical.encode(_reset(turn, unlocked, Id(bytes.fromhex(change.person))))
        case forms.RenewPerson():
            people.renew(turn, bytes.fromhex(change.person), change.until)
        case forms.GrantRole():
            until = None if change.until is None else store.micros(change.until)
            people.grant(turn, bytes.fromhex(change.person), Held(change.role, change.site, until))
        case forms.EndRole():
            people.end_role(turn, bytes.fromhex(change.person), change.role, change.site)
        case forms.EndPerson():
            sessions.leave(turn, Id(bytes.fromhex(change.person)))
        case forms.SignMigration() | forms.StepMigration() | forms.SignExport():
            # It takes effect in `custody.staging` or `custody.exports`, which have the history and the grants.
            pass
        case forms.ShredPatient() | forms.PlaceHold() | forms.LiftHold():
            # The same, in `custody.erasure`.
            pass
        case forms.AcknowledgeLost():
            losses.acknowledge(turn, identity, change.acts)
        case _:
            equipment.apply(turn, identity, change)
    return b""


def _reset(turn: Turn, unlocked: Unlocked, person: Id) -> Invitation:
    known = people.by_id(turn, unlocked, person)
    if known is None:
        raise _no_such_person()
    sessions.end_all(turn, person)
    return invitations.invite(turn, unlocked, person, known.login)


def _member(turn: Turn, unlocked: Unlocked, asker: Asker, reference: str) -> Person:
    # Somebody of another laboratory is answered like nobody.
    person = people.by_id(turn, unlocked, bytes.fromhex(reference)) if _ours(asker, reference) else None
    if person is None or person.state is State.ENDED:
        raise _no_such_person()
    return person


def _ours(asker: Asker, reference: str) -> bool:
    return ids.org_of(ids.parse(reference)) == asker.org


def _not_last(turn: Turn, org: Org, person: bytes, ending: frozenset[Role]) -> None:
    for role in sorted(ending):
        if people.holders(turn, org, role) == {person}:
            raise Denial("last-of-role", "nobody else holds this role: grant it to another first")


def _favoured(change: Change) -> bytes:
    return bytes.fromhex(change.person) if isinstance(change, forms.GrantRole | forms.ResetFactors) else b""


def _proposer(turn: Turn, unlocked: Unlocked, waiting: Waiting) -> Asker:
    person = people.by_id(turn, unlocked, waiting.proposed_by)
    if person is None or not people.usable(turn, person):
        raise Denial("not-yours", "who asked for this may no longer ask")
    held = people.held(turn, person.id)
    asker = Asker(b"", person.id, person.name, person.org, people.roles(held), people.sites(held), "", 0, 0)
    _may(asker, _proposers(waiting.change))
    return asker


def _keep(
    turn: Turn, unlocked: Unlocked, identity: Id, form: Change | _Founding, decision: tuple[Progress, bytes]
) -> None:
    org = ids.org_of(identity)
    state, proposer = decision
    turn.db.execute(
        "INSERT INTO change (id, org, kind, state, sealed, proposed_by, proposed) VALUES (?, ?, ?, ?, ?, ?, ?)",
        (
            identity,
            org,
            type(form).__name__.strip("_"),
            state,
            unlocked.box(org).seal(_label(identity), canonical.encode(form)),
            proposer,
            turn.at,
        ),
    )


def _decide(turn: Turn, identity: Id, state: Progress, asker: Asker) -> None:
    turn.db.execute(
        "UPDATE change SET state = ?, decided_by = ?, decided = ? WHERE id = ?",
        (state, asker.person, turn.at, identity),
    )


def _waiting_change(turn: Turn, unlocked: Unlocked, org: Org, reference: str) -> tuple[Id, Waiting]:
    identity = ids.parse(reference)
    row = turn.db.execute(
        "SELECT id, sealed, proposed_by, proposed FROM change WHERE id = ? AND org = ? AND state = ?",
        (identity, org, Progress.WAITING),
    ).fetchone()
    if row is None:
        raise _no_such_change()
    if turn.now > store.instant(row[3]) + WAITING:
        raise Denial("lapsed", f"this has waited for more than {WAITING.days} days; ask for it again")
    return identity, _opened(unlocked, org, row)


def _opened(unlocked: Unlocked, org: Org, row: tuple[bytes, bytes, bytes, int]) -> Waiting:
    identity, sealed, proposed_by, proposed = row
    change = forms.change(unlocked.box(org).open(_label(identity), sealed))
    return Waiting(identity, proposed_by, proposed, change, forms.digest(change))


def _three(founders: Sequence[Founder]) -> None:
    holding = {role: {founder.login for founder in founders if role in founder.roles} for role in KEPT_ROLES}
    one_each = all(len(logins) == 1 for logins in holding.values())
    if not one_each or len(set().union(*holding.values())) != len(KEPT_ROLES):
        raise Denial("founders", "an administrator, a director and a privacy officer, who are three people")
    if len({founder.login for founder in founders}) != len(founders):
        raise Denial("founders", "each founder has a login of their own")
    if any(founder.roles and SERVICES & set(founder.roles) for founder in founders):
        raise Denial("founders", "a person holds no role of a service")


def _founder(turn: Turn, unlocked: Unlocked, org: Org, founder: Founder) -> Invitation:
    named = Named(founder.login, founder.name)
    person = people.enrol(turn, unlocked, org, named, until=turn.now + people.LONGEST_TERM)
    for role in founder.roles:
        people.grant(turn, person, Held(role, founder.site, None))
    return invitations.invite(turn, unlocked, person, founder.login)


def _label(identity: bytes) -> str:
    return f"change {identity.hex()}"


def _no_such_person() -> Denial:
    return Denial("no-such-person", "nobody of this organization is meant by this")


def _no_such_change() -> Denial:
    return Denial("no-such-change", "no such change waits here")

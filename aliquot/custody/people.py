"""Who works here: a named person with a login, a term, and roles at sites. There is no built-in account.

Names and logins are sealed; a login is looked up by its token, which is unique in the installation.
"""

from collections.abc import Iterable
from datetime import datetime, timedelta
from enum import StrEnum

import msgspec

from aliquot.custody import store
from aliquot.custody.denial import Denial
from aliquot.custody.store import Turn
from aliquot.custody.unlocked import Unlocked
from aliquot.terms import canonical, ids
from aliquot.terms.ids import Id, Org
from aliquot.vault.keystore import INSTALLATION

DORMANT = timedelta(days=30)
"""An account that nobody has used for so long is a door that nobody watches (CONTROLS B1)."""
LONGEST_TERM = timedelta(days=366)
"""Every account ends by itself unless somebody wants it again (CONTROLS B1)."""


class State(StrEnum):
    """How far a person has come."""

    INVITED = "invited"
    """Enrolled, or without factors since a reset: has an invitation and cannot sign in."""
    ACTIVE = "active"
    ENDED = "ended"


class Person(msgspec.Struct, frozen=True):
    """One person as custody knows them. Instants are microseconds; `last_seen` is the last sign-in, 0 for none."""

    id: Id
    org: Org
    state: State
    login: str
    name: str
    created: int
    last_seen: int
    until: int


class Held(msgspec.Struct, frozen=True):
    """A role that a person holds at one site, until an instant in microseconds or for the person's whole term."""

    role: str
    site: str
    until: int | None


class Named(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How a person signs in and is called: the sealed part of a person."""

    login: str
    name: str


_COLUMNS = "id, org, state, sealed, created, coalesce(last_seen, 0), until"


def token(unlocked: Unlocked, login: str) -> int:
    """The number under which a login is looked up; capitals and spaces do not count.

    Raises:
        Unclear: the login is empty.
    """
    return unlocked.token(INSTALLATION, "login", login)


def enrol(turn: Turn, unlocked: Unlocked, org: Org, named: Named, *, until: datetime) -> Id:
    """A new person of an organization, without any role, who cannot sign in before an invitation is accepted.

    Raises:
        Denial: `login-taken`; `term`, if it has passed or is longer than a year.
    """
    login = check_free(turn, unlocked, named.login)
    check_term(turn, until, LONGEST_TERM)
    person = ids.new(org, turn.now)
    sealed = unlocked.box(org).seal(_label(person), canonical.encode(named))
    turn.db.execute(
        "INSERT INTO person (id, org, login, state, sealed, created, until) VALUES (?, ?, ?, ?, ?, ?, ?)",
        (person, org, login, State.INVITED, sealed, turn.at, store.micros(until)),
    )
    return person


def check_free(turn: Turn, unlocked: Unlocked, login: str) -> int:
    """The token of a login that nobody has or ever had: a login does not pass from one person to another.

    Raises:
        Denial: `login-taken`.
    """
    free = token(unlocked, login)
    if turn.db.execute("SELECT 1 FROM person WHERE login = ?", (free,)).fetchone():
        raise Denial("login-taken", "this login is taken")
    return free


def check_term(turn: Turn, until: datetime, longest: timedelta) -> None:
    """Nothing is granted for ever, nor for a time that has passed.

    Raises:
        Denial: `term`.
    """
    if not turn.now < until <= turn.now + longest:
        raise Denial("term", f"the end must lie ahead, and at most {longest.days} days")


def by_login(turn: Turn, unlocked: Unlocked, login: int) -> Person | None:
    """The person behind the token of a login."""
    return _one(turn, unlocked, "login = ?", login)


def by_id(turn: Turn, unlocked: Unlocked, person: bytes) -> Person | None:
    """The person with this id."""
    return _one(turn, unlocked, "id = ?", person)


def of(turn: Turn, unlocked: Unlocked, org: Org) -> tuple[Person, ...]:
    """Everybody who works or worked for an organization: the inventory of its accounts."""
    rows = turn.db.execute(f"SELECT {_COLUMNS} FROM person WHERE org = ? ORDER BY created, id", (org,))  # noqa: S608 - constant
    return tuple(_person(unlocked, row) for row in rows)


def usable(turn: Turn, person: Person) -> bool:
    """Whether the person has factors and a term that runs. Dormancy is a matter of signing in."""
    return person.state is State.ACTIVE and turn.at < person.until


def dormant(turn: Turn, person: Person) -> bool:
    """Whether nobody has signed in as this person for 30 days."""
    return turn.now > store.instant(person.last_seen) + DORMANT


def saw(turn: Turn, person: bytes) -> None:
    """The person has just proved who they are."""
    turn.db.execute("UPDATE person SET last_seen = ? WHERE id = ?", (turn.at, person))


def set_state(turn: Turn, person: bytes, state: State) -> None:
    """Invite again, make active, or end."""
    turn.db.execute("UPDATE person SET state = ? WHERE id = ?", (state, person))


def renew(turn: Turn, person: bytes, until: datetime) -> None:
    """The person stays longer."""
    turn.db.execute("UPDATE person SET until = ? WHERE id = ?", (store.micros(until), person))


def held(turn: Turn, person: bytes) -> tuple[Held, ...]:
    """The roles that a person holds at this instant."""
    rows = turn.db.execute(
        "SELECT role, site, until FROM role WHERE person = ? AND (until IS NULL OR until > ?) ORDER BY role, site",
        (person, turn.at),
    )
    return tuple(Held(*row) for row in rows)


def roles(held_now: Iterable[Held]) -> frozenset[str]:
    """The names of the roles, at whatever site."""
    return frozenset(one.role for one in held_now)


def sites(held_now: Iterable[Held]) -> frozenset[str]:
    """The sites at which a role is held."""
    return frozenset(one.site for one in held_now)


def grant(turn: Turn, person: bytes, role: Held) -> None:
    """The person holds a role; a role held already gets the new term."""
    turn.db.execute(
        "INSERT INTO role (person, role, site, granted, until) VALUES (?, ?, ?, ?, ?)"
        " ON CONFLICT (person, role, site) DO UPDATE SET granted = excluded.granted, until = excluded.until",
        (person, role.role, role.site, turn.at, role.until),
    )


def end_role(turn: Turn, person: bytes, role: str, site: str) -> None:
    """The person no longer holds a role at a site."""
    turn.db.execute("DELETE FROM role WHERE person = ? AND role = ? AND site = ?", (person, role, site))


def holders(turn: Turn, org: Org, role: str) -> frozenset[bytes]:
    """Who of an organization holds a role and has not ended, whether or not they can sign in at present."""
    rows = turn.db.execute(
        "SELECT person FROM role JOIN person ON person.id = role.person WHERE org = ? AND role = ? AND state != ?"
        " AND person.until > ? AND (role.until IS NULL OR role.until > ?)",
        (org, role, State.ENDED, turn.at, turn.at),
    )
    return frozenset(person for (person,) in rows)


def _one(turn: Turn, unlocked: Unlocked, where: str, key: bytes | int) -> Person | None:
    row = turn.db.execute(f"SELECT {_COLUMNS} FROM person WHERE {where}", (key,)).fetchone()  # noqa: S608 - constants
    return None if row is None else _person(unlocked, row)


def _person(unlocked: Unlocked, row: tuple[bytes, bytes, str, bytes, int, int, int]) -> Person:
    person, org, state, sealed, created, last_seen, until = row
    plain = unlocked.box(Org(org)).open(_label(person), sealed)
    named = msgspec.json.decode(plain, type=Named)
    return Person(Id(person), Org(org), State(state), named.login, named.name, created, last_seen, until)


def _label(person: bytes) -> str:
    return f"person {person.hex()}"

"""What a laboratory permits to be moved: the scope of a mandate, in the words that two people sign.

Columns are named as the old system names them. What is not named is not read; names that speak of passwords or
sessions cannot be named at all.
"""

import re
import unicodedata
from collections.abc import Iterable
from datetime import date
from typing import Annotated, Final

import msgspec

from aliquot.terms import handwriting, plain
from aliquot.terms.errors import Refused

Name = Annotated[str, msgspec.Meta(min_length=1, max_length=200, pattern=plain.WORDS)]
"""A table or a column as the old system calls it; one that does not show all that it says cannot be named."""
NameOrNothing = Annotated[str, msgspec.Meta(max_length=200, pattern=plain.WORDS)]

NEVER = re.compile(
    r"passw|passphrase|mot_?(de_?)?passe|mdp|pwd|(^|[^a-z])(pass|passe|passcode|pw|pin|otp|salt)($|[^a-z])"
    r"|(user|usr|login|db|auth)pass($|[^a-z])|pass(hash|key)|pw_?hash|pin_?code|code_?pin|totp"
    r"|(api|private|auth)_?key|kennwort|contrase|session|sess_?id|cookie|token|jeton|secret|credential",
    re.IGNORECASE,
)
"""Names of columns that never travel, whoever signs: what proves who somebody is (CONTROLS A5)."""
_PROOFS = re.compile(
    r"pass_?w(or)?ds?|pass_?phrases?|mots?_?(de_?)?passe|(^|_)(mdp|pwd|passwd|otp|totp|mfa|jwt)s?(_|$)|kenn_?w(o|oe)rt"
    r"|contrasen|credential|cookie|token|jeton|api_?keys?|cles?_api|private_?key"
)
"""Names of tables that hold nothing else: passwords, tokens, credentials."""
_SESSIONS = frozenset("session sessions sess ses secret secrets".split())  # noqa: SIM905 - read as one line
_BESIDE = frozenset(
    "user users usr utilisateur utilisateurs usager usagers staff admin client clients web http php asp net portail "  # noqa: SIM905 - read as lines
    "portal extranet internet login logins auth oauth sso django spring laravel symfony rails ci wp app appli "
    "application id ids data donnees info infos detail details attribute attributes key keys store storage log logs "
    "history historique histo hist active actives open current expired cache tmp temp old bak archive archives tbl tab "
    "table t tb public dbo sys system systeme security securite secure".split()
)
"""What stands beside the word in the name of a table of sessions of people who signed in."""


PROVES: Final = (
    "holds, by its name, what proves who somebody is (sessions, passwords, tokens), and never travels; if it holds "
    "something else, let source.toml or a view call it what it is"
)


class Follows(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Only rows whose `column` occurs as `of` in a row of `table` that is itself in scope."""

    column: Name
    table: Name
    of: Name


class Table(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One table of the source: the only columns that may be read, and which of them decide about a row.

    `dated` and `sited` are columns of `columns`; without them no row is dropped for its date or its site.
    """

    name: Name
    columns: Annotated[tuple[Name, ...], msgspec.Meta(min_length=1, max_length=500)]
    dated: NameOrNothing = ""
    sited: NameOrNothing = ""
    follows: Follows | None = None


class Scope(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What may be read: tables with their columns, days from `since` to `until` (both included), sites."""

    tables: Annotated[tuple[Table, ...], msgspec.Meta(min_length=1, max_length=200)]
    since: date
    until: date
    sites: tuple[Name, ...] = ()

    def table(self, name: str) -> Table:
        """The table of this name.

        Raises:
            Refused: the mandate does not name it.
        """
        for table in self.tables:
            if table.name == name:
                return table
        raise Refused(f"mandate: the table {name} is not in it")


def parse(toml: str) -> Scope:
    """A scope as people trimmed it; whether it can be signed says `check`.

    Raises:
        Refused: it is not TOML, or has a key that is not known; the message names the place.
    """
    return handwriting.read(toml, Scope, "mandate")


def called(source: str) -> str:
    """The name of a source as it is compared: who writes it with other capitals or spaces means the same one."""
    return " ".join(unicodedata.normalize("NFKC", source).casefold().split())


def is_within(scope: Scope, other: Scope) -> bool:
    """Whether another scope permits all that this one does: the same tables, these days, these sites."""
    return (
        {*scope.tables} <= {*other.tables}
        and other.since <= scope.since
        and scope.until <= other.until
        and {*scope.sites} <= {*other.sites}
    )


def proves(table: str) -> bool:
    """Whether a table, by its name, holds what proves who somebody is: then nothing of it travels, whoever signs.

    Passwords, tokens and credentials are told by a part of the name. A session is also one of vaccination, dialysis or
    an analyser: a table of them is refused where nothing else stands beside the word but what says who signed in where.
    """
    parted = unicodedata.normalize("NFKD", re.sub(r"([a-z])([A-Z])", r"\1_\2", table).casefold())
    name = "_".join(re.findall(r"[a-z]+", "".join(sign for sign in parted if not unicodedata.combining(sign))))
    parts = set(name.split("_"))
    return bool(_PROOFS.search(name) or (parts & _SESSIONS and parts <= _SESSIONS | _BESIDE))


def never(table: str, columns: Iterable[str]) -> list[str]:
    """Which of these columns of a table never travel: all of a table that `proves`, and those that `NEVER` names."""
    return [column for column in columns if proves(table) or NEVER.search(column)]


def check(scope: Scope) -> None:
    """Whether a scope says what it needs to say, and nothing that must never travel.

    Raises:
        Refused: it names the table and the column, never a value.
    """
    if scope.since > scope.until:
        raise Refused("mandate: it ends before it begins")
    names = [table.name for table in scope.tables]
    if len(set(names)) != len(names):
        raise Refused("mandate: a table is named twice")
    for table in scope.tables:
        _check(table, names)
    if any(table.sited for table in scope.tables) != bool(scope.sites):
        raise Refused("mandate: sites are named where a table has a column of sites, and only there")


def _check(table: Table, names: list[str]) -> None:
    if len(set(table.columns)) != len(table.columns):
        raise Refused(f"mandate: table {table.name}: a column is named twice")
    if proves(table.name):
        raise Refused(f"mandate: the table {table.name} {PROVES}")
    for column in never(table.name, table.columns):
        raise Refused(f"mandate: table {table.name}: the column {column} proves who somebody is and never travels")
    deciding = [table.dated, table.sited, table.follows.column if table.follows else ""]
    if not set(filter(None, deciding)) <= set(table.columns):
        raise Refused(f"mandate: table {table.name}: a column that decides about rows is not among its columns")
    if table.follows is not None and (table.follows.table not in names or table.follows.table == table.name):
        raise Refused(f"mandate: table {table.name}: it follows a table that is not named")

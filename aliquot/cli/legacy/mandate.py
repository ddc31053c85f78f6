"""`aliquot legacy mandate`: the draft of what two people sign, with every column that may travel, to be trimmed."""

import argparse
import hashlib
import json
import sys
from collections.abc import Iterator, Sequence
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

from aliquot.cli import amounts
from aliquot.cli.exits import Exit
from aliquot.cli.legacy import asked, breadth
from aliquot.terms import canonical, mandates, plain
from aliquot.terms.errors import Refused
from aliquot.terms.mandates import Scope

if TYPE_CHECKING:
    from aliquot.legacy.source import Header

LINE = "a draft of what may be read, to be trimmed and signed by two people"
TEXT = """\
`aliquot legacy mandate SOURCE > scope.toml` writes all tables and columns of an old system that may travel, in the form
in which two people sign them. Nothing is read but names. Take away every column that the purpose does not need; name
for each table the column of the day and of the site that decide about a row, or the table that it follows.

`aliquot legacy mandate SOURCE --check scope.toml` says whether what is left can be signed and names only what the
source has, and prints its digest; --json prints the scope as it is signed. Each table of which all rows of all days
would be read is named on standard error.

Whoever takes in the records that leave another installation (docs/manual/leaving.md) signs before there is a bundle to
look at: `aliquot legacy mandate --exit > scope.toml` writes what can be read of one, and needs no SOURCE, nor does its
--check."""


def describe(parser: argparse.ArgumentParser) -> None:
    """Which arguments it takes."""
    asked.source(parser, needed=False)
    parser.add_argument("--exit", action="store_true", help="of a bundle that leaves another installation; no SOURCE")
    parser.add_argument("--since", type=date.fromisoformat, default=None, metavar="DAY", help="first day, 2019-01-01")
    parser.add_argument("--until", type=date.fromisoformat, default=None, metavar="DAY", help="last day")
    parser.add_argument("--check", type=Path, default=None, metavar="FILE", help="look at a trimmed draft instead")
    asked.machine(parser)


def run(chosen: argparse.Namespace) -> int:
    """Write the draft, or look at one."""
    from aliquot.terms import clock

    until = chosen.until or clock.system().date()
    since = chosen.since or until.replace(year=until.year - 1, day=1)
    found = _found(chosen, since, until)
    if chosen.check is None:
        print("\n".join(_draft(found, since, until)))
        return Exit.DONE
    scope = read(chosen.check)
    _fits(scope, found)
    digest = hashlib.sha256(canonical.encode(scope)).hexdigest()
    columns = sum(len(table.columns) for table in scope.tables)
    for table in scope.tables:
        if not (table.dated or table.sited or table.follows):
            said = "all rows of all days: it names no column of the day or the site, and no table that it follows"
            print(plain.shown(f"table {table.name}: {said}"), file=sys.stderr)
    named = f"{amounts.of(len(scope.tables), 'table')}, {amounts.of(columns, 'column')}"
    said = f"{named}, {scope.since} to {scope.until}; digest {digest}"
    if chosen.json:
        print(canonical.encode(scope).decode())
    else:
        breadth.show(said)
    return Exit.DONE


def read(file: Path) -> Scope:
    """A scope as people trimmed it.

    Raises:
        Refused: it cannot be read, or cannot be signed; the message names the key.
    """
    try:
        text = file.read_text("utf-8")
    except (OSError, UnicodeDecodeError):
        raise Refused(f"{file.name}: it cannot be read") from None
    scope = mandates.parse(text)
    mandates.check(scope)
    return scope


def _found(chosen: argparse.Namespace, since: date, until: date) -> Sequence["Header"]:
    """The tables and columns there are to be named."""
    from aliquot.legacy import description, leaving, reading
    from aliquot.legacy.source import Header

    if chosen.exit == bool(chosen.source):
        raise Refused("name SOURCE, or --exit for what leaves another installation of Aliquot; not both")
    if chosen.exit:
        return [Header(table.name, table.columns) for table in leaving.scope(since, until).tables]
    return reading.columns(description.read(chosen.source), asked.password(chosen))


def _fits(scope: Scope, found: Sequence["Header"]) -> None:
    there = {header.table: set(header.columns) for header in found}
    for table in scope.tables:
        if table.name not in there:
            raise Refused(f"scope: table {table.name}: the source has none of this name")
        for column in table.columns:
            if column not in there[table.name]:
                raise Refused(f"scope: table {table.name}: the source has no column {column}")


def _draft(found: Sequence["Header"], since: date, until: date) -> Iterator[str]:
    yield "# What may be read. Take away every column that the purpose does not need; two people sign the rest."
    yield f"since = {since}"
    yield f"until = {until}"
    yield "sites = []            # as the old system writes them; needed where a table has a column of sites"
    for header in found:
        unseen = [name for name in (header.table, *header.columns) if not plain.is_plain(name)]
        never = mandates.never(header.table, header.columns)
        columns = [column for column in header.columns if column not in (*never, *unseen)]
        yield from (f"# cannot be named, it holds characters that nobody sees: {plain.shown(name)}" for name in unseen)
        if mandates.proves(header.table):
            yield ""
            yield plain.shown(f"# the table {header.table} {mandates.PROVES}")
        if not columns or header.table in unseen:
            continue
        yield ""
        yield "[[tables]]"
        yield f"name = {_text(header.table)}"
        yield "columns = ["
        yield from (f"  {_text(column)}," for column in columns)
        yield "]"
        yield 'dated = ""            # the column whose day decides whether a row is in the range'
        yield 'sited = ""            # the column with the site'
        yield '# follows = { column = "...", table = "...", of = "..." }   # only rows that a row there names'
        if never:
            yield plain.shown(f"# never travels, whoever signs: {', '.join(never)}")


def _text(name: str) -> str:
    return json.dumps(name, ensure_ascii=False).replace("\x7f", "\\u007f")

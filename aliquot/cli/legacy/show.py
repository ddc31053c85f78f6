"""`aliquot legacy show`: how far a migration is, who answered for which step, and what may follow."""

import argparse
import os
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from aliquot.cli import amounts, founding
from aliquot.cli.exits import Exit
from aliquot.cli.legacy import asked, breadth
from aliquot.terms import plain
from aliquot.terms.errors import Refused

if TYPE_CHECKING:
    from aliquot.custody.answers import Migration

LINE = "how far a migration is: its steps, who answered for them, what follows"
TEXT = """\
Shows the state of a migration, its steps with who took them, when and on which evidence (SHA-256), what may follow and
who must take it. A loader sees the migration of its own mandate: give the id. With --login a director, a privacy
officer or a biologist signs in with password and one-time code, and without an id sees all of the laboratory's.

With --document the signed mandate is written as a file for the site of an old system, where `carry` works under it.
Tell that site the laboratory's key in another way than the file: by telephone, or on paper."""


def describe(parser: argparse.ArgumentParser) -> None:
    """Which arguments it takes."""
    asked.loader(parser)
    parser.add_argument("mandate", nargs="?", default="", metavar="MANDATE", help="its id: 32 hexadecimal digits")
    parser.add_argument("--login", default="", metavar="NAME", help="a person, instead of the loader")
    parser.add_argument("--document", type=Path, default=None, metavar="FILE", help="write the signed mandate there")
    asked.machine(parser)


def run(chosen: argparse.Namespace) -> int:
    """Show it."""
    found = _of_person(chosen) if chosen.login else _of_loader(chosen)
    if chosen.document is not None:
        _write(chosen.document, found)
    if chosen.json:
        print(msgspec.json.encode(found).decode())
    else:
        breadth.show("\n\n".join("\n".join(lines(one)) for one in found) or "no laboratory is being moved here")
    return Exit.DONE


def lines(told: "Migration") -> Iterator[str]:
    """One migration as a terminal may have it."""
    return map(plain.shown, _lines(told))


def _write(file: Path, found: Sequence["Migration"]) -> None:
    """Put the document of the one migration down."""
    from aliquot.vault import whole

    if len(found) != 1:
        raise Refused("--document writes the mandate of one migration: give its id")
    try:
        whole.write(file, found[0].document.encode())
    except OSError as error:
        raise Refused(f"{file.name}: it cannot be written ({os.strerror(error.errno or 0)})") from None


def _of_loader(chosen: argparse.Namespace) -> tuple["Migration", ...]:
    if not chosen.mandate:
        raise Refused("a loader sees the migration of one mandate: name it; people see all with --login")
    founding.configure(chosen.home.absolute())
    from aliquot.cli.legacy import loader

    with loader.at_work(chosen, chosen.mandate) as working:
        return (working.told(),)


def _of_person(chosen: argparse.Namespace) -> tuple["Migration", ...]:
    from aliquot.cli import home

    installation = home.read(chosen.home)
    founding.configure(chosen.home.absolute())
    from aliquot.access import acts, door, migrating, people
    from aliquot.access.acts import ReadMigration
    from aliquot.cli import signin
    from aliquot.cli.legacy import loader
    from aliquot.terms import clock
    from aliquot.terms.purposes import Purpose

    mandate = loader.id_of(chosen.mandate) if chosen.mandate else b""
    actor = signin.actor(installation, chosen.login)
    try:
        meant = door.intent(actor, clock.system(), Purpose.HSYSADMIN)
        with door.enter(actor, ReadMigration(acts.organization(actor.org)), meant) as grant:
            return migrating.state(grant, mandate)
    finally:
        people.sign_out(actor)
        actor.line.hang_up()


def _lines(told: "Migration") -> Iterator[str]:
    from aliquot.custody.steps import OVER
    from aliquot.vault import mandate

    raw = told.document.encode()
    key = mandate.key_of(raw)
    signed = mandate.read(raw, key)
    scope = signed.scope
    yield f"{told.id}  {told.state}"
    yield f"  source {signed.source}, loader {signed.service}, {told.used:,} of {amounts.of(told.allowed, 'patient')}"
    sites = f", sites {', '.join(scope.sites)}" if scope.sites else ""
    yield f"  {scope.since} to {scope.until}{sites}; ends {told.until:%Y-%m-%d %H:%M} UTC"
    if told.state in OVER:
        yield "  staging was destroyed"
    else:
        yield f"  staging is destroyed {told.deadline:%Y-%m-%d %H:%M} UTC unless somebody signs before"
    yield from (f"  {table.name}: {', '.join(table.columns)}" for table in scope.tables)
    yield f"  laboratory's key {key.hex()}"
    if signed.sender:
        yield f"  sender {signed.sender}"
    yield "  steps"
    for one in told.steps:
        by = ", ".join(one.people)
        yield f"    {one.step:<10}{one.at:%Y-%m-%d %H:%M} UTC  {by}" + (f"  {one.evidence}" if one.evidence else "")
    yield from _next(told)


def _next(told: "Migration") -> Iterator[str]:
    from aliquot.cli.legacy import advice
    from aliquot.custody.steps import LOADS_IN, Step

    yield "  what may follow" if told.next else "  nothing follows: it is over"
    if told.state in LOADS_IN:
        yield f"    {'':<10}the loader: aliquot legacy load MAP SOURCE"
    for step in told.next:
        yield f"    {step:<10}{advice.who(Step(step), told.id)}"
    if told.next:
        yield "  SOURCE is source.toml of the old system, or the folder of what was carried; MAP is map.toml"

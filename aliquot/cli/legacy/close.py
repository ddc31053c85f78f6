"""`aliquot legacy close`: what was staged is erased, and a certificate says so for two people to sign."""

import argparse
import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from aliquot.cli import amounts, founding, home, layout
from aliquot.cli.exits import Exit
from aliquot.cli.legacy import asked, breadth
from aliquot.terms.errors import Refused

if TYPE_CHECKING:
    from aliquot.legacy.closing import Certificate, Closer

LINE = "erase what was staged, and certify it for two people to sign"
TEXT = """\
Erases what this migration left here (bundles, drafts, how far a load was), and writes a certificate of what was moved,
by whose signatures, and what was erased: certificate-DIGEST.json of the migration, and a PDF of it. Accounts with
counts and places stay. A director and a privacy officer then sign the digest, which destroys the staging key; typed
again after that, it prints the signed certificate. Killed halfway, it goes on where it stopped.

Of a migration that was aborted, or whose time ran out, it erases what is left here and certifies what was destroyed,
when, and who ended it. Nobody signs that: the key is gone, and the end stands in history.

The loader ended with the cut-over: this word asks custody with the worker's key, as the Unix user of `aliquot work`."""


def describe(parser: argparse.ArgumentParser) -> None:
    """Which arguments it takes."""
    home.option(parser)
    parser.add_argument("mandate", metavar="MANDATE", help="the id of the signed mandate")
    parser.add_argument(
        "--bundle", type=Path, action="append", default=[], metavar="DIR", help="a bundle that lies elsewhere"
    )
    asked.machine(parser)


def run(chosen: argparse.Namespace) -> int:
    """Erase, certify, and print."""
    founding.configure(chosen.home.absolute())
    from aliquot.cli.legacy import folder
    from aliquot.custody.steps import OVER, State
    from aliquot.lab import setting
    from aliquot.legacy import closing
    from aliquot.legacy.papers import Loaded
    from aliquot.web import certificate

    described = home.read(chosen.home)
    with _closing(chosen) as closer:
        told = closing.state(closer)
        where = folder.of(chosen.home, closer.mandate.hex())
        account = folder.read(where / folder.LOADED, Loaded)
        made = closing.prepare(closer, closing.Place(chosen.home, tuple(chosen.bundle)), account)
        laboratory = next(each for each in described.laboratories if each.org == closer.actor.org.hex())
        file = where / f"certificate-{closing.digest(made)}.pdf"
        if told.state == State.CUT_OVER:
            _show(closer, made)
        _put(file, certificate.document(made, setting.laboratory(laboratory), told))
    if chosen.json:
        print(json.dumps({"mandate": made.mandate, "certificate": closing.digest(made), "erased": len(made.erased)}))
    else:
        breadth.show(f"{amounts.of(len(made.erased), 'file')} erased; certificate {closing.digest(made)}")
        print(file)
        if told.state not in OVER:
            breadth.show(
                "Next: a director and a privacy officer sign this digest; with it the staging key is destroyed."
            )
    return Exit.DONE


def _show(closer: "Closer", made: "Certificate") -> None:
    """The certificate at the desk, for the two who sign it."""
    from aliquot.access import acts, door
    from aliquot.access.acts import CertifyMigration
    from aliquot.legacy import papers
    from aliquot.terms.purposes import Purpose

    act = CertifyMigration(acts.organization(closer.actor.org))
    with door.enter(closer.actor, act, door.intent(closer.actor, closer.clock(), Purpose.HOPERAT)) as grant:
        papers.put(grant, closer.mandate, papers.CERTIFICATE, made)


def _put(file: Path, paper: bytes) -> None:
    """The paper whole, and for its Unix user alone."""
    from aliquot.vault import whole

    try:
        whole.write(file, paper)
    except OSError:
        raise Refused(f"{file.name}: there is no room for the paper; make room and type it again") from None


@contextmanager
def _closing(chosen: argparse.Namespace) -> Iterator["Closer"]:
    """The worker, in the laboratory of the mandate."""
    from aliquot.access.custodian import Line
    from aliquot.access.door import Actor
    from aliquot.cli.legacy import advice, loader
    from aliquot.legacy.closing import Closer
    from aliquot.terms import clock, ids

    described, mandate = home.read(chosen.home), loader.id_of(chosen.mandate)
    work = described.work
    line = Line(described.custody.socket, "work", (work.name, layout.key(work.key)))
    with advice.given(mandate.hex()):
        try:
            yield Closer(Actor(line, line.session().ticket, ids.org_of(mandate)), mandate, clock.system)
        finally:
            line.hang_up()

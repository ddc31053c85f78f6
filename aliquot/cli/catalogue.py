"""`aliquot catalogue`: look at a file of tests, and put it in force as the laboratory's director."""

import argparse
import getpass
import hashlib
from pathlib import Path
from typing import TYPE_CHECKING

from aliquot.cli import founding, home
from aliquot.cli.exits import Exit
from aliquot.terms.errors import Refused

if TYPE_CHECKING:
    from datetime import datetime

    from aliquot.access.door import Actor
    from aliquot.custody.protocol import Factor
    from aliquot.lab.catalogue import Catalogue


def describe(parser: argparse.ArgumentParser) -> None:
    """What `aliquot catalogue --help` teaches."""
    parser.description = """\
`aliquot catalogue check FILE` says whether a catalogue is whole: tests with units, ranges, critical values and delta
rules, panels, and what each analyser calls its tests. It needs no installation. `aliquot catalogue publish FILE --login
NAME` puts it in force, whole, as the version that its file names. Only a director may: the login is asked for a
password, a one-time code, and then for a second code that confirms exactly this file.

The demonstration's catalogue in `aliquot/cli/demo/catalogue.toml` shows every key; its limits are examples only."""
    home.option(parser)
    parser.add_argument("verb", choices=("check", "publish"))
    parser.add_argument("file", type=Path, metavar="FILE", help="TOML")
    parser.add_argument("--login", default="", metavar="NAME", help="who publishes")


def run(chosen: argparse.Namespace) -> int:
    """Look at a catalogue, or publish it."""
    if chosen.verb == "check":
        print(_summary(_read(chosen.file)))
        return Exit.DONE
    if not chosen.login:
        raise Refused("say who publishes: --login NAME")
    installation = home.read(chosen.home)
    founding.configure(chosen.home.absolute())
    from aliquot.access import people
    from aliquot.cli import signin
    from aliquot.custody.protocol import Factor
    from aliquot.terms import clock

    version = _read(chosen.file)
    actor = signin.actor(installation, chosen.login)
    print(_summary(version))
    try:
        code = getpass.getpass("Publish it? A new one-time code: ").strip()
        put_in_force(actor, version, Factor(code=code), clock.system())
    finally:
        people.sign_out(actor)
        actor.line.hang_up()
    print(f"version {version.version} is in force")
    return Exit.DONE


def put_in_force(actor: "Actor", version: "Catalogue", factor: "Factor", at: "datetime") -> None:
    """Publish a version under a factor that confirms its very content."""
    from dataclasses import replace

    from aliquot.access import acts, door
    from aliquot.access.acts import PublishCatalogue
    from aliquot.lab import catalogues
    from aliquot.terms import canonical
    from aliquot.terms.purposes import Purpose

    digest = hashlib.sha256(canonical.encode(version)).digest()
    meant = replace(door.intent(actor, at, Purpose.HOPERAT), digest=digest, factor=factor)
    with door.enter(actor, PublishCatalogue(acts.organization(actor.org)), meant) as grant:
        catalogues.publish(grant, version)


def _read(file: Path) -> "Catalogue":
    from aliquot.lab import catalogue

    try:
        text = file.read_text("utf-8")
    except (OSError, UnicodeDecodeError):
        raise Refused(f"{file}: cannot be read as UTF-8 text") from None
    return catalogue.parse(text)


def _summary(version: "Catalogue") -> str:
    tests, panels, mappings = len(version.tests), len(version.panels), len(version.mappings)
    return f"version {version.version}: {tests} tests, {panels} panels, {mappings} codes of analysers"

"""`aliquot export enrol`: the exporter's own key, which never leaves this machine."""

import argparse

from aliquot.cli import home
from aliquot.cli.legacy import asked, enrol

LINE = "make the exporter's key, and print what an administrator enrols"
TEXT = """\
Makes an Ed25519 key for an exporter in exporter/NAME.key, readable by its Unix user only, and prints the public half.
With it an administrator enrols a service of this name in the role `exporter`, which a director or privacy officer
approves (`aliquot.toml` names in work_uids who may speak as one). An exporter can do nothing but what a signed export
mandate lets it.

A key that is there already is not replaced: its public half is printed again."""


def describe(parser: argparse.ArgumentParser) -> None:
    """Which arguments it takes."""
    home.option(parser)
    parser.add_argument("name", metavar="NAME", help="small letters, digits and hyphens")
    asked.machine(parser)


def run(chosen: argparse.Namespace) -> int:
    """Make it, and print the public half."""
    return enrol.make(chosen, "exporter")

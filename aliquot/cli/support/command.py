"""`aliquot support`: what may be sent to whoever mends the program."""

import argparse
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from aliquot.cli import home
from aliquot.cli.exits import Exit
from aliquot.terms.errors import Refused


def describe(parser: argparse.ArgumentParser) -> None:
    """What `aliquot support --help` teaches."""
    parser.description = """\
Gathers what helps to find a fault, from a list of technical fields: versions, the machine, numbers of the databases'
shapes, the hash of the policies, what `aliquot doctor` finds (which check, in which state), counts and sizes, rounded,
and the events of the operational log by day, with errors by type and place. Nothing else can be in it: no name, no
value, no message of an error, no path, no address. docs/manual/support.md lists every field.

Read it with --show before you send it. The log comes from a file that you hand over:
  journalctl -o cat -u 'aliquot-*' --since -7d > log; aliquot support --events log --to bundle.json"""
    home.option(parser)
    parser.add_argument("--events", type=Path, metavar="FILE", help="lines of the operational log")
    parser.add_argument("--to", type=Path, metavar="FILE", help="write it there, readable by you only")
    parser.add_argument("--show", action="store_true", help="print it; so too where --to is not given")


def run(chosen: argparse.Namespace) -> int:
    """Gather, write, show."""
    from aliquot.cli.support import bundle, gathered
    from aliquot.vault import whole

    with _lines(chosen.events) as lines:
        raw = bundle.encode(gathered.gather(chosen.home, lines))
    if chosen.to is not None:
        try:
            whole.write(chosen.to, raw)
        except OSError:
            raise Refused("the file given by --to cannot be written there") from None
    if chosen.show or chosen.to is None:
        sys.stdout.write(raw.decode())
    return Exit.DONE


@contextmanager
def _lines(file: Path | None) -> Iterator[Iterator[bytes]]:
    if file is None:
        yield iter(())
        return
    try:
        with file.open("rb") as opened:
            yield iter(opened)
    except OSError:
        raise Refused("the file given by --events cannot be read") from None

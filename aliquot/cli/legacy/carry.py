"""`aliquot legacy carry`: at the old system's site, what the mandate names is sealed as it is read."""

import argparse
import json
import sys
import time
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Final

from aliquot.cli import amounts, measures, passphrase
from aliquot.cli.exits import Exit
from aliquot.cli.legacy import asked, breadth, breaks, sender
from aliquot.cli.legacy.breaks import Breaks, Paused
from aliquot.terms import plain
from aliquot.terms.errors import Refused

if TYPE_CHECKING:
    from aliquot.legacy.carrying import Bearer
    from aliquot.legacy.description import Description
    from aliquot.legacy.letters import Letters
    from aliquot.vault.mandate import MandateDocument

LINE = "seal what the mandate names at the old system's site, for the laboratory alone"
TEXT = """\
Reads an old system under a signed mandate and seals it straight from the reader to the key that the laboratory's
custodian made for this mandate. Nothing in clear touches a disk; whoever relays the folder, on a stick or over a
network, can open none of it. No installation is needed at this site.

MANDATE is the document that `aliquot legacy show MANDATE --document FILE` wrote at the laboratory. KEY of --laboratory
is the laboratory's key as `show` prints it there, told by telephone or on paper: what came with the document proves
nothing. The keys of --sender are those whose fingerprint the mandate names.

Ctrl-C or SIGTERM pauses with status 75; killed, paused or out of room, the same command goes on behind the last whole
part. It reads what it has sealed once more and compares it: if the source has changed there, it says so, and a new
folder is begun. `aliquot legacy parts FOLDER` says how far it is."""

_MENDED: Final = (
    "What stands in no character set is lost in the bundle: mend source.toml and carry into a new folder, "
    "unless the old system lost it long ago."
)


def describe(parser: argparse.ArgumentParser) -> None:
    """Which arguments it takes."""
    parser.add_argument("mandate", type=Path, metavar="MANDATE", help="the document of the signed mandate")
    asked.source(parser)
    parser.add_argument(
        "--laboratory", required=True, metavar="KEY", help="the laboratory's key: 64 hexadecimal digits"
    )
    parser.add_argument("--sender", type=Path, required=True, metavar="FILE", help="as `sender` made it")
    parser.add_argument("--to", type=Path, required=True, metavar="FOLDER", help="where the parts are written")
    passphrase.option(parser)
    breaks.option(parser)
    asked.machine(parser)


def run(chosen: argparse.Namespace) -> int:
    """Seal, until all of it is sealed or somebody says stop."""
    measures.seclude()
    from aliquot.cli.legacy import legible
    from aliquot.legacy import description, snapshots
    from aliquot.legacy.carrying import Bearer
    from aliquot.legacy.letters import Letters
    from aliquot.vault import carrying, senderkey

    if not chosen.sender.exists():
        raise Refused(f"{chosen.sender.name}: there is no such file; `aliquot legacy sender` makes a site's keys")
    document, described = read(chosen.mandate, chosen.laboratory), description.read(chosen.source)
    if (chosen.to / carrying.MANIFEST).exists():
        return _tell(chosen, 0.0, Letters(), now=False)
    wait = Breaks(chosen.between)
    began = time.monotonic()
    try:
        wait.look()
        keys = senderkey.unlock(chosen.sender, passphrase.obtain(chosen.passphrase_fd, sender.OF))
        bearer = Bearer(document, keys, chosen.to, snapshots.still(described))
        _carry(bearer, described, chosen, wait)
    except Paused as paused:
        whole = "the parts that are there are whole: type the same command to go on"
        print(f"aliquot legacy: {paused}; {whole}", file=sys.stderr)
        return Exit.PAUSED
    spoiled = list(legible.lines(bearer.letters, described))
    for line in spoiled:
        print(plain.shown(f"aliquot legacy: {line}"), file=sys.stderr)
    if spoiled:
        print(_MENDED, file=sys.stderr)
    return _tell(chosen, time.monotonic() - began, bearer.letters, now=True)


def read(file: Path, laboratory: str) -> "MandateDocument":
    """A mandate document that this laboratory signed.

    Raises:
        Refused, Forged: it is none, or another key signed it.
    """
    from aliquot.vault import mandate

    try:
        return mandate.read(file.read_bytes(), bytes.fromhex(laboratory))
    except OSError:
        raise Refused(f"{file.name}: it cannot be read") from None
    except ValueError:
        raise Refused("--laboratory: the key of a laboratory is 64 hexadecimal digits") from None


def _carry(bearer: "Bearer", described: "Description", chosen: argparse.Namespace, wait: Breaks) -> None:
    from aliquot.cli.legacy import watch
    from aliquot.legacy import carrying
    from aliquot.legacy.reading import Reading
    from aliquot.terms import clock

    with watch.Watch() as seen:

        def far(table: str, rows: int, done: int, of: int) -> None:
            seen.read(table, rows, done, of)
            wait.look()

        with Reading(bearer.document.scope, described, asked.password(chosen), far) as reading:
            wait.heed()
            carrying.carry(reading, bearer, clock.system(), lambda *_: None)


def _size(of: int) -> str:
    return f"{of / 1e6:,.1f} MB" if of >= 1e5 else f"{of / 1e3:,.1f} kB"


def _by_column(counted: "Counter[tuple[str, str]]") -> dict[str, int]:
    return {f"{table}.{column}": number for (table, column), number in sorted(counted.items())}


def _tell(chosen: argparse.Namespace, seconds: float, letters: "Letters", *, now: bool) -> int:
    from aliquot.vault import carrying

    of, manifest, parts = carrying.arrived(chosen.to)
    size = sum(trailer.bytes for trailer in parts.values())
    if chosen.json:
        said = {"mandate": of.mandate, "bundle": of.id, "folder": str(chosen.to), "carried": now, "parts": len(parts)}
        said |= {"rows": manifest.rows, "bytes": size, "seconds": round(seconds, 1)}
        found = {"damaged": letters.signs, "mojibake": letters.mojibake}
        print(json.dumps({**said, **{name: _by_column(counted) for name, counted in found.items()}}))
        return Exit.DONE
    much = f"{amounts.of(manifest.rows, 'row')} in {amounts.of(len(parts), 'part')}, {_size(size)} before sealing"
    print(f"{much}: {chosen.to}")
    if now:
        until = f"good until {of.expires:%Y-%m-%d %H:%M} UTC"
        print(f"sealed in {seconds:,.0f} s ({manifest.rows / seconds:,.0f} rows/s); {until}")
        breadth.show("Next: bring the whole folder to the laboratory, where it is named instead of source.toml.")
    else:
        breadth.show("It was whole already, and nothing was read; what has changed since is carried into a new folder.")
    return Exit.DONE

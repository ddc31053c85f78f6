"""`aliquot legacy parts`: what whoever relays a bundle may know of it, without any key."""

import argparse
import json
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from aliquot.cli import amounts
from aliquot.cli.exits import Exit
from aliquot.cli.legacy import asked, breadth
from aliquot.terms.errors import Refused

if TYPE_CHECKING:
    from aliquot.vault.bundle import Header, Trailer

LINE = "what is in the folder of a bundle, and whether all of it is there; no key"
TEXT = """\
Looks at a bundle as whoever relays it may: under which mandate and until when it was carried, how many rows of which
table its parts say they hold, and whether each part is as its sender signed it. No key is needed; nothing is opened.
A folder that is on its way lacks parts or its manifest; a part that is named here is fetched again.

It establishes that one sender, whose fingerprint is printed, signed the parts, their order and their lengths. That it
is the sender whom the mandate names, and that every byte is as it was, shows when custody opens them. Status 1: not all
of it is there, or something is not as it was signed."""


def describe(parser: argparse.ArgumentParser) -> None:
    """Which arguments it takes."""
    parser.add_argument("folder", type=Path, metavar="FOLDER", help="where the parts lie")
    asked.machine(parser)


def run(chosen: argparse.Namespace) -> int:
    """Look at them."""
    from aliquot.vault import bundle, carrying

    try:
        of = carrying.begun(chosen.folder)
    except OSError:
        raise Refused(f"{carrying.HEADER} of a bundle is not here, or cannot be read") from None
    parts, faults = _looked_at(chosen.folder, of)
    whole = not faults
    if chosen.json:
        said = {"mandate": of.mandate, "bundle": of.id, "sender": bundle.fingerprint(of.sender), "whole": whole}
        print(json.dumps({**said, "tables": _tables(parts), "parts": len(parts), "faults": faults}))
    else:
        breadth.show("\n".join((*_lines(of, parts), *faults, "whole" if whole else "not whole")))
    return Exit.DONE if whole else Exit.FOUND


def _looked_at(folder: Path, of: "Header") -> tuple[dict[int, "Trailer"], list[str]]:
    """The parts that are as they were signed, and what is wrong with the folder."""
    from aliquot.vault import bundle, carrying

    parts: dict[int, Trailer] = {}
    faults: list[str] = []
    for path in sorted(folder.glob("*.part")):
        try:
            trailer = carrying.sound(path, of)
        except Refused as fault:
            faults.append(str(fault))
        else:
            parts[trailer.part] = trailer
    try:
        named = carrying.closed(folder, of).parts
    except OSError:
        return parts, [*faults, f"{carrying.MANIFEST} is not here: the carrying did not end, or not all of it came"]
    except Refused as fault:
        return parts, [*faults, f"{carrying.MANIFEST}: {fault}"]
    for number, digest in enumerate(named, 1):
        name = carrying.path_of(folder, number).name
        if number in parts and bundle.trailer_hash(parts[number]).hex() != digest:
            faults.append(f"{name}: it is of this sender, and not the one that the manifest names")
        elif number not in parts and not (folder / name).exists():
            faults.append(f"{name} is not here")
    faults += [f"{carrying.path_of(folder, one).name}: it is one too many" for one in parts if one > len(named)]
    return parts, faults


def _tables(parts: dict[int, "Trailer"]) -> dict[str, dict[str, int | bool]]:
    """By table, how many rows the parts that are here say they hold, and whether they reach its end."""
    from aliquot.legacy import carried

    found: dict[str, dict[str, int | bool]] = defaultdict(lambda: {"rows": 0, "parts": 0, "ends": False})
    for trailer in parts.values():
        label = carried.read_label(trailer.label)
        table = found[label.table]
        table["rows"] += trailer.rows
        table["parts"] += 1
        table["ends"] |= label.ends
    return dict(found)


def _lines(of: "Header", parts: dict[int, "Trailer"]) -> Iterator[str]:
    from aliquot.vault import bundle

    yield f"bundle {of.id}, under the mandate {of.mandate}"
    yield f"  begun {of.created:%Y-%m-%d %H:%M} UTC, good until {of.expires:%Y-%m-%d %H:%M} UTC"
    yield f"  signed by the sender {bundle.fingerprint(of.sender)}"
    for table, said in _tables(parts).items():
        ends = "to its end" if said["ends"] else "not to its end"
        yield f"  {table}: {amounts.of(said['rows'], 'row')} in {amounts.of(said['parts'], 'part')}, {ends}"

"""The half of `aliquot ledger verify` that needs the custodian: are the records what history says was kept?"""

import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from pathlib import Path

from aliquot.access.custodian import Line
from aliquot.cli import layout
from aliquot.custody.denial import CustodyGone
from aliquot.ledger import checkpoint, tiles, tree
from aliquot.terms import clock
from aliquot.terms.errors import Refused
from aliquot.terms.ids import Org
from aliquot.terms.installation import Installation

_MOST = 1000
_EXPORT_S = 6.0


@dataclass(frozen=True)
class Found:
    """One thing that is not as it was kept: in which laboratory, what, where."""

    org: str
    fault: str
    place: str
    words: str


@dataclass
class Comparison:
    """What came out; `omitted` says why the comparison was not made, and is empty if it was."""

    omitted: str = ""
    findings: list[Found] = field(default_factory=list)

    def lines(self) -> Iterator[str]:
        """The comparison in words."""
        for found in self.findings:
            yield f"FOUND laboratory {found.org}, {found.fault}, {found.place}: {found.words}"
        if self.omitted:
            yield f"The records were NOT compared with the history: {self.omitted}"
        elif self.findings:
            yield f"The records are NOT what was kept: {len(self.findings)} finding(s)."
        else:
            yield "The records are what was kept."

    def machine(self) -> dict[str, object]:
        """The comparison as it goes into JSON."""
        verdict = "omitted" if self.omitted else "falls" if self.findings else "holds"
        return {"verdict": verdict, "omitted": self.omitted, "findings": [asdict(found) for found in self.findings]}


def compare(installation: Installation) -> Comparison:
    """Compare every laboratory's records; the first thousand findings. Django knows the installation."""
    from django.db import DatabaseError

    made = Comparison()
    try:
        key = layout.key(installation.work.key)
        line = Line(installation.custody.socket, "work", (installation.work.name, key))
        for laboratory in installation.laboratories:
            _compare(line, Org(bytes.fromhex(laboratory.org)), installation, made)
        line.hang_up()
    except CustodyGone:
        made.omitted = "the custodian does not answer"
    except DatabaseError:
        made.omitted = "the record database does not answer"
    except Refused as refused:
        made.omitted = f"this needs the worker's identity ({refused})"
    return made


def _compare(line: Line, org: Org, installation: Installation, made: Comparison) -> None:
    from aliquot.access import statecheck
    from aliquot.access.door import Actor

    for finding in statecheck.check(Actor(line, line.session().ticket, org), clock.system()):
        if len(made.findings) < _MOST:
            place = f"resource {finding.resource}, version {finding.version}"
            made.findings.append(Found(org.hex(), finding.fault, place, finding.fault.words))
    remembered = statecheck.highest(org)
    if remembered is not None:
        made.findings += _cut_back(installation, org, tree.Head(*remembered))


def _cut_back(installation: Installation, org: Org, remembered: tree.Head) -> list[Found]:
    """Does the history still pass through the head that the record database remembers?"""
    folder = installation.custody.tiles / org.hex()
    over = time.monotonic() + _EXPORT_S
    while _size(folder) < remembered.size and time.monotonic() < over:
        # What is durable is exported every few seconds.
        time.sleep(_EXPORT_S / 10)
    size = _size(folder)
    place = f"entry {remembered.size}"
    if size < remembered.size:
        return [Found(org.hex(), "cut-back", place, "the history is shorter than when the last act was kept")]
    try:
        root = tree.span_root(0, remembered.size, tree.over(tiles.row(folder, size)))
    except Refused as unreadable:
        return [Found(org.hex(), "unreadable", place, str(unreadable))]
    if root != remembered.root:
        return [Found(org.hex(), "rewritten", place, "the history is not the one under which the last act was kept")]
    return []


def _size(folder: Path) -> int:
    try:
        return checkpoint.parse(tiles.text(folder / tiles.CHECKPOINT)).checkpoint.head.size
    except Refused:
        return 0

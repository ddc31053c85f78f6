"""The stand-alone verifier: `python -m aliquot.ledger.verify DIR [--since FILE] [--policy FILE] [--json]`.

For an auditor who trusts nobody here: it needs the standard library, one Ed25519 implementation and the files of this
folder. Where there is no ML-DSA-44 beside it, it says that the second signature is present and was not checked.

DIR is one exported log, or holds one folder per organization and `installation`, whose entries are checkpoints.

For each log:
1. its checkpoint is signed by the log and by as many witnesses as the policy asks for;
2. all entries are read and hashed again, and every tile agrees with them;
3. the root over them is the checkpoint's;
4. the head that each remembered checkpoint names (`--since`, and those in `installation`) is found again on the way;
   so is the head that the log signed last with its second key (`cosigned`), if the policy names one;
5. each entry's number follows the one before, and time never goes back.

It does not establish that the rows of the record database are the ones that were written: that needs the custodian.
Exit status: 0 the history holds, 1 it does not, 2 the input cannot be used.
"""

import argparse
import json
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import datetime, timedelta
from pathlib import Path

from aliquot.ledger import checkpoint, note, policy, tiles, tree
from aliquot.terms.errors import Refused

HOLDS, FALLS, UNUSABLE = 0, 1, 2
INSTALLATION = "installation"

_MAX_FINDINGS = 100
_JSON = json.JSONDecoder()
_WORDS = {HOLDS: "holds", FALLS: "falls", UNUSABLE: "unusable"}


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that is not as it must be: in which log, which check found it, where, and what it means."""

    log: str
    check: str
    place: str
    words: str


@dataclass(frozen=True, slots=True)
class Verdict:
    """What came out: the exit status, how far each log goes, every finding (the first hundred of each log), and how far
    each log's second signature reaches and whether it was checked."""

    status: int
    sizes: Mapping[str, int]
    findings: tuple[Finding, ...]
    seconds: Mapping[str, "Second"]

    def lines(self) -> Iterator[str]:
        """The verdict in words."""
        for name, size in self.sizes.items():
            yield f"log {name}: {size} entries replayed; {self.seconds[name].words}"
        for found in self.findings:
            yield f"FOUND log {found.log}, {found.check}, {found.place}: {found.words}"
        match self.status:
            case 0:
                yield f"The history holds: {len(self.sizes)} log(s), nothing was changed, removed or moved."
            case 1:
                yield f"The history does NOT hold: {len(self.findings)} finding(s)."
            case _:
                yield "The input cannot be used; nothing was established."

    def machine(self) -> str:
        """The verdict as JSON."""
        content = {
            "verdict": _WORDS[self.status],
            "logs": [{"log": name, "entries": size, **asdict(self.seconds[name])} for name, size in self.sizes.items()],
            "findings": [asdict(found) for found in self.findings],
        }
        return json.dumps(content, indent=1)


@dataclass(frozen=True, slots=True)
class Second:
    """What became of a log's ML-DSA-44 signature: "holds", "false", "not checked" or "absent", over so many entries."""

    ml_dsa_44: str = "absent"
    cosigned: int = 0

    @property
    def words(self) -> str:
        """For people. That it is false stands among the findings."""
        match self.ml_dsa_44:
            case "holds":
                return f"ML-DSA signature over the first {self.cosigned} holds"
            case "not checked":
                return f"ML-DSA signature present, not checked here (over the first {self.cosigned})"
            case _:
                return "no ML-DSA signature that holds"


@dataclass(slots=True)
class _Log:
    """One log while it is being verified."""

    name: str
    folder: Path
    findings: list[Finding] = field(default_factory=list)
    signed: checkpoint.SignedCheckpoint | None = None
    trust: policy.Policy | None = None
    remembered: dict[int, set[bytes]] = field(default_factory=dict)
    replayed: int = 0
    second: Second = Second()
    seq: int | None = None
    at: datetime | None = None

    def find(self, check: str, place: str, words: str) -> None:
        if len(self.findings) < _MAX_FINDINGS:
            self.findings.append(Finding(self.name, check, place, words))


def verify(folder: Path, since: Sequence[Path] = (), trust: Path | None = None) -> Verdict:
    """Verifies every log under a folder; `trust` replaces the policies that lie beside the logs.

    Without `trust` or `since` the keys are the ones that the export itself names: whoever could replace the whole
    folder could replace them too.
    """
    try:
        logs = [_Log(name, place) for name, place in _logs(folder)]
        pinned = policy.parse(tiles.text(trust)) if trust else None
        memories = [checkpoint.parse(tiles.text(file)) for file in since]
    except Refused as unusable:
        return Verdict(UNUSABLE, {}, (Finding("", "input", str(folder), str(unusable)),), {})
    for log in logs:
        _open(log, pinned)
    for log in logs:
        _second(log)
    for memory in memories:
        _remember(logs, logs[0], memory, "--since")
    for log in logs:
        _replay(log, logs)
    findings = tuple(found for log in logs for found in log.findings)
    sizes, seconds = {log.name: log.replayed for log in logs}, {log.name: log.second for log in logs}
    return Verdict(FALLS if findings else HOLDS, sizes, findings, seconds)


def main(arguments: Sequence[str] | None = None) -> int:
    """Verifies, prints the verdict and gives the exit status."""
    parser = argparse.ArgumentParser(prog="aliquot.ledger.verify", description="Verify exported logs.")
    parser.add_argument("folder", type=Path, metavar="DIR")
    parser.add_argument("--since", type=Path, action="append", default=[], metavar="FILE", help="remembered checkpoint")
    parser.add_argument("--policy", type=Path, metavar="FILE", help="the keys that you trust")
    parser.add_argument("--json", action="store_true", help="machine-readable findings")
    chosen = parser.parse_args(arguments)
    verdict = verify(chosen.folder, chosen.since, chosen.policy)
    # What comes from the folder may hold control characters: a terminal gets them escaped.
    lines = [verdict.machine()] if chosen.json else [line.encode("unicode_escape").decode() for line in verdict.lines()]
    print("\n".join(lines))
    return verdict.status


def _logs(folder: Path) -> list[tuple[str, Path]]:
    try:
        if (folder / tiles.CHECKPOINT).exists():
            return [(folder.resolve().name, folder)]
        inside = [place for place in folder.iterdir() if place.is_dir()]
    except (OSError, ValueError) as unreadable:
        raise Refused("the folder cannot be read") from unreadable
    if not inside:
        raise Refused("there is no log in the folder")
    # The installation's log comes first, because it remembers the others.
    inside.sort(key=lambda place: (place.name != INSTALLATION, place.name))
    return [(place.name, place) for place in inside]


def _open(log: _Log, pinned: policy.Policy | None) -> None:
    try:
        log.signed = checkpoint.parse(tiles.text(log.folder / tiles.CHECKPOINT))
        log.trust = pinned or policy.parse(tiles.text(log.folder / tiles.POLICY))
        log.trust.check(log.signed)
    except Refused as unsigned:
        log.find("signature", tiles.CHECKPOINT, str(unsigned))


def _second(log: _Log) -> None:
    """Takes up the head that the log signed last with its second key, which the policy names or there is none."""
    if log.signed is None or log.trust is None:
        return
    origin = log.signed.checkpoint.origin
    keys = [key for key in log.trust.logs if (key.name, key.kind) == (origin, note.ML_DSA_44_COSIGNATURE)]
    if not keys:
        return
    try:
        memory = checkpoint.parse(tiles.text(log.folder / tiles.COSIGNED))
        log.trust.check_log(memory)
        signed = [key for key in keys if checkpoint.bears(memory, key)]
        if memory.checkpoint.origin != origin or not signed:
            raise Refused("checkpoint: the log's second signature is missing")
    except Refused as unsigned:
        log.second = Second("false")
        log.find("signature", tiles.COSIGNED, str(unsigned))
        return
    head = memory.checkpoint.head
    log.second = Second("holds" if all(map(checkpoint.checkable, signed)) else "not checked", head.size)
    log.remembered.setdefault(head.size, set()).add(head.root)


def _remember(logs: Sequence[_Log], witness: _Log, memory: checkpoint.SignedCheckpoint, place: str) -> None:
    """Adds a head that a log must pass through; `witness` is the log that takes the blame if there is no such log."""
    about = [log for log in logs if log.signed and log.signed.checkpoint.origin == memory.checkpoint.origin]
    if not about:
        witness.find("remembered", place, "a log is missing that was there before")
    for log in about:
        if log.trust is None:
            continue
        try:
            log.trust.check_log(memory)
        except Refused:
            witness.find("remembered", place, "a remembered checkpoint is not signed by its log")
        else:
            head = memory.checkpoint.head
            log.remembered.setdefault(head.size, set()).add(head.root)


def _replay(log: _Log, logs: Sequence[_Log]) -> None:
    if log.signed is None:
        return
    head = log.signed.checkpoint.head
    rows = tiles.Rows()
    try:
        for start in range(0, head.size, tree.TILE_WIDTH):
            _replay_bundle(log, logs, rows, min(tree.TILE_WIDTH, head.size - start))
    except Refused as unreadable:
        log.find("entries", f"entry {log.replayed}", str(unreadable))
        return
    for tile in rows.rest():
        _compare(log, tile)
    if rows.root() != head.root:
        log.find("root", tiles.CHECKPOINT, "the entries do not give the root that was signed")
    for size in log.remembered:
        if size > head.size:
            log.find("remembered", f"entry {head.size}", "the log was cut back: it was longer before")


def _replay_bundle(log: _Log, logs: Sequence[_Log], rows: tiles.Rows, width: int) -> None:
    start = log.replayed
    entries = tiles.bundle(log.folder, start // tree.TILE_WIDTH, width)
    leaves = [tree.leaf_hash(entry) for entry in entries]
    _recall(log, rows, start, leaves)
    for tile in rows.take(leaves):
        _compare(log, tile)
    for index, entry in enumerate(entries, start):
        _follow(log, logs, index, entry)
    log.replayed += width


def _recall(log: _Log, rows: tiles.Rows, start: int, leaves: Sequence[bytes]) -> None:
    """Compares the heads that the log passes through within this bundle with the remembered ones."""
    for size in range(start + 1, start + len(leaves) + 1):
        if size in log.remembered and log.remembered[size] != {rows.root(leaves[: size - start])}:
            log.find("remembered", f"entry {size - 1}", "up to here the history is not the one that was signed before")


def _compare(log: _Log, tile: tiles.Tile) -> None:
    try:
        stored = tiles.hashes(log.folder, (tile.level, tile.index, len(tile.hashes)))
    except Refused as unreadable:
        log.find("tiles", tile.path, str(unreadable))
        return
    for at, (kept, computed) in enumerate(zip(stored, tile.hashes, strict=True)):
        if kept != computed:
            log.find("tiles", f"{tile.path}, hash {at}", "the tile and the entries differ")


def _follow(log: _Log, logs: Sequence[_Log], index: int, entry: bytes) -> None:
    """One entry after the other: a leaf has its number and its time, the installation's checkpoints are remembered."""
    if log.name == INSTALLATION and not entry.startswith(b"{"):
        # A checkpoint bears no number, and takes one.
        log.seq = None if log.seq is None else log.seq + 1
        try:
            _remember(logs, log, checkpoint.parse(entry.decode()), f"entry {index}")
        except (Refused, UnicodeDecodeError):
            log.find("entries", f"entry {index}", "neither a leaf nor a checkpoint")
        return
    try:
        seq, at = _number_and_time(entry)
    except (ValueError, KeyError, TypeError, RecursionError):
        log.find("entries", f"entry {index}", "not a leaf with a number and a time in UTC")
        return
    if log.seq is not None and seq != log.seq + 1:
        log.find("sequence", f"entry {index}", "its number does not follow the one before")
    if log.at is not None and at < log.at:
        log.find("time", f"entry {index}", "its time is before that of the entry before")
    log.seq, log.at = seq, at


def _number_and_time(entry: bytes) -> tuple[int, datetime]:
    leaf = _JSON.decode(entry.decode())
    seq, at = leaf["seq"], datetime.fromisoformat(leaf["t"])
    if type(seq) is not int or at.utcoffset() != timedelta(0):
        raise ValueError("not a number, or not UTC")
    return seq, at


if __name__ == "__main__":
    sys.exit(main())

"""A proof for one person: this entry stands in the history, and anyone can check it with no access to anything else.

Source: C2SP tlog-proof v1.
"""

import base64
import re
from dataclasses import dataclass

from aliquot.ledger import checkpoint, note, policy, tree
from aliquot.terms.errors import Refused

_TITLE = "c2sp.org/tlog-proof@v1"
_INDEX = re.compile(r"index (0|[1-9][0-9]{0,18})")
_MAX_HASHES = 63


@dataclass(frozen=True, slots=True)
class Proof:
    """The place of an entry, the hashes that lead from it to the root, and the checkpoint that names the root."""

    index: int
    hashes: tuple[bytes, ...]
    signed: checkpoint.SignedCheckpoint


def write(index: int, signed: str, hashes: tree.Hashes) -> str:
    """The proof of the entry at `index` under a signed checkpoint, as one text file.

    Raises:
        ValueError: the checkpoint does not reach that far.
    """
    size = checkpoint.parse(signed).checkpoint.head.size
    path = tree.inclusion_proof(index, size, hashes)
    lines = [_TITLE, f"index {index}", *(base64.b64encode(step).decode() for step in path)]
    return "\n".join(lines) + "\n\n" + signed


def parse(text: str) -> Proof:
    """A proof as it was handed in; nothing is established yet.

    Raises:
        Refused: it is not a proof file.
    """
    top, blank, signed = text.partition("\n\n")
    lines = top.split("\n")
    if not blank or lines[0] != _TITLE:
        raise Refused("proof: not a proof file")
    rows = lines[2:] if len(lines) > 1 and lines[1].startswith("extra ") else lines[1:]
    named = _INDEX.fullmatch(rows[0]) if rows else None
    if named is None or len(rows) - 1 > _MAX_HASHES:
        raise Refused("proof: no index, or too many hashes")
    path = tuple(note.unbase64(line, "proof hash") for line in rows[1:])
    return Proof(int(named.group(1)), path, checkpoint.parse(signed))


def verify(text: str, entry: bytes, trust: policy.Policy) -> Proof:
    """Establishes that a trusted log holds exactly this entry.

    1. The checkpoint is signed by the log, and by as many witnesses as the policy asks for.
    2. The entry's hash leads to the checkpoint's root.

    It does not establish that the log has not been cut back or split since; that takes witnesses.

    Raises:
        Refused: one of the two does not hold.
    """
    found = parse(text)
    trust.check(found.signed)
    if not tree.verify_inclusion(tree.leaf_hash(entry), found.index, found.hashes, found.signed.checkpoint.head):
        raise Refused("proof: the entry is not in the log at that place")
    return found

"""One leaf of the history: who did what, under which rule and for what purpose; never whose name or which value.

Leaves are never rewritten, so nothing in one may need erasing: people and patients stand in it as random pseudonyms,
content as a salted commitment. Source: CRYPTO.md section 9.1; `docs/formats/log.md` lists the fields.
"""

import functools
import re
import struct
from collections.abc import Iterable
from datetime import datetime, timedelta
from enum import StrEnum

import msgspec

from aliquot.ledger import tiles, tree
from aliquot.terms import canonical
from aliquot.terms.errors import Broken, Refused

_HEX = re.compile(r"[0-9a-f]*")
_WORD = re.compile(r"[A-Za-z][A-Za-z0-9_.:-]*")
_WRITE = struct.Struct(">16sQ32s")


_UTC = timedelta(0)
_KNOWN_CODES = 1024


class Step(StrEnum):
    """Where in the protocol of an act the leaf stands; `event` is what happened outside any act."""

    ENTER = "enter"
    PREPARE = "prepare"
    END = "end"
    REFUSED = "refused"
    EVENT = "event"


class Outcome(StrEnum):
    """How an act ended; `open` on every leaf that does not end one."""

    OPEN = ""
    KEPT = "kept"
    ABANDONED = "abandoned"
    LOST = "lost"
    BROKEN = "broken"


class Entry(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One log leaf. Ids, pseudonyms and hashes are lower-case hexadecimal, `t` is UTC, `portion` names kinds in order.

    `n` counts what the step is about (records written, in a `prepare`); `root` is `writes_root` in a `prepare`, else
    empty; `pc` is empty or SHA-256 over a random salt of 32 bytes and a payload that is sealed elsewhere.
    """

    act: str
    step: Step
    actor: str
    id: str
    lab: str
    ses: str
    why: str
    policy: str
    epoch: int
    seq: int
    t: datetime
    pat: str = ""
    portion: tuple[str, ...] = ()
    n: int = 0
    root: str = ""
    outcome: Outcome = Outcome.OPEN
    pc: str = ""
    v: int = 1

    def __post_init__(self) -> None:
        # Pseudonyms and codes have shapes that a name or a value does not fit into.
        digits = (self.actor, self.id, self.lab, self.ses, self.policy, self.pat, self.root, self.pc)
        if not _HEX.fullmatch("".join(digits)) or 1 in [len(each) & 1 for each in digits]:
            raise Refused("entry: an id, pseudonym or hash is not lower-case hexadecimal")
        _check_codes(self.act, self.why, self.portion)
        if self.t.utcoffset() != _UTC:
            raise Refused("entry: the time is not in UTC")
        if self.v != 1 or min(self.seq, self.n, self.epoch) < 0:
            raise Refused("entry: unknown version, or a number below zero")


# An installation writes the same few hundred of these for ever, and matching them was a third of making an entry.
@functools.lru_cache(_KNOWN_CODES)
def _check_codes(act: str, why: str, portion: tuple[str, ...]) -> None:
    if not all(map(_WORD.fullmatch, (act, *portion, *([why] if why else [])))):
        raise Refused("entry: act, purpose or portion is not a code")
    if list(portion) != sorted(set(portion)):
        raise Refused("entry: the portion is not in order")


def encode(leaf: Entry) -> bytes:
    """The bytes that are hashed into the tree and kept.

    Raises:
        Refused: they are more than 65,535, which an entry bundle cannot carry.
    """
    raw = canonical.encode(leaf)
    if len(raw) > tiles.MAX_ENTRY_BYTES:
        raise Refused("entry: longer than 65,535 bytes")
    return raw


def decode(raw: bytes) -> Entry:
    """The leaf that these bytes say.

    Raises:
        Broken: they are no canonical leaf, so the store that holds them was changed.
    """
    try:
        leaf = _DECODER.decode(raw)
    except (msgspec.DecodeError, UnicodeDecodeError, Refused) as unreadable:
        raise Broken("entry: cannot be read") from unreadable
    if canonical.encode(leaf) != raw:
        raise Broken("entry: not in canonical form")
    return leaf


def writes_root(items: Iterable[tuple[bytes, int, bytes]]) -> bytes:
    """The root over what one act writes: (id, version, hash of the row), in the order of id and version.

    One row can be proved against it without showing the others. Each leaf is the id in 16 bytes, the version in 8,
    big-endian, and the hash in 32.

    Raises:
        Broken: one id and version is written twice, or an id or a hash has the wrong length.
    """
    rows = sorted(items)
    if len({(identifier, version) for identifier, version, _ in rows}) != len(rows):
        raise Broken("act: one version is written twice")
    if any(len(identifier) != 16 or len(digest) != tree.HASH_BYTES for identifier, _, digest in rows):
        raise Broken("act: an id has 16 bytes and a hash 32")
    return tree.root(tree.leaf_hash(_WRITE.pack(*row)) for row in rows)


_DECODER = msgspec.json.Decoder(Entry)

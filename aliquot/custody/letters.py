"""Opening letters for the worker: who the listener says it came from is checked, and who that device is, is known."""

import hashlib
from dataclasses import dataclass

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from aliquot.custody import protocol, sessions, store
from aliquot.custody.caller import Caller
from aliquot.custody.denial import Denial
from aliquot.custody.doctor_protocol import AskLetters, LettersTold, Rung
from aliquot.custody.history import Leaf
from aliquot.custody.holdings import Holdings
from aliquot.custody.protocol import LetterOpened, LettersOpened, OpenLetters
from aliquot.custody.roles import Role
from aliquot.custody.store import Turn
from aliquot.ledger.entry import Step
from aliquot.terms.ids import Id, Org
from aliquot.vault import letterbox
from aliquot.vault.errors import Forged, Unopenable
from aliquot.vault.keystore import INSTALLATION

_AT_ONCE = 500
_UNSIGNED = frozenset({"unknown-listener", "forged"})
"""Errors after which nobody knows that the listener gave a letter this number."""


@dataclass(frozen=True)
class _Device:
    id: bytes
    org: Org
    name: str
    site: str


def read(turn: Turn, held: Holdings, request: OpenLetters) -> LettersOpened:
    """Open letters; each is an act of its own in the history of the laboratory whose device wrote it."""
    asker = sessions.asker(turn, held.unlocked, request.ticket)
    if Role.WORKER not in asker.roles:
        raise Denial("forbidden", "letters are opened by the worker")
    if len(request.letters) > _AT_ONCE:
        raise Denial("too-many", "fewer letters at once")
    enrolled = _Enrolled(turn)
    opened = tuple(_read(enrolled, held, asker.org, letter) for letter in request.letters)
    for came, letter in zip(request.letters, opened, strict=True):
        _remember(turn, held, asker.person, came, letter)
    return LettersOpened(opened)


def told(turn: Turn, caller: Caller, request: AskLetters) -> LettersTold:
    """What the doctor needs to say whether letters arrive: numbers, names of devices, and alarms nobody has seen.

    Raises:
        Denial: `forbidden`, for every process but the terminal's.
    """
    if caller.process != "cli":
        raise Denial("forbidden", "the doctor asks this, at the terminal")
    row = turn.db.execute("SELECT next FROM listener WHERE id = ?", (request.listener,)).fetchone()
    rung = turn.db.execute(
        "SELECT kind, count(*), min(at) FROM notice WHERE kind LIKE 'letter-%' AND seen IS NULL GROUP BY kind"
    ).fetchall()
    return LettersTold(
        row[0] if row else 0,
        tuple(name for name in request.peers if _Enrolled(turn).device(name) is None),
        tuple(Rung(kind, count, store.instant(since)) for kind, count, since in rung),
    )


class _Enrolled:
    """Who may write letters, asked once for each name: hundreds of letters come from a few analysers."""

    def __init__(self, turn: Turn) -> None:
        self._turn = turn
        self._listeners: dict[bytes, tuple[Ed25519PublicKey, Org] | None] = {}
        self._devices: dict[str, _Device | None] = {}

    def listener(self, identifier: bytes) -> tuple[Ed25519PublicKey, Org] | None:
        if identifier not in self._listeners:
            query = "SELECT public_key, org FROM listener WHERE id = ?"
            row = self._turn.db.execute(query, (identifier,)).fetchone()
            self._listeners[identifier] = row and (Ed25519PublicKey.from_public_bytes(row[0]), row[1])
        return self._listeners[identifier]

    def device(self, name: str) -> _Device | None:
        if name not in self._devices:
            query = "SELECT id, org, name, site FROM device WHERE name = ? AND (until IS NULL OR until > ?)"
            row = self._turn.db.execute(query, (name, self._turn.at)).fetchone()
            self._devices[name] = row and _Device(*row)
        return self._devices[name]


def _read(enrolled: _Enrolled, held: Holdings, reader: Org, letter: protocol.Letter) -> LetterOpened:
    envelope = letterbox.Envelope(Id(letter.listener), letter.number, letter.received_at, letter.peer)
    whole = letterbox.Letter(envelope, letterbox.SealedLetter(letter.sealed), letter.signature)
    listener = enrolled.listener(letter.listener)
    if listener is None:
        return _unread(letter, "unknown-listener")
    key, org = listener
    try:
        letterbox.verify(key, whole)
        body = held.unlocked.letter_key.open(whole)
    except Forged:
        return _unread(letter, "forged")
    except Unopenable:
        return _unread(letter, "damaged")
    device = enrolled.device(letter.peer)
    # A listener that one laboratory enrolled signs for no other: it could confirm that one's orders. So with a worker.
    if device is None or not {org, reader} <= {INSTALLATION, device.org}:
        return _unread(letter, "unknown-device")
    digest = held.unlocked.digest(device.org, "letter", device.id + body)
    return LetterOpened(letter.number, device.org, device.id, device.name, device.site, body, digest, "")


def _unread(letter: protocol.Letter, error: str) -> LetterOpened:
    return LetterOpened(letter.number, b"", b"", "", "", b"", b"", error)


def _remember(turn: Turn, held: Holdings, actor: bytes, came: protocol.Letter, letter: LetterOpened) -> None:
    org = Org(letter.org) if letter.org else INSTALLATION
    leaf = Leaf(act="ReadLetter", step=Step.ENTER, actor=actor.hex(), id="", n=letter.number)
    held.history.append(turn, org, leaf)
    if letter.error not in _UNSIGNED:
        _count(turn, held, came)
    if letter.error:
        held.alarm(turn, org, f"letter-{letter.error}", n=letter.number)
        return
    turn.db.execute(
        "INSERT OR IGNORE INTO letter (number, listener, org) VALUES (?, ?, ?)", (came.number, came.listener, org)
    )


def _count(turn: Turn, held: Holdings, came: protocol.Letter) -> None:
    """A listener numbers its letters without gaps, and the worker reads them in order.

    A gap is a letter taken away; a number that another letter had is a letterbox that was made anew, and what waited in
    the old one is lost. Either rings once, and the count goes on from there. A letter that is taken again is the same.
    """
    (expected,) = turn.db.execute("SELECT next FROM listener WHERE id = ?", (came.listener,)).fetchone()
    seal, key = hashlib.sha256(came.signature).digest(), (came.listener, came.number)
    had = turn.db.execute("SELECT seal FROM letter_number WHERE listener = ? AND number = ?", key).fetchone()
    if had == (seal,):
        return
    anew = had is not None and came.number < expected
    if came.number > expected:
        held.alarm(turn, INSTALLATION, "letter-missing", n=came.number - expected)
    if anew:
        held.alarm(turn, INSTALLATION, "letter-renumbered", n=came.number)
    turn.db.execute("INSERT OR REPLACE INTO letter_number (listener, number, seal) VALUES (?, ?, ?)", (*key, seal))
    if anew or came.number >= expected:
        turn.db.execute("UPDATE listener SET next = ? WHERE id = ?", (came.number + 1, came.listener))

"""Patients and organizations as the owners of keys: a key for each, in the key journal first and then the table."""

import secrets
from collections.abc import Iterator
from dataclasses import dataclass

import msgspec

from aliquot.custody import store
from aliquot.custody.keyjournal import KeyJournal
from aliquot.custody.store import Turn
from aliquot.custody.unlocked import Box, Unlocked
from aliquot.terms import canonical
from aliquot.terms.identity import Demography
from aliquot.terms.ids import Id, Org
from aliquot.terms.kinds import Harm, Kind
from aliquot.vault import record, wrapping
from aliquot.vault.keys import PatientKey
from aliquot.vault.record import Address, Sealer
from aliquot.vault.wrapping import WrappedKey

PENDING, KNOWN = "pending", "known"
STAGING = "staging"
LOST = "lost"
"""Somebody whose registration was lost or abandoned: it is done again, as a new act."""
"""No patient: the key under which the secrets of a migration lie, so that they are forgotten as a patient is."""
_CARD_SCHEMA = 1
_OWN = b"\x02"
_SELECT = "SELECT id, org, state, n, epoch, key, seals, card, kept FROM subject"
_NO_STATE = canonical.deciding("", ())


class Card(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What custody keeps of a patient: the pseudonym that stands in the log, and what search needs."""

    pseudonym: str
    demography: Demography | None = None


@dataclass
class Subject:
    """An owner of a key, with the key open. `kept` counts the versions that are known to be kept."""

    id: Id
    org: Org
    state: str
    kept: int
    sealer: Sealer
    card: Card


def begin_again(turn: Turn, subject: "Subject") -> None:
    """Somebody whose registration came to nothing is being registered again; by one act, as at first."""
    turn.db.execute("UPDATE subject SET state = ? WHERE id = ? AND state = ?", (PENDING, subject.id, LOST))


def come_to_nothing(turn: Turn, subject: Id) -> None:
    """A registration was lost or abandoned. Who is known stays known."""
    turn.db.execute("UPDATE subject SET state = ? WHERE id = ? AND state = ?", (LOST, subject, PENDING))


def create(turn: Turn, unlocked: Unlocked, journal: KeyJournal, subject: Id, *, state: str = PENDING) -> Subject:
    """Make the key, the pseudonym and the row of a new subject."""
    org = Org(subject[:4])
    epoch = unlocked.epoch(org)
    key = PatientKey.generate()
    wrapped = wrapping.wrap(unlocked.kek(org, epoch), key, wrapping.Binding(org, subject, 1, epoch))
    journal.add(subject, 1, epoch, wrapped)
    made = Subject(subject, org, state, 0, Sealer(key, 1), Card(secrets.token_hex(16)))
    turn.db.execute(
        "INSERT INTO subject (id, org, state, n, epoch, key, seals, card, kept) VALUES (?, ?, ?, 1, ?, ?, ?, ?, 0)",
        (subject, org, state, epoch, wrapped, made.sealer.seals + 1, _seal_card(made, made.card)),
    )
    return made


def load(turn: Turn, unlocked: Unlocked, subject: Id) -> Subject | None:
    """A subject with its key open, or nothing if custody knows none of this id."""
    row = turn.db.execute(f"{_SELECT} WHERE id = ?", (subject,)).fetchone()
    return None if row is None else _opened(unlocked, row)


def known(turn: Turn, unlocked: Unlocked) -> Iterator[Subject]:
    """Every patient that is known, one after another, with its key open."""
    return (_opened(unlocked, row) for row in turn.db.execute(f"{_SELECT} WHERE state = ?", (KNOWN,)))


def seal(subject: Subject, label: str, plain: bytes) -> bytes:
    """What custody keeps about a patient beside the records, sealed so that it is forgotten with the patient.

    Format 2: `0x02`, then a box of format 1 under the subject's own key.
    """
    return _OWN + Box(subject.sealer.aside()).seal(label, plain)


def unseal(unlocked: Unlocked, subject: Subject, label: str, sealed: bytes) -> bytes:
    """What was kept about a patient; of before format 2, under the organization."""
    if sealed[:1] != _OWN:
        return unlocked.box(subject.org).open(label, sealed)
    return Box(subject.sealer.aside()).open(label, sealed[1:])


def destroy(turn: Turn, subject: Id) -> None:
    """Forget a key: what was sealed under it opens no more. A stone remains, so that nothing brings the key back."""
    turn.db.execute(
        "INSERT OR IGNORE INTO shredded (subject, org, epoch, at)"
        " SELECT id, org, max(coalesce((SELECT max(number) FROM epoch), epoch), epoch), ? FROM subject WHERE id = ?",
        (turn.at, subject),
    )
    blank = "UPDATE subject SET key = zeroblob(length(key)), card = zeroblob(length(card)) WHERE id = ?"
    turn.db.execute(blank, (subject,))
    turn.db.execute("DELETE FROM subject WHERE id = ?", (subject,))
    store.forget(turn)


def is_shredded(turn: Turn, subject: bytes) -> bool:
    """Whether there was a patient of this id who has been forgotten."""
    return turn.db.execute("SELECT 1 FROM shredded WHERE subject = ?", (subject,)).fetchone() is not None


def write_card(turn: Turn, subject: Subject, demography: Demography) -> None:
    """Keep the identity that search needs, under the subject's own key."""
    subject.card = Card(subject.card.pseudonym, demography)
    sealed = _seal_card(subject, subject.card)
    turn.db.execute("UPDATE subject SET card = ?, seals = seals + 1 WHERE id = ?", (sealed, subject.id))


def _opened(unlocked: Unlocked, row: tuple[Id, Org, str, int, int, WrappedKey, int, bytes, int]) -> Subject:
    subject, org, state, n, epoch, wrapped, seals, card, kept = row
    key = wrapping.unwrap(unlocked.kek(org, epoch), wrapped, wrapping.Binding(org, subject, n, epoch))
    sealer = Sealer(key, n, seals)
    return Subject(subject, org, state, kept, sealer, _open_card(sealer, org, subject, card))


def _seal_card(subject: Subject, card: Card) -> bytes:
    return subject.sealer.seal(_address(subject.org, subject.id), Harm.NORMAL, _CARD_SCHEMA, canonical.encode(card))


def _open_card(sealer: Sealer, org: Org, subject: Id, sealed: bytes) -> Card:
    return _CARDS.decode(sealer.open(_address(org, subject), _CARD_SCHEMA, record.Sealed(sealed)).body)


def _address(org: Org, subject: Id) -> Address:
    return Address(org, subject, Kind.CARD, subject, 0, _NO_STATE)


_CARDS = msgspec.json.Decoder(Card)

"""People of an old system who may be known here: kept sealed while a person has to decide, and not for longer.

They are not patients of this laboratory yet. Who they are lies under the migration's own key, is renewed at each
comparison and deleted when it is decided; with the migration it dies as everything that was staged. A person who
decides sees so many of them a day and no more (docs/threats.md).
"""

from collections.abc import Iterable, Sequence

import msgspec

from aliquot.custody import answers, elapsed, limits, migrations, steps, subjects, tallies
from aliquot.custody.denial import Denial
from aliquot.custody.grants import Grant
from aliquot.custody.history import Leaf
from aliquot.custody.holdings import Holdings
from aliquot.custody.migration_protocol import Candidate, Doubt, DoubtsRead, Incoming, ReadDoubts, Verdict
from aliquot.custody.migrations import Migration
from aliquot.custody.store import Turn
from aliquot.custody.subjects import Subject
from aliquot.custody.tallies import Alarm
from aliquot.ledger.entry import Step
from aliquot.terms.errors import Broken
from aliquot.terms.identity import Demography
from aliquot.terms.ids import Id
from aliquot.vault import mandate as mandates
from aliquot.vault import padding

_LENGTH = 4
_FORGET = "DELETE FROM doubt WHERE mandate = ? AND row = ?"


class _Kept(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What is sealed of one doubt. Numbers are not among it, only which of them agree."""

    demography: Demography
    candidates: tuple[Candidate, ...]


def renew(turn: Turn, held: Holdings, migration: Migration, compared: Iterable[tuple[Incoming, Verdict]]) -> None:
    """People were compared: who is doubtful now is kept as they came, who is not any more is forgotten."""
    doubtful: list[tuple[Incoming, Verdict]] = []
    others: list[tuple[bytes, bytes]] = []
    for incoming, verdict in compared:
        if verdict.says == "doubtful":
            doubtful.append((incoming, verdict))
        else:
            others.append((migration.mandate, verdict.row))
    turn.db.executemany(_FORGET, others)
    if not doubtful:
        return
    subject = _subject(turn, held, migration)
    turn.db.executemany(
        "INSERT OR REPLACE INTO doubt (mandate, row, sealed) VALUES (?, ?, ?)",
        [
            (migration.mandate, verdict.row, _seal(subject, verdict, incoming.demography))
            for incoming, verdict in doubtful
        ],
    )


def decided(turn: Turn, held: Holdings, migration: Migration, row: bytes, patient: bytes, *, same: bool) -> None:
    """A person has decided about one candidate: the doubt is over, or it has one candidate less."""
    kept = _kept(turn, held, migration, row)
    if kept is None:
        return
    left = () if same else tuple(one for one in kept.candidates if one.patient != patient)
    if not left:
        turn.db.execute(_FORGET, (migration.mandate, row))
        return
    subject = _subject(turn, held, migration)
    sealed = _seal(subject, Verdict(row, "doubtful", candidates=left), kept.demography)
    turn.db.execute("UPDATE doubt SET sealed = ? WHERE mandate = ? AND row = ?", (sealed, migration.mandate, row))


def offered(turn: Turn, held: Holdings, migration: Migration, row: bytes) -> frozenset[bytes] | None:
    """Who may be meant by a row that waits for a person; nothing, if it does not wait."""
    kept = _kept(turn, held, migration, row)
    return None if kept is None else frozenset(one.patient for one in kept.candidates)


def read(turn: Turn, held: Holdings, request: ReadDoubts) -> DoubtsRead:
    """A page of doubts, by the id of their rows, for a person who decides.

    Raises:
        Denial: `not-of-this-act`, `migration-state`, `budget-doubts` (this person has seen a day's doubts), and as
            `migrations.standing`.
    """
    grant = held.grant(turn, request.grant)
    if grant.name != "DecideMatch":
        raise Denial("not-of-this-act", "this act decides nobody's doubt")
    found = migrations.standing(turn, grant.asker.org, request.mandate)
    if found.state not in steps.DECIDES_IN:
        raise Denial("migration-state", f"the migration is {found.state}: who is whom is not decided there")
    page = turn.db.execute(
        "SELECT row, sealed FROM doubt WHERE mandate = ? AND row > ? ORDER BY row LIMIT ?",
        (found.mandate, request.after, request.most),
    ).fetchall()
    shown = _within(turn, grant, page)
    if page and not shown:
        raise Denial("budget-doubts", "you have seen a day's doubts of people who are brought in; go on tomorrow")
    _count(turn, held, grant, found, [row for row, _ in shown])
    subject = _subject(turn, held, found)
    told = tuple(_doubt(turn, held, subject, row, sealed) for row, sealed in shown)
    return DoubtsRead(told, _left(turn, found.mandate))


def waiting(turn: Turn, held: Holdings, grant: Grant) -> answers.Doubtfuls:
    """The migrations of a laboratory in which somebody is doubtful, for whoever decides."""
    standing = [one for one in migrations.of(turn, grant.subject.org) if one.state in steps.DECIDES_IN]
    counted = [(one, _left(turn, one.mandate)) for one in standing]
    return answers.Doubtfuls(
        tuple(answers.Doubtful(one.mandate.hex(), _source(turn, held, one), left) for one, left in counted if left)
    )


def _kept(turn: Turn, held: Holdings, migration: Migration, row: bytes) -> _Kept | None:
    query = "SELECT sealed FROM doubt WHERE mandate = ? AND row = ?"
    found = turn.db.execute(query, (migration.mandate, row)).fetchone()
    return None if found is None else _open(held, _subject(turn, held, migration), row, found[0])


def _source(turn: Turn, held: Holdings, migration: Migration) -> str:
    raw = migrations.document(turn, held.unlocked, migration)
    return mandates.read(raw, mandates.key_of(raw)).source


def _left(turn: Turn, mandate: bytes) -> int:
    row: tuple[int] = turn.db.execute("SELECT count(*) FROM doubt WHERE mandate = ?", (mandate,)).fetchone()
    return row[0]


def _within(turn: Turn, grant: Grant, page: Sequence[tuple[bytes, bytes]]) -> list[tuple[bytes, bytes]]:
    """As much of a page as this person may still see today; what they saw today already costs nothing."""
    person, day = grant.asker.person, elapsed.day(elapsed.moment(turn))
    room = limits.DOUBTS_A_DAY - tallies.of(turn, grant.asker.org, _tally(grant), day)
    shown: list[tuple[bytes, bytes]] = []
    for row, sealed in page:
        seen = turn.db.execute(
            "SELECT 1 FROM asked WHERE person = ? AND day = ? AND value = ?", (person, day, _value(row))
        ).fetchone()
        if seen is None and room < 1:
            break
        room -= seen is None
        shown.append((row, sealed))
    return shown


def _count(turn: Turn, held: Holdings, grant: Grant, migration: Migration, rows: Sequence[bytes]) -> None:
    """One leaf for what was not seen today yet, and an alarm at three quarters of a day's."""
    at, person = elapsed.moment(turn), grant.asker.person
    fresh = 0
    for row in rows:
        seen = (person, elapsed.day(at), _value(row))
        fresh += turn.db.execute("INSERT OR IGNORE INTO asked VALUES (?, ?, ?)", seen).rowcount
    if not fresh:
        return
    leaf = Leaf(act="migration.doubts", step=Step.EVENT, actor=person.hex(), id=migration.mandate.hex(), n=fresh)
    held.history.append(turn, migration.org, leaf)
    n = tallies.add(turn, migration.org, _tally(grant), elapsed.day(at), fresh)
    if n >= limits.DOUBTS_ALARM:
        held.ring(turn, tallies.once(turn, Alarm("doubts-many", migration.org, person, n), at))


def _doubt(turn: Turn, held: Holdings, subject: Subject, row: bytes, sealed: bytes) -> Doubt:
    """Only patients who are registered are shown as candidates: others are not kept yet, or were erased."""
    kept = _open(held, subject, row, sealed)
    known = "SELECT 1 FROM subject WHERE id = ? AND state = ?"
    candidates = [
        one for one in kept.candidates if turn.db.execute(known, (one.patient, subjects.KNOWN)).fetchone() is not None
    ]
    return Doubt(row, kept.demography, tuple(candidates))


def _subject(turn: Turn, held: Holdings, migration: Migration) -> Subject:
    subject = held.subject(turn, migration.mandate)
    if subject is None:
        raise Broken("custody database: a migration stands without its keys")
    return subject


def _seal(subject: Subject, verdict: Verdict, demography: Demography) -> bytes:
    """Four bytes of length, the content, and zeros up to a size that many have."""
    plain = msgspec.msgpack.encode(_Kept(demography, verdict.candidates))
    return subjects.seal(subject, _label(verdict.row), padding.pad(len(plain).to_bytes(_LENGTH, "big") + plain))


def _open(held: Holdings, subject: Subject, row: bytes, sealed: bytes) -> _Kept:
    plain = subjects.unseal(held.unlocked, subject, _label(row), sealed)
    return _KEPT.decode(plain[_LENGTH:][: int.from_bytes(plain[:_LENGTH], "big")])


def _label(row: bytes) -> str:
    return f"doubt {Id(row).hex()}"


def _value(row: bytes) -> bytes:
    return b"doubt:" + row


def _tally(grant: Grant) -> str:
    return f"doubts:{grant.asker.person.hex()}"


_KEPT = msgspec.msgpack.Decoder(_Kept)

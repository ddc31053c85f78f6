"""Whom a person who is brought in is the same as: custody compares and answers ids and scores, never a name.

An equal national number or number of another system, with birth date and names that agree, is the same person. Nobody
close is a new patient. What lies between waits for a person, whose decision counts from then on. Source: DOMAIN.md 4;
docs/decisions/0011-how-a-laboratory-moves.md.
"""

import hashlib
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial

import msgspec

from aliquot.custody import (
    brought,
    doubts,
    elapsed,
    limits,
    migrations,
    running,
    search,
    staging,
    steps,
    store,
    subjects,
    tallies,
)
from aliquot.custody.denial import Denial
from aliquot.custody.history import Leaf
from aliquot.custody.holdings import Holdings
from aliquot.custody.migration_protocol import Candidate, Incoming, Match, Matched, SettleMatch, Verdict
from aliquot.custody.migrations import Migration
from aliquot.custody.protocol import Done
from aliquot.custody.running import Run
from aliquot.custody.search import Similar
from aliquot.custody.steps import State
from aliquot.custody.store import Turn
from aliquot.custody.tallies import Alarm
from aliquot.ledger.entry import Step
from aliquot.terms import canonical
from aliquot.terms.errors import Unclear
from aliquot.terms.identity import Demography
from aliquot.terms.ids import Id, Org
from aliquot.vault.tokens import Field

SAME_NUMBER = "same-identifier"
_TELLING = frozenset({Field.NIR, Field.EXTID})
"""Numbers that are one person's anywhere; a file number is each system's own, and two systems count alike."""
_FIELDS = _TELLING | {Field.FILE}
_CERTAIN = 1.0
_DECIDED = "SELECT row, patient, same FROM matched WHERE mandate = ? AND row IN"
_MANDATED = "SELECT subject FROM mandated WHERE mandate = ? AND subject IN"
_MERGED = "SELECT row, patient FROM merged WHERE mandate = ? AND row IN"
_TOLD_APART = """
SELECT EXISTS (SELECT 1 FROM matched WHERE mandate = ?1 AND row = ?2)
  OR EXISTS (SELECT 1 FROM merged WHERE mandate = ?1 AND row = ?2)
"""

Token = tuple[int, str]
Comer = tuple[bytes, Incoming, list[Token]]
"""The id of the row, who stands in it, and the tokens of their numbers."""


@dataclass(frozen=True)
class _Known:
    """What custody knows that bears on a batch: patients by token, what people decided, who is under the mandate.

    `erased` are rows of patients who were erased, `merged` says of whom a row was found to be at an earlier load.
    `before` are rows whose registration was begun under another mandate over the same source, and `strangers` those who
    were registered by the very row and are nobody whom it may mean.
    """

    holders: defaultdict[Token, set[bytes]]
    decided: dict[bytes, dict[bytes, bool]]
    mandated: set[bytes] = field(default_factory=set)
    before: set[bytes] = field(default_factory=set)
    erased: set[bytes] = field(default_factory=set)
    merged: dict[bytes, bytes] = field(default_factory=dict)
    strangers: set[bytes] = field(default_factory=set)


def match(turn: Turn, held: Holdings, request: Match) -> Matched:
    """Compare people who are brought in with those who are known here.

    In `loading`, a patient who is found to be the same comes under the mandate, so that a past may be sealed onto them,
    as does who was registered by this very row under an earlier mandate over the same source; each counts once. The
    whole batch is refused when the mandate's count does not reach.

    Raises:
        Denial: `malformed`, an identifier cannot be read; `mandate`, the count is used up, or far more people were
            compared today than it may ever bring.
    """
    run = running.under(turn, held, request.grant, steps.MATCHES_IN)
    _check_pace(turn, run, len(request.people))
    keys = staging.opened(turn, held, run.migration)
    rows = running.named(run.migration, keys, running.PATIENT, tuple(one.key for one in request.people))
    tokens = [_tokens(held, run.migration.org, one) for one in request.people]
    known = _known(turn, run, rows, tokens)
    comers = list(zip(rows, request.people, tokens, strict=True))
    made = {row: partial(_called, turn, held, row) for row in _suspects(run, known).intersection(rows)}
    found = _verdicts(held.index(run.migration.org), known, comers, made)
    verdicts = tuple(_since(turn, held, run, known, verdict) for verdict in found)
    if run.migration.state is State.LOADED:
        pairs = zip(comers, verdicts, strict=True)
        verdicts = tuple(_beside(turn, held, known, comer, verdict) for comer, verdict in pairs)
    if run.migration.state in steps.LOADS_IN:
        # Whoever is new comes under the mandate by being registered.
        there = {verdict.patient for verdict in verdicts if verdict.says == "same"} - ({*rows} - known.before)
        _join(turn, run, there - known.mandated)
        _remember(turn, run, known.merged, verdicts)
    doubts.renew(turn, held, run.migration, zip(request.people, verdicts, strict=True))
    _tell(turn, held, run, len(verdicts))
    return Matched(verdicts)


def settle(turn: Turn, held: Holdings, request: SettleMatch) -> Done:
    """A person has decided. A row is the same as one patient at most; a later decision replaces an earlier one.

    Raises:
        Denial: `not-of-this-act`, `migration-state`, `unknown-subject`, `row-registered`, `no-such-doubt`, and as
            `migrations.standing`.
    """
    grant = held.grant(turn, request.grant)
    covered = digest(request.mandate, request.row, request.patient, same=request.same)
    if grant.name != "DecideMatch" or grant.digest != covered:
        raise Denial("not-of-this-act", "the confirmation was for another decision")
    found = migrations.standing(turn, grant.asker.org, request.mandate)
    if found.state not in steps.DECIDES_IN:
        raise Denial("migration-state", f"the migration is {found.state}: who is whom is not decided there")
    patient = held.subject(turn, Id(request.patient))
    if patient is None or patient.org != found.org or patient.state != subjects.KNOWN:
        raise Denial("unknown-subject", "no such record here")
    mandates = (found.mandate, *migrations.others(turn, found))
    _check_row(turn, held, found, request.row, mandates)
    _take_back(turn, mandates, request)
    turn.db.execute(
        "INSERT INTO matched (mandate, row, patient, same, decided_by, at) VALUES (?, ?, ?, ?, ?, ?)",
        (request.mandate, request.row, request.patient, int(request.same), grant.asker.person, turn.at),
    )
    doubts.decided(turn, held, found, request.row, patient.id, same=request.same)
    leaf = Leaf("migration.settle", Step.EVENT, grant.asker.person.hex(), found.mandate.hex(), subject=patient.id)
    held.history.append(turn, found.org, msgspec.structs.replace(leaf, pat=patient.card.pseudonym))
    turn.later.append(lambda: held.grants.end(request.grant))
    return Done()


def _check_row(turn: Turn, held: Holdings, migration: Migration, row: bytes, mandates: Sequence[bytes]) -> None:
    """A row is decided about while it waits, or anew, while nobody has come in by it.

    Rows that are somebody become stones when that patient is erased: whoever speaks for one person who decides must not
    name anybody's id as a row.
    """
    offered = doubts.offered(turn, held, migration, row)
    here = turn.db.execute("SELECT 1 FROM subject WHERE id = ?", (row,)).fetchone() is not None
    # Whom a row made may be offered for that row itself.
    if here and row not in (offered or ()):
        raise Denial("row-registered", "somebody came in by this row in the meantime: nobody decides about it any more")
    if offered is None and not any(turn.db.execute(_TOLD_APART, (each, row)).fetchone()[0] for each in mandates):
        raise Denial("no-such-doubt", "this row does not wait for a person, and nobody has decided about it")


def _take_back(turn: Turn, mandates: Sequence[bytes], request: SettleMatch) -> None:
    """What was decided before about this row, under whatever mandate over the source, as far as it is replaced."""
    if request.same:
        query = "UPDATE matched SET same = 0 WHERE mandate = ? AND row = ?"
        turn.db.executemany(query, [(mandate, request.row) for mandate in mandates])
    query = "DELETE FROM matched WHERE mandate = ? AND row = ? AND patient = ?"
    turn.db.executemany(query, [(mandate, request.row, request.patient) for mandate in mandates])


def digest(mandate: bytes, row: bytes, patient: bytes, *, same: bool) -> bytes:
    """What the act of who decides must have as its digest."""
    return hashlib.sha256(canonical.encode([mandate.hex(), row.hex(), patient.hex(), same])).digest()


def _tokens(held: Holdings, org: Org, incoming: Incoming) -> list[Token]:
    try:
        return [(held.unlocked.token(org, name, value), name) for name, value in _readable(incoming)]
    except Unclear:
        raise Denial("malformed", "an identifier cannot be read") from None


def _readable(incoming: Incoming) -> Iterator[tuple[str, str]]:
    for name, value in incoming.identifiers:
        if name not in _FIELDS:
            raise Denial("malformed", "nobody is compared by that")
        yield name, value


def _known(turn: Turn, run: Run, rows: Sequence[bytes], tokens: Sequence[list[Token]]) -> _Known:
    holders: defaultdict[Token, set[bytes]] = defaultdict(set)
    wanted = sorted({token for numbers in tokens for token, _ in numbers})
    query = "SELECT token, field, subject FROM identifier WHERE org = ? AND token IN"
    for token, name, subject in store.among(turn, query, wanted, run.migration.org):
        holders[token, name].add(subject)
    own, others = run.migration.mandate, migrations.others(turn, run.migration)
    decided: dict[bytes, dict[bytes, bool]] = defaultdict(dict)
    for mandate in (*others, own):
        for row, patient, same in store.among(turn, _DECIDED, rows, mandate):
            decided[row][patient] = bool(same)
    about = {*rows, *(patient for patients in decided.values() for patient in patients)}
    about |= {patient for patients in holders.values() for patient in patients}
    query = "SELECT subject FROM shredded WHERE org = ? AND subject IN"
    return _Known(
        holders,
        decided,
        mandated={row[0] for row in store.among(turn, _MANDATED, sorted(about), own)},
        before={row[0] for mandate in others for row in store.among(turn, _MANDATED, rows, mandate)},
        erased={row[0] for row in store.among(turn, query, rows, run.migration.org)},
        merged=dict(store.among(turn, _MERGED, rows, own)),
    )


def _holders(known: _Known, numbers: list[Token]) -> dict[bytes, set[str]]:
    """Patients who have one of these numbers, with the fields of those that they have."""
    found: dict[bytes, set[str]] = {}
    for token, name in numbers:
        for patient in known.holders.get((token, name), ()):
            found.setdefault(patient, set()).add(name)
    return found


def _verdicts(
    index: search.Index, known: _Known, comers: Iterable[Comer], made: Mapping[bytes, Callable[[], Demography | None]]
) -> Iterator[Verdict]:
    """One after another: whoever is new counts as known to those who come after in the same request.

    `made` says of rows which patient they made, who is looked at again.
    """
    fresh = search.Index()
    for row, incoming, numbers in comers:
        asked = search.Asked(incoming.demography)
        near = {one.patient: one for one in (*index.near(asked), *fresh.near(asked))}
        called = made[row]() if row in made and row not in near else None
        if called is not None and not search.may_be(asked, called):
            known.strangers.add(row)
        verdict = _verdict(row, _candidates(near, _holders(known, numbers)), known)
        if verdict.says == "nobody":
            fresh.add(row, incoming.demography)
            for number in numbers:
                known.holders[number].add(row)
        yield verdict


def _called(turn: Turn, held: Holdings, row: bytes) -> Demography | None:
    """What the patient is called whom this very row made; nothing, where its registration has not ended."""
    subject = held.subject(turn, Id(row))
    return subject.card.demography if subject is not None and subject.state == subjects.KNOWN else None


def _suspects(run: Run, known: _Known) -> set[bytes]:
    """Rows that made a patient and may say somebody else by now: it is another source of that name, or another map.

    Once a load has ended its own rows are who they were found to be; whoever is called otherwise differs.
    """
    return known.before - known.mandated if run.migration.state is State.LOADED else known.before | known.mandated


def _candidates(near: dict[bytes, Similar], holders: dict[bytes, set[str]]) -> tuple[bytes, list[Candidate]]:
    """The patient who is surely this person, if there is one, and everybody who may be."""
    surely = [patient for patient, fields in holders.items() if fields & _TELLING and _agrees(near.get(patient))]
    everybody = [_candidate(one, holders.get(one.patient, set())) for one in near.values()]
    everybody += [
        Candidate(patient, 0.0, (SAME_NUMBER,), tuple(sorted(fields)))
        for patient, fields in holders.items()
        if patient not in near
    ]
    return surely[0] if len(surely) == 1 else b"", everybody


def _agrees(similar: Similar | None) -> bool:
    return similar is not None and similar.score >= _CERTAIN


def _candidate(similar: Similar, fields: set[str]) -> Candidate:
    reasons = (*similar.reasons, SAME_NUMBER) if fields else similar.reasons
    return Candidate(similar.patient, similar.score, reasons, tuple(sorted(fields)))


def _verdict(row: bytes, found: tuple[bytes, list[Candidate]], known: _Known) -> Verdict:
    """In this order: erased; a person decided; loaded from this very row; surely the same; nobody; doubtful.

    A row that made a patient whom it cannot mean is doubtful: numbers are somebody's in one system only. A decision
    counts for a patient whom custody itself finds close. Otherwise whoever speaks for one person who decides could lay
    any row's past upon any patient; the row waits for a person again.
    """
    if row in known.erased:
        return Verdict(row, "erased")
    surely, candidates = found
    if row in known.strangers and row not in {one.patient for one in candidates}:
        candidates = [*candidates, Candidate(row, 0.0, (SAME_NUMBER,))]
    decided = known.decided.get(row, {})
    chosen = next((patient for patient, same in decided.items() if same), b"")
    if chosen in {one.patient for one in candidates}:
        return Verdict(row, "same", chosen)
    if row not in known.strangers and (row in known.mandated or row in known.before):
        return Verdict(row, "same", row)
    if row in known.strangers and not decided.get(row, True):
        return Verdict(row, "another")
    left = [one for one in candidates if decided.get(one.patient, True)]
    if surely in {one.patient for one in left}:
        return Verdict(row, "same", surely)
    if not left and not chosen:
        return Verdict(row, "nobody")
    best = sorted(left, key=lambda one: (-one.score, one.patient))[: search.MOST_HITS]
    return Verdict(row, "doubtful", candidates=tuple(best))


def _since(turn: Turn, held: Holdings, run: Run, known: _Known, verdict: Verdict) -> Verdict:
    """Whether who was registered by a row was so under another mandate; a registration that came to nothing was not."""
    row = verdict.row
    if verdict.patient != row or row not in known.before:
        return verdict
    subject, by = held.subject(turn, Id(row)), brought.by_which(turn, row)
    before = subject is not None and subject.state == subjects.KNOWN and by != run.migration.mandate
    unsure = before and by is not None and not migrations.is_reconciled(turn, by)
    return msgspec.structs.replace(verdict, before=before, unsure=unsure)


def _beside(turn: Turn, held: Holdings, known: _Known, comer: Comer, verdict: Verdict) -> Verdict:
    """Whether who was registered by a row stands here as the row says: no load says that of itself.

    Of whom another mandate brought the numbers are not asked for: each map may keep them under a system of its own.
    """
    row, incoming, numbers = comer
    if verdict.patient != row:
        return verdict
    subject = held.subject(turn, Id(row))
    called = None if subject is None else subject.card.demography
    numbered = verdict.before or all(row in known.holders.get(number, ()) for number in numbers)
    return msgspec.structs.replace(verdict, differs=called != incoming.demography or not numbered)


def _join(turn: Turn, run: Run, patients: Iterable[bytes]) -> None:
    found = sorted(patients)
    room = "SELECT allowed - used FROM mandate WHERE id = ?"
    (left,) = turn.db.execute(room, (run.migration.mandate,)).fetchone()
    if len(found) > left:
        raise Denial("mandate", "the mandate's count is used up")
    turn.db.executemany("INSERT INTO mandated VALUES (?, ?)", [(run.migration.mandate, one) for one in found])
    turn.db.execute("UPDATE mandate SET used = used + ? WHERE id = ?", (len(found), run.migration.mandate))


def _remember(turn: Turn, run: Run, merged: dict[bytes, bytes], verdicts: Iterable[Verdict]) -> None:
    """Of whom a row was found to be, as it is now: whoever is erased later is known again by it (`custody.erasure`)."""
    mandate = run.migration.mandate
    now = {one.row: one.patient for one in verdicts if one.patient not in (b"", one.row)}
    turn.db.executemany(
        "DELETE FROM merged WHERE mandate = ? AND row = ?", [(mandate, row) for row in merged.keys() - now.keys()]
    )
    turn.db.executemany(
        "INSERT OR REPLACE INTO merged (mandate, row, patient) VALUES (?, ?, ?)",
        [(mandate, row, patient) for row, patient in now.items() if merged.get(row) != patient],
    )


def _check_pace(turn: Turn, run: Run, n: int) -> None:
    compared = tallies.of(turn, run.migration.org, _compared(run), elapsed.day(elapsed.moment(turn)))
    if compared + n > _allowed(turn, run) * limits.MATCHED_AT_MOST:
        raise Denial("mandate", "far more people were compared today than the mandate brings; go on tomorrow")


def _allowed(turn: Turn, run: Run) -> int:
    row: tuple[int] = turn.db.execute("SELECT allowed FROM mandate WHERE id = ?", (run.migration.mandate,)).fetchone()
    return row[0]


def _compared(run: Run) -> str:
    return f"matched:{run.migration.mandate.hex()}"


def _tell(turn: Turn, held: Holdings, run: Run, n: int) -> None:
    """One leaf for each request, and an alarm when far more people are compared in a day than may ever be brought."""
    org, person, at = run.migration.org, run.grant.asker.person, elapsed.moment(turn)
    leaf = Leaf(act="migration.match", step=Step.EVENT, actor=person.hex(), id=run.migration.mandate.hex(), n=n)
    held.history.append(turn, org, leaf)
    compared = tallies.add(turn, org, _compared(run), elapsed.day(at), n)
    if compared > _allowed(turn, run) * limits.MATCHED_A_DAY:
        held.ring(turn, tallies.once(turn, Alarm("match-many", org, person, compared), at))

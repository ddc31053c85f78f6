"""Moving a laboratory: what its loader asks custody for, how far it is, and what a person decides about who is whom.

People sign mandates and steps with `governing.change` (`custody.forms.SignMigration`, `StepMigration`).
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

import msgspec

from aliquot.access import acts, door, governing
from aliquot.access.acts import DecideMatch, JudgeDossier, ReadMigration, RunMigration
from aliquot.access.custodian import Line
from aliquot.access.door import Actor, Intent
from aliquot.access.grant import Grant
from aliquot.custody import answers, matching, samples
from aliquot.custody.forms import CutOver
from aliquot.custody.migration_protocol import (
    Beside,
    BroughtRead,
    ChunksOpened,
    Compared,
    CompareRows,
    DoubtsRead,
    ElsewhereFound,
    FindElsewhere,
    Incoming,
    JudgeCompared,
    Match,
    Matched,
    NameRows,
    OpenChunks,
    OpenPart,
    PartOpened,
    ReadBrought,
    ReadDoubts,
    RowsNamed,
    SettleMatch,
    StepTaken,
    TakeStep,
    Verdict,
)
from aliquot.custody.protocol import Answered, Ask, Done
from aliquot.custody.steps import State, Step
from aliquot.terms.ids import Id
from aliquot.terms.papers import Reason


@dataclass(frozen=True)
class Decision:
    """Whether the person of a source row (`Verdict.row`) is a patient who is known here."""

    mandate: bytes
    row: bytes
    patient: Id
    same: bool


@dataclass(frozen=True)
class Judgement:
    """What a person says about a dossier of the sample: no reason, if it agrees with the old system."""

    patient: Id
    work: Id
    reason: Reason


def state(grant: Grant[ReadMigration], mandate: bytes = b"") -> tuple[answers.Migration, ...]:
    """How far migrations are: the one of this mandate, or all of the laboratory's; a loader sees its own."""
    return governing.ask(grant, "migrations", {"mandate": mandate.hex()}, answers.Migrations).migrations


def cutting(grant: Grant[ReadMigration], mandate: bytes) -> answers.Cutting:
    """What the two who cut over decide on; for a director or a privacy officer.

    Raises:
        Denial: `not-yours`, `no-such-mandate`, `migration-over`.
    """
    return governing.ask(grant, "cutting", {"mandate": mandate.hex()}, answers.Cutting)


def cut(told: answers.Cutting, ends: Iterable[answers.Credential] = ()) -> CutOver:
    """The declaration of a cut-over that ends these, and leaves everything else that does not end by itself."""
    ended = tuple(sorted(ends))
    return CutOver(ended, tuple(one for one in told.declared if one not in ended), told.back)


def new_work(grant: Grant[ReadMigration]) -> answers.NewWork:
    """What was kept here beside the migration of this grant since it began to load."""
    return governing.ask(grant, "new-work", {}, answers.NewWork)


def signatures(grant: Grant[ReadMigration]) -> tuple[answers.WaitingChange, ...]:
    """Mandates and steps that wait for their second signature; a loader sees none."""
    return governing.ask(grant, "signatures", {}, answers.Signatures).waiting


def standing(line: Line, mandate: bytes) -> State | None:
    """Whether the migration of a mandate stands, or how it ended; nothing if custody knows no such migration.

    Every process of ours may ask: whoever finds what a migration left has its mandate's id before them.
    """
    form = msgspec.json.encode({"mandate": mandate.hex()})
    told = msgspec.json.decode(line.ask(Ask(b"", "standing", form), Answered).body, type=answers.Standing).state
    return State(told) if told else None


def step(grant: Grant[RunMigration], taken: Step, evidence: bytes, rests: bytes = b"") -> State:
    """The loader says that a step of its own is done; the answer is the state that follows.

    Raises:
        Denial: `step`, `evidence`, `migration-over`.
    """
    return State(grant.line.ask(TakeStep(grant.token, taken, evidence, rests), StepTaken).state)


def names(grant: Grant[RunMigration], what: str, keys: Sequence[str], whose: Sequence[str] = ()) -> tuple[Id, ...]:
    """The ids of rows of the source, at most a thousand at once; always the same of one source. `whose` are the
    numbers of the patients whose rows they are.

    Raises:
        Denial: `migration-state`, nothing is loaded or compared yet; `migration-over`.
    """
    return tuple(map(Id, grant.line.ask(NameRows(grant.token, what, tuple(keys), tuple(whose)), RowsNamed).ids))


def brought(grant: Grant[RunMigration], after: bytes = b"", under: bytes = b"") -> BroughtRead:
    """A page of what came in under the mandate, or `under` another that permitted no more, and stands here, by id.

    Raises:
        Denial: `migration-state`, nothing is loaded or compared yet; `migration-over`; `no-such-mandate`.
    """
    return grant.line.ask(ReadBrought(grant.token, after, under), BroughtRead)


def elsewhere(grant: Grant[RunMigration], results: Sequence[Id]) -> ElsewhereFound:
    """Which of these results, at most a thousand, another mandate over the same source has brought, or is saving.

    Raises:
        Denial: `migration-state`, nothing is loaded or compared yet; `migration-over`.
    """
    return grant.line.ask(FindElsewhere(grant.token, tuple(results)), ElsewhereFound)


def match(grant: Grant[RunMigration], people: Sequence[Incoming]) -> tuple[Verdict, ...]:
    """Whom these people, at most a thousand, are the same as. In `loading`, who is the same comes under the mandate.

    Raises:
        Denial: `mandate`, its count is used up; `malformed`; `migration-state`; `migration-over`.
    """
    return grant.line.ask(Match(grant.token, tuple(people)), Matched).verdicts


def compare(grant: Grant[RunMigration], rows: Sequence[Beside]) -> tuple[bool, ...]:
    """Which of these records, at most a thousand, say exactly what the source says in their place.

    Raises:
        Denial: `migration-state`, nothing is loaded or compared yet; `migration-over`.
    """
    return grant.line.ask(CompareRows(grant.token, tuple(rows)), Compared).agrees


def doubtful(grant: Grant[DecideMatch]) -> tuple[answers.Doubtful, ...]:
    """The migrations in which somebody is doubtful, and how many wait in each."""
    return governing.ask(grant, "doubtful", {}, answers.Doubtfuls).migrations


def doubts(grant: Grant[DecideMatch], mandate: bytes, after: bytes = b"", most: int = 1) -> DoubtsRead:
    """People whom the old system has and who may be known here, by the id of their rows, from `after` on.

    Raises:
        Denial: `budget-doubts`, this person has seen a day's; `migration-state`; `migration-over`.
    """
    return grant.line.ask(ReadDoubts(grant.token, mandate, after, most), DoubtsRead)


def sample(grant: Grant[ReadMigration], mandate: bytes) -> answers.Sample:
    """The dossiers that two people compare, with the verdicts so far; none before the loading has ended."""
    return governing.ask(grant, "sample", {"mandate": mandate.hex()}, answers.Sample)


def judge(actor: Actor, judgement: Judgement, meant: Intent) -> None:
    """A person says whether a dossier agrees that they have looked at (`CompareDossier`); a later word replaces it.

    Raises:
        Denial: `not-looked`, `not-sampled`, `migration-state`, `migration-over`.
    """
    covered = replace(meant, digest=samples.digest(judgement.work, judgement.reason))
    with door.enter(actor, JudgeDossier(judgement.patient, judgement.work), covered) as grant:
        actor.line.ask(JudgeCompared(grant.token, judgement.reason), Done)


def decide(actor: Actor, decision: Decision, meant: Intent) -> None:
    """A person decides who is whom; from then on `match` answers accordingly."""
    said = (decision.mandate, decision.row, decision.patient)
    covered = replace(meant, digest=matching.digest(*said, same=decision.same))
    with door.enter(actor, DecideMatch(acts.organization(actor.org)), covered) as grant:
        actor.line.ask(SettleMatch(grant.token, *said, decision.same), Done)


def open_part(grant: Grant[RunMigration], header: bytes, head: bytes, trailer: bytes) -> PartOpened:
    """Begin to open a part of a bundle; the three are as `vault.carrying` finds them.

    Raises:
        Denial: `bundle`, with what is wrong with it; `migration-state`; `migration-over`.
    """
    return grant.line.ask(OpenPart(grant.token, header, head, trailer), PartOpened)


def open_chunks(grant: Grant[RunMigration], handle: bytes, first: int, chunks: Sequence[bytes]) -> tuple[bytes, ...]:
    """Open at most eight chunks of an open part, from number `first` on. The handle outlives the grant.

    Raises:
        Denial: `bundle`, `no-such-part`, `migration-over`.
    """
    return grant.line.ask(OpenChunks(grant.token, handle, first, tuple(chunks)), ChunksOpened).plain

"""Validation: technically, it was measured properly; medically, it is credible and coherent for this patient.

What is signed is what the person saw: every choice names the version, and another version is a conflict.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import msgspec

from aliquot.access import rows
from aliquot.access.acts import Act, ValidateMedically, ValidateTechnically
from aliquot.access.grant import Draft, Grant
from aliquot.custody.denial import Denial
from aliquot.lab import dossier, holds, progress, records, repetition, signing, statuses
from aliquot.lab.content import Observation
from aliquot.lab.dossier import Dossier
from aliquot.lab.holds import Override
from aliquot.lab.records import Kept
from aliquot.lab.signing import Meaning, Signer
from aliquot.terms import ids, states
from aliquot.terms.errors import Refused
from aliquot.terms.identity import Note
from aliquot.terms.ids import Id
from aliquot.terms.kinds import Harm, Kind


class Choice(msgspec.Struct, frozen=True):
    """One result in the version that was seen, the holds that are set aside, and what is said about it.

    An empty comment leaves the one that is there.
    """

    observation: Id
    version: int
    overrides: tuple[Override, ...] = ()
    comment: str = ""


class SentBack(msgspec.Struct, frozen=True):
    """Results that go back to the bench, and why."""

    choices: tuple[Choice, ...]
    reason: str


class Signed(msgspec.Struct, frozen=True):
    """What was validated medically; `single_handed` are those for which one person signed both validations (A7)."""

    observations: tuple[Id, ...]
    single_handed: tuple[Id, ...]


_BACK = frozenset({"A4", "A9"})


@dataclass(frozen=True)
class _Desk:
    """One act of validating: the requisition as it stands, who signs and when."""

    act: Id
    dossier: Dossier
    signer: Signer
    at: datetime


def technically(
    grant: Grant[ValidateTechnically], chosen: Sequence[Choice], signer: Signer, *, at: datetime
) -> tuple[Id, ...]:
    """Say that results were measured properly (A5): an explicit list, all of it or nothing.

    Raises:
        Refused: nothing is chosen, the rules have not looked yet, its tube was rejected, a hold that this role may not
            set aside or that has no reason, or the same person typed a value that two must read (S1).
        Denial: `conflict`.
    """
    if repetition.is_done(grant):
        return _observations(chosen)
    desk = _Desk(grant.id, dossier.read(grant), signer, at)
    repeated = _repeated(grant, chosen)
    drafts = [_technical(desk, choice, repeated=choice.observation in repeated) for choice in _listed(chosen)]
    _write(grant, desk, drafts)
    return tuple(draft.id for draft in drafts)


def repeat(grant: Grant[ValidateTechnically], sent_back: SentBack, signer: Signer, *, at: datetime) -> tuple[Id, ...]:
    """Have results measured again (A4); the run that is replaced stays in their history.

    Raises:
        Refused: no reason, or a result is validated already.
        Denial: `conflict`.
    """
    if repetition.is_done(grant):
        return _observations(sent_back.choices)
    return _send(grant, _Desk(grant.id, dossier.read(grant), signer, at), sent_back, states.Analysis.READY)


def send_back(grant: Grant[ValidateMedically], sent_back: SentBack, signer: Signer, *, at: datetime) -> tuple[Id, ...]:
    """Return validated results to the bench before they are released (A9).

    Raises:
        Refused: no reason, or a result is released, or not validated.
        Denial: `conflict`.
    """
    if repetition.is_done(grant):
        return _observations(sent_back.choices)
    return _send(grant, _Desk(grant.id, dossier.read(grant), signer, at), sent_back, states.Analysis.MEASURED)


def medically(
    grant: Grant[ValidateMedically], chosen: Sequence[Choice], comment: str, signer: Signer, *, at: datetime
) -> Signed:
    """Sign that results are credible for this patient (A6), or both validations at once where nobody else can (A7).

    A comment goes under the whole report and replaces the one before; an empty one leaves it as it is. Sent twice, the
    answer does not tell again which of them were single-handed; their signatures do.

    Raises:
        Refused: as `technically`; or something sensitive is among several (it is signed one at a time).
        Denial: `conflict`.
        Broken: rows of this patient are missing.
    """
    if repetition.is_done(grant):
        return Signed(_observations(chosen), ())
    opened = dossier.read_whole(grant)
    desk = _Desk(grant.id, dossier.of(opened), signer, at)
    found = [_seen(desk, choice) for choice in _listed(chosen)]
    if len(found) > 1 and any(_sensitive(each) for each in found):
        raise Refused("validate: a sensitive result is signed alone")
    drafts = [_medical(desk, choice) for choice in chosen]
    _write(grant, desk, drafts)
    if comment.strip():
        _comment(grant, desk, records.of(opened, Kind.COMMENT, Note), comment)
    alone = tuple(each.id for each in found if each.state == states.Analysis.MEASURED)
    return Signed(tuple(draft.id for draft in drafts), alone)


def _observations(chosen: Sequence[Choice]) -> tuple[Id, ...]:
    return tuple(choice.observation for choice in chosen)


def _listed(chosen: Sequence[Choice]) -> Sequence[Choice]:
    if not chosen or len({choice.observation for choice in chosen}) != len(chosen):
        raise Refused("validate: choose results, each of them once")
    return chosen


def _seen(desk: _Desk, choice: Choice) -> Kept[Observation]:
    found = desk.dossier.observation(choice.observation)
    if found.version != choice.version:
        raise Denial("conflict", "this was changed in the meantime; read it again")
    return found


def _technical(desk: _Desk, choice: Choice, *, repeated: bool) -> Draft:
    found = _seen(desk, choice)
    statuses.may(statuses.ANALYSIS, states.Analysis(found.state), states.Analysis.TECH_VALIDATED, desk.signer.role)
    _check_measured(desk, found)
    _check_tube(desk, found)
    said = _without_holds(desk, found, choice, repeated=repeated)
    return _next(found, _signed(desk, said, "technical"), states.Analysis.TECH_VALIDATED)


def _medical(desk: _Desk, choice: Choice) -> Draft:
    found = _seen(desk, choice)
    statuses.may(statuses.ANALYSIS, states.Analysis(found.state), states.Analysis.MED_VALIDATED, desk.signer.role)
    _check_tube(desk, found)
    said = _without_holds(desk, found, choice, repeated=False)
    if found.state == states.Analysis.MEASURED:
        _check_measured(desk, found)
        said = _signed(desk, said, "technical")
    return _next(found, _signed(desk, said, "medical"), states.Analysis.MED_VALIDATED)


def _check_measured(desk: _Desk, found: Kept[Observation]) -> None:
    """What technical validation rests on: the rules have looked, and S1."""
    if not found.content.rules:
        raise Refused("validate: the rules have not looked at this yet")
    if found.content.double_read and found.content.typed_by == desk.signer.person:
        raise Refused("S1: a value typed by hand is read by a second person")


def _check_tube(desk: _Desk, found: Kept[Observation]) -> None:
    """A result may have been filed while its tube was being rejected; nobody's reason makes it a result (P11)."""
    if desk.dossier.specimen(found.parents[2]).state == states.Specimen.REJECTED:
        raise Refused("P5: the tube of this result was rejected; have it cancelled")


def _without_holds(desk: _Desk, found: Kept[Observation], choice: Choice, *, repeated: bool) -> Observation:
    left = holds.set_aside(found.content.holds, choice.overrides, desk.signer, repeated=repeated)
    return msgspec.structs.replace(found.content, holds=left, comment=choice.comment or found.content.comment)


def _signed(desk: _Desk, said: Observation, meaning: Meaning) -> Observation:
    signature = signing.sign(desk.signer, meaning, desk.act, desk.at)
    return msgspec.structs.replace(said, signatures=(*said.signatures, signature))


def _next(found: Kept[Observation], said: Observation, state: states.Analysis) -> Draft:
    return Draft(Kind.OBSERVATION, found.id, found.version + 1, state, found.parents, said, harm=found.harm)


def _sensitive(found: Kept[Observation]) -> bool:
    held = any(hold.hold == states.Hold.SENSITIVE for hold in found.content.holds)
    return held or found.harm is not Harm.NORMAL


def _repeated(grant: Grant[ValidateTechnically], chosen: Sequence[Choice]) -> set[Id]:
    """The chosen results that were measured at least twice."""
    needed = [choice.observation for choice in chosen if choice.overrides]
    if not needed:
        return set()
    history = grant.read(rows.of_resources(needed), history=True)
    runs: dict[Id, set[str]] = {}
    for each in records.of(history, Kind.OBSERVATION, Observation):
        runs.setdefault(each.id, set()).add(each.content.run)
    return {identifier for identifier, of_one in runs.items() if len(of_one) > 1}


def _send(grant: Grant[Act], desk: _Desk, sent_back: SentBack, to: states.Analysis) -> tuple[Id, ...]:
    if not sent_back.reason.strip():
        raise Refused("validate.reason: a reason is needed")
    drafts: list[Draft] = []
    for choice in _listed(sent_back.choices):
        found = _seen(desk, choice)
        step = statuses.may(statuses.ANALYSIS, states.Analysis(found.state), to, desk.signer.role)
        if step.rule not in _BACK:
            raise Refused(f"{step.rule}: only a correction opens what was released")
        kept = tuple(each for each in found.content.signatures if each.meaning == "correction")
        # Why a released result was opened again is told to its readers: a second reason stands behind it.
        reason = f"{found.content.reason}; {sent_back.reason}" if kept else sent_back.reason
        said = msgspec.structs.replace(found.content, reason=reason, signatures=kept)
        drafts.append(_next(found, said, to))
    _write(grant, desk, drafts)
    return tuple(draft.id for draft in drafts)


def _write(grant: Grant[Act], desk: _Desk, drafts: Sequence[Draft]) -> None:
    for draft in drafts:
        grant.write(draft)
    progress.after(grant, desk.dossier.specimens)


def _comment(grant: Grant[ValidateMedically], desk: _Desk, before: list[Kept[Note]], comment: str) -> None:
    parents = (desk.dossier.requisition.id,)
    earlier = next((each for each in before if each.parents == parents), None)
    identity = earlier.id if earlier else ids.new(ids.org_of(grant.id), desk.at)
    version = earlier.version + 1 if earlier else 1
    harm = max((each.harm for each in desk.dossier.observations), default=Harm.NORMAL)
    grant.write(Draft(Kind.COMMENT, identity, version, "known", parents, Note(comment), harm=harm))

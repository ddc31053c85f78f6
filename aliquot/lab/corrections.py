"""Corrections: a released result is opened again in a new version; what was issued stays as it is."""

from datetime import datetime

import msgspec

from aliquot.access.acts import CorrectResult
from aliquot.access.grant import Draft, Grant
from aliquot.custody.denial import Denial
from aliquot.lab import dossier, progress, repetition, signing, statuses
from aliquot.lab.content import Observation, Requisition
from aliquot.lab.records import Kept
from aliquot.lab.signing import Signer
from aliquot.terms import states
from aliquot.terms.errors import Refused
from aliquot.terms.ids import Id
from aliquot.terms.kinds import Kind
from aliquot.terms.quantities import Value


class Correction(msgspec.Struct, frozen=True):
    """A released result in the version that was seen, why it is opened again, and the right value if it is known."""

    observation: Id
    version: int
    reason: str
    value: Value | None = None


def open_(grant: Grant[CorrectResult], correction: Correction, signer: Signer, *, at: datetime) -> Id:
    """Open the next version of a released result (A10): the rules look at it, and it is validated and issued anew.

    The released version and its report stay as they are and stay current until the next is issued.

    Raises:
        Refused: no reason, or the result is not released.
        Denial: `conflict`.
        Broken: rows of this patient are missing.
    """
    if repetition.is_done(grant):
        return correction.observation
    if not correction.reason.strip():
        raise Refused("correct.reason: a reason is needed")
    found = dossier.of(dossier.read_whole(grant))
    released = found.observation(correction.observation)
    _check(released, correction, signer)
    said = _opened_again(released.content, correction, signer)
    said = msgspec.structs.replace(said, signatures=(signing.sign(signer, "correction", grant.id, at),))
    again = states.Analysis.MEASURED
    grant.write(
        Draft(Kind.OBSERVATION, released.id, released.version + 1, again, released.parents, said, harm=released.harm)
    )
    if found.requisition.state == progress.CLOSED:
        grant.write(_reopened(found.requisition))
    tube = found.specimen(released.parents[2])
    progress.measured(grant, (tube,), at)
    return released.id


def _check(released: Kept[Observation], correction: Correction, signer: Signer) -> None:
    if released.version != correction.version:
        raise Denial("conflict", "this was changed in the meantime; read it again")
    step = statuses.may(statuses.ANALYSIS, states.Analysis(released.state), states.Analysis.MEASURED, signer.role)
    if step.rule != "A10":
        raise Refused(f"{step.rule}: only a released result is corrected")


def _reopened(kept: Kept[Requisition]) -> Draft:
    return Draft(Kind.REQUISITION, kept.id, kept.version + 1, progress.OPEN, kept.parents, kept.content, kept.harm)


def _opened_again(said: Observation, correction: Correction, signer: Signer) -> Observation:
    """A result that the rules have not looked at, with the right value where it is known."""
    opened = msgspec.structs.replace(
        said, reference=None, flag="", holds=(), rules="", comment="", reason=correction.reason
    )
    if correction.value is None:
        return opened
    return msgspec.structs.replace(opened, value=correction.value, typed_by=signer.person, instrument_flags=())

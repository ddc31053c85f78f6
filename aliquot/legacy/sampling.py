"""One dossier of the sample as two people compare it: the old system's words beside what stands here.

Source: DOMAIN.md I5 (the original words are kept), I7; ISO 15189:2022, 7.6.3.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from aliquot.access import rows
from aliquot.access.acts import CompareDossier
from aliquot.access.grant import Grant, Record
from aliquot.lab import records, requisitions
from aliquot.lab.content import Import, Observation, Original, Requisition
from aliquot.lab.records import Kept
from aliquot.terms.errors import Broken
from aliquot.terms.identity import Demography, Note
from aliquot.terms.ids import Id
from aliquot.terms.kinds import Harm, Kind


@dataclass(frozen=True)
class Pair:
    """What the old system said about one result, and the result that stands here; nothing, if it is gone."""

    original: Original
    ours: Observation | None
    state: str
    harm: Harm


@dataclass(frozen=True)
class Beside:
    """One dossier. `patient` and `dossier` are the old system's numbers.

    Of the day of collection and the site only ours is kept: `timed` says that the hour is known too.

    `first` is how the patient was called when they became known here: as they came, if the migration brought them.
    """

    first: Demography | None
    now: Demography | None
    requisition: Requisition
    patient: str
    dossier: str
    timed: bool
    site: str
    pairs: tuple[Pair, ...]
    notes: tuple[str, ...]


def look(grant: Grant[CompareDossier]) -> Beside:
    """Everything of it.

    Raises:
        Broken: a record is missing, or is not what was kept there.
    """
    work = Id(grant.act.work)
    opened = grant.read(rows.of_work([work]))
    names = grant.read(rows.of_subject(grant.act.subject, (Kind.DEMOGRAPHY,)), history=True)
    called = sorted(records.of(names, Kind.DEMOGRAPHY, Demography), key=lambda kept: kept.version)
    came = records.one(opened, Kind.IMPORT, Import).content
    return Beside(
        first=called[0].content if called else None,
        now=called[-1].content if called else None,
        requisition=records.one(opened, Kind.REQUISITION, Requisition).content,
        patient=came.patient,
        dossier=came.dossier,
        timed=any(kept.content.collected_at for kept in records.of(opened, Kind.OBSERVATION, Observation)),
        site=requisitions.site_of(work),
        pairs=_pairs(came, opened),
        notes=tuple(kept.content.text for kept in records.of(opened, Kind.CLINICAL_NOTE, Note)),
    )


def _pairs(came: Import, opened: Sequence[Record]) -> tuple[Pair, ...]:
    ours = {kept.id.hex(): kept for kept in records.of(opened, Kind.OBSERVATION, Observation)}
    if not set(ours) <= set(came.observations):
        raise Broken("a requisition that was brought in has a result that was not")
    return tuple(
        _pair(original, ours.get(name)) for name, original in zip(came.observations, came.originals, strict=True)
    )


def _pair(original: Original, kept: Kept[Observation] | None) -> Pair:
    if kept is None:
        return Pair(original, None, "", Harm.NORMAL)
    return Pair(original, kept.content, kept.state, kept.harm)

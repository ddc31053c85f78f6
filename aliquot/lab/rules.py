"""The rules look at what was measured: they say range, flag and holds, and validate technically where policy lets them.

They act as themselves, under the worker's identity, and never as a person. The decision itself is `verification`.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

import msgspec

from aliquot.access import rows
from aliquot.access.acts import VerifyResults
from aliquot.access.grant import Draft, Grant
from aliquot.access.rows import Stored
from aliquot.lab import dossier, past, progress, records, repetition, setting, signing, verification
from aliquot.lab.catalogue import Test
from aliquot.lab.content import Observation, Specimen
from aliquot.lab.delta import Taken
from aliquot.lab.dossier import Dossier
from aliquot.lab.records import Kept
from aliquot.lab.reference import Person
from aliquot.lab.setting import Setting
from aliquot.lab.verification import Decision, Facts, Identity, Policy, Quality, Result
from aliquot.terms import identity, ids, states
from aliquot.terms.ids import Id
from aliquot.terms.kinds import Kind
from aliquot.terms.quantities import Value

_DAYS_A_WEEK = 7


class Judged(msgspec.Struct, frozen=True):
    """One result and what the rules decided; `decision.critical` opens a call at once (C1)."""

    observation: Id
    decision: Decision


@dataclass(frozen=True)
class _Known:
    """What is known besides one result. `hidden` says that there are earlier ones which this act may not see."""

    dossier: Dossier
    demography: identity.Demography
    doubt: Identity
    earlier: Sequence[Observation]
    hidden: bool


def verify(
    grant: Grant[VerifyResults], where: Setting, policy: Policy, quality: Mapping[str, Quality], *, at: datetime
) -> tuple[Judged, ...]:
    """Judge every result of the requisition that was measured and not looked at yet.

    `quality` is the state of quality control by test code; a test that it does not name is `unknown`, and held.

    Raises:
        Broken: a row is not what was kept.
        Refused: a test is not in the catalogue.
    """
    if repetition.is_done(grant):
        return ()
    found, waiting = _read(grant, where, at)
    if not waiting:
        progress.again(Id(grant.act.work), found.dossier.specimens)
        return ()
    judged = tuple(
        Judged(each.id, _decide(found, each, where, policy, quality.get(each.content.test, "unknown")))
        for each in waiting
    )
    for each, one in zip(waiting, judged, strict=True):
        grant.write(_draft(grant, each, one.decision, policy, at))
    progress.after(grant, found.dossier.specimens)
    return judged


def _read(grant: Grant[VerifyResults], where: Setting, at: datetime) -> tuple[_Known, list[Kept[Observation]]]:
    who = rows.of_subject(grant.act.subject, (Kind.DEMOGRAPHY, Kind.TRAITS))
    opened = grant.read([*dossier.stored(grant), *who])
    bench = dossier.of(opened)
    waiting = [each for each in bench.observations if each.state == states.Analysis.MEASURED and not each.content.rules]
    chosen = _earlier(grant, waiting, _weeks(waiting, where, at))
    earlier = records.of(grant.read(chosen, history=True), Kind.OBSERVATION, Observation) if chosen else []
    found = _Known(
        bench,
        records.one(opened, Kind.DEMOGRAPHY, identity.Demography).content,
        _doubt(records.of(opened, Kind.TRAITS, identity.Traits)),
        [each.content for each in earlier],
        len(earlier) < len(chosen),
    )
    return found, waiting


def _doubt(traits: list[Kept[identity.Traits]]) -> Identity:
    if not traits:
        return "unknown"
    return "doubtful" if any(each.content.doubtful or each.content.fictitious for each in traits) else "clear"


def _weeks(waiting: Sequence[Kept[Observation]], where: Setting, at: datetime) -> int:
    """The first week in which a result may have been filed that a delta rule still compares with; 0 is none."""
    rules = [setting.test(where, each.content.test).delta for each in waiting]
    days = max((rule.max_days for rule in rules if rule is not None), default=0)
    taken = min((each.content.collected_at or at for each in waiting), default=at)
    return ids.week(taken) - days // _DAYS_A_WEEK - 1 if days else 0


def _earlier(grant: Grant[VerifyResults], waiting: Sequence[Kept[Observation]], since: int) -> list[Stored]:
    return past.released(grant, {each.id for each in waiting}, since) if since else []


def _decide(found: _Known, waiting: Kept[Observation], where: Setting, policy: Policy, quality: Quality) -> Decision:
    said, test = waiting.content, setting.test(where, waiting.content.test)
    tube = found.dossier.specimen(waiting.parents[2])
    # Without the hour of sampling the day of measuring still says the age: no range at all would hide a critical value.
    day = setting.day(where, said.collected_at or said.measured_at)
    person = Person(found.demography.sex, found.demography.born_on, day)
    facts = Facts(
        person=person,
        identity=found.doubt,
        quality=quality,
        previous=_previous(found, test, said),
        siblings=_siblings(found, waiting),
        allowed_flags=_allowed(where, said.device),
    )
    if found.hidden:
        # What may not be seen is not the same as nothing: then the rules leave a result without a previous one alone.
        policy = msgspec.structs.replace(policy, without_previous=False)
    return verification.decide(_result(said, tube), test, facts, where.catalogue.consistency, policy)


def _result(said: Observation, tube: Kept[Specimen]) -> Result:
    return Result(
        value=said.value,
        specimen_type=said.specimen_type,
        specimen_state=states.Specimen(tube.state),
        collected_at=said.collected_at,
        measured_at=said.measured_at,
        instrument_flags=said.instrument_flags,
        typed=bool(said.typed_by),
    )


def _previous(found: _Known, test: Test, said: Observation) -> Taken | None:
    """The patient's latest released result of the same test and method that was collected before this one."""
    taken: Taken | None = None
    last: datetime | None = None
    for each in found.earlier:
        same = (each.test, each.method) == (test.code, said.method)
        if not same or each.collected_at is None or said.collected_at is None:
            continue
        if each.collected_at < said.collected_at and (last is None or each.collected_at > last):
            last = each.collected_at
            taken = Taken(each.value, each.specimen_type, each.collected_at, states.Analysis.RELEASED)
    return taken


def _siblings(found: _Known, waiting: Kept[Observation]) -> dict[str, Value]:
    return {
        each.content.test: each.content.value
        for each in found.dossier.observations
        if each.parents[2] == waiting.parents[2]
        and each.id != waiting.id
        and each.state not in {states.Analysis.CANCELLED, states.Analysis.WITHDRAWN, states.Analysis.READY}
    }


def _allowed(where: Setting, device: str) -> tuple[str, ...]:
    return next((each.allowed_flags for each in where.catalogue.devices if each.device == device), ())


def _draft(
    grant: Grant[VerifyResults], each: Kept[Observation], decision: Decision, policy: Policy, at: datetime
) -> Draft:
    passed = decision.state is states.Analysis.TECH_VALIDATED
    signed = (signing.sign_as_rules(policy.rules, grant.id, at),) if passed else ()
    said = msgspec.structs.replace(
        each.content,
        flag=decision.flag.value,
        reference=decision.reference,
        holds=decision.holds,
        rules=policy.rules,
        signatures=each.content.signatures + signed,
    )
    return Draft(Kind.OBSERVATION, each.id, each.version + 1, decision.state, each.parents, said, harm=each.harm)

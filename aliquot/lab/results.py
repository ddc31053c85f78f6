"""Results at the bench: filed from an analyser, typed by hand, cancelled. What the rules make of them is in `rules`."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

import msgspec

from aliquot.access.acts import Act, RecordResults, TypeResult
from aliquot.access.grant import Draft, Grant
from aliquot.custody.denial import Denial
from aliquot.lab import content, dossier, progress, repetition, setting, statuses
from aliquot.lab.catalogue import Test
from aliquot.lab.content import Observation
from aliquot.lab.dossier import Dossier
from aliquot.lab.records import Kept
from aliquot.lab.setting import Setting
from aliquot.lab.signing import Signer
from aliquot.lab.statuses import Role
from aliquot.terms import ids, states
from aliquot.terms.errors import Refused
from aliquot.terms.ids import Id
from aliquot.terms.kinds import Harm, Kind
from aliquot.terms.quantities import Absent, Value

Code = Literal["ALREADY_RELEASED", "ALREADY_VALIDATED", "NOT_ORDERED", "UNKNOWN_SPECIMEN"]


class NotOpen(Refused):
    """The analysis takes no result; `code` says why. A released one is never changed by a message (M6)."""

    def __init__(self, code: Code, place: str) -> None:
        super().__init__(f"{place}: {code}")
        self.code = code


class Measured(msgspec.Struct, frozen=True, gc=False):
    """One run of one analysis: the value in the test's unit, or as it was measured where no exact way led there."""

    order: Id
    value: Value
    run: str
    device: str
    measured_at: datetime | None
    instrument_flags: tuple[str, ...] = ()
    method: str = ""


class Message(msgspec.Struct, frozen=True, gc=False):
    """What one message says about one tube, and the message itself as it came."""

    specimen: Id
    runs: tuple[Measured, ...]
    device: str
    raw: bytes


class Spot(msgspec.Struct, frozen=True, gc=False):
    """One analysis: an order on a tube, in the version that the person saw; 0 where there was no result yet."""

    order: Id
    specimen: Id
    version: int = 0


class Typed(msgspec.Struct, frozen=True, gc=False):
    """A value that somebody read and typed."""

    spot: Spot
    value: Value
    measured_at: datetime | None
    method: str = ""


class Cancelled(msgspec.Struct, frozen=True, gc=False):
    """Analyses that will not be done, and why."""

    spots: tuple[Spot, ...]
    reason: str


@dataclass(frozen=True)
class _Bench:
    """One act at the bench: the requisition as it stands, and where and when the work is done."""

    act: Id
    dossier: Dossier
    setting: Setting
    at: datetime


def known(grant: Grant[RecordResults]) -> Dossier:
    """The requisition as matching needs it: orders, tubes, and results with their states.

    An act whose `done` says that it was kept before has nothing to match any more.
    """
    return dossier.read(grant)


def record(
    grant: Grant[RecordResults], found: Dossier, message: Message, where: Setting, *, at: datetime
) -> tuple[Id, ...]:
    """File all runs that one message reports for one tube (A3), and keep the message. `found` is what is `known`.

    Raises:
        NotOpen: the tube is not accepted, a test was not asked for on it, or its analysis is validated or released;
            then nothing of the message is filed.
        Refused: one analysis has two runs, or a test is not in the catalogue.
    """
    if len({run.order for run in message.runs}) != len(message.runs):
        raise Refused("record.runs: one analysis has two")
    bench = _Bench(grant.id, found, where, at)
    drafts = [_measured(bench, Spot(run.order, message.specimen), run) for run in message.runs]
    harm = max((draft.harm for draft in drafts), default=Harm.NORMAL)
    tube = found.specimen(message.specimen)
    kept = content.Message(message.device, message.raw)
    identity = ids.new(ids.org_of(grant.id), at)
    grant.write(Draft(Kind.MESSAGE, identity, 1, "known", (found.requisition.id, tube.id), kept, harm=harm))
    _file(grant, bench, drafts)
    return tuple(draft.id for draft in drafts)


def type_(
    grant: Grant[TypeResult], typed: tuple[Typed, ...], where: Setting, signer: Signer, *, at: datetime
) -> tuple[Id, ...]:
    """Enter values by hand; who typed stands with them, and a second reader may be needed (S1).

    Raises:
        NotOpen: as `record`.
        Denial: `conflict`, somebody else was faster.
    """
    if repetition.is_done(grant):
        return ()
    bench = _Bench(grant.id, dossier.read(grant), where, at)
    drafts = [_typed(bench, each, signer) for each in typed]
    _file(grant, bench, drafts)
    return tuple(draft.id for draft in drafts)


def cancel(
    grant: Grant[TypeResult], cancelled: Cancelled, where: Setting, signer: Signer, *, at: datetime
) -> tuple[Id, ...]:
    """Say that analyses will not be done (A12); the report will say so, with the reason.

    Raises:
        Refused: no reason, or an analysis is released already.
        Denial: `conflict`.
    """
    if repetition.is_done(grant):
        return ()
    if not cancelled.reason.strip():
        raise Refused("cancel.reason: a reason is needed")
    bench = _Bench(grant.id, dossier.read(grant), where, at)
    drafts = [_cancelled(bench, spot, cancelled.reason, signer) for spot in cancelled.spots]
    for draft in drafts:
        grant.write(draft)
    progress.after(grant, _tubes(bench, drafts))
    return tuple(draft.id for draft in drafts)


def _file(grant: Grant[Act], bench: _Bench, drafts: list[Draft]) -> None:
    for draft in drafts:
        grant.write(draft)
    progress.measured(grant, _tubes(bench, drafts), bench.at)


def _measured(bench: _Bench, spot: Spot, run: Measured) -> Draft:
    test, before = _open(bench, spot, Role.DEVICE)
    said = msgspec.structs.replace(
        _blank(bench, spot, test, before),
        value=run.value,
        method=run.method or test.method,
        device=run.device,
        instrument_flags=run.instrument_flags,
        measured_at=run.measured_at,
        run=run.run,
    )
    return _draft(bench, spot, before, said, states.Analysis.MEASURED)


def _typed(bench: _Bench, typed: Typed, signer: Signer) -> Draft:
    test, before = _open(bench, typed.spot, signer.role)
    _check_seen(typed.spot, before)
    said = msgspec.structs.replace(
        _blank(bench, typed.spot, test, before),
        value=typed.value,
        method=typed.method or test.method,
        measured_at=typed.measured_at,
        run=bench.act.hex(),
        typed_by=signer.person,
    )
    return _draft(bench, typed.spot, before, said, states.Analysis.MEASURED)


def _cancelled(bench: _Bench, spot: Spot, reason: str, signer: Signer) -> Draft:
    test, before = _asked(bench, spot)
    _check_seen(spot, before)
    ready = dossier.usable(bench.dossier.specimen(spot.specimen))
    state = states.Analysis(before.state) if before else _first(ready=ready)
    statuses.may(statuses.ANALYSIS, state, states.Analysis.CANCELLED, signer.role)
    said = before.content if before else _blank(bench, spot, test, None)
    said = msgspec.structs.replace(said, reason=reason)
    return _draft(bench, spot, before, said, states.Analysis.CANCELLED)


def _first(*, ready: bool) -> states.Analysis:
    return states.Analysis.READY if ready else states.Analysis.REQUESTED


def _asked(bench: _Bench, spot: Spot) -> tuple[Test, Kept[Observation] | None]:
    """The test that is meant, asked for and measured on this tube, and its result so far."""
    order, tube = bench.dossier.order(spot.order), bench.dossier.specimen(spot.specimen)
    if order.state != states.Order.ACTIVE and bench.dossier.on(spot.order, spot.specimen) is None:
        raise NotOpen("NOT_ORDERED", "results.order")
    if order.content.test not in tube.content.tests:
        raise NotOpen("NOT_ORDERED", "results.specimen")
    return setting.test(bench.setting, order.content.test), bench.dossier.on(spot.order, spot.specimen)


def _open(bench: _Bench, spot: Spot, role: Role) -> tuple[Test, Kept[Observation] | None]:
    """An analysis that may be measured now by this role (A3); over a value that waits, it is a repeat (A4)."""
    test, before = _asked(bench, spot)
    if not dossier.usable(bench.dossier.specimen(spot.specimen)):
        raise NotOpen("UNKNOWN_SPECIMEN", "results.specimen")
    if before is not None and before.state in _CLOSED_FOR:
        raise NotOpen(_CLOSED_FOR[before.state], "results.analysis")
    statuses.may(statuses.ANALYSIS, states.Analysis.READY, states.Analysis.MEASURED, role)
    return test, before


_CLOSED_FOR: dict[str, Code] = {
    states.Analysis.TECH_VALIDATED: "ALREADY_VALIDATED",
    states.Analysis.MED_VALIDATED: "ALREADY_VALIDATED",
    states.Analysis.RELEASED: "ALREADY_RELEASED",
    states.Analysis.CANCELLED: "NOT_ORDERED",
    states.Analysis.WITHDRAWN: "NOT_ORDERED",
}


def _check_seen(spot: Spot, before: Kept[Observation] | None) -> None:
    if spot.version != (before.version if before else 0):
        raise Denial("conflict", "this was changed in the meantime; read it again")


def _blank(bench: _Bench, spot: Spot, test: Test, before: Kept[Observation] | None) -> Observation:
    """What stands in a result before anybody judged it; why a released one was opened again goes on standing there."""
    tube = bench.dossier.specimen(spot.specimen).content
    corrected = [] if before is None else [s for s in before.content.signatures if s.meaning == "correction"]
    return Observation(
        test=test.code,
        loinc=test.loinc,
        name=setting.name(bench.setting, test),
        value=Absent("not-performed"),
        reference=None,
        flag="",
        holds=(),
        method=test.method,
        device="",
        instrument_flags=(),
        collected_at=tube.collected_at,
        measured_at=None,
        run="",
        rules="",
        specimen_type=tube.specimen_type,
        reason=before.content.reason if before and corrected else "",
        signatures=tuple(corrected),
        double_read=test.double_read,
    )


def _draft(
    bench: _Bench, spot: Spot, before: Kept[Observation] | None, said: Observation, state: states.Analysis
) -> Draft:
    harm = max(bench.dossier.order(spot.order).harm, setting.test(bench.setting, said.test).harm)
    if before is not None:
        return Draft(Kind.OBSERVATION, before.id, before.version + 1, state, before.parents, said, harm=harm)
    parents = (bench.dossier.requisition.id, spot.order, spot.specimen)
    identity = ids.new(ids.org_of(bench.act), bench.at)
    return Draft(Kind.OBSERVATION, identity, 1, state, parents, said, harm=harm)


def _tubes(bench: _Bench, drafts: Iterable[Draft]) -> list[Kept[content.Specimen]]:
    return [bench.dossier.specimen(each) for each in dict.fromkeys(draft.parents[2] for draft in drafts)]

"""A batch of machines' messages, all of one laboratory, on their way into the record.

Each message is one act for each requisition that it is about, with an id made from its keyed digest, so that a resend
is the same act and changes nothing. What is unclear goes to quarantine whole; nothing of a message is half-filed.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Final

from aliquot.access import acts, door
from aliquot.access.acts import KeepQuarantined, RecordResults
from aliquot.access.door import Actor, Intent
from aliquot.access.grant import Grant, open_rows
from aliquot.custody.denial import Denial
from aliquot.intake import filing, identifying, quarantine, results
from aliquot.intake.fates import Cause, Fate, Reason
from aliquot.intake.filing import Bench, Filed, OpenAnalysis, Quarantine, Run
from aliquot.intake.identifying import Tube
from aliquot.intake.results import Profile, Reading, Unreadable
from aliquot.lab import dossier, setting
from aliquot.lab import results as lab_results
from aliquot.lab.content import Observation
from aliquot.lab.dossier import Dossier
from aliquot.lab.results import Measured, Message, NotOpen
from aliquot.lab.setting import Setting
from aliquot.terms import ids
from aliquot.terms.errors import Unclear
from aliquot.terms.ids import Id
from aliquot.terms.kinds import Harm
from aliquot.terms.letters import Quarantined
from aliquot.terms.states import Analysis
from aliquot.wire.hl7v2 import messages

_EVER: Final = datetime(2001, 1, 1, tzinfo=UTC)
"""Ids that are made from a digest are of week 0, whenever the message comes again."""
_TREAT: Final = "TREAT"
_ID_FROM: Final = 10


@dataclass(frozen=True)
class Arrival:
    """One message that custody opened for the worker, with what custody knows of its device."""

    number: int
    device: str
    site: str
    body: bytes
    digest: bytes
    received_at: datetime


@dataclass(frozen=True)
class Terms:
    """Under which terms a batch is filed: the laboratory's setting, and what was agreed with each sender, by device."""

    setting: Setting
    profiles: Mapping[str, Profile]
    at: datetime


@dataclass(frozen=True)
class Outcome:
    """What became of one message; the reasons are those for which it waits or was closed.

    `open` are the tests that are open on the tubes of one that waits, apart from those of a protected class.
    """

    fate: Fate
    reasons: tuple[Reason, ...] = ()
    open: tuple[str, ...] = ()


@dataclass
class Result:
    """What became of a batch, by letter; and the tubes whose results wait for the rules."""

    outcomes: dict[int, Outcome] = field(default_factory=dict)
    recorded: list[Tube] = field(default_factory=list)


@dataclass(frozen=True)
class _Read:
    """A message that was read, and the tubes that it is about, by their number."""

    arrival: Arrival
    reading: Reading
    tubes: Mapping[str, Tube]
    attempt: int = 0
    """Which act of this message it is: one that was abandoned or lost is done again as a new one."""

    @property
    def requisitions(self) -> dict[Id, Tube]:
        """One tube for each requisition that the message is about."""
        return {tube.requisition: tube for tube in self.tubes.values()}


_Left = list[tuple[Arrival, Outcome]]


@dataclass(frozen=True)
class Ready:
    """A batch that was read: the messages of which the tubes are known, what is left, and what came in it again."""

    actor: Actor
    terms: Terms
    known: Sequence[_Read]
    left: Sequence[tuple[Arrival, Outcome]]
    again: Sequence[Arrival] = ()

    @property
    def about(self) -> frozenset[bytes]:
        """What only one batch may be at: requisitions, and messages by their digests."""
        requisitions = {requisition for read in self.known for requisition in read.requisitions}
        messages = {read.arrival.digest for read in self.known} | {arrival.digest for arrival, _ in self.left}
        return frozenset(requisitions | messages)


def read(actor: Actor, arrivals: Sequence[Arrival], terms: Terms) -> Ready:
    """Read a batch and find its tubes. Nothing is filed yet."""
    first: dict[bytes, Arrival] = {}
    again = [arrival for arrival in arrivals if first.setdefault(arrival.digest, arrival) is not arrival]
    return Ready(actor, terms, *_known(actor, list(first.values()), terms), again)


def file(ready: Ready) -> Result:
    """File a batch; every message has an outcome when this returns, and it is durable."""
    result = Result({arrival.number: Outcome(Fate.DUPLICATE) for arrival in ready.again})
    _keep(ready.actor, [*ready.left, *_file(ready, result)], result)
    return result


def try_again(actor: Actor, arrival: Arrival, terms: Terms) -> Outcome:
    """File one message that waits in quarantine; if it is still unclear, it stays there."""
    result = Result()
    ready = Ready(actor, terms, *_known(actor, [arrival], terms))
    left = [*ready.left, *_file(ready, result)]
    return left[0][1] if left else result.outcomes[arrival.number]


def _known(actor: Actor, arrivals: Sequence[Arrival], terms: Terms) -> tuple[list[_Read], _Left]:
    clear, left = _readings(arrivals, terms)
    accessions = (report.accession for _, reading in clear for report in reading.reports)
    tubes = identifying.tubes(actor, accessions, terms.at)
    known: list[_Read] = []
    for arrival, reading in clear:
        missing = tuple(
            Reason(_why_unknown(report), report.place) for report in reading.reports if report.accession not in tubes
        )
        # A message of which the laboratory files nothing is still somebody's message: a person looks at it once.
        missing = missing if reading.reports else (Reason(Cause.NOT_ORDERED, "OBX"),)
        if missing:
            left.append((arrival, Outcome(Fate.QUARANTINED, missing)))
        else:
            named = {report.accession: tubes[report.accession] for report in reading.reports}
            known.append(_Read(arrival, reading, named))
    return known, left


def _file(ready: Ready, result: Result) -> _Left:
    waves = _waves(ready.known)
    return [left for wave in waves for left in _record(ready.actor, wave, ready.terms, result)]


def _readings(arrivals: Sequence[Arrival], terms: Terms) -> tuple[list[tuple[Arrival, Reading]], _Left]:
    clear: list[tuple[Arrival, Reading]] = []
    left: _Left = []
    for arrival in arrivals:
        try:
            clear.append((arrival, results.read(messages.parse(arrival.body), terms.profiles[arrival.device])))
        except Unreadable as unreadable:
            left.append((arrival, Outcome(Fate.QUARANTINED, unreadable.reasons)))
        except Unclear as fault:
            left.append((arrival, Outcome(Fate.QUARANTINED, (Reason(Cause.UNCLEAR, fault.place),))))
    return clear, left


def _why_unknown(report: results.Report) -> Cause:
    named = any(report.accession == each.number for each in report.named.identifiers)
    return Cause.PATIENT_ID_AS_SPECIMEN if named else Cause.UNKNOWN_SPECIMEN


def _waves(known: Iterable[_Read]) -> list[list[_Read]]:
    """Messages in the order in which they came, none beside another about the same requisition."""
    waves: list[list[_Read]] = []
    last: dict[Id, int] = {}
    for read in known:
        wave = max((last.get(requisition, -1) for requisition in read.requisitions), default=-1) + 1
        if wave == len(waves):
            waves.append([])
        waves[wave].append(read)
        last |= dict.fromkeys(read.requisitions, wave)
    return waves


def _record(actor: Actor, wave: Sequence[_Read], terms: Terms, result: Result) -> _Left:
    """File one wave together; if somebody else was at one of its requisitions, one message at a time."""
    try:
        return _record_together(actor, wave, terms, result)
    except Denial:
        if len(wave) == 1:
            raise
        return [left for read in wave for left in _record(actor, [read], terms, result)]


def _record_together(actor: Actor, wave: Sequence[_Read], terms: Terms, result: Result) -> _Left:
    asked = [
        (read, RecordResults(tube.subject, requisition))
        for read in wave
        for requisition, tube in read.requisitions.items()
    ]
    outcomes: dict[int, Outcome] = {}
    with door.enter_many(actor, [(act, _intent(actor, read, act)) for read, act in asked]) as granted:
        benches = _benches([grant for grant in granted if isinstance(grant, Grant) and not grant.done])
        by_message: dict[int, list[Grant[RecordResults] | Denial]] = {}
        for (read, _), grant in zip(asked, granted, strict=True):
            by_message.setdefault(read.arrival.number, []).append(grant)
        for read in wave:
            outcomes[read.arrival.number] = _file_one(read, by_message[read.arrival.number], benches, terms)
    # Only here is it durable.
    left: _Left = []
    for read in wave:
        outcome = outcomes[read.arrival.number]
        if outcome.fate is Fate.QUARANTINED:
            left.append((read.arrival, outcome))
        elif outcome.fate is Fate.RECEIVED:
            left += _record(actor, [replace(read, attempt=read.attempt + 1)], terms, result)
        else:
            result.outcomes[read.arrival.number] = outcome
        if outcome.fate is Fate.FILED:
            result.recorded += read.requisitions.values()
    return left


def _intent(actor: Actor, read: _Read, act: RecordResults) -> Intent:
    salted = (int.from_bytes(act.work[-_ID_FROM:], "big") + read.attempt) % (1 << 8 * _ID_FROM)
    cause = int.from_bytes(read.arrival.digest[:_ID_FROM], "big") ^ salted
    identity = ids.derived(actor.org, _EVER, cause.to_bytes(_ID_FROM, "big"))
    return Intent(_TREAT, identity, read.arrival.digest, letter=read.arrival.number)


_Benches = Mapping[bytes, tuple[Grant[RecordResults], Dossier]]


def _benches(grants: Sequence[Grant[RecordResults]]) -> _Benches:
    """Every requisition of a wave as it stands, in one query and one exchange."""
    stored = dossier.stored_many(grants)
    opened = open_rows(grants[0].line, list(zip(grants, stored, strict=True))) if grants else []
    return {grant.act.work: (grant, dossier.of(records)) for grant, records in zip(grants, opened, strict=True)}


def _file_one(
    read: _Read,
    grants: Sequence[Grant[RecordResults] | Denial],
    benches: _Benches,
    terms: Terms,
) -> Outcome:
    """Gather the writes of one message in its grants, or say why it waits; no grant then has a write of it."""
    for grant in grants:
        if isinstance(grant, Denial):
            if grant.code != "no-work":
                raise grant
            return Outcome(Fate.QUARANTINED, (Reason(Cause.ALREADY_RELEASED, read.reading.reports[0].place),))
        if grant.done:
            return _done(grant.done)
        if grant.unseen:
            # A result of this tube may be among them, and then this one is its next version and not a second first.
            raise Denial("act-unsettled", "results of this requisition are being saved")
    bench = Bench(terms.setting.catalogue, read.arrival.device, terms.profiles[read.arrival.device].fresh)
    # The token that led here is bound by no seal; the number inside the tube's own record is.
    tubes = {
        number: _tube(tube, benches[tube.requisition][1], terms.setting)
        for number, tube in read.tubes.items()
        if benches[tube.requisition][1].specimen(tube.specimen).content.accession == number
    }
    filed = filing.file(read.reading, bench, tubes, terms.at)
    if isinstance(filed, Quarantine):
        return Outcome(Fate.QUARANTINED, filed.reasons, _open(tubes.values(), terms.setting))
    try:
        for tube in filed.tubes:
            _gather(read, tube, benches, terms)
    except NotOpen as shut:
        for requisition in read.requisitions:
            benches[requisition][0].drafts.clear()
            benches[requisition][0].routings.clear()
        return Outcome(Fate.QUARANTINED, (Reason(Cause(shut.code), read.reading.reports[0].place),))
    if filed.known and not filed.tubes:
        return Outcome(Fate.DUPLICATE, filed.known)
    return Outcome(Fate.FILED)


def _done(how: str) -> Outcome:
    """What an act that had ended before means for the message that comes again.

    Raises:
        Denial: `act-unsettled`, nobody knows yet; the letter waits.
    """
    if how == "prepared":
        raise Denial("act-unsettled", "the act of this message is being settled")
    return Outcome(Fate.DUPLICATE if how == "kept" else Fate.RECEIVED)


def _tube(tube: Tube, bench: Dossier, where: Setting) -> filing.Tube:
    specimen = bench.specimen(tube.specimen)
    analyses = []
    for order in bench.orders:
        if order.content.test in specimen.content.tests:
            found = bench.on(order.id, tube.specimen)
            state = Analysis(found.state) if found else bench.state(order) or Analysis.CANCELLED
            analyses.append(
                OpenAnalysis(
                    order.id,
                    order.content.test,
                    state,
                    found.id if found else None,
                    found.version if found else 0,
                    _run(found.content) if found else None,
                )
            )
    return filing.Tube(tuple(analyses), _bearer(bench, where))


def _open(tubes: Iterable[filing.Tube], where: Setting) -> tuple[str, ...]:
    """What may be named to whoever repairs the message: tests that take a result, and of no protected class."""
    tests = {each.test for tube in tubes for each in tube.analyses if each.state in (Analysis.READY, Analysis.MEASURED)}
    return tuple(sorted(code for code in tests if setting.test(where, code).harm is Harm.NORMAL))


def _run(said: Observation) -> Run:
    return Run(said.device, said.measured_at, said.value, said.instrument_flags)


def _bearer(bench: Dossier, where: Setting) -> filing.Bearer | None:
    asked = bench.requisition.content
    day = setting.day(where, asked.ordered_at)
    return filing.Bearer(asked.sex, asked.age, day) if day else None


def _gather(read: _Read, tube: Filed, benches: _Benches, terms: Terms) -> None:
    known = read.tubes[tube.accession]
    grant, bench = benches[known.requisition]
    runs = tuple(
        Measured(
            order=draft.analysis.order,
            value=draft.value,
            run=draft.run,
            device=draft.device,
            measured_at=draft.measured_at,
            instrument_flags=draft.instrument_flags,
            method=draft.method,
        )
        for draft in tube.drafts
    )
    message = Message(known.specimen, runs, read.arrival.device, read.arrival.body)
    lab_results.record(grant, bench, message, terms.setting, at=terms.at)


def _keep(actor: Actor, left: _Left, result: Result, attempt: int = 0) -> None:
    """Put what is unclear into quarantine, each message under an id of its own.

    One whose act was abandoned or lost is kept by a new act: what nobody has kept may not leave the letterbox.
    """
    act = KeepQuarantined(acts.organization(actor.org))
    asked = [(act, _kept_by(actor, arrival, attempt)) for arrival, _ in left]
    outcomes: dict[int, Outcome] = {}
    with door.enter_many(actor, asked) as granted:
        for (arrival, outcome), grant in zip(left, granted, strict=True):
            if isinstance(grant, Denial):
                raise grant
            if grant.done:
                outcomes[arrival.number] = _done(grant.done)
                continue
            message = ids.derived(actor.org, _EVER, arrival.digest[_ID_FROM:])
            quarantine.keep(grant, message, _quarantined(arrival, outcome))
            outcomes[arrival.number] = outcome
    # Only here is it durable.
    again = [each for each in left if outcomes[each[0].number].fate is Fate.RECEIVED]
    if again:
        _keep(actor, again, result, attempt + 1)
    result.outcomes |= {number: outcome for number, outcome in outcomes.items() if outcome.fate is not Fate.RECEIVED}


def _kept_by(actor: Actor, arrival: Arrival, attempt: int) -> Intent:
    salted = (int.from_bytes(arrival.digest[:_ID_FROM], "big") + attempt) % (1 << 8 * _ID_FROM)
    identity = ids.derived(actor.org, _EVER, salted.to_bytes(_ID_FROM, "big"))
    return Intent(_TREAT, identity, arrival.digest)


def _quarantined(arrival: Arrival, outcome: Outcome) -> Quarantined:
    causes, places = quarantine.reasons(outcome.reasons)
    return Quarantined(
        reason=causes,
        place=places,
        device=arrival.device,
        site=arrival.site,
        letter=arrival.number,
        received_at=arrival.received_at,
        message=arrival.body,
        open=outcome.open,
    )

"""D1: whoever wants to get round the procedure of a migration: every step and job at every station where it is not due.

One migration goes its road; at each station every step is tried by everybody, alone and with every second person, with
the evidence that belongs to it and with other evidence, and the loader tries every job. Nothing of it may be let.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from functools import partial
from itertools import product

import msgspec

from aliquot.access import acts, door, governing, migrating
from aliquot.access.acts import RunMigration, StepMigration
from aliquot.access.door import Actor
from aliquot.access.grant import Grant
from aliquot.cli.attack import moves, relays
from aliquot.cli.attack.ground import Ground
from aliquot.cli.attack.measured import Measured
from aliquot.cli.attack.moves import ROAD, STEPS, Loader, Move
from aliquot.cli.scratch import CAST
from aliquot.custody import forms
from aliquot.custody.denial import Denial
from aliquot.custody.migration_protocol import Incoming
from aliquot.custody.portions import PORTIONS, About
from aliquot.custody.protocol import Act, Enter, Entered, Governed, Granted
from aliquot.custody.steps import Step
from aliquot.terms import ids
from aliquot.terms.purposes import Purpose
from aliquot.vault import carrying
from aliquot.vault.bundle import SenderKey

_BIOLOGISTS, _OFFICERS = frozenset({"biologist", "second"}), frozenset({"director", "privacy"})
_WHO = {
    "map": _BIOLOGISTS,
    "load": _OFFICERS,
    "reconcile": _BIOLOGISTS | {"director"},
    "cut-over": _OFFICERS,
    "close": _OFFICERS,
    "abort": _OFFICERS,
    "extend": _OFFICERS,
}
"""Who takes a step or, where two people do, may be one of them."""
_TWO = ("reconcile", "cut-over", "close", "extend")
_MAPS = frozenset({"profiled", "rehearsed", "loaded"})
_LAST = frozenset({"loaded", "reconciled"})
"""Where a last difference leads back to loading."""
_OVER = frozenset({"closed", "aborted", "lapsed"})
_LOADS = ("loading",)
_NAMES = ("loading", "loaded")
_MATCHES = ("mapped", "rehearsed", "loading", "loaded")
_OPENS = ("declared", "profiled", "mapped", "rehearsed", "loading", "loaded")
_FREE = frozenset({"ReadCatalogue"})
"""What a loader may do without a mandate: it shows nobody."""
_BEGINNING = frozenset({"PlaceOrder", "LoadHistory"})
"""What begins a work of its own."""
_OTHER = bytes(range(32)).hex()


class _Let(Exception):
    """Something was let that is not due: the rest would start from where nothing should be."""


@dataclass
class _Tally:
    """How much was tried, and how much of it was let."""

    tried: int = 0
    let: int = 0

    def try_(self, do: Callable[[], object]) -> None:
        """Try something that is not due."""
        self.tried += 1
        try:
            do()
        except Denial:
            return
        self.let += 1
        raise _Let

    def enter(self, actor: Actor, tried: Sequence[Act]) -> None:
        """Try acts that are not due."""
        self.tried += len(tried)
        outcomes = actor.line.ask(Enter(actor.ticket, tuple(tried)), Entered).outcomes
        self.let += sum(isinstance(one, Granted) for one in outcomes)
        if self.let:
            raise _Let


@dataclass(frozen=True)
class _Waiting:
    """A step that one person has proposed and that waits for the second."""

    id: bytes
    form: forms.StepMigration
    partner: str


def take_shortcuts(ground: Ground) -> Measured:
    """Try everything that is not due at every station, and count what is let."""
    tally = _Tally()
    try:
        _walk(ground, tally)
    except _Let:
        pass
    ended = "in 11 states" if tally.let == 0 else "and then it was stopped"
    return Measured(
        f"{tally.let} let of {tally.tried:,} steps and jobs that were not due, {ended}", holds=not tally.let
    )


def _walk(ground: Ground, tally: _Tally) -> None:
    world, sender = ground.world, SenderKey.generate()
    loader, stranger = (moves.enrolled(world, ground.nord.org, name) for name in ("mover", "stranger"))
    move, ended, left = (moves.declared(loader, sender) for _ in range(3))
    foreign = moves.declared(moves.enrolled(world, ground.sud.org, "mover-sud"), sender)
    ended.take("abort")
    relays.carried(move, sender, ground.folder / "bundle", b"a row")
    attacker = _Attacker(ground, tally, move)
    attacker.station("declared")
    for step, taken in ROAD.items():
        move.take(step)
        # Reconciled, nobody cuts over before the way back was rehearsed.
        attacker.station(taken.target, frozenset({"cut-over"}) if step == "reconcile" else frozenset())
        if taken.target == "loading":
            without = (b"", ids.new(ground.nord.org, world.clock()), foreign.mandate, ended.mandate)
            attacker.strangers(loader, without)
            attacker.strangers(stranger, (*without, move.mandate))
    _Attacker(ground, tally, ended).station("aborted")
    world.clock.pass_(timedelta(hours=73))
    world.custodian.tick()
    _Attacker(ground, tally, left).station("lapsed")


class _Attacker:
    """Everybody of a laboratory and its loader, at one migration."""

    def __init__(self, ground: Ground, tally: _Tally, move: Move) -> None:
        self._ground, self._tally, self._move = ground, tally, move
        self._people: dict[str, Actor] = {}
        self._waiting: list[_Waiting] = []

    def station(self, state: str, undue: frozenset[str] = frozenset()) -> None:
        """Try everything that is not due in this state, and what is not due yet."""
        site = self._ground.nord.site
        self._people = {login: self._ground.world.sign_in(f"{login}@{site}") for login in CAST}
        for waiting in self._waiting:
            self._refuse(waiting.partner, _approval(waiting))
        self._waiting.clear()
        for step in STEPS:
            due = _follows(state, step) and step not in undue
            self._alone(step, due=due)
            if due:
                self._with_other_evidence(step)
            if due and step in _TWO:
                self._together(step)
        if state in _OVER or state == "cut-over":
            # The loader ended with the cut-over.
            self._tally.try_(self._run)
        else:
            self._job(state)
        _hang_up(self._people.values())

    def _alone(self, step: str, *, due: bool) -> None:
        """Everybody who may not take or propose the step."""
        form = self._move.form(step)
        for login in CAST:
            if not (due and login in _WHO.get(step, ())):
                self._refuse(login, form)

    def _with_other_evidence(self, step: str) -> None:
        """Those who may take it, without the evidence that belongs to it, with too much of it, or resting on other."""
        form = self._move.form(step)
        changed = (
            msgspec.structs.replace(form, evidence="" if form.evidence else _OTHER),
            msgspec.structs.replace(form, rests="" if form.rests else _OTHER),
            msgspec.structs.replace(form, rests=_OTHER),
        )
        for login, other in product(sorted(_WHO.get(step, ())), changed):
            self._refuse(login, other)

    def _together(self, step: str) -> None:
        """One who may propose it, and every second person with whom it may not be taken."""
        form = self._move.form(step)
        for first in sorted(_WHO[step]):
            proposed = self._sign(first, form).id
            partners = [second for second in CAST if _are_two(step, first, second)]
            for second in (login for login in CAST if login not in partners):
                self._refuse(second, _approval(_Waiting(proposed, form, second)))
            if step != "extend":
                self._waiting.append(_Waiting(proposed, form, partners[0]))

    def _job(self, state: str) -> None:
        """The loader: steps that are not its own or not due, rows, people and bundles that are not due, and a load."""
        with self._move.running() as grant:
            for step, taken in STEPS.items():
                own = _follows(state, step) and not taken.people
                for brought, rests in _evidences(step)[own:]:
                    self._tally.try_(partial(migrating.step, grant, Step(step), brought, rests))
            if state not in _NAMES:
                self._tally.try_(partial(migrating.names, grant, "patient", ["1"]))
                self._tally.try_(partial(migrating.brought, grant))
            if state not in _MATCHES:
                self._tally.try_(
                    partial(migrating.match, grant, [Incoming("1", self._ground.nord.people[0].demography)])
                )
            if state not in _OPENS:
                self._tally.try_(partial(self._open, grant))
        if state not in _LOADS:
            actor = self._move.loader.actor()
            self._tally.enter(actor, self._acts(("RegisterPatient", "LoadHistory"), self._move.mandate))
            _hang_up([actor])

    def _open(self, grant: Grant[RunMigration]) -> None:
        folder = self._ground.folder / "bundle"
        place = carrying.located(carrying.path_of(folder, 1))
        migrating.open_part(grant, (folder / carrying.HEADER).read_bytes(), place.head, place.trailer)

    def strangers(self, loader: Loader, mandates: Sequence[bytes]) -> None:
        """A loader under mandates that are not in force for it, or under none; and others under this one."""
        world = self._ground.world
        actor, worker = loader.actor(), world.work(loader.org)
        names = [name for name in PORTIONS if name not in _FREE]
        for mandate in mandates:
            self._tally.enter(actor, self._acts(names, mandate))
        jobs = ("RunMigration", "RegisterPatient", "LoadHistory", "CompareHistory")
        others = [worker, *(world.sign_in(f"{login}@{self._ground.nord.site}") for login in CAST)]
        for other in others:
            wanted = jobs if other is worker else tuple(name for name in jobs if name != "RegisterPatient")
            self._tally.enter(other, self._acts(wanted, self._move.mandate))
        _hang_up([actor, *others])

    def _acts(self, names: Sequence[str], mandate: bytes) -> list[Act]:
        """One act of each name, about the laboratory, somebody new or somebody who is a patient."""
        org, now = self._ground.nord.org, self._ground.world.clock()
        whom = {
            About.ORGANIZATION: acts.organization(org),
            About.LETTER: acts.organization(org),
            About.NEW_PATIENT: ids.new(org, now),
            About.PATIENT: self._ground.nord.idle[0],
        }
        tried = []
        for name in names:
            work = ids.new(org, now) if name in _BEGINNING else b""
            subject = whom[PORTIONS[name].about]
            tried.append(Act(ids.new(org, now), name, subject, Purpose.HOPERAT, work=work, mandate=mandate))
        return tried

    def _run(self) -> None:
        with self._move.running():
            pass

    def _refuse(self, login: str, form: forms.Form) -> None:
        self._tally.try_(partial(self._sign, login, form))

    def _sign(self, login: str, form: forms.Form) -> Governed:
        world, actor = self._ground.world, self._people[login]
        factor = world.factor(f"{login}@{self._ground.nord.site}")
        meant = replace(door.intent(actor, world.clock(), Purpose.HSYSADMIN), factor=factor)
        return governing.change(actor, form, meant, desk=StepMigration)


def _approval(waiting: _Waiting) -> forms.Approve:
    return forms.Approve(waiting.id.hex(), forms.digest(waiting.form).hex())


def _follows(state: str, step: str) -> bool:
    if step in moves.ASIDE:
        return state not in _OVER
    return state == STEPS[step].state or (step == "map" and state in _MAPS) or (step == "load" and state in _LAST)


def _are_two(step: str, first: str, second: str) -> bool:
    two = frozenset({first, second})
    if step == "reconcile":
        return len(two) == 2 and bool(two & _BIOLOGISTS) and two <= _WHO[step]
    return two == _OFFICERS


def _evidences(step: str) -> list[tuple[bytes, bytes]]:
    """What the loader may say that a step brings and rests on; the first is what belongs to it."""
    taken = STEPS[step]
    rests = moves.evidence(taken.rests) if taken.rests else b""
    return [
        (moves.evidence(step), rests),
        (moves.evidence(step), bytes(32)),
        (moves.evidence(step), b"" if rests else bytes(16)),
    ]


def _hang_up(actors: Iterable[Actor]) -> None:
    for actor in actors:
        actor.line.hang_up()

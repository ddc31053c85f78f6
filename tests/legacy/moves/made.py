"""A move that is made: from the profile to the reconciliation, with everybody's signatures, in a scratch laboratory."""

from collections.abc import Iterator
from dataclasses import dataclass, replace

import msgspec

from aliquot.access import acts, migrating
from aliquot.cli.scratch import World
from aliquot.custody import forms
from aliquot.custody.steps import Step
from aliquot.lab.catalogue import Catalogue
from aliquot.legacy import map as maps
from aliquot.legacy import profile, reconciling, rehearsal
from aliquot.legacy.description import Description
from aliquot.legacy.entrance import Leave
from aliquot.legacy.fates import Bin, Sums
from aliquot.legacy.loading import Load
from aliquot.legacy.map import Map
from aliquot.legacy.papers import Loaded
from aliquot.legacy.profile import Profile
from aliquot.legacy.progress import Progress
from aliquot.legacy.reading import Reading
from aliquot.legacy.reconciling import Reconciler, Reconciliation
from tests.custody import moving
from tests.custody.moving import Move
from tests.legacy.move import WHERE
from tests.legacy.moves import written
from tests.legacy.moves.written import Fates, Written


@dataclass(frozen=True)
class Made:
    """A move that came to its end, with what each of its steps said."""

    leave: Leave
    drawn: Map
    profile: Profile
    rehearsed: Sums
    loaded: Sums
    reconciled: Reconciliation


@dataclass
class Mover:
    """A move of one source in one laboratory, step by step."""

    lab: World
    plan: Written
    described: Description
    catalogue: Catalogue = WHERE.catalogue

    def __post_init__(self) -> None:
        self.move: Move = moving.declared(self.lab, scope=self.plan.mandate, allowed=self.plan.people)
        self.drawn = msgspec.structs.replace(self.plan.map, mandate=self.move.mandate.hex())

    @property
    def leave(self) -> Leave:
        """The loader's, in a session of this moment."""
        line = self.move.loader.line
        line.hang_up()
        actor = replace(self.move.loader, ticket=line.session().ticket)
        where = msgspec.structs.replace(WHERE, catalogue=self.catalogue)
        return Leave(actor, self.move.mandate, where, self.lab.clock)

    def reading(self) -> Reading:
        """The source, opened under the mandate."""
        return Reading(self.plan.mandate, self.described)

    def through(self) -> Made:
        """Every step up to the reconciliation, which nobody has signed yet."""
        seen = self.profile()
        rehearsed = self.rehearse()
        loaded = self.load()
        self.finish(loaded)
        reconciled = self.reconcile()
        return Made(self.leave, self.drawn, seen, rehearsed, loaded, reconciled)

    def profile(self) -> Profile:
        """Profile the source, and sign the map that is drawn from it."""
        with self.reading() as reading:
            seen = profile.take(reading, self.plan.mandate, self.described.digest())
        self.step(Step.PROFILE, seen.digest())
        self.drawn = msgspec.structs.replace(self.drawn, profile=seen.digest())
        self.sign(Step.MAP, maps.digest(self.drawn))
        return seen

    def rehearse(self) -> Sums:
        """Rehearse, and open the loading on it."""
        with self.reading() as reading:
            today = self.lab.clock().date()
            told = rehearsal.Trial(self.drawn, self.plan.mandate, self.catalogue, today).run(reading)
        self.step(Step.REHEARSE, rehearsal.digest(told), maps.digest(self.drawn))
        self.sign(Step.LOAD, rests=rehearsal.digest(told))
        return told.sums

    def load(self) -> Sums:
        """Load everything."""
        reached = Progress(self.drawn.mandate, maps.digest(self.drawn))
        with self.reading() as reading:
            return Load(self.leave, self.drawn, self.plan.mandate, reached, lambda _: None).run(reading)

    def finish(self, loaded: Sums) -> None:
        """All is in."""
        digest = maps.digest(self.drawn)
        self.step(Step.FINISH, Loaded(self.drawn.mandate, digest, loaded).digest, digest)

    def reconcile(self) -> Reconciliation:
        """Read both sides again."""
        with self.reading() as reading:
            return Reconciler(self.leave, self.drawn, self.plan.mandate).run(reading)

    def agree(self, made: Made) -> None:
        """Two people compare what custody drew, and sign that both sides agree."""
        for who in moving.PEOPLE["reconcile"]:
            moving.compare(self.lab, self.move.mandate, who)
        self.sign(Step.RECONCILE, reconciling.digest(made.reconciled), self.in_force(Step.FINISH))

    def step(self, step: Step, evidence: str, rests: str = "") -> None:
        """The loader reports a step of its own."""
        with self.leave.running() as grant:
            migrating.step(grant, step, bytes.fromhex(evidence), bytes.fromhex(rests))

    def sign(self, step: Step, evidence: str = "", rests: str = "") -> None:
        """Whoever answers for a step signs it; of two the second approves."""
        form = forms.StepMigration(self.move.mandate.hex(), step, evidence, rests)
        first, *others = moving.PEOPLE[step]
        proposed = moving.govern(self.lab, first, form, acts.StepMigration)
        for second in others:
            approval = forms.Approve(proposed.hex(), forms.digest(form).hex())
            moving.govern(self.lab, second, approval, acts.StepMigration)

    def in_force(self, step: Step) -> str:
        """The evidence of a step, as it is in force."""
        return self.move.in_force(step).hex()


def held(mover: Mover, name: str) -> Made:
    """Go through a whole move: each row has the fate that is written down for it, and both sides agree."""
    done = mover.through()
    told = fates(done.loaded)
    print("\n".join(table(name, told)))
    assert told == written.fates()[name]
    assert done.loaded.open() == ()
    assert done.reconciled.agrees(), done.reconciled.faults
    return done


def fates(sums: Sums) -> Fates:
    """How many rows of each table ended where, and why."""
    found: Fates = {table: {} for table in sums.rows}
    for one in sums.counted:
        end = f"{one.bin} {one.reason}".strip()
        found[one.table][end] = found[one.table].get(end, 0) + one.rows
    return found


def table(name: str, told: Fates) -> Iterator[str]:
    """The table of fates of one move, a line for each end."""
    yield name
    for table_, ends in told.items():
        yield f"  {table_:<14}{'':<13}{sum(ends.values()):>7}"
        for each in Bin:
            found = {end: rows for end, rows in ends.items() if end.split(" ")[0] == each}
            if found:
                why = ", ".join(f"{end.partition(' ')[2]} {rows}" for end, rows in found.items() if " " in end)
                yield f"{'':<16}{each:<13}{sum(found.values()):>7}  {why}".rstrip()

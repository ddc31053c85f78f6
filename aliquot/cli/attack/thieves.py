"""C1 and C2: whoever has a session, or all of them, and wants everybody."""

from collections.abc import Iterator, Sequence
from datetime import timedelta
from itertools import cycle
from random import Random

from aliquot.cli.attack import plan, population
from aliquot.cli.attack.ground import Ground
from aliquot.cli.attack.lies import LIES, Lie, Target, Victim
from aliquot.cli.attack.measured import Measured
from aliquot.cli.attack.population import House
from aliquot.cli.attack.thief import Thief
from aliquot.cli.scratch import CAST
from aliquot.custody import limits

DAYS = 5
_BATCH = 250
_ALARM_PATIENTS = 40
_ALARM_TIME = timedelta(seconds=60)
_MOMENT = timedelta(milliseconds=10)
_DAY = timedelta(days=1)


def stolen_session(ground: Ground) -> Measured:
    """One secretary's session, every day anew, asks for every patient of the laboratory on five days."""
    thief = Thief(ground)
    try:
        for _ in range(DAYS):
            ticket = ground.world.sign_in("secretary@nord").ticket
            _loop(thief, ticket, ground.nord)
            ground.world.clock.pass_(timedelta(hours=24) - timedelta(hours=8))
            ground.world.custodian.tick()
        return _judge(thief, limits.thief([_bucket("secretary")], DAYS, _orders(ground.nord)))
    finally:
        thief.close()


def hostile_web(ground: Ground) -> Measured:
    """The web process itself, with everybody's live session, tells every lie to custody on five days."""
    thief = Thief(ground)
    targets = {house.org: cycle(_targets(house)) for house in (ground.nord, ground.sud)}
    try:
        for number in range(DAYS * ground.scale.rounds):
            for victim in _victims(ground):
                for lie in (*LIES[number % len(LIES) :], *LIES[: number % len(LIES)]):
                    _persist(thief, victim, lie, targets[victim.org])
            ground.world.clock.pass_(_DAY / ground.scale.rounds)
            ground.world.custodian.tick()
        return _judge(thief, sum(_bound(house) for house in (ground.nord, ground.sud)))
    finally:
        thief.close()


def _loop(thief: Thief, ticket: bytes, house: House) -> None:
    """Every other patient once, within eight hours: one by one until it has rung, then by the hundreds."""
    wanted = [patient for patient in house.patients if patient not in thief.booty]
    Random(6).shuffle(wanted)  # noqa: S311  # a thief who knows nothing of the work in hand
    pause = timedelta(hours=8) / (len(wanted) / _BATCH + 1)
    for some in population.batches(wanted, _BATCH):
        step = _BATCH if thief.rang else 1
        for few in population.batches(some, step):
            thief.try_(ticket, [thief.act("OpenIdentity", patient) for patient in few])
            thief.clock.pass_(_MOMENT)
        thief.clock.pass_(min(pause, timedelta(minutes=20)))


def _persist(thief: Thief, victim: Victim, lie: Lie, targets: Iterator[Target]) -> None:
    """Tell a lie about one patient after the other until it gains nothing any more."""
    useless = 0
    while useless < thief.ground.scale.patience:
        before = len(thief.booty)
        lie(thief, victim, next(targets))
        thief.clock.pass_(_MOMENT)
        useless = 0 if len(thief.booty) > before else useless + 1


def _victims(ground: Ground) -> list[Victim]:
    """Everybody has signed in again, and the web process holds every ticket."""
    found = []
    for org, site in plan.SITES.items():
        for login in CAST:
            actor = ground.world.sign_in(f"{login}@{site}")
            found.append(Victim(actor.ticket, org, login))
    return found


def _targets(house: House) -> Sequence[Target]:
    busy = {work.patient for work in house.works}
    pairs = zip(house.patients, house.people, strict=True)
    return [Target(patient, person.demography.born_on) for patient, person in pairs if patient not in busy]


def _bucket(login: str) -> int:
    return limits.unexplained({CAST[login]})


def _orders(house: House) -> int:
    """One day's unconfirmed orders of a laboratory with this day's work in hand."""
    return limits.unconfirmed(len(house.works), 1)


def _bound(house: House) -> int:
    """Everybody's bucket at the start and every day, or the laboratory's if it is smaller; and one day's orders."""
    buckets = min(sum(map(_bucket, CAST)), limits.laboratory(len(house.patients)))
    return limits.thief([buckets], DAYS, _orders(house))


def _judge(thief: Thief, bound: int) -> Measured:
    rang = thief.rang
    if rang is None:
        return Measured(f"{len(thief.booty):,} patients opened in {DAYS} days, no alarm", holds=False)
    figure = (
        f"{len(thief.booty):,} of {bound:,} patients opened in {DAYS} days; "
        f"alarm after {rang.patients} patients, {rang.after.total_seconds():.1f} s"
    )
    quick = rang.patients <= _ALARM_PATIENTS and rang.after <= _ALARM_TIME
    return Measured(figure, holds=quick and len(thief.booty) <= bound)

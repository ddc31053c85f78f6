"""Five days of each lie that a hostile web process, or a stolen session, can tell.

| lie | bounded by |
|---|---|
| loops over all patients, every day | the person's unexplained bucket, then the laboratory's and the installation's |
| orders for everybody, then opens identity | unconfirmed orders (100, or 1.5 x the mean); after 24 h they are debts |
| orders again once the burst has lapsed | an overdrawn person or laboratory: orders explain nothing, and show nobody |
| enters orders and never keeps, or abandons, them | the opening is taken at `enter` and is not given back |
| searches, shows five, orders one | the others rest on the same order, and count among those that wait |
| searches, shows five, registers somebody invented | the same; it lapses after 24 h without an order |
| registers people to widen the laboratory's bucket | the day's count of patients grows by 1 % x 100 a day |
| breaks the glass in a loop | a fresh factor for each patient: fingers; a notice each time, louder from the 11th |
| names a purpose ("critical call") or types a reason | a word explains nothing |
| a new user, a new role, a second session | the laboratory's bucket; a debt follows the person |
| sets the clock forward | trusted time |
"""

from collections.abc import Callable, Iterable
from itertools import cycle
from pathlib import Path

import pytest

from aliquot.custody import budgets, elapsed, limits
from aliquot.custody.asker import Asker
from aliquot.custody.denial import Denial
from aliquot.custody.portions import PORTIONS
from tests.custody.bureau import NORTH, SOUTH, Bureau, asker, subject

DAYS = 5
CREW = [("secretary", NORTH), ("secretary", SOUTH), ("technician", NORTH), ("biologist", SOUTH), ("director", NORTH)]
Lie = Callable[["Thief", Asker, bytes], None]


class Thief:
    """Counts whose identity or dossier was shown without confirmed work, and when it first rang."""

    def __init__(self, bureau: Bureau) -> None:
        self.bureau = bureau
        self.shown: set[bytes] = set()
        self.rang_at = 0
        self.rang_after = -1.0
        self._began = bureau.now

    def try_to(self, who: Asker, name: str, patient: bytes, **fields: object) -> bool:
        """Whether the act was allowed and showed somebody."""
        try:
            entered = self.bureau.enter(who, name, patient, **fields)  # type: ignore[arg-type]  # fields of Act
        except Denial as denial:
            self.heard(budgets.refused(self.bureau.turn(), who, denial.code))
            return False
        self.heard(entered.alarms)
        if not PORTIONS[name].reads <= entered.weighing.withheld:
            self.shown.add(patient)
        return True

    def order(self, who: Asker, patient: bytes) -> None:
        work = self.bureau.id(who.org)
        self.try_to(who, "PlaceOrder", patient, work=work)
        self.heard(budgets.work_opened(self.bureau.turn(), work, patient, "main", who.person))

    def heard(self, alarms: Iterable[object]) -> None:
        if any(True for _ in alarms) and self.rang_after < 0:
            self.rang_at = len(self.shown)
            self.rang_after = (self.bureau.now - self._began).total_seconds()


def loop(thief: Thief, who: Asker, patient: bytes) -> None:
    thief.try_to(who, "OpenIdentity", patient)


def order_then_open(thief: Thief, who: Asker, patient: bytes) -> None:
    thief.order(who, patient)
    thief.try_to(who, "OpenIdentity", patient)


def order_and_abandon(thief: Thief, who: Asker, patient: bytes) -> None:
    thief.try_to(who, "PlaceOrder", patient, work=thief.bureau.id(who.org))


def search_then_order(thief: Thief, who: Asker, patient: bytes) -> None:
    found = neighbours(thief, who, patient)
    for one in found:
        thief.try_to(who, "ShowCandidate", one)
    thief.order(who, found[0])


def search_then_register(thief: Thief, who: Asker, patient: bytes) -> None:
    for one in neighbours(thief, who, patient):
        thief.try_to(who, "ShowCandidate", one)
    thief.heard(budgets.registered(thief.bureau.turn(), who.org, who.person, thief.bureau.id(who.org)))


def critical_call(thief: Thief, who: Asker, patient: bytes) -> None:
    thief.try_to(who, "OpenDossier", patient, purpose="critical-call", reason="potassium 7.1")


def loop_break_glass(thief: Thief, who: Asker, patient: bytes) -> None:
    thief.try_to(who, "OpenDossier", patient, purpose=limits.BREAK_GLASS_PURPOSE, reason="please")


def everything(thief: Thief, who: Asker, patient: bytes) -> None:
    for lie in (search_then_order, search_then_register, order_then_open, critical_call, order_and_abandon):
        lie(thief, who, patient)


def neighbours(thief: Thief, who: Asker, patient: bytes) -> list[bytes]:
    """Five patients whom one search finds: the generous case."""
    n = int.from_bytes(patient[6:], "big")
    found = [subject(who.org, (5 * n + k) % len(thief.bureau.patients[who.org])) for k in range(limits.HITS)]
    budgets.searched(thief.bureau.turn(), who, found)
    return found


LIES = [
    loop,
    order_then_open,
    order_and_abandon,
    search_then_order,
    search_then_register,
    critical_call,
    loop_break_glass,
    everything,
]


def steal(bureau: Bureau, sessions: list[Asker], lie: Lie) -> Thief:
    """Each quarter of each of five days, thirty tries for each session, a hundredth of a second apart."""
    thief = Thief(bureau)
    targets = {org: cycle(bureau.patients[org]) for org in (NORTH, SOUTH)}
    for _ in range(4 * DAYS):
        for _ in range(30):
            for who in sessions:
                lie(thief, who, next(targets[who.org]))
                bureau.wait(milliseconds=10)
        bureau.wait(hours=6)
        thief.heard(budgets.lapse(bureau.turn()))
    return thief


@pytest.mark.parametrize("lie", LIES)
def test_one_stolen_session_gets_its_bucket_and_one_burst(tmp_path: Path, lie: Lie) -> None:
    thief = steal(Bureau(tmp_path), [asker("anne")], lie)
    bound = limits.thief([limits.unexplained({"secretary"})], DAYS, limits.UNCONFIRMED_FLOOR)
    assert len(thief.shown) <= bound
    assert 0 <= thief.rang_after <= 60
    assert thief.rang_at <= 40


@pytest.mark.parametrize("lie", LIES)
def test_every_live_session_together_gets_the_buckets_and_one_burst_of_each_laboratory(
    tmp_path: Path, lie: Lie
) -> None:
    crew = [asker(f"{role}-{n}", role, org) for n, (role, org) in enumerate(CREW)]
    thief = steal(Bureau(tmp_path), crew, lie)
    bound = limits.thief([limits.unexplained(who.roles) for who in crew], DAYS, 2 * limits.UNCONFIRMED_FLOOR)
    assert len(thief.shown) <= bound
    assert 0 <= thief.rang_after <= 60
    assert thief.rang_at <= 40


def test_nineteen_accounts_and_new_users_end_at_the_laboratorys_bucket(tmp_path: Path) -> None:
    crew = [asker(f"user-{n}", "biologist") for n in range(19)]
    thief = steal(Bureau(tmp_path), crew, loop)
    assert len(thief.shown) <= limits.thief([limits.laboratory(2_000)], DAYS, 0) <= 1_000
    assert thief.rang_at <= 40


def test_all_laboratories_together_end_at_the_installations_bucket(tmp_path: Path) -> None:
    bureau = Bureau(tmp_path)
    patients = bureau.patients[NORTH][:60]
    crew = [asker(f"user-{n}", "biologist") for n in range(2)]
    bureau.store.db.execute(
        "INSERT INTO bucket VALUES ('organization:00000000', ?, 100, ?)",
        (95 * limits.DAY, elapsed.moment(bureau.turn())),
    )
    thief = Thief(bureau)
    for patient in patients:
        for who in crew:
            thief.try_to(who, "OpenIdentity", patient)
    # The same patient opened by two people is two openings of the installation's bucket.
    assert len(thief.shown) == 3


def test_an_abandoned_order_gives_nothing_back(tmp_path: Path) -> None:
    thief = Thief(bureau := Bureau(tmp_path))
    for patient in bureau.patients[NORTH][:100]:
        order_and_abandon(thief, asker("anne"), patient)
    assert len(thief.shown) == limits.unexplained({"secretary"})


def test_a_debt_follows_the_person_into_another_role_and_another_session(tmp_path: Path) -> None:
    thief = Thief(bureau := Bureau(tmp_path))
    for patient in bureau.patients[NORTH][:50]:
        loop(thief, asker("anne"), patient)
    for patient in bureau.patients[NORTH][50:100]:
        loop(thief, asker("anne", "biologist", session=b"another"), patient)
    assert len(thief.shown) == limits.unexplained({"biologist"})


def test_a_clock_set_forward_refills_nothing_and_lapses_nothing(tmp_path: Path) -> None:
    thief = Thief(bureau := Bureau(tmp_path))
    who = asker("anne")
    for n, patient in enumerate(bureau.patients[NORTH][:200]):
        loop(thief, who, patient)
        if n % 20 == 19:
            bureau.now = bureau.now.replace(year=bureau.now.year + 1)
    assert len(thief.shown) == limits.unexplained({"secretary"})


def test_registering_invented_people_does_not_widen_the_laboratorys_bucket(tmp_path: Path) -> None:
    bureau = Bureau(tmp_path)
    bureau.store.db.executemany(
        "INSERT INTO subject (id, org, state, n, epoch, key, seals, card, kept) VALUES (?, ?, 'known', 1, 1, x'', 0, x'', 1)",  # noqa: E501 - one statement
        [(subject(NORTH, 100_000 + n), NORTH) for n in range(20_000)],
    )
    bureau.wait(days=1)
    budgets.lapse(bureau.turn())
    crew = [asker(f"user-{n}", "biologist") for n in range(19)]
    thief = Thief(bureau)
    for n, patient in enumerate(bureau.patients[NORTH][:500]):
        loop(thief, crew[n % 19], patient)
    assert len(thief.shown) == limits.laboratory(2_000)


def test_looped_break_glass_with_fingers_rings_every_time_and_louder(tmp_path: Path) -> None:
    bureau = Bureau(tmp_path)
    who = asker("ben", "biologist")
    rung = []
    for patient in bureau.patients[NORTH][:15]:
        entered = bureau.enter(who, "OpenDossier", patient, factor=True, purpose="BTG", reason="emergency")
        rung.append([alarm.kind for alarm in entered.alarms])
    assert rung[:10] == [["break-glass"]] * 10
    assert rung[10] == ["break-glass", "break-glass-looped"]
    assert rung[11:] == [["break-glass"]] * 4

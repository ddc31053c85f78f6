"""D5: whatever was connected to the old system, and comes back after the cut-over.

Connectors, listeners, analysers and people of the old system are enrolled, each gets in once in every way that it has,
two people cut over, and each comes back in the very same way.
"""

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing
from dataclasses import replace
from datetime import timedelta
from functools import partial

import msgspec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from aliquot.access import acts, door, governing, migrating, people
from aliquot.access.acts import Administer, SettleActs, StepMigration
from aliquot.access.grant import Grant
from aliquot.cli import scratch
from aliquot.cli.attack import moves, plan, population
from aliquot.cli.attack.ground import Ground
from aliquot.cli.attack.measured import Measured
from aliquot.cli.attack.moves import Loader, Move
from aliquot.cli.scratch import PASSWORD
from aliquot.custody import forms
from aliquot.custody.answers import Credential
from aliquot.custody.denial import Denial
from aliquot.custody.invitations import Invitation
from aliquot.custody.roles import Role
from aliquot.intake import seat
from aliquot.intake.seat import Seat
from aliquot.terms.ids import Id
from aliquot.terms.purposes import Purpose
from aliquot.vault.bundle import SenderKey
from aliquot.vault.letterbox import Envelope

Way = Callable[[], object]
_LASTS = timedelta(days=60)
_LATER = 1_000
"""Numbers of letters that no other letter of a scratch laboratory has had."""


class _Unheard(Exception):
    """A letter was not opened."""


def come_back(ground: Ground) -> Measured:
    """Let everything in once, cut over, and let it try again; then compare what lives with what was declared."""
    old = _Old(ground)
    move = moves.declared(old.loader, SenderKey.generate())
    moves.until(move, "way-back")
    ways, cut = [*old.ways()], move.cut(old.credentials())
    before = sum(map(_in, ways))
    hiding = [msgspec.structs.replace(cut, **{which: getattr(cut, which)[1:]}) for which in ("ends", "stays")]
    let = sum(_in(partial(_proposed, move, one)) for one in hiding)
    with ExitStack() as open_:
        grants = _cut_over(move, cut, lambda: [*old.grants(open_)])
        before += len(grants)
        accepted = sum(map(_in, [*ways, *grants]))
    with move.looking() as grant:
        apart = {*migrating.cutting(grant, move.mandate).living} ^ {*cut.stays}
    tried = len(ways) + len(grants)
    stays = _in(partial(ground.world.sign_in, f"technician@{ground.nord.site}")) and _in(old.house)
    return Measured(
        f"{accepted} of {tried} accepted, all {before} before it; {let} declarations let that hide something; "
        f"{len(apart)} credentials live undeclared or are gone",
        holds=accepted == let == 0 and before == tried and not apart and stays,
    )


class _Old:
    """What belongs to the old system: of each kind as many as the scale says."""

    def __init__(self, ground: Ground) -> None:
        self._ground, self._world, self._org = ground, ground.world, ground.nord.org
        self.loader = moves.enrolled(self._world, self._org)
        self._house = seat.read(self._world.installation.listen)
        self._worker = self._world.work()
        self._letters = _LATER
        numbers = range(ground.scale.old)
        self._devices = [f"OLD-{number}" for number in numbers]
        self._connectors = [self._connector(f"connector-{number}") for number in numbers]
        self._listeners = {f"old-listener-{number}": Ed25519PrivateKey.generate() for number in numbers}
        for device in self._devices:
            self._world.enrol_device(device, ground.nord.site)
        for name, key in self._listeners.items():
            self._together(forms.EnrolListener(name, key.public_key().public_bytes_raw()))
        self._people = [self._invited(f"old-{number}@{ground.nord.site}") for number in numbers]
        self._guests = [self._invited(f"guest-{number}@{ground.nord.site}") for number in numbers]
        for one in self._people:
            self._world.secrets[one.login] = scratch.join(
                self._world.installation, self._world.clock, one.login, one.code
            )

    def credentials(self) -> Iterator[Credential]:
        """What two people name as the old system's. The loader they need not name."""
        yield from (Credential("device", name) for name in self._devices)
        yield from (Credential("listener", name) for name in self._listeners)
        yield from (Credential("service", connector.name) for connector in self._connectors)
        yield from (Credential("person", one.login) for one in (*self._people, *self._guests))

    def ways(self) -> Iterator[Way]:
        """Every way in: keys, tickets that were given, letters, passwords with codes, and codes of invitations."""
        line = self._world.line()
        for connector in (self.loader, *self._connectors):
            yield connector.actor
            yield partial(people.who, line, connector.actor().ticket)
        for name in self._devices:
            yield partial(self._letter, self._house, name)
        for listener in map(self._seat, self._listeners):
            yield partial(self._letter, listener, f"{plan.DEVICE}-{self._ground.nord.site}")
        for one in self._people:
            yield partial(self._world.sign_in, one.login)
            yield partial(people.who, line, self._world.sign_in(one.login).ticket)
        for guest in self._guests:
            yield partial(people.accept_invitation, line, guest.login, guest.code, PASSWORD)

    def grants(self, open_: ExitStack) -> Iterator[Way]:
        """Leave that was given a moment before."""
        for connector in self._connectors:
            actor = connector.actor()
            meant = door.intent(actor, self._world.clock(), Purpose.HOPERAT)
            yield partial(
                _asks, open_.enter_context(door.enter(actor, SettleActs(acts.organization(self._org)), meant))
            )

    def house(self) -> None:
        """The analyser that stays speaks on."""
        self._letter(self._house, f"{plan.DEVICE}-{self._ground.nord.site}")

    def _letter(self, listener: Seat, device: str) -> None:
        self._letters += 1
        envelope = Envelope(listener.listener, self._letters, self._world.clock(), device)
        if population.heard(self._worker, listener, envelope):
            raise _Unheard

    def _seat(self, name: str) -> Seat:
        with closing(sqlite3.connect(self._world.installation.custody.database)) as db:
            (identity,) = db.execute("SELECT id FROM listener WHERE name = ?", (name,)).fetchone()
        return Seat(Id(identity), self._listeners[name], self._house.slot)

    def _connector(self, name: str) -> Loader:
        key = Ed25519PrivateKey.generate()
        until = self._world.clock() + _LASTS
        self._together(forms.EnrolService(name, Role.WORKER, key.public_key().public_bytes_raw(), until))
        return Loader(self._world, self._org, name, key)

    def _invited(self, login: str) -> Invitation:
        form = forms.EnrolPerson(login, login, self._world.clock() + _LASTS)
        told = population.govern(self._world, f"administrator@{self._ground.nord.site}", form, Administer).once
        return msgspec.json.decode(told, type=Invitation)

    def _together(self, form: forms.Change) -> None:
        site = self._ground.nord.site
        population.together(self._world, (f"administrator@{site}", f"director@{site}"), form, Administer)


def _asks(grant: Grant[SettleActs]) -> None:
    governing.kept(grant, "")


def _cut_over(move: Move, cut: forms.CutOver, granted: Callable[[], list[Way]]) -> list[Way]:
    """Two people cut over; between the two signatures leave is given that would live a minute."""
    world, site = move.loader.world, plan.SITES[move.loader.org]
    proposed, form = _proposed(move, cut)
    officer = world.sign_in(f"privacy@{site}")
    factor = world.factor(f"privacy@{site}")
    grants = granted()
    if not all(map(_in, grants)):
        return []
    meant = replace(door.intent(officer, world.clock(), Purpose.HSYSADMIN), factor=factor)
    governing.change(officer, forms.Approve(proposed.hex(), forms.digest(form).hex()), meant, desk=StepMigration)
    return grants


def _proposed(move: Move, cut: forms.CutOver) -> tuple[Id, forms.StepMigration]:
    form = msgspec.structs.replace(move.form("cut-over"), cut=cut)
    director = f"director@{plan.SITES[move.loader.org]}"
    return Id(population.govern(move.loader.world, director, form, StepMigration).id), form


def _in(way: Way) -> bool:
    """Whether somebody or something gets in."""
    try:
        way()
    except (Denial, _Unheard):
        return False
    return True

"""B4, C4 and K2: what leaves by default, who takes records out alone, and who reads the open format."""

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from aliquot.access import acts, door, exporting, migrating, people, rows
from aliquot.access.acts import Administer, ReadMigration, SignMandate
from aliquot.access.door import Actor
from aliquot.access.exporting import Leave
from aliquot.cli.attack import moves, population, relays, stranger, unwrapped
from aliquot.cli.attack.ground import Ground
from aliquot.cli.attack.measured import Measured
from aliquot.cli.attack.thief import Thief
from aliquot.cli.scratch import PASSPHRASE, World
from aliquot.custody import exports, forms
from aliquot.custody.denial import Denial
from aliquot.custody.portions import PORTIONS
from aliquot.custody.protocol import Act
from aliquot.custody.roles import SERVICES, Role
from aliquot.disclosure.departure import Departure
from aliquot.lab.catalogue import Catalogue
from aliquot.terms.errors import Refused
from aliquot.terms.ids import Id
from aliquot.terms.purposes import Purpose
from aliquot.vault import carrying, mandate
from aliquot.vault.bundlekey import StagingKey
from aliquot.vault.keyring import Keyring
from aliquot.vault.keystore import INSTALLATION
from aliquot.vault.mandate import MandateDocument

_WANTED = 10_001
_AT_ONCE = 500
_DIRECTOR, _OFFICER, _ADMINISTRATOR = "director@nord", "privacy@nord", "administrator@nord"
_EVERYTHING = tuple(sorted(kind.name.lower() for kind in PORTIONS["ExportDossier"].reads))
_NO_TESTS = Catalogue(1, ())


@dataclass
class Exporter:
    """A service of the first laboratory that takes records out; both people who answer for that wanted it."""

    ground: Ground
    key: Ed25519PrivateKey
    sender: str
    name: str = "porter"

    @property
    def world(self) -> World:
        """Where it works."""
        return self.ground.world

    def actor(self) -> Actor:
        """The service in a session that has just begun."""
        line = self.world.service(self.name, self.key)
        return Actor(line, line.session().ticket, self.ground.nord.org)

    def form(self, receiver: str, kinds: tuple[str, ...] = _EVERYTHING) -> forms.SignExport:
        """Everything that the laboratory has, or these kinds of it, to this receiver."""
        return forms.SignExport(
            purpose="a way out",
            recipient="somebody else",
            receiver=receiver,
            kinds=kinds,
            first_on=date(2020, 1, 1),
            last_on=date(2030, 1, 1),
            sites=("nord",),
            harm="restricted",
            service=self.name,
            allowed=100_000,
            until=self.world.clock() + moves.LASTS,
        )

    def signed(self, receiver: str, kinds: tuple[str, ...] = _EVERYTHING) -> Leave:
        """A mandate of two people, and the exporter's leave under it."""
        identity = population.together(self.world, (_DIRECTOR, _OFFICER), self.form(receiver, kinds), SignMandate)
        return Leave(self.actor(), identity, self.world.clock)


def export_alone(ground: Ground) -> Measured:
    """One person with every role tries to take patients out; others, and the receiver too late, try what came out."""
    exporter = _exporter(ground)
    wanted = ground.nord.patients[:_WANTED]
    (alone, beyond), works = _alone(exporter, wanted)
    loader = moves.enrolled(ground.world, ground.sud.org, "taker")
    move = moves.declared(loader, exporter.sender)
    leave, folder = exporter.signed(move.signed()), ground.folder / "out"
    _departure(leave, folder).seal(_NO_TESTS)
    secrets = _secrets(ground, exporter)
    others = sum(relays.tries(folder, secret) for secret in secrets)
    in_time = _takes(move, folder)
    ground.world.clock.pass_(timedelta(days=31))
    ground.world.custodian.tick()
    late = _takes(move, folder) + _opens(replace(leave, actor=exporter.actor()), ground.nord.works[0].patient)
    figure = (
        f"{alone} of {len(wanted):,} patients alone, {beyond} beyond the list; {others} bundles opened with "
        f"{len(secrets):,} other secrets; {late} opened after the end"
    )
    return Measured(figure, holds=alone == beyond == others == late == 0 and works and in_time)


def read_the_format(ground: Ground) -> Measured:
    """A stranger with the receiver's key and the documents rebuilds what the laboratory holds."""
    exporter, staging = _exporter(ground), StagingKey.generate()
    leave, folder = exporter.signed(_receiver(ground.world, exporter.sender, staging)), ground.folder / "out"
    held = sorted(_held(leave))
    _departure(leave, folder).seal(_NO_TESTS)
    parts = list(stranger.opened(folder, staging.reveal()))
    lines = [line for part in parts if part.label["holds"] in {"latest", "earlier"} for line in part.lines]
    found = [(name, said) for line in lines for name, said in stranger.leaves(line)]
    rebuilt = sorted(one for one in found if not one[0].startswith("history/"))
    same = sum(one == other for one, other in zip(held, rebuilt, strict=False))
    figure = f"{same:,} of {len(held):,} fields rebuilt, {len(rebuilt) - same:,} that are not ours"
    return Measured(figure, holds=held == rebuilt and len(held) > len(ground.nord.works))


def leave_by_default(ground: Ground) -> Measured:
    """What leaves where two people named no words is searched for everything that anybody wrote as they liked."""
    exporter, staging = _exporter(ground), StagingKey.generate()
    receiver = _receiver(ground.world, exporter.sender, staging)
    written = {said for name, said in _held(exporter.signed(receiver)) if _is_words(name)}
    plain = tuple(sorted(kind.name.lower() for kind in PORTIONS["ExportDossier"].reads - exports.FREE_TEXT))
    leave, folder = exporter.signed(receiver, plain), ground.folder / "out"
    _departure(leave, folder).seal(_NO_TESTS)
    lines = [line for part in stranger.opened(folder, staging.reveal()) for line in part.lines]
    said = {word for line in lines for _, word in (*_leaves("", line), *stranger.leaves(line))}
    found = written & said
    return Measured(
        f"{sum(map(len, found)):,} of {sum(map(len, written)):,} characters of free text in {len(lines):,} resources",
        holds=not found and bool(written) and len(lines) > len(ground.nord.works),
    )


def _is_words(name: str) -> bool:
    kind, *_, field = name.split("/")
    kinds = {"observation", "comment", "note", "clinical_note"}
    return kind in kinds and field in {"text", "comment", "override_reason"}


def _exporter(ground: Ground) -> Exporter:
    world, key = ground.world, Ed25519PrivateKey.generate()
    public = key.public_key().public_bytes_raw()
    form = forms.EnrolService("porter", Role.EXPORTER, public, world.clock() + 3 * moves.LASTS)
    population.together(world, (_ADMINISTRATOR, _DIRECTOR), form, Administer)
    director = world.sign_in(_DIRECTOR)
    meant = door.intent(director, world.clock(), Purpose.HSYSADMIN)
    with door.enter(director, ReadMigration(acts.organization(director.org)), meant) as grant:
        return Exporter(ground, key, exporting.sender(grant).fingerprint)


def _alone(exporter: Exporter, wanted: Sequence[Id]) -> tuple[tuple[int, int], bool]:
    """How many patients one person gets out who has every role and the exporter's key, and how many who are on no list.

    The second answer is whether two people get any.
    """
    world, thief = exporter.world, Thief(exporter.ground)
    _crown(world)
    own = StagingKey.generate()
    form = exporter.form(_receiver(world, exporter.sender, own))
    tried = [bytes(16), *_mandates_there(exporter)]
    for desk in (SignMandate, Administer):
        try:
            proposed = population.govern(world, _DIRECTOR, form, desk)
        except Denial:
            continue
        tried.append(proposed.id)
        for approval in (SignMandate, Administer):
            try:
                word = forms.Approve(proposed.id.hex(), forms.digest(form).hex())
                population.govern(world, _DIRECTOR, word, approval)
            except Denial:
                continue
    thief.watch(wanted)
    tickets = (exporter.actor().ticket, world.sign_in(_DIRECTOR).ticket)
    for mandate_ in tried:
        for ticket in tickets:
            _try(thief, ticket, mandate_, wanted)
    alone = len(thief.booty)
    both = exporter.signed(_receiver(world, exporter.sender, own))
    _try(thief, both.actor.ticket, both.mandate, wanted)
    listed = {work.patient for work in exporter.ground.nord.works}
    beyond = len(thief.booty - listed)
    works = len(thief.booty) > alone
    thief.close()
    return (alone, beyond), works


def _crown(world: World) -> None:
    """Two others give the director every role that people have."""
    director = world.sign_in(_DIRECTOR)
    person = people.who(director.line, director.ticket).person.hex()
    for role in Role:
        if role not in SERVICES and role is not Role.DIRECTOR:
            form = forms.GrantRole(person, role, "nord")
            proposed = population.govern(world, _ADMINISTRATOR, form, Administer)
            if proposed.state == "waiting":
                approval = forms.Approve(proposed.id.hex(), forms.digest(form).hex())
                population.govern(world, _OFFICER, approval, SignMandate)


def _mandates_there(exporter: Exporter) -> list[bytes]:
    """The mandates that stand already, for other work."""
    rows_ = exporter.world.custodian.custodian.store.db.execute("SELECT id FROM mandate")
    return [identity for (identity,) in rows_.fetchall()]


def _try(thief: Thief, ticket: bytes, mandate_: bytes, wanted: Sequence[Id]) -> None:
    for start in range(0, len(wanted), _AT_ONCE):
        asked = [thief.act("ExportDossier", patient, Purpose.HOPERAT) for patient in wanted[start : start + _AT_ONCE]]
        thief.try_(ticket, [_under(act, mandate_) for act in asked])


def _under(act: Act, mandate_: bytes) -> Act:
    fields = {name: getattr(act, name) for name in act.__struct_fields__} | {"mandate": mandate_}
    return type(act)(**fields)


def _receiver(world: World, sender: str, staging: StagingKey) -> str:
    """The signed mandate of a receiver that somebody made up."""
    until = world.clock() + moves.LASTS
    document = MandateDocument(
        *("aa" * 16, "bb" * 4, "to take", "a laboratory", "cc" * 32, moves.SMALL, "taker", 100_000),
        signers=("dd" * 16, "ee" * 16),
        signed_at=world.clock(),
        until=until,
        staging=staging.slot().hex(),
        sender=sender,
    )
    return mandate.sign(Ed25519PrivateKey.generate(), document).decode()


def _departure(leave: Leave, folder: Path) -> Departure:
    with leave.running() as grant:
        return Departure(leave, exporting.told(grant), folder)


def _secrets(ground: Ground, exporter: Exporter) -> Sequence[bytes]:
    """Every secret of the laboratory that sends, of the installation, and of the exporter."""
    custody = ground.world.installation.custody
    store = Keyring.unlock(custody.keyring, PASSPHRASE, allow_weak=True)
    weekly = list(unwrapped.keks(custody, store, ground.nord.org))
    found = {secret for root in (INSTALLATION, ground.nord.org) for secret in unwrapped.secrets(custody, store, root)}
    found |= {key.reveal() for key in (*weekly, *unwrapped.subjects(custody, ground.nord.org, weekly).values())}
    found |= {exporter.key.private_bytes_raw(), StagingKey.generate().reveal()}
    return sorted(found)


def _takes(move: moves.Move, folder: Path) -> bool:
    """Whether the receiving laboratory's custody opens a part."""
    place = carrying.located(carrying.path_of(folder, 1))
    try:
        with move.running() as grant:
            header = (folder / carrying.HEADER).read_bytes()
            return migrating.open_part(grant, header, place.head, place.trailer).rows > 0
    except Denial:
        return False


def _opens(leave: Leave, patient: Id) -> bool:
    try:
        with leave.opening(patient):
            return True
    except (Denial, Refused):
        return False


def _held(leave: Leave) -> Iterator[tuple[str, str]]:
    """Every field of every version of every record in scope, as custody opens it."""
    for patient in list(exporting.listed(leave)):
        with leave.opening(patient) as grant:
            for record in grant.read(rows.of_subject(patient), history=True):
                name = f"{record.kind.name.lower()}/{record.id.hex()}/{record.version}"
                yield from _leaves(name, json.loads(record.body))


def _leaves(name: str, said: "stranger.Json") -> Iterator[tuple[str, str]]:
    if isinstance(said, dict):
        for field, inner in said.items():
            yield from _leaves(f"{name}/{field}", inner)
    elif isinstance(said, list):
        for inner in said:
            yield from _leaves(name, inner)
    elif said not in ("", None):
        yield name, str(said)

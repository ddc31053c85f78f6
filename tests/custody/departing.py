"""A laboratory that gives records to another: both sides sign, an exporter is enrolled, and it works or tries to."""

from dataclasses import dataclass, replace
from datetime import date, timedelta

import msgspec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from aliquot.access import acts, door, exporting, governing
from aliquot.access.acts import ReadMigration, SignMandate
from aliquot.access.door import Actor
from aliquot.access.exporting import Leave
from aliquot.cli.scratch import World
from aliquot.custody import forms
from aliquot.custody.answers import Sender
from aliquot.custody.roles import Role
from aliquot.terms.ids import Id
from aliquot.vault import mandate
from aliquot.vault.bundlekey import StagingKey
from aliquot.vault.mandate import MandateDocument
from tests.custody import moving
from tests.plan import NORD

KINDS = (
    *("demography", "traits", "identifiers", "contact"),
    *("requisition", "order", "specimen", "observation", "disclosure"),
)
KEYS: dict[str, bytes] = {}
"""The private keys of the exporters that were enrolled last, by name."""
FREE_TEXT = ("note", "clinical_note", "comment", "import", "message", "report", "document")


@dataclass
class Receiving:
    """The other side, reduced to what it gives away: its signed mandate; and what it keeps: its staging key."""

    staging: StagingKey
    document: str


def own_sender(lab: World) -> Sender:
    """The keys by which the other side knows the bundles of the first laboratory."""
    director = lab.sign_in("director@nord")
    meant = door.intent(director, lab.clock(), "HSYSADMIN")
    with door.enter(director, ReadMigration(acts.organization(NORD)), meant) as grant:
        return exporting.sender(grant)


def receiving(lab: World, **changed: object) -> Receiving:
    """A receiving side that wants what the first laboratory sends."""
    staging = StagingKey.generate()
    document = MandateDocument(
        id="aa" * 16,
        organization="bb" * 4,
        purpose="reprise",
        source="Laboratoire du Nord",
        annex=moving.ANNEX,
        scope=moving.SCOPE,
        service="mover",
        allowed=100,
        signers=("cc" * 16, "dd" * 16),
        signed_at=lab.clock(),
        until=lab.clock() + timedelta(days=20),
        staging=staging.slot().hex(),
        sender=own_sender(lab).fingerprint,
    )
    signed = mandate.sign(Ed25519PrivateKey.generate(), msgspec.structs.replace(document, **changed))
    return Receiving(staging, signed.decode())


def export_form(lab: World, to: Receiving, **changed: object) -> forms.SignExport:
    """The export mandate that is signed unless a test wants another."""
    form = forms.SignExport(
        purpose="départ",
        recipient="Laboratoire du Sud",
        receiver=to.document,
        kinds=KINDS,
        first_on=date(2026, 11, 1),
        last_on=date(2026, 12, 31),
        sites=("nord",),
        harm="restricted",
        service="porter",
        allowed=1_000,
        until=lab.clock() + timedelta(days=10),
    )
    return msgspec.structs.replace(form, **changed)


def exporter(lab: World, name: str = "porter", role: Role = Role.EXPORTER) -> Actor:
    """An exporter of the first laboratory, enrolled by two people."""
    key = Ed25519PrivateKey.generate()
    KEYS[name] = key.private_bytes_raw()
    public = key.public_key().public_bytes_raw()
    form = forms.EnrolService(name, role, public, lab.clock() + timedelta(days=60))
    proposed = moving.govern(lab, "administrator@nord", form, acts.Administer)
    moving.govern(lab, "director@nord", forms.Approve(proposed.hex(), forms.digest(form).hex()), SignMandate)
    line = lab.service(name, key)
    return Actor(line, line.session().ticket, NORD)


def signed(lab: World, form: forms.SignExport) -> Id:
    """A director and a privacy officer sign it."""
    proposed = moving.govern(lab, "director@nord", form, SignMandate)
    moving.govern(lab, "privacy@nord", forms.Approve(proposed.hex(), forms.digest(form).hex()), SignMandate)
    return Id(proposed)


def leave(lab: World, actor: Actor, mandate_: bytes) -> Leave:
    """The exporter at work under a mandate, in a session that has just begun."""
    actor.line.hang_up()
    return Leave(replace(actor, ticket=actor.line.session().ticket), mandate_, lab.clock)


def who_opened(lab: World, patient: Id) -> list[tuple[str, str, tuple[str, ...]]]:
    """What the privacy desk can tell a patient: act, reason and portion of each entry."""
    officer = lab.sign_in("privacy@nord")
    meant = door.intent(officer, lab.clock(), "HLEGAL")
    with door.enter(officer, acts.ReadHistory(acts.organization(NORD)), meant) as grant:
        found = governing.who_opened(grant, patient).openings
    return [(one.act, one.reason, one.portion) for one in found]

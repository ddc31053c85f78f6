"""Taking records out under an export mandate: what the exporter asks custody for, and how a bundle is signed there.

People sign export mandates with `governing.change` (`custody.forms.SignExport`).
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Literal

import msgspec

from aliquot.access import acts, door, governing
from aliquot.access.acts import ExportDossier, ReadMigration, RunExport
from aliquot.access.door import Actor
from aliquot.access.grant import Grant
from aliquot.custody import answers
from aliquot.custody.denial import Denial
from aliquot.custody.export_protocol import ExportSigned, Histories, SignExported, TellHistories
from aliquot.custody.forms import SignExport
from aliquot.terms import canonical
from aliquot.terms.ids import Id
from aliquot.terms.purposes import Purpose
from aliquot.vault import bundle
from aliquot.vault.bundle import Manifest, Trailer


@dataclass(frozen=True)
class Leave:
    """Who exports, and under which mandate."""

    actor: Actor
    mandate: bytes
    clock: Callable[[], datetime]

    @contextmanager
    def running(self) -> Iterator[Grant[RunExport]]:
        """The exporter's leave to see who is listed, and to have something signed."""
        with door.enter(self.actor, RunExport(acts.organization(self.actor.org)), self._meant()) as grant:
            yield grant

    @contextmanager
    def opening(self, patient: Id) -> Iterator[Grant[ExportDossier]]:
        """The exporter's leave to open one patient.

        Raises:
            Denial: `mandate`, the patient is not listed or the mandate is over; `shredded`, `unknown-subject`.
        """
        with door.enter(self.actor, ExportDossier(patient), self._meant()) as grant:
            yield grant

    @contextmanager
    def opening_each(self, patients: Sequence[Id]) -> Iterator[list[Grant[ExportDossier] | Denial]]:
        """The exporter's leave to open some patients, each decided and written down on its own."""
        with door.enter_many(self.actor, [(ExportDossier(patient), self._meant()) for patient in patients]) as came:
            yield came

    def _meant(self) -> door.Intent:
        return replace(door.intent(self.actor, self.clock(), Purpose.HOPERAT), mandate=self.mandate)


@dataclass(frozen=True)
class Signer:
    """The laboratory signs the bundle in a folder, in custody."""

    leave: Leave
    sender: answers.Sender
    header: Path

    def public(self) -> bundle.Sender:
        """The public halves."""
        return bundle.Sender(self.sender.ed25519, self.sender.mldsa44)

    def sign(self, said: Trailer | Manifest) -> bytes:
        """Canonical JSON of what is said, with both signatures.

        Raises:
            Denial: `bundle`, it is not one that the mandate is for.
        """
        kind: Literal["trailer", "manifest"] = "manifest" if isinstance(said, Manifest) else "trailer"
        with self.leave.running() as grant:
            asked = SignExported(grant.token, self.header.read_bytes(), kind, canonical.encode(said))
            return grant.line.ask(asked, ExportSigned).signed


def told(grant: Grant[RunExport]) -> answers.Export:
    """What was signed, and how far the export has come."""
    return governing.ask(grant, "export", {}, answers.Export)


def listed(leave: Leave) -> Iterator[Id]:
    """The patients whom custody listed, in the order of their ids."""
    after = ""
    while True:
        with leave.running() as grant:
            page = governing.ask(grant, "export-list", {"after": after}, answers.Patients).patients
        yield from (Id(bytes.fromhex(patient)) for patient in page)
        if not page:
            return
        after = page[-1]


def histories(grants: Sequence[Grant[ExportDossier]]) -> list[tuple[answers.Access, ...]]:
    """Who opened the patients, when, as what and for which purpose, newest first; one exchange for all of them.

    Raises:
        Denial: `mandate`, it does not name the history.
    """
    if not grants:
        return []
    told = grants[0].line.ask(TellHistories(tuple(grant.token for grant in grants)), Histories).told
    return [msgspec.json.decode(one, type=answers.Accesses).accesses for one in told]


def sender(grant: Grant[ReadMigration]) -> answers.Sender:
    """The keys by which a receiving side knows the bundles of this laboratory."""
    return governing.ask(grant, "sender", {}, answers.Sender)


def leavings(grant: Grant[ReadMigration], mandate: bytes = b"") -> tuple[answers.Leaving, ...]:
    """What leaves and has left: the export of this mandate, or all; a director or a privacy officer is told."""
    return governing.ask(grant, "leavings", {"mandate": mandate.hex()}, answers.Leavings).leavings


def in_scope(grant: Grant[ReadMigration], form: SignExport) -> int:
    """How many patients would be listed if this were signed now; nobody has signed anything with that.

    Raises:
        Denial: `not-yours`, or what custody would refuse of the form beside their number (`custody.exports`).
    """
    return governing.ask(grant, "in-scope", {"form": canonical.encode(form).decode()}, answers.InScope).patients

"""What custody signs for an exporter: a bundle for the one receiver, until both mandates end, and nothing else."""

import os
from datetime import timedelta
from pathlib import Path

import msgspec
import pytest

from aliquot.access import exporting
from aliquot.access.exporting import Leave, Signer
from aliquot.cli.scratch import World
from aliquot.custody.answers import Sender
from aliquot.custody.denial import Denial
from aliquot.custody.export_protocol import ExportSigned, SignExported
from aliquot.terms import canonical
from aliquot.vault import bundle, carrying
from aliquot.vault.bundle import Header, Manifest, SenderKey, Trailer
from aliquot.vault.bundlekey import StagingKey
from aliquot.vault.carrying import Terms
from tests.custody import departing
from tests.custody.speaker import JEANNE, person


class Export:
    """An export that may begin, and a bundle's header as its exporter would write it."""

    def __init__(self, lab: World, folder: Path) -> None:
        secretary = person(lab, "secretary@nord")
        patient, _ = secretary.register(JEANNE)
        secretary.order(patient)
        self.lab, self.to = lab, departing.receiving(lab)
        form = departing.export_form(lab, self.to)
        self.until = form.until
        self.leave: Leave = departing.leave(lab, departing.exporter(lab), departing.signed(lab, form))
        with self.leave.running() as grant:
            self.sender: Sender = exporting.told(grant).sender
        signer = Signer(self.leave, self.sender, folder / carrying.HEADER)
        terms = Terms(bytes.fromhex("aa" * 16), lab.clock(), form.until)
        self.header: Header = carrying.begin(folder, terms, [self.to.staging.slot()], signer)

    def denied(self, header: Header, said: bytes | None = None, kind: str = "manifest") -> str:
        """Why custody does not sign, or nothing."""
        told = Manifest(bundle.header_hash(header).hex(), (), 0)
        with self.leave.running() as grant:
            asked = SignExported(grant.token, canonical.encode(header), "manifest", said or canonical.encode(told))
            try:
                grant.line.ask(msgspec.structs.replace(asked, kind=kind), ExportSigned)
            except Denial as denial:
                return denial.code
        return ""


@pytest.fixture
def export(small_lab: World, tmp_path: Path) -> Export:
    return Export(small_lab, tmp_path / "bundle")


def test_it_signs_with_both_keys_what_is_for_the_receiver_and_nothing_else(export: Export) -> None:
    assert export.denied(export.header) == ""
    other = SenderKey.generate().public()
    wrong: dict[str, object] = {
        "mandate": "bb" * 16,
        "recipients": (bundle.slot_id(StagingKey.generate().slot()),),
        "sender": other,
        "expires": export.until + timedelta(minutes=1),
    }
    for name, value in wrong.items():
        assert export.denied(msgspec.structs.replace(export.header, **{name: value})) == "bundle", name
    both = (*export.header.recipients, bundle.slot_id(StagingKey.generate().slot()))
    assert export.denied(msgspec.structs.replace(export.header, recipients=both)) == "bundle"


def test_what_is_said_of_another_bundle_or_is_not_canonical_is_not_signed(export: Export) -> None:
    foreign = Manifest(os.urandom(32).hex(), (), 0)
    assert export.denied(export.header, canonical.encode(foreign)) == "bundle"
    own = canonical.encode(Manifest(bundle.header_hash(export.header).hex(), (), 0))
    assert export.denied(export.header, own + b" ") == "bundle"
    assert export.denied(export.header, own, kind="trailer") == "bundle"
    assert export.denied(export.header, b"nonsense") == "bundle"


def test_the_signature_is_the_laboratorys_and_stands_in_history(export: Export) -> None:
    said = Manifest(bundle.header_hash(export.header).hex(), (), 0)
    with export.leave.running() as grant:
        asked = SignExported(grant.token, canonical.encode(export.header), "manifest", canonical.encode(said))
        signed = grant.line.ask(asked, ExportSigned).signed
    assert bundle.verified(signed, export.header, Manifest) == said
    with pytest.raises(msgspec.ValidationError):
        msgspec.json.decode(canonical.encode(said), type=Trailer)
    rows = export.lab.custodian.custodian.store.db.execute("SELECT entry FROM leaf").fetchall()
    entries = b"".join(entry for (entry,) in rows)
    assert entries.count(b'"act":"export.sealed"') == 1
    assert entries.count(b'"act":"export.signed"') == 1
    assert entries.count(b'"act":"export-sender"') == 1


def test_the_sender_is_made_once_and_the_receiver_names_it(export: Export, small_lab: World) -> None:
    again = departing.own_sender(small_lab)
    assert again == export.sender
    assert again.fingerprint == bundle.fingerprint(bundle.Sender(again.ed25519, again.mldsa44))

"""What whoever has the disks and the passphrase unwraps: weekly keys, keys of patients, and what lies under them."""

import json
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import closing, suppress

import msgspec

from aliquot.terms import canonical
from aliquot.terms.ids import Id, Org
from aliquot.terms.installation import Custody
from aliquot.terms.kinds import Kind
from aliquot.vault import wrapping
from aliquot.vault.bundlekey import StagingKey
from aliquot.vault.errors import Unopenable
from aliquot.vault.keyring import Keyring
from aliquot.vault.keys import LabKek, PatientKey
from aliquot.vault.record import Address, Sealed, Sealer
from aliquot.vault.wrapping import WrappedKey

_EPOCHS = 12
_JOURNAL_HEAD = b"aliquot/key-journal/v1\n"
_JOURNAL_RECORD = 85
_WRAPPED = (
    "SELECT secret FROM organization",
    "SELECT letterbox FROM organization",
    "SELECT signing FROM log",
    "SELECT cosigning FROM log",
    "SELECT wrapped FROM export_key",
)
_CONTEXTS = (
    b"aliquot/lab-secret/v1",
    b"aliquot/letterbox/v1",
    b"aliquot/log-signing/v1",
    b"aliquot/log-cosigning/v1",
    b"aliquot/export-signing/v1",
)
_NO_STATE = canonical.deciding("", ())


def keks(custody: Custody, store: Keyring, root: Org) -> list[LabKek]:
    """Every weekly key of any laboratory that this root unwraps, whatever it says it is of."""
    with closing(sqlite3.connect(custody.database)) as db:
        wrapped = [secret for (secret,) in db.execute("SELECT secret FROM organization")]
    weekly = json.loads(custody.epochs[0].read_bytes())["epochs"]["kek"]
    wrapped += [bytes.fromhex(one) for kept in weekly.values() for one in kept.values()]
    found = []
    for one in wrapped:
        for epoch in range(1, _EPOCHS):
            try:
                found.append(LabKek(store.unwrap(root, one, b"aliquot/lab-kek/v1" + epoch.to_bytes(4, "big"))))
            except Unopenable:
                continue
    return found


def secrets(custody: Custody, store: Keyring, root: Org) -> Iterator[bytes]:
    """Everything else that this root unwraps: the laboratory's secret, its signing keys, the letterbox's key."""
    with closing(sqlite3.connect(custody.database)) as db:
        wrapped = [blob for query in _WRAPPED for (blob,) in db.execute(query) if blob]
    for one in wrapped:
        for context in _CONTEXTS:
            with suppress(Unopenable):
                yield store.unwrap(root, one, context)


def subjects(custody: Custody, org: Org, weekly: Sequence[LabKek]) -> dict[bytes, PatientKey]:
    """The keys of everything that has one, out of the database and out of the key journal."""
    with closing(sqlite3.connect(custody.database)) as db:
        rows = db.execute("SELECT id, n, epoch, key FROM subject WHERE org = ?", (org,)).fetchall()
    found: dict[bytes, PatientKey] = {}
    for subject, n, epoch, wrapped in (*_journal(custody, org), *rows):
        for kek in weekly:
            try:
                binding = wrapping.Binding(org, subject, n, epoch)
                found[subject] = wrapping.unwrap(kek, WrappedKey(wrapped), binding)
            except Unopenable:
                continue
    return found


def staging(custody: Custody, org: Org, keys: dict[bytes, PatientKey]) -> dict[bytes, StagingKey]:
    """The staging keys of migrations, by mandate."""
    with closing(sqlite3.connect(custody.database)) as db:
        rows = db.execute("SELECT mandate, secrets FROM migration WHERE org = ? AND secrets IS NOT NULL", (org,))
        sealed = {mandate: secrets for mandate, secrets in rows if mandate in keys}
    found: dict[bytes, StagingKey] = {}
    for mandate, secrets in sealed.items():
        address = Address(org, Id(mandate), Kind.CARD, Id(mandate), 1, _NO_STATE)
        try:
            body = Sealer(keys[mandate], 1).open(address, 1, Sealed(secrets)).body
        except Unopenable:
            continue
        found[mandate] = StagingKey(msgspec.msgpack.decode(body)["staging"])
    return found


def _journal(custody: Custody, org: Org) -> Iterator[tuple[Id, int, int, bytes]]:
    raw = custody.key_journal.read_bytes()[len(_JOURNAL_HEAD) :]
    for start in range(0, len(raw) - _JOURNAL_RECORD + 1, _JOURNAL_RECORD):
        record = raw[start : start + _JOURNAL_RECORD]
        if record[:4] == org:
            yield (
                Id(record[:16]),
                int.from_bytes(record[16:20], "big"),
                int.from_bytes(record[20:24], "big"),
                record[24:],
            )

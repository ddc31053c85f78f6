"""The keys of a site that carries: in one file, under a passphrase, and never over another file."""

import hashlib
import json
import os
import stat
from collections.abc import Callable
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.argon2 import Argon2id

from aliquot.terms.errors import Refused
from aliquot.vault import bundle, senderkey
from aliquot.vault.errors import WeakKeyring, WrongPassphrase
from aliquot.vault.keyring import Cost
from tests.vault import cases

CHEAP = Cost(passes=1, memory_kib=8 * 1024, lanes=1)
PASSPHRASE = "a passphrase of the tests"


class Kept(cases.Case, frozen=True):
    passphrase: str
    seeds: str
    fingerprint: str
    file: str


VECTOR = cases.read("sender.json", Kept)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "site.sender"


def test_the_vector_opens_and_says_its_fingerprint(path: Path) -> None:
    path.write_text(VECTOR.file)
    assert senderkey.unlock(path, VECTOR.passphrase, allow_weak=True).reveal().hex() == VECTOR.seeds
    assert bundle.fingerprint(senderkey.public(path)) == VECTOR.fingerprint


def test_the_page_is_enough_to_open_it() -> None:
    file = json.loads(VECTOR.file)
    said, cost = file["said"], file["said"]["cost"]
    kdf = Argon2id(
        salt=bytes.fromhex(said["salt"]),
        length=64,
        iterations=cost["passes"],
        lanes=cost["lanes"],
        memory_cost=cost["memory_kib"],
    )
    bound = b"aliquot/sender-key/v1\x00" + json.dumps(said, sort_keys=True, separators=(",", ":")).encode()
    key = AESGCM(kdf.derive(VECTOR.passphrase.encode())[:32])
    assert key.decrypt(bytes(12), bytes.fromhex(file["sealed"]), bound).hex() == VECTOR.seeds
    public = bytes.fromhex(said["sender"]["ed25519"]) + bytes.fromhex(said["sender"]["mldsa44"])
    assert hashlib.sha256(b"aliquot/bundle-sender/v1\x00" + public).hexdigest() == VECTOR.fingerprint


def test_what_was_made_opens_with_its_passphrase_and_is_its_owners_alone(path: Path) -> None:
    made = senderkey.create(path, PASSPHRASE, CHEAP)
    assert senderkey.unlock(path, PASSPHRASE, allow_weak=True).reveal() == made.reveal()
    assert senderkey.public(path) == made.public()
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert made.reveal()[:32].hex() not in path.read_text()
    assert os.listdir(path.parent) == [path.name]


def test_a_file_that_is_there_is_not_replaced(path: Path) -> None:
    senderkey.create(path, PASSPHRASE, CHEAP)
    before = path.read_bytes()
    with pytest.raises(Refused, match="not replaced"):
        senderkey.create(path, PASSPHRASE, CHEAP)
    assert path.read_bytes() == before
    assert os.listdir(path.parent) == [path.name]


def test_a_folder_that_is_not_there_is_refused(path: Path) -> None:
    with pytest.raises(Refused, match="cannot be written there"):
        senderkey.create(path.parent / "nowhere" / "site.sender", PASSPHRASE, CHEAP)


@pytest.mark.parametrize(
    "change",
    [
        lambda text: text.replace('"salt":"00', '"salt":"01'),
        lambda text: text.replace('"passes":1', '"passes":2'),
        lambda text: text.replace('"sealed":"', '"sealed":"00'),
        lambda text: text.replace('"ed25519":"', '"ed25519":"00'),
    ],
    ids=["salt", "cost", "sealed", "public"],
)
def test_an_altered_file_does_not_open(path: Path, change: Callable[[str], str]) -> None:
    path.write_text(change(VECTOR.file))
    assert path.read_text() != VECTOR.file
    with pytest.raises(WrongPassphrase):
        senderkey.unlock(path, VECTOR.passphrase, allow_weak=True)


def test_another_passphrase_does_not_open_it(path: Path) -> None:
    path.write_text(VECTOR.file)
    with pytest.raises(WrongPassphrase):
        senderkey.unlock(path, "another passphrase", allow_weak=True)


def test_one_that_was_locked_with_a_string_is_refused(path: Path) -> None:
    path.write_text(VECTOR.file)
    with pytest.raises(WeakKeyring):
        senderkey.unlock(path, VECTOR.passphrase)


@pytest.mark.parametrize("content", [b"", b"\xff", b"{}", b'{"said":{"format":"aqs2"}}'])
def test_a_file_that_is_none_is_refused(path: Path, content: bytes) -> None:
    path.write_bytes(content)
    with pytest.raises(Refused, match="no file that"):
        senderkey.public(path)

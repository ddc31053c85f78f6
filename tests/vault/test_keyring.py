import hashlib
import hmac
import json
import stat
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.kdf.argon2 import Argon2id
from cryptography.hazmat.primitives.keywrap import aes_key_unwrap, aes_key_wrap

from aliquot.terms.errors import Refused
from aliquot.terms.ids import Org
from aliquot.vault.errors import Unopenable, WeakKeyring, WrongPassphrase
from aliquot.vault.keyring import FLOOR, Cost, Keyring
from aliquot.vault.keystore import INSTALLATION, KeyStore
from tests.vault import cases

CHEAP = Cost(passes=1, memory_kib=8 * 1024, lanes=1)
PASSPHRASE = "a passphrase of the tests"
LAB, OTHER = Org(b"LAB1"), Org(b"LAB2")
SECRET = b"CANARY-IN-THE-KEY-CANARY-IN-KEY!"


class Ring(cases.Case, frozen=True):
    passphrase: str
    file: str
    installation_root: str
    root: dict[str, str]
    org: str
    context: str
    secret: str
    wrapped: str


VECTOR = cases.read("keyring.json", Ring)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "keyring"


@pytest.fixture
def keyring(path: Path) -> Keyring:
    keyring = Keyring.create(path, PASSPHRASE, CHEAP)
    keyring.add(LAB)
    return keyring


def unlock(path: Path, passphrase: str = PASSPHRASE) -> Keyring:
    return Keyring.unlock(path, passphrase, allow_weak=True)


def test_the_vector_unlocks_and_unwraps(path: Path) -> None:
    path.write_text(VECTOR.file)
    keyring = unlock(path, VECTOR.passphrase)
    org, context = Org(bytes.fromhex(VECTOR.org)), bytes.fromhex(VECTOR.context)
    assert keyring.info().organizations == (org,)
    assert keyring.unwrap(org, bytes.fromhex(VECTOR.wrapped), context).hex() == VECTOR.secret
    assert keyring.wrap(org, bytes.fromhex(VECTOR.secret), context).hex() == VECTOR.wrapped


def test_the_vector_has_the_documented_layout() -> None:
    file = json.loads(VECTOR.file)
    said, cost = file["keyring"], file["keyring"]["cost"]
    salt = bytes.fromhex(said["salt"])
    kdf = Argon2id(salt=salt, length=64, iterations=cost["passes"], lanes=cost["lanes"], memory_cost=cost["memory_kib"])
    stretched = kdf.derive(VECTOR.passphrase.encode())
    canonical = json.dumps(said, sort_keys=True, separators=(",", ":")).encode()
    assert hmac.digest(stretched[32:], canonical, hashlib.sha256).hex() == file["mac"]
    assert aes_key_unwrap(stretched[:32], bytes.fromhex(said["installation"])).hex() == VECTOR.installation_root
    roots = {org: aes_key_unwrap(stretched[:32], bytes.fromhex(blob)).hex() for org, blob in said["root"].items()}
    assert roots == VECTOR.root
    bound = bytes.fromhex(VECTOR.secret) + hashlib.sha256(bytes.fromhex(VECTOR.context)).digest()
    assert aes_key_wrap(bytes.fromhex(VECTOR.root[VECTOR.org]), bound).hex() == VECTOR.wrapped


def test_what_was_wrapped_comes_back_after_unlocking_again(keyring: Keyring, path: Path) -> None:
    wrapped = keyring.wrap(LAB, SECRET, b"kek 1"), keyring.wrap(INSTALLATION, SECRET * 3, b"letter key")
    store: KeyStore = unlock(path)
    assert store.unwrap(LAB, wrapped[0], b"kek 1") == SECRET
    assert store.unwrap(INSTALLATION, wrapped[1], b"letter key") == SECRET * 3
    assert store.info().kind == "keyring"


def test_a_wrong_passphrase_opens_nothing(keyring: Keyring, path: Path) -> None:
    with pytest.raises(WrongPassphrase) as refusal:
        unlock(path, PASSPHRASE + "!")
    assert PASSPHRASE not in str(refusal.value)


def test_a_passphrase_typed_on_another_keyboard_is_the_same(path: Path) -> None:
    Keyring.create(path, "clé du laboratoire", CHEAP)
    assert unlock(path, "cle\u0301 du laboratoire").info().organizations == ()


@pytest.mark.parametrize("org", [OTHER, INSTALLATION])
def test_organizations_do_not_open_each_other(keyring: Keyring, org: Org) -> None:
    keyring.add(OTHER)
    with pytest.raises(Unopenable):
        keyring.unwrap(org, keyring.wrap(LAB, SECRET, b"kek 1"), b"kek 1")


def test_a_wrapped_key_is_bound_to_its_context(keyring: Keyring) -> None:
    with pytest.raises(Unopenable):
        keyring.unwrap(LAB, keyring.wrap(LAB, SECRET, b"kek 1"), b"kek 2")


@pytest.mark.parametrize("at", [0, 40, 71])
def test_an_altered_wrapped_key_does_not_open(keyring: Keyring, at: int) -> None:
    with pytest.raises(Unopenable):
        keyring.unwrap(LAB, cases.flipped(keyring.wrap(LAB, SECRET, b"kek 1"), at), b"kek 1")


@pytest.mark.parametrize("wrapped", [b"", b"short", bytes(24)])
def test_what_was_never_wrapped_does_not_open(keyring: Keyring, wrapped: bytes) -> None:
    with pytest.raises(Unopenable):
        keyring.unwrap(LAB, wrapped, b"kek 1")


def test_an_organization_without_a_root_is_refused(keyring: Keyring) -> None:
    with pytest.raises(Refused):
        keyring.wrap(OTHER, SECRET, b"kek 1")


def test_an_organization_gets_one_root_and_never_a_second(keyring: Keyring) -> None:
    wrapped = keyring.wrap(LAB, SECRET, b"kek 1")
    with pytest.raises(Refused):
        keyring.add(LAB)
    assert keyring.unwrap(LAB, wrapped, b"kek 1") == SECRET


def test_a_root_that_could_not_be_written_is_not_used(keyring: Keyring, path: Path) -> None:
    path.unlink()
    path.parent.rename(path.parent.with_name("gone"))
    with pytest.raises(FileNotFoundError):
        keyring.add(OTHER)
    with pytest.raises(Refused):
        keyring.wrap(OTHER, SECRET, b"kek 1")


def test_a_replacement_that_fails_leaves_no_draft_behind(keyring: Keyring, path: Path) -> None:
    path.unlink()
    path.mkdir()
    with pytest.raises(IsADirectoryError):
        keyring.add(OTHER)
    assert [*path.parent.iterdir()] == [path]


def test_an_existing_file_is_never_overwritten(keyring: Keyring, path: Path) -> None:
    before = path.read_bytes()
    with pytest.raises(Refused):
        Keyring.create(path, PASSPHRASE, CHEAP)
    assert path.read_bytes() == before


def test_a_short_passphrase_is_refused_before_anything_is_written(path: Path) -> None:
    with pytest.raises(Refused):
        Keyring.create(path, "eleven char", CHEAP)
    assert not path.exists()


def test_the_file_is_its_owners_alone_and_no_draft_stays_behind(keyring: Keyring, path: Path) -> None:
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert [*path.parent.iterdir()] == [path]


def test_neither_the_file_nor_the_keyring_shows_a_root(keyring: Keyring, path: Path) -> None:
    roots = [root.reveal() for root in keyring._roots.values()]
    assert len(roots) == 2
    for root in roots:
        assert path.read_bytes().find(root.hex().encode()) == -1
        assert root.hex() not in repr(keyring)
    assert PASSPHRASE not in repr(keyring)


def repriced(said: dict[str, Any]) -> None:  # Any: JSON as an intruder would edit it
    said["cost"]["passes"] = 2


def resalted(said: dict[str, Any]) -> None:  # Any: as above
    said["salt"] = "00" * 16


def exchanged(said: dict[str, Any]) -> None:  # Any: as above
    said["installation"], said["root"][LAB.hex()] = said["root"][LAB.hex()], said["installation"]


def renamed(said: dict[str, Any]) -> None:  # Any: as above
    said["root"] = {OTHER.hex(): said["root"][LAB.hex()]}


def dropped(said: dict[str, Any]) -> None:  # Any: as above
    said["root"] = {}


@pytest.mark.parametrize("tamper", [repriced, resalted, exchanged, renamed, dropped])
def test_no_part_of_the_file_can_be_changed(
    keyring: Keyring, path: Path, tamper: Callable[[dict[str, Any]], None]
) -> None:
    file = json.loads(path.read_bytes())
    tamper(file["keyring"])
    path.write_text(json.dumps(file))
    with pytest.raises(WrongPassphrase):
        unlock(path)


def test_a_file_locked_below_the_floor_needs_to_be_allowed(keyring: Keyring, path: Path) -> None:
    assert FLOOR.memory_kib == 64 * 1024
    with pytest.raises(WeakKeyring):
        Keyring.unlock(path, PASSPHRASE)
    assert unlock(path).info().organizations == (LAB,)


def test_a_file_at_the_floor_unlocks_without_leave(path: Path) -> None:
    Keyring.create(path, PASSPHRASE, FLOOR)
    assert Keyring.unlock(path, PASSPHRASE).info().organizations == ()


@pytest.mark.parametrize(
    "part", [("memory_kib", 2**31), ("passes", 2**31), ("lanes", 2**20), ("passes", 0), ("lanes", 0)]
)
def test_a_file_that_asks_for_an_absurd_cost_is_refused_before_it_is_paid(
    keyring: Keyring, path: Path, part: tuple[str, int]
) -> None:
    file = json.loads(path.read_bytes())
    file["keyring"]["cost"][part[0]] = part[1]
    path.write_text(json.dumps(file))
    with pytest.raises(WeakKeyring):
        unlock(path)


def test_the_default_cost_is_the_documented_one() -> None:
    assert Cost() == Cost(passes=3, memory_kib=256 * 1024, lanes=4)


@pytest.mark.parametrize(
    ("old", "new"),
    [("aqk1", "aqk2"), ('"mac"', '"tag"'), ('"salt":"', '"salt":"zz'), ('"salt":"', '"salt":"00'), ("{", "")],
)
def test_a_file_that_is_no_keyring_does_not_open(keyring: Keyring, path: Path, old: str, new: str) -> None:
    path.write_text(path.read_text().replace(old, new, 1))
    with pytest.raises(Unopenable):
        unlock(path)

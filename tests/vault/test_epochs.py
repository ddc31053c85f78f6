"""The epoch file: made, mended, destroyed; in two places that never disagree for long."""

import os
import stat
from pathlib import Path

import msgspec
import pytest

from aliquot.terms.errors import Broken, Refused
from aliquot.terms.ids import Id, Org
from aliquot.vault import whole
from aliquot.vault.epochs import Epochs
from aliquot.vault.errors import Unopenable
from aliquot.vault.keyring import Cost, Keyring
from tests.vault import cases

CHEAP = Cost(passes=1, memory_kib=8 * 1024, lanes=1)
PASSPHRASE = "a passphrase of the tests"
LAB, OTHER = Org(b"LAB1"), Org(b"LAB2")
PATIENT = Id(b"LAB1" + b"p" * 12)


class Weeks(cases.Case, frozen=True):
    passphrase: str
    keyring: str
    file: str
    kek: dict[str, dict[str, str]]
    shredded: dict[str, int]


VECTOR = cases.read("epochs.json", Weeks)


@pytest.fixture
def ring(tmp_path: Path) -> Keyring:
    ring = Keyring.create(tmp_path / "keyring", PASSPHRASE, CHEAP)
    ring.add(LAB)
    ring.add(OTHER)
    return ring


@pytest.fixture
def places(tmp_path: Path) -> tuple[Path, Path]:
    (tmp_path / "other disk").mkdir()
    return tmp_path / "first", tmp_path / "other disk" / "second"


def living(epochs: Epochs, org: Org = LAB) -> dict[int, bytes]:
    """The keys of an organization, by epoch."""
    return {epoch: key.reveal() for epoch, key in epochs.keks(org).items()}


def test_the_vector_opens(tmp_path: Path) -> None:
    (tmp_path / "ring").write_text(VECTOR.keyring)
    (tmp_path / "epochs").write_text(VECTOR.file)
    ring = Keyring.unlock(tmp_path / "ring", VECTOR.passphrase, allow_weak=True)
    epochs = Epochs(ring, (tmp_path / "epochs",))
    told = {
        org: {str(epoch): key.hex() for epoch, key in living(epochs, Org(bytes.fromhex(org))).items()}
        for org in VECTOR.kek
    }
    assert told == VECTOR.kek
    assert {patient.hex(): epoch for patient, epoch in epochs.shredded.items()} == VECTOR.shredded
    assert (tmp_path / "epochs").read_text() == VECTOR.file


def test_an_epoch_is_made_for_everybody_and_found_again(ring: Keyring, places: tuple[Path, Path]) -> None:
    epochs = Epochs(ring, places)
    epochs.begin((LAB, OTHER), 1)
    epochs.begin((LAB, OTHER), 2)
    assert list(living(epochs)) == [1, 2]
    keys = {key for org in (LAB, OTHER) for key in living(epochs, org).values()}
    assert len(keys) == 4
    again = Epochs(ring, places)
    assert (living(again), living(again, OTHER)) == (living(epochs), living(epochs, OTHER))


def test_an_epoch_that_is_begun_again_keeps_its_keys(ring: Keyring, places: tuple[Path, Path]) -> None:
    epochs = Epochs(ring, places)
    epochs.begin((LAB,), 1)
    before = living(epochs)
    epochs.begin((LAB, OTHER), 1)
    assert living(epochs) == before
    assert list(living(epochs, OTHER)) == [1]


def test_a_destroyed_key_is_in_no_place_and_no_memory(ring: Keyring, places: tuple[Path, Path]) -> None:
    epochs = Epochs(ring, places)
    for epoch in (1, 2, 3):
        epochs.begin((LAB,), epoch)
    wrapped = msgspec.json.decode(places[0].read_bytes())["epochs"]["kek"][LAB.hex()]
    epochs.shred({PATIENT: 1})
    epochs.destroy(1)
    assert list(living(epochs)) == list(living(Epochs(ring, places))) == [2, 3]
    for place in places:
        assert wrapped["1"] not in place.read_text()
        assert wrapped["2"] in place.read_text()
    assert epochs.shredded == {}


def test_a_shredded_patient_is_remembered_as_long_as_a_key_of_it_may_open(
    ring: Keyring, places: tuple[Path, Path]
) -> None:
    epochs = Epochs(ring, places)
    epochs.begin((LAB,), 1)
    epochs.begin((LAB,), 2)
    epochs.shred({PATIENT: 2})
    epochs.destroy(1)
    assert Epochs(ring, places).shredded == {PATIENT: 2}
    epochs.destroy(2)
    assert Epochs(ring, places).shredded == {}


@pytest.mark.parametrize("lost", [0, 1])
def test_a_lost_place_is_mended_from_the_other(ring: Keyring, places: tuple[Path, Path], lost: int) -> None:
    epochs = Epochs(ring, places)
    epochs.begin((LAB,), 1)
    whole_file = places[0].read_bytes()
    places[lost].unlink()
    assert living(Epochs(ring, places)) == living(epochs)
    assert places[0].read_bytes() == places[1].read_bytes() == whole_file


@pytest.mark.parametrize("old", [0, 1])
def test_the_younger_of_two_places_decides(ring: Keyring, places: tuple[Path, Path], old: int) -> None:
    epochs = Epochs(ring, places)
    epochs.begin((LAB,), 1)
    before = places[old].read_bytes()
    epochs.begin((LAB,), 2)
    epochs.destroy(1)
    places[old].write_bytes(before)
    assert list(living(Epochs(ring, places))) == [2]
    assert places[0].read_bytes() == places[1].read_bytes()


@pytest.mark.parametrize("broken", [0, 1])
def test_what_is_not_in_every_place_does_not_count(ring: Keyring, places: tuple[Path, Path], broken: int) -> None:
    epochs = Epochs(ring, places)
    epochs.begin((LAB,), 1)
    folder = places[broken].parent
    folder.rename(folder.with_name("unmounted"))
    with pytest.raises(OSError, match="No such file"):
        epochs.begin((LAB,), 2)
    assert list(living(epochs)) == [1]
    folder.with_name("unmounted").rename(folder)
    epochs.begin((LAB,), 2)
    assert living(Epochs(ring, places)) == living(epochs)


def test_every_change_of_a_byte_shows(ring: Keyring, places: tuple[Path, Path]) -> None:
    Epochs(ring, places).begin((LAB,), 1)
    content = places[0].read_bytes()
    for at in range(0, len(content) - 1, 7):
        places[0].write_bytes(cases.flipped(content, at))
        with pytest.raises((Unopenable, Broken)):
            Epochs(ring, places)


def test_a_patient_that_somebody_writes_into_the_file_is_not_believed(ring: Keyring, places: tuple[Path, Path]) -> None:
    Epochs(ring, places).begin((LAB,), 1)
    forged = places[0].read_text().replace('"shredded":{}', f'"shredded":{{"{PATIENT.hex()}":1}}')
    assert PATIENT.hex() in forged
    places[0].write_text(forged)
    with pytest.raises(Unopenable, match="altered"):
        Epochs(ring, places)


def test_another_keyring_opens_nothing_of_it(ring: Keyring, places: tuple[Path, Path], tmp_path: Path) -> None:
    Epochs(ring, places).begin((LAB,), 1)
    other = Keyring.create(tmp_path / "other", PASSPHRASE, CHEAP)
    other.add(LAB)
    with pytest.raises(Unopenable):
        Epochs(other, places)


def test_keys_that_were_kept_elsewhere_are_taken_once(ring: Keyring, places: tuple[Path, Path]) -> None:
    wrapped = ring.wrap(LAB, b"k" * 32, b"aliquot/lab-kek/v1" + (7).to_bytes(4, "big"))
    epochs = Epochs(ring, places)
    epochs.adopt(LAB, {7: wrapped})
    assert living(Epochs(ring, places)) == {7: b"k" * 32}
    with pytest.raises(Refused):
        epochs.adopt(LAB, {7: wrapped})


def test_only_its_owner_reads_the_file(ring: Keyring, places: tuple[Path, Path]) -> None:
    epochs = Epochs(ring, places)
    for epoch in (1, 2):
        epochs.begin((LAB,), epoch)
        assert [stat.S_IMODE(place.stat().st_mode) for place in places] == [0o600, 0o600]


def test_burning_overwrites_the_old_content_where_it_lay(tmp_path: Path) -> None:
    path = tmp_path / "file"
    whole.write(path, b"CANARY of the old content")
    old = os.open(path, os.O_RDONLY)
    whole.burn(path, b"the new content")
    assert os.pread(old, 100, 0) == bytes(len(b"CANARY of the old content"))
    assert path.read_bytes() == b"the new content"
    os.close(old)

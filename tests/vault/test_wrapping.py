import msgspec
import pytest
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from aliquot.terms.errors import Broken
from aliquot.terms.ids import Id, Org
from aliquot.vault import wrapping
from aliquot.vault.errors import Unopenable
from aliquot.vault.keys import LabKek, PatientKey
from aliquot.vault.wrapping import Binding, WrappedKey
from tests.vault import cases


class Wrapped(cases.Case, frozen=True):
    kek: str
    key: str
    lab: str
    patient: str
    pk_n: int
    epoch: int
    nonce: str
    wrapped: str

    def binding(self) -> Binding:
        return Binding(Org(bytes.fromhex(self.lab)), Id(bytes.fromhex(self.patient)), self.pk_n, self.epoch)

    def opener(self) -> LabKek:
        return LabKek(bytes.fromhex(self.kek))


VECTORS = cases.read("wrapped-key.json", list[Wrapped])
ONE = VECTORS[0]
BLOB = WrappedKey(bytes.fromhex(ONE.wrapped))


@pytest.mark.parametrize("vector", VECTORS, ids=lambda vector: f"n={vector.pk_n}")
def test_a_vector_unwraps_and_is_made_again_byte_for_byte(vector: Wrapped) -> None:
    blob, key = WrappedKey(bytes.fromhex(vector.wrapped)), PatientKey(bytes.fromhex(vector.key))
    assert wrapping.unwrap(vector.opener(), blob, vector.binding()) == key
    assert wrapping._wrap(vector.opener(), key, vector.binding(), bytes.fromhex(vector.nonce)) == blob


@pytest.mark.parametrize("vector", VECTORS, ids=lambda vector: f"n={vector.pk_n}")
def test_a_vector_has_the_documented_layout(vector: Wrapped) -> None:
    blob = bytes.fromhex(vector.wrapped)
    associated = b"aliquot/pk/v1\x00" + bytes.fromhex(vector.lab) + bytes(12) + bytes.fromhex(vector.patient)
    associated += vector.pk_n.to_bytes(4, "big") + vector.epoch.to_bytes(4, "big")
    assert len(blob) == 61
    assert blob[0] == 1
    assert blob[1:13].hex() == vector.nonce
    assert AESGCM(bytes.fromhex(vector.kek)).decrypt(blob[1:13], blob[13:], associated).hex() == vector.key


@pytest.mark.parametrize("at", range(61))
def test_no_byte_of_a_wrapped_key_can_be_changed(at: int) -> None:
    with pytest.raises(Unopenable):
        wrapping.unwrap(ONE.opener(), WrappedKey(cases.flipped(BLOB, at)), ONE.binding())


@pytest.mark.parametrize(
    "elsewhere",
    [
        msgspec.structs.replace(ONE.binding(), lab=Org(b"LAB2")),
        msgspec.structs.replace(ONE.binding(), patient=Id(cases.flipped(ONE.binding().patient, 15))),
        msgspec.structs.replace(ONE.binding(), n=2),
        msgspec.structs.replace(ONE.binding(), epoch=2),
    ],
    ids=["lab", "patient", "n", "epoch"],
)
def test_a_wrapped_key_opens_in_its_own_row_only(elsewhere: Binding) -> None:
    with pytest.raises(Unopenable):
        wrapping.unwrap(ONE.opener(), BLOB, elsewhere)


def test_a_key_of_a_destroyed_epoch_opens_nothing() -> None:
    with pytest.raises(Unopenable):
        wrapping.unwrap(LabKek.generate(), BLOB, ONE.binding())


@pytest.mark.parametrize("blob", [b"", BLOB[:1], BLOB[:5], BLOB[:60], BLOB + b"\x00"])
def test_a_wrapped_key_of_another_length_is_refused(blob: bytes) -> None:
    with pytest.raises(Unopenable):
        wrapping.unwrap(ONE.opener(), WrappedKey(blob), ONE.binding())


def test_wrapping_the_same_key_twice_shows_no_equality() -> None:
    kek, key = LabKek.generate(), PatientKey.generate()
    first, second = (wrapping.wrap(kek, key, ONE.binding()) for _ in range(2))
    assert first != second
    assert wrapping.unwrap(kek, first, ONE.binding()) == wrapping.unwrap(kek, second, ONE.binding()) == key


def test_a_patient_of_another_length_is_not_filled_up() -> None:
    with pytest.raises(Broken):
        Binding(Org(b"LAB1"), Id(b"LAB1"), 1, 1)

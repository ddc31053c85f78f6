import copy
import pickle
from collections.abc import Callable

import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from aliquot.terms.errors import Broken
from aliquot.terms.ids import Org
from aliquot.vault import keys
from aliquot.vault.keys import (
    DerivedKey,
    ForensicLabel,
    ForensicSecret,
    LabKek,
    LabLabel,
    LabSecret,
    PatientKey,
    Root,
    Secret,
)
from tests.vault import cases

CANARY = b"CANARY-IN-THE-KEY-CANARY-IN-KEY!"
LAB = Org(b"LAB1")
KINDS: list[type[Secret]] = [PatientKey, LabKek, LabSecret, ForensicSecret, Root, DerivedKey]


class Derivation(cases.Case, frozen=True):
    secret: str
    lab: str
    label: str
    key: str


VECTORS = cases.read("derivation.json", list[Derivation])


@pytest.mark.parametrize("vector", VECTORS, ids=lambda vector: vector.label)
def test_every_label_derives_the_key_of_its_vector(vector: Derivation) -> None:
    org, material = Org(bytes.fromhex(vector.lab)), bytes.fromhex(vector.secret)
    if vector.label in set(LabLabel):
        derived = keys.derive(LabSecret(material), org, LabLabel(vector.label))
    else:
        derived = keys.derive_forensic(ForensicSecret(material), org, ForensicLabel(vector.label))
    assert derived == DerivedKey(bytes.fromhex(vector.key))


@pytest.mark.parametrize("vector", VECTORS, ids=lambda vector: vector.label)
def test_a_vector_is_plain_hkdf_with_the_organization_filled_to_16_bytes_as_salt(vector: Derivation) -> None:
    hkdf = HKDF(hashes.SHA256(), 32, bytes.fromhex(vector.lab) + bytes(12), vector.label.encode())
    assert hkdf.derive(bytes.fromhex(vector.secret)).hex() == vector.key


def test_there_is_a_vector_for_every_label_and_no_two_labels_share_a_key() -> None:
    assert {vector.label for vector in VECTORS} == {*LabLabel, *ForensicLabel}
    assert len({vector.key for vector in VECTORS}) == len(VECTORS)


def test_two_laboratories_get_different_keys_from_one_secret() -> None:
    secret = LabSecret.generate()
    assert keys.derive(secret, LAB, LabLabel.SEARCH) != keys.derive(secret, Org(b"LAB2"), LabLabel.SEARCH)


@pytest.mark.parametrize("kind", KINDS)
def test_a_secret_shows_nothing_of_itself(kind: type[Secret]) -> None:
    secret = kind(CANARY)
    shown = [repr(secret), str(secret), f"{secret}", repr([secret]), repr({"key": secret}), f"{secret!a}"]
    for text in shown:
        assert "CANARY" not in text
        assert CANARY.hex() not in text
    assert secret.reveal() == CANARY


def pickled(secret: Secret) -> object:
    return pickle.dumps(secret)


def changed(secret: Secret) -> None:
    secret._material = bytes(32)


def hashed(secret: Secret) -> int:
    return hash(secret)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("escape", [pickled, copy.copy, copy.deepcopy, changed, hashed])
def test_a_secret_cannot_be_pickled_copied_changed_or_hashed(
    kind: type[Secret], escape: Callable[[Secret], object]
) -> None:
    secret = kind(CANARY)
    with pytest.raises((TypeError, AttributeError)) as refusal:
        escape(secret)
    assert "CANARY" not in str(refusal.value)
    assert secret.reveal() == CANARY


@pytest.mark.parametrize("material", [b"", CANARY[:31], CANARY + b"!"])
def test_a_key_of_another_length_is_refused_without_being_shown(material: bytes) -> None:
    with pytest.raises(Broken) as refusal:
        PatientKey(material)
    assert "CANARY" not in str(refusal.value)


def test_secrets_are_equal_by_kind_and_bytes() -> None:
    assert PatientKey(CANARY) == PatientKey(CANARY)
    assert PatientKey(CANARY) != PatientKey(bytes(32))
    assert LabSecret(CANARY) != Root(CANARY)


def test_generated_keys_differ() -> None:
    assert PatientKey.generate() != PatientKey.generate()


@pytest.mark.parametrize("org", [b"", b"LAB", b"LAB12"])
def test_an_organization_of_another_length_is_not_filled_up(org: bytes) -> None:
    with pytest.raises(Broken):
        keys.lab16(Org(org))

from collections.abc import Callable

import msgspec
import pytest
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from hypothesis import given
from hypothesis import strategies as st

from aliquot.terms import canonical
from aliquot.terms.errors import Broken, Refused
from aliquot.terms.ids import Id, Org
from aliquot.terms.kinds import Harm, Kind
from aliquot.vault import padding, record
from aliquot.vault.errors import KeyExhausted, Unopenable
from aliquot.vault.keys import PatientKey
from aliquot.vault.record import Address, Sealed, Sealer
from tests.vault import cases


class Record(cases.Case, frozen=True):
    name: str
    key: str
    pk_n: int
    lab: str
    patient: str
    kind: int
    resource: str
    version: int
    state: str
    parents: list[str]
    deciding: str
    schema: int
    harm: int
    body: str
    nonce: str
    aad: str
    sealed: str

    def sealer(self) -> Sealer:
        return Sealer(PatientKey(bytes.fromhex(self.key)), self.pk_n)

    def address(self) -> Address:
        return Address(
            lab=Org(bytes.fromhex(self.lab)),
            patient=Id(bytes.fromhex(self.patient)),
            kind=self.kind,
            resource=Id(bytes.fromhex(self.resource)),
            version=self.version,
            deciding=bytes.fromhex(self.deciding),
        )

    def blob(self) -> Sealed:
        return Sealed(bytes.fromhex(self.sealed))


VECTORS = cases.read("sealed-record.json", list[Record])
ONE = VECTORS[1]
SEALER = Sealer(PatientKey.generate(), 1)
each_vector = pytest.mark.parametrize("vector", VECTORS, ids=lambda vector: vector.name)


@each_vector
def test_a_vector_opens_and_is_made_again_byte_for_byte(vector: Record) -> None:
    opened = vector.sealer().open(vector.address(), vector.schema, vector.blob())
    assert (opened.harm, opened.schema, opened.body.hex()) == (vector.harm, vector.schema, vector.body)
    content = record.HEAD.pack(opened.harm, opened.schema, len(opened.body)) + opened.body
    again = vector.sealer()._seal(vector.address(), content, vector.schema, bytes.fromhex(vector.nonce))
    assert again == vector.blob()


@each_vector
def test_a_vector_has_the_documented_layout(vector: Record) -> None:
    sealed, body, lab = vector.blob(), bytes.fromhex(vector.body), bytes.fromhex(vector.lab)
    associated = b"aliquot/rec/v1\x00" + lab + bytes(12) + bytes.fromhex(vector.patient)
    associated += vector.kind.to_bytes(2, "big") + bytes.fromhex(vector.resource) + vector.version.to_bytes(8, "big")
    associated += vector.schema.to_bytes(2, "big") + vector.pk_n.to_bytes(4, "big") + bytes.fromhex(vector.deciding)
    assert associated.hex() == vector.aad
    assert len(associated) == 111
    assert sealed[:6] == b"\x01\x01" + vector.pk_n.to_bytes(4, "big")
    assert sealed[6:18].hex() == vector.nonce
    plain = AESGCM(bytes.fromhex(vector.key)).decrypt(sealed[6:18], sealed[18:], associated)
    head = bytes([vector.harm]) + vector.schema.to_bytes(2, "big") + len(body).to_bytes(4, "big")
    assert plain.rstrip(b"\x00") == (head + body).rstrip(b"\x00")
    assert len(plain) == padding.size_class(7 + len(body)) == len(sealed) - 34


@each_vector
def test_the_deciding_columns_of_a_vector_are_its_state_and_parents(vector: Record) -> None:
    parents = [bytes.fromhex(parent) for parent in vector.parents]
    assert canonical.deciding(vector.state, parents).hex() == vector.deciding


@pytest.mark.parametrize("at", range(len(ONE.blob())))
def test_no_byte_of_a_sealed_record_can_be_changed(at: int) -> None:
    with pytest.raises(Unopenable):
        ONE.sealer().open(ONE.address(), ONE.schema, Sealed(cases.flipped(ONE.blob(), at)))


HERE = ONE.address()
ELSEWHERE = {
    "lab": msgspec.structs.replace(HERE, lab=Org(b"LAB2")),
    "patient": msgspec.structs.replace(HERE, patient=Id(cases.flipped(HERE.patient, 15))),
    "kind": msgspec.structs.replace(HERE, kind=Kind.COMMENT),
    "resource": msgspec.structs.replace(HERE, resource=Id(cases.flipped(HERE.resource, 15))),
    "version": msgspec.structs.replace(HERE, version=HERE.version + 1),
    "state": msgspec.structs.replace(HERE, deciding=canonical.deciding("withdrawn", [])),
    "parents": msgspec.structs.replace(HERE, deciding=canonical.deciding(ONE.state, [])),
}


def test_every_field_of_an_address_is_tried() -> None:
    assert {*ELSEWHERE} - {"state", "parents"} | {"deciding"} == {*Address.__struct_fields__}


@pytest.mark.parametrize("place", ELSEWHERE)
def test_a_sealed_record_opens_at_its_own_address_only(place: str) -> None:
    with pytest.raises(Unopenable):
        ONE.sealer().open(ELSEWHERE[place], ONE.schema, ONE.blob())


@pytest.mark.parametrize(
    ("sealer", "schema"),
    [
        (Sealer(PatientKey.generate(), ONE.pk_n), ONE.schema),
        (Sealer(PatientKey(bytes.fromhex(ONE.key)), ONE.pk_n + 1), ONE.schema),
        (ONE.sealer(), ONE.schema + 1),
    ],
    ids=["key", "n", "schema"],
)
def test_a_sealed_record_opens_under_its_own_key_number_and_schema_only(sealer: Sealer, schema: int) -> None:
    with pytest.raises(Unopenable):
        sealer.open(ONE.address(), schema, ONE.blob())


def test_the_number_of_the_key_in_front_cannot_be_exchanged_for_that_of_the_opener() -> None:
    renumbered = Sealed(b"\x01\x01" + (ONE.pk_n + 1).to_bytes(4, "big") + ONE.blob()[6:])
    with pytest.raises(Unopenable):
        Sealer(PatientKey(bytes.fromhex(ONE.key)), ONE.pk_n + 1).open(ONE.address(), ONE.schema, renumbered)


@pytest.mark.parametrize("cut", [0, 5, 6, 17, 18, 34, 289])
def test_a_sealed_record_that_was_cut_is_refused(cut: int) -> None:
    with pytest.raises(Unopenable):
        ONE.sealer().open(ONE.address(), ONE.schema, Sealed(ONE.blob()[:cut]))


@pytest.mark.parametrize(
    "head",
    [record.HEAD.pack(0, ONE.schema + 1, 3), record.HEAD.pack(0, ONE.schema, 250)],
    ids=["another schema", "a length beyond the end"],
)
def test_a_head_that_contradicts_the_record_is_refused(head: bytes) -> None:
    sealed = ONE.sealer()._seal(ONE.address(), head + b"abc", ONE.schema, bytes(12))
    with pytest.raises(Unopenable):
        ONE.sealer().open(ONE.address(), ONE.schema, sealed)


@given(st.sampled_from(Harm), st.integers(0, 2**16 - 1), st.binary(max_size=6000))
def test_what_is_sealed_comes_back(harm: Harm, schema: int, body: bytes) -> None:
    sealed = SEALER.seal(HERE, harm, schema, body)
    opened = SEALER.open(HERE, schema, sealed)
    assert (opened.harm, opened.schema, opened.body) == (harm, schema, body)
    assert len(sealed) - 34 in padding.CLASSES


def test_bodies_of_one_class_have_one_length() -> None:
    lengths = {len(SEALER.seal(HERE, Harm.NORMAL, 1, b"x" * size)) for size in (0, 1, 80, 249)}
    assert lengths == {290}


def test_a_hundred_thousand_seals_repeat_no_nonce() -> None:
    nonces = {SEALER.seal(HERE, Harm.NORMAL, 1, b"")[6:18] for _ in range(100_000)}
    assert len(nonces) == 100_000


def test_a_key_seals_up_to_its_limit_and_not_once_more() -> None:
    sealer = Sealer(PatientKey.generate(), 1, seals=2**20 - 1)
    last = sealer.seal(HERE, Harm.NORMAL, 1, b"last")
    with pytest.raises(KeyExhausted):
        sealer.seal(HERE, Harm.NORMAL, 1, b"one more")
    assert sealer.open(HERE, 1, last).body == b"last"


def test_a_body_over_a_mebibyte_is_refused() -> None:
    assert SEALER.open(HERE, 1, SEALER.seal(HERE, Harm.NORMAL, 1, bytes(2**20))).body == bytes(2**20)
    with pytest.raises(Refused):
        SEALER.seal(HERE, Harm.NORMAL, 1, bytes(2**20 + 1))


@pytest.mark.parametrize(
    "shorten",
    [
        lambda: msgspec.structs.replace(HERE, lab=Org(b"LAB")),
        lambda: Address(HERE.lab, Id(b"LAB1"), 1, HERE.resource, 1, HERE.deciding),
        lambda: Address(HERE.lab, HERE.patient, 1, Id(HERE.resource + b"\x00"), 1, HERE.deciding),
        lambda: Address(HERE.lab, HERE.patient, 1, HERE.resource, 1, b""),
    ],
    ids=["lab", "patient", "resource", "deciding"],
)
def test_a_field_of_another_length_is_neither_filled_nor_cut(shorten: Callable[[], Address]) -> None:
    with pytest.raises(Broken):
        SEALER.associated(shorten(), 1)


def test_neither_an_opened_record_nor_a_refusal_shows_content() -> None:
    sealed = SEALER.seal(HERE, Harm.RESTRICTED, 1, b"CANARY")
    assert "CANARY" not in repr(SEALER.open(HERE, 1, sealed))
    with pytest.raises(Unopenable) as refusal:
        SEALER.open(ELSEWHERE["patient"], 1, sealed)
    assert "CANARY" not in repr(refusal.value)
    assert refusal.value.__cause__ is None
    assert HERE.patient.hex() not in str(refusal.value)
    assert sealed.find(b"CANARY") == -1

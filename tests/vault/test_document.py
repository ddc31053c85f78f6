import hashlib
import io
from collections.abc import Callable

import msgspec
import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from hypothesis import given, settings
from hypothesis import strategies as st

from aliquot.terms.errors import Broken
from aliquot.terms.ids import Id, Org
from aliquot.terms.kinds import Harm, Kind
from aliquot.vault import document, padding, record
from aliquot.vault.document import Label
from aliquot.vault.errors import KeyExhausted, Unopenable
from aliquot.vault.keys import PatientKey
from aliquot.vault.record import Address, Sealed, Sealer
from tests.vault import cases


class Document(cases.Case, frozen=True):
    name: str
    key: str
    pk_n: int
    lab: str
    patient: str
    kind: int
    resource: str
    version: int
    deciding: str
    schema: int
    harm: int
    body_repeats: str
    body_length: int
    salt: str
    sealed_length: int
    sealed_sha256: str

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

    def body(self) -> bytes:
        piece = bytes.fromhex(self.body_repeats)
        return (piece * (self.body_length // len(piece) + 1))[: self.body_length]

    def sealed(self) -> bytes:
        label = Label(Harm(self.harm), self.schema, self.body_length)
        source = io.BytesIO(self.body())
        return b"".join(document._sealed(self.sealer(), self.address(), label, source, bytes.fromhex(self.salt)))


VECTORS = cases.read("sealed-document.json", list[Document])
SMALL, LARGE, _ = VECTORS
CHUNK = 2**20 + 16
each_vector = pytest.mark.parametrize("vector", VECTORS, ids=lambda vector: vector.name)


def opened(sealer: Sealer, address: Address, schema: int, sealed: bytes) -> tuple[Label, bytes]:
    target = io.BytesIO()
    label = document.unseal(sealer, address, schema, io.BytesIO(sealed), target)
    return label, target.getvalue()


@each_vector
def test_a_vector_is_made_again_byte_for_byte_and_opens(vector: Document) -> None:
    sealed = vector.sealed()
    assert (len(sealed), hashlib.sha256(sealed).hexdigest()) == (vector.sealed_length, vector.sealed_sha256)
    label, body = opened(vector.sealer(), vector.address(), vector.schema, sealed)
    assert label == Label(Harm(vector.harm), vector.schema, vector.body_length)
    assert body == vector.body()


@each_vector
def test_a_vector_has_the_documented_layout(vector: Document) -> None:
    sealed, salt = vector.sealed(), bytes.fromhex(vector.salt)
    assert sealed[:6] == b"\x01\x02" + vector.pk_n.to_bytes(4, "big")
    assert sealed[6:38] == salt
    hkdf = HKDF(hashes.SHA256(), 32, salt, b"aliquot/document/v1")
    aead = AESGCM(hkdf.derive(bytes.fromhex(vector.key)))
    associated = vector.sealer().associated(vector.address(), vector.schema)
    chunks = [sealed[at : at + CHUNK] for at in range(38, len(sealed), CHUNK)]
    plain = b"".join(
        aead.decrypt(at.to_bytes(11, "big") + bytes([at == len(chunks) - 1]), chunk, associated)
        for at, chunk in enumerate(chunks)
    )
    head = bytes([vector.harm]) + vector.schema.to_bytes(2, "big") + vector.body_length.to_bytes(4, "big")
    assert len(plain) == padding.size_class(7 + vector.body_length)
    assert plain == (head + vector.body()).ljust(len(plain), b"\x00")


ALTERED: dict[str, Callable[[bytes], bytes]] = {
    "format": lambda sealed: cases.flipped(sealed, 0),
    "algorithm": lambda sealed: cases.flipped(sealed, 1),
    "key number": lambda sealed: cases.flipped(sealed, 5),
    "salt": lambda sealed: cases.flipped(sealed, 6),
    "end of salt": lambda sealed: cases.flipped(sealed, 37),
    "first chunk": lambda sealed: cases.flipped(sealed, 38),
    "last chunk": lambda sealed: cases.flipped(sealed, len(sealed) - 1),
    "one chunk cut off": lambda sealed: sealed[: 38 + CHUNK],
    "cut inside a chunk": lambda sealed: sealed[:-1],
    "cut to the front": lambda sealed: sealed[:38],
    "cut inside the salt": lambda sealed: sealed[:20],
    "empty": lambda _: b"",
    "chunks exchanged": lambda sealed: sealed[:38] + sealed[38 + CHUNK :] + sealed[38 : 38 + CHUNK],
    "a chunk repeated": lambda sealed: sealed[: 38 + CHUNK] + sealed[38:],
    "a byte appended": lambda sealed: sealed + b"\x00",
}


@pytest.mark.parametrize("change", ALTERED)
def test_a_sealed_document_cannot_be_changed_cut_or_rearranged(change: str) -> None:
    with pytest.raises(Unopenable):
        opened(LARGE.sealer(), LARGE.address(), LARGE.schema, ALTERED[change](LARGE.sealed()))


HERE = SMALL.address()


@pytest.mark.parametrize(
    "elsewhere",
    [
        msgspec.structs.replace(HERE, lab=Org(b"LAB2")),
        msgspec.structs.replace(HERE, patient=Id(cases.flipped(HERE.patient, 15))),
        msgspec.structs.replace(HERE, kind=Kind.MESSAGE),
        msgspec.structs.replace(HERE, resource=Id(cases.flipped(HERE.resource, 15))),
        msgspec.structs.replace(HERE, version=2),
        msgspec.structs.replace(HERE, deciding=bytes(32)),
    ],
    ids=["lab", "patient", "kind", "resource", "version", "deciding"],
)
def test_a_sealed_document_opens_at_its_own_address_only(elsewhere: Address) -> None:
    with pytest.raises(Unopenable):
        opened(SMALL.sealer(), elsewhere, SMALL.schema, SMALL.sealed())


def test_a_sealed_document_opens_under_its_own_schema_key_and_number_only() -> None:
    same_key = PatientKey(bytes.fromhex(SMALL.key))
    for sealer, schema in [(SMALL.sealer(), 2), (Sealer(PatientKey.generate(), 1), 1), (Sealer(same_key, 2), 1)]:
        with pytest.raises(Unopenable):
            opened(sealer, HERE, schema, SMALL.sealed())


def test_a_document_is_not_taken_for_a_record_nor_a_record_for_a_document() -> None:
    sealer = SMALL.sealer()
    with pytest.raises(Unopenable):
        sealer.open(HERE, 1, Sealed(SMALL.sealed()))
    with pytest.raises(Unopenable):
        opened(sealer, HERE, 1, sealer.seal(HERE, Harm.NORMAL, 1, b"a record"))


@pytest.mark.parametrize(
    ("head", "total"),
    [(record.HEAD.pack(0, 2, 3), 256), (record.HEAD.pack(0, 1, 3), 512), (record.HEAD.pack(0, 1, 250), 256)],
    ids=["another schema", "another class", "a length beyond the end"],
)
def test_a_head_that_contradicts_the_document_is_refused(head: bytes, total: int) -> None:
    sealer, salt = SMALL.sealer(), bytes(32)
    plain = (head + b"abc").ljust(total, b"\x00")
    chunk = sealer.document_aead(salt).encrypt(bytes(11) + b"\x01", plain, sealer.associated(HERE, 1))
    with pytest.raises(Unopenable):
        opened(sealer, HERE, 1, record.PREFIX.pack(1, 2, 1) + salt + chunk)


@settings(max_examples=25)
@given(st.sampled_from([0, 1, 249, 250, 4089, 2**20 - 8, 2**20, 2**20 + 1]) | st.integers(0, 2_500_000))
def test_a_document_of_any_length_comes_back(length: int) -> None:
    body, target = bytes(range(251)) * (length // 251 + 1), io.BytesIO()
    label = Label(Harm.SENSITIVE, 9, length)
    document.seal(SMALL.sealer(), HERE, label, io.BytesIO(body[:length]), target)
    assert opened(SMALL.sealer(), HERE, 9, target.getvalue()) == (label, body[:length])


@pytest.mark.parametrize("length", [2, 4])
def test_a_document_that_is_not_as_long_as_its_label_is_not_sealed(length: int) -> None:
    with pytest.raises(Broken):
        document.seal(SMALL.sealer(), HERE, Label(Harm.NORMAL, 1, length), io.BytesIO(b"abc"), io.BytesIO())


def test_the_same_document_sealed_twice_shows_no_equality() -> None:
    first, second = io.BytesIO(), io.BytesIO()
    for target in (first, second):
        document.seal(SMALL.sealer(), HERE, Label(Harm.NORMAL, 1, 3), io.BytesIO(b"abc"), target)
    assert first.getvalue()[6:38] != second.getvalue()[6:38]


def test_a_document_counts_against_its_key() -> None:
    sealer = Sealer(PatientKey.generate(), 1, seals=2**20)
    with pytest.raises(KeyExhausted):
        document.seal(sealer, HERE, Label(Harm.NORMAL, 1, 3), io.BytesIO(b"abc"), io.BytesIO())


def test_no_more_than_one_chunk_is_read_at_a_time() -> None:
    class Watched(io.BytesIO):
        largest = 0

        def read(self, size: int | None = -1) -> bytes:
            found = super().read(size)
            self.largest = max(self.largest, len(found))
            return found

    source, sealed, target = Watched(bytes(3_000_000)), Watched(), io.BytesIO()
    document.seal(SMALL.sealer(), HERE, Label(Harm.NORMAL, 1, 3_000_000), source, sealed)
    sealed.seek(0)
    document.unseal(SMALL.sealer(), HERE, 1, sealed, target)
    assert source.largest <= 2**20
    assert sealed.largest == CHUNK

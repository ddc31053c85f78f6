from datetime import UTC, date, datetime

import msgspec
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from aliquot.terms.errors import Refused
from aliquot.terms.mandates import Scope, Table
from aliquot.vault import mandate
from aliquot.vault.errors import Forged
from aliquot.vault.mandate import MandateDocument
from tests.vault import cases

KEY = Ed25519PrivateKey.generate()
PUBLIC = KEY.public_key().public_bytes_raw()


class Signed(cases.Case, frozen=True):
    private_key: str
    public_key: str
    document: str


VECTOR = cases.read("mandate.json", Signed)
DOCUMENT = mandate.read(VECTOR.document.encode(), bytes.fromhex(VECTOR.public_key))

CHANGED: dict[str, object] = {
    "id": "66" * 16,
    "organization": "4c414232",
    "purpose": "autre chose",
    "source": "autre source",
    "annex": "00" * 32,
    "scope": Scope((Table("PATIENT", ("NUM", "NOM", "TELEPHONE")),), date(2019, 1, 1), date(2020, 12, 31)),
    "service": "autre",
    "allowed": 20_001,
    "signers": ("44" * 16,),
    "signed_at": datetime(2026, 1, 6, 8, 0, tzinfo=UTC),
    "until": datetime(2026, 2, 28, 8, 0, tzinfo=UTC),
    "staging": "00" * 1216,
    "sender": "",
}


def test_the_vector_is_read_and_signed_again_byte_for_byte() -> None:
    key = Ed25519PrivateKey.from_private_bytes(bytes.fromhex(VECTOR.private_key))
    assert mandate.sign(key, DOCUMENT) == VECTOR.document.encode()
    assert mandate.key_of(VECTOR.document.encode()).hex() == VECTOR.public_key
    assert DOCUMENT.scope.table("PATIENT").columns == ("NUM", "NOM", "DDN", "SITE")


def test_every_field_of_a_mandate_is_tried() -> None:
    assert {*CHANGED} == {*MandateDocument.__struct_fields__}


@pytest.mark.parametrize("field", CHANGED)
def test_a_mandate_that_was_altered_anywhere_is_refused(field: str) -> None:
    signed = msgspec.json.decode(mandate.sign(KEY, DOCUMENT))
    altered = msgspec.structs.replace(DOCUMENT, **{field: CHANGED[field]})
    signed["mandate"] = msgspec.json.decode(msgspec.json.encode(altered))
    with pytest.raises(Forged):
        mandate.read(msgspec.json.encode(signed, order="sorted"), PUBLIC)


def test_a_mandate_signed_by_another_key_is_refused_even_if_its_header_names_that_key() -> None:
    other = Ed25519PrivateKey.generate()
    with pytest.raises(Forged):
        mandate.read(mandate.sign(other, DOCUMENT), PUBLIC)


def test_a_mandate_whose_header_names_another_key_is_refused() -> None:
    raw = mandate.sign(KEY, DOCUMENT).replace(PUBLIC.hex().encode(), b"00" * 32)
    with pytest.raises(Forged):
        mandate.read(raw, PUBLIC)


def test_a_mandate_that_is_written_otherwise_than_signed_is_refused() -> None:
    with pytest.raises(Forged):
        mandate.read(mandate.sign(KEY, DOCUMENT) + b"\n", PUBLIC)


@pytest.mark.parametrize("raw", [b"", b"{}", b"not json", b'{"format":"aqm2"}'])
def test_what_is_no_mandate_is_refused(raw: bytes) -> None:
    with pytest.raises(Refused):
        mandate.read(raw, PUBLIC)


def test_a_column_that_never_travels_is_refused_even_under_a_right_signature() -> None:
    scope = Scope((Table("PATIENT", ("NUM", "MDP")),), date(2019, 1, 1), date(2020, 12, 31))
    with pytest.raises(Refused, match="never travels"):
        mandate.read(mandate.sign(KEY, msgspec.structs.replace(DOCUMENT, scope=scope)), PUBLIC)

import hashlib
import hmac
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aliquot.terms.errors import Unclear
from aliquot.terms.ids import Org
from aliquot.vault import keys, tokens
from aliquot.vault.keys import LabLabel, LabSecret
from aliquot.vault.tokens import Field, TokenKeys
from tests.vault import cases

SECRET = LabSecret.generate()
KEYS = TokenKeys(SECRET, Org(b"LAB1"))


class Token(cases.Case, frozen=True):
    secret: str
    lab: str
    field: Field
    text: str
    normalised: str
    token: int

    def keys(self) -> TokenKeys:
        return TokenKeys(LabSecret(bytes.fromhex(self.secret)), Org(bytes.fromhex(self.lab)))


VECTORS = cases.read("token.json", list[Token])
each_vector = pytest.mark.parametrize("vector", VECTORS, ids=lambda vector: f"{vector.field} {vector.text}")


@each_vector
def test_a_text_has_the_token_of_its_vector(vector: Token) -> None:
    assert tokens.normalise(vector.field, vector.text) == vector.normalised
    assert tokens.token(vector.keys(), vector.field, vector.text) == vector.token
    assert tokens.token(vector.keys(), vector.field, vector.normalised) == vector.token


@each_vector
def test_a_token_is_the_front_of_an_hmac_under_the_key_of_its_field(vector: Token) -> None:
    secret, org = LabSecret(bytes.fromhex(vector.secret)), Org(bytes.fromhex(vector.lab))
    key = keys.derive(secret, org, LabLabel(f"aliquot/bi/v1|{vector.field}")).reveal()
    mac = hmac.digest(key, vector.normalised.encode(), hashlib.sha256)
    assert int.from_bytes(mac[:8], "big", signed=True) == vector.token


def test_there_is_a_vector_for_every_field() -> None:
    assert {vector.field for vector in VECTORS} == {*Field}


@pytest.mark.parametrize(
    ("field", "one", "same"),
    [
        (Field.NIR, "184127645108946", "1 84 12 76 451 089"),
        (Field.NIR, "299032A004012", "2 99 03 2a 004-012 11"),
        (Field.FILE, "F/00012", "ｆ 00012"),
        (Field.ACCESSION, "26-0001234", "260001234\r"),
        (Field.EXTID, "oid:1.2.3|AB 1", "OID:1.2.3|ab1"),
        (Field.LOGIN, "a.b@labo.example", " A.B@Labo.example "),
    ],
)
def test_two_spellings_of_one_identifier_have_one_token(field: Field, one: str, same: str) -> None:
    assert tokens.token(KEYS, field, one) == tokens.token(KEYS, field, same)


@pytest.mark.parametrize(
    ("field", "one", "other"),
    [
        (Field.FILE, "0012", "012"),
        (Field.EXTID, "1.23|4", "1.2|34"),
        (Field.LOGIN, "a.b@labo.example", "ab@labo.example"),
        (Field.NIR, "1841276451089", "1841276451088"),
    ],
)
def test_two_identifiers_have_two_tokens(field: Field, one: str, other: str) -> None:
    assert tokens.token(KEYS, field, one) != tokens.token(KEYS, field, other)


def test_the_same_text_gives_unrelated_tokens_in_two_fields_and_two_laboratories() -> None:
    text = "1841276451089"
    values = sorted(
        tokens.token(TokenKeys(SECRET, Org(lab)), field, text) for lab in (b"LAB1", b"LAB2") for field in Field
    )
    assert all(before != after for before, after in pairwise(values))


@pytest.mark.parametrize(
    ("field", "text"),
    [
        *((field, " \t ") for field in Field),
        (Field.NIR, "18412764510"),
        (Field.NIR, "18412764510894"),
        (Field.FILE, "-/."),
    ],
)
def test_what_is_no_identifier_is_unclear_and_not_shown(field: Field, text: str) -> None:
    with pytest.raises(Unclear) as refusal:
        tokens.token(KEYS, field, text)
    assert refusal.value.place == field
    assert "184" not in str(refusal.value)


@given(
    st.sampled_from([Field.FILE, Field.ACCESSION, Field.EXTID, Field.LOGIN]),
    st.from_regex(r"[\w|:./@ -]*\w", fullmatch=True),
)
def test_a_token_fits_a_signed_64_bit_column(field: Field, text: str) -> None:
    try:
        value = tokens.token(KEYS, field, text)
    except Unclear:
        assert not any(map(str.isalnum, text))
    else:
        assert -(2**63) <= value < 2**63

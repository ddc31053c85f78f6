import pickle

import msgspec
import pytest

from aliquot.vault import bundle
from aliquot.vault.bundlekey import PartKey, StagingKey
from aliquot.vault.errors import Forged, Unopenable
from tests.vault import cases
from tests.vault.test_bundle import HEADER, STAGING, TRAILER, VECTOR

HEAD = VECTOR.head.encode()
CHUNK = bytes.fromhex(VECTOR.chunks[0])


def part() -> PartKey:
    return STAGING.open(HEADER, HEAD, TRAILER)


def test_another_key_opens_nothing() -> None:
    with pytest.raises(Unopenable, match="another key"):
        StagingKey.generate().open(HEADER, HEAD, TRAILER)


def test_a_key_that_the_header_names_and_that_the_part_was_not_sealed_to_opens_nothing() -> None:
    other = StagingKey.generate()
    claimed = msgspec.structs.replace(HEADER, recipients=(bundle.slot_id(other.slot()),))
    with pytest.raises(Unopenable, match="under this header"):
        other.open(claimed, HEAD, TRAILER)


@pytest.mark.parametrize("field", ["mandate", "id", "expires"])
def test_a_part_under_another_header_does_not_open(field: str) -> None:
    value = HEADER.created if field == "expires" else "99" * 16
    with pytest.raises(Unopenable, match="under this header"):
        STAGING.open(msgspec.structs.replace(HEADER, **{field: value}), HEAD, TRAILER)


def test_a_head_that_was_not_signed_is_forged() -> None:
    fresh = bundle.sealed_key(HEADER, 1, STAGING.slot(), bytes(32)).hex()
    head = msgspec.json.encode(msgspec.structs.replace(bundle.head(HEAD), keys=(fresh,)), order="sorted")
    with pytest.raises(Forged):
        STAGING.open(HEADER, head, TRAILER)


@pytest.mark.parametrize("at", [0, 5, -1])
def test_an_altered_chunk_does_not_open(at: int) -> None:
    with pytest.raises(Unopenable):
        part().open(0, (cases.flipped(CHUNK, at % len(CHUNK)),))


@pytest.mark.parametrize("chunk", [CHUNK[:-1], CHUNK + b"\0", b""])
def test_a_chunk_that_was_cut_or_extended_does_not_open(chunk: bytes) -> None:
    with pytest.raises(Unopenable):
        part().open(0, (chunk,))


def test_a_chunk_in_another_place_does_not_open() -> None:
    with pytest.raises(Unopenable):
        part().open(1, (CHUNK,))


def test_keys_show_nothing_of_themselves_and_do_not_travel() -> None:
    assert STAGING.reveal().hex() not in repr(STAGING)
    assert VECTOR.part_key not in repr(part())
    with pytest.raises(TypeError):
        pickle.dumps(STAGING)

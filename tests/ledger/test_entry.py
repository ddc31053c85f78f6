from datetime import datetime, timedelta, timezone

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from aliquot.ledger import entry, tiles, tree
from aliquot.terms.errors import Broken, Refused
from tests.ledger import history, vectors

_CASES = vectors.load("entry")
_ROW = st.tuples(st.binary(min_size=16, max_size=16), st.integers(0, 9), st.binary(min_size=32, max_size=32))


def test_the_committed_leaves_read_back_to_the_same_bytes_and_hashes() -> None:
    for case in _CASES["leaves"]:
        raw = case["canonical"].encode()
        assert entry.encode(entry.decode(raw)) == raw
        assert tree.leaf_hash(raw).hex() == case["leaf_hash"]


def test_the_committed_writes_give_their_root_in_any_order() -> None:
    rows = [(bytes.fromhex(row["id"]), row["version"], bytes.fromhex(row["sha256"])) for row in _CASES["writes"]]
    assert entry.writes_root(rows).hex() == _CASES["writes_root"]
    assert entry.writes_root(reversed(rows)).hex() == _CASES["writes_root"]


@given(st.lists(_ROW, min_size=1, max_size=9, unique_by=lambda row: row[:2]), st.data())
def test_another_version_or_hash_or_a_row_less_gives_another_root(
    rows: list[tuple[bytes, int, bytes]], data: st.DataObject
) -> None:
    at = data.draw(st.integers(0, len(rows) - 1))
    identifier, version, digest = rows[at]
    whole = entry.writes_root(rows)
    others = [(identifier, version + 10, digest), (identifier, version, tree.leaf_hash(digest))]
    assert all(entry.writes_root([*rows[:at], other, *rows[at + 1 :]]) != whole for other in others)
    assert entry.writes_root([*rows[:at], *rows[at + 1 :]]) != whole


def test_a_version_written_twice_or_a_short_hash_is_broken() -> None:
    with pytest.raises(Broken, match="twice"):
        entry.writes_root([(b"i" * 16, 1, b"a" * 32), (b"i" * 16, 1, b"b" * 32)])
    for row in [(b"i" * 15, 1, b"a" * 32), (b"i" * 16, 1, b"a" * 31)]:
        with pytest.raises(Broken, match="16 bytes"):
            entry.writes_root([row])


def test_a_leaf_with_a_field_of_65_536_bytes_is_refused_and_the_longest_is_kept() -> None:
    leaf = entry.decode(history.leaf(1))
    with pytest.raises(Refused, match="65,535"):
        entry.encode(msgspec.structs.replace(leaf, pc="a1" * 32_768))
    room = tiles.MAX_ENTRY_BYTES - len(history.leaf(1)) + len(leaf.act)
    longest = entry.encode(msgspec.structs.replace(leaf, act="a" * room))
    assert len(longest) == tiles.MAX_ENTRY_BYTES
    assert tiles.unpack(tiles.pack([longest])) == [longest]
    with pytest.raises(Refused, match="65,535"):
        entry.encode(msgspec.structs.replace(leaf, act="a" * (room + 1)))


@pytest.mark.parametrize("place", ["actor", "id", "lab", "ses", "policy", "pat", "root", "pc"])
def test_a_name_does_not_fit_where_a_pseudonym_stands(place: str) -> None:
    for name in ("MARTIN", "Zoé", "abc", "A1"):
        with pytest.raises(Refused, match="hexadecimal") as refusal:
            msgspec.structs.replace(entry.decode(history.leaf(1)), **{place: name})
        assert name not in str(refusal.value)


@pytest.mark.parametrize("place", ["act", "why"])
def test_a_sentence_does_not_fit_where_a_code_stands(place: str) -> None:
    with pytest.raises(Refused, match="not a code"):
        msgspec.structs.replace(entry.decode(history.leaf(1)), **{place: "asked for Mr Martin"})


def test_a_portion_has_one_order_and_no_kind_twice() -> None:
    for portion in (("observation", "demography"), ("note", "note")):
        with pytest.raises(Refused, match="in order"):
            msgspec.structs.replace(entry.decode(history.leaf(1)), portion=portion)


def test_a_time_that_is_not_utc_is_refused() -> None:
    leaf = entry.decode(history.leaf(1))
    for at in (datetime(2026, 1, 1), leaf.t.astimezone(timezone(timedelta(hours=1)))):  # noqa: DTZ001 - naive is meant
        with pytest.raises(Refused, match="UTC"):
            msgspec.structs.replace(leaf, t=at)


def test_numbers_below_zero_and_other_versions_are_refused() -> None:
    for wrong in ({"seq": -1}, {"n": -1}, {"epoch": -1}, {"v": 2}):
        with pytest.raises(Refused, match="version"):
            msgspec.structs.replace(entry.decode(history.leaf(1)), **wrong)


@pytest.mark.parametrize(
    ("before", "after"),
    [('"v":1', '"v":2'), ('"v":1', '"v": 1'), ('"n":0', '"m":0'), ('"n":0', '"n":0,"x":0'), ('"t":"', '"t":" ')],
)
def test_stored_bytes_that_are_no_canonical_leaf_are_broken(before: str, after: str) -> None:
    raw = history.leaf(1).decode()
    assert before in raw
    with pytest.raises(Broken, match="entry"):
        entry.decode(raw.replace(before, after).encode())


def test_stored_bytes_that_are_no_utf_8_are_broken() -> None:
    with pytest.raises(Broken, match="entry"):
        entry.decode(history.leaf(1).replace(b'"act":"', b'"act":"\xff', 1))

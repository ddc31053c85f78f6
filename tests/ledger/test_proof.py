from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aliquot.ledger import policy, proof, tiles, tree
from aliquot.terms.errors import Refused
from tests.ledger import history, vectors

_CASE = vectors.load("proof")
_ENTRY = bytes.fromhex(_CASE["entry"])
_TRUST = policy.parse(_CASE["policy"])


def test_the_committed_proof_holds_and_is_written_again_to_the_byte() -> None:
    found = proof.verify(_CASE["proof"], _ENTRY, _TRUST)
    hashes = [tree.leaf_hash(bytes.fromhex(entry)) for entry in vectors.load("tree")["entries"]]
    complete = tree.over(lambda _level, start, stop: hashes[start:stop])
    assert proof.write(found.index, vectors.load("checkpoint")["signed"], complete) == _CASE["proof"]


def test_extra_data_is_passed_over() -> None:
    text = _CASE["proof"].replace("\nindex", "\nextra YWdl\nindex")
    assert proof.verify(text, _ENTRY, _TRUST) == proof.verify(_CASE["proof"], _ENTRY, _TRUST)


def test_another_entry_place_hash_root_or_signature_is_refused() -> None:
    text = _CASE["proof"]
    lines = text.split("\n")
    shorter = "\n".join(lines[:2] + lines[3:])
    for changed in (text.replace("index 5", "index 4"), shorter, text.replace("\n8\n", "\n9\n")):
        assert changed != text
        with pytest.raises(Refused, match=r"proof|checkpoint"):
            proof.verify(changed, _ENTRY, _TRUST)
    with pytest.raises(Refused, match="not in the log"):
        proof.verify(text, _ENTRY + b"\n", _TRUST)
    with pytest.raises(Refused, match="not signed"):
        proof.verify(text, _ENTRY, policy.parse(history.Log().trust()))


@pytest.mark.parametrize(
    ("before", "after"),
    [("@v1", "@v2"), ("index 5", "index 05"), ("index 5\n", ""), ("\n\n", "\n"), ("index 5", "index 5\n!")],
)
def test_what_is_no_proof_file_is_refused(before: str, after: str) -> None:
    assert before in _CASE["proof"]
    with pytest.raises(Refused, match=r"proof|checkpoint"):
        proof.parse(_CASE["proof"].replace(before, after))


def test_a_proof_with_more_hashes_than_a_tree_has_levels_is_refused() -> None:
    line = _CASE["proof"].split("\n")[2] + "\n"
    with pytest.raises(Refused, match="too many"):
        proof.parse(_CASE["proof"].replace("index 5\n", "index 5\n" + line * 64))


@given(st.text())
def test_no_text_makes_the_reader_crash(text: str) -> None:
    for garbage in (text, _CASE["proof"][:40] + text, _CASE["proof"] + text):
        try:
            proof.parse(garbage)
        except Refused:
            continue


@pytest.mark.parametrize("index", [0, 255, 256, 599])
def test_an_entry_of_an_export_is_proved_from_its_tiles(tmp_path: Path, index: int) -> None:
    log = history.Log()
    entries = history.leaves(600)
    log.export(tmp_path, entries)
    text = proof.write(index, tiles.text(tmp_path / "checkpoint"), tree.over(tiles.row(tmp_path, 600)))
    assert proof.verify(text, entries[index], policy.parse(log.trust())).index == index

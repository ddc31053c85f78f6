import pytest
from hypothesis import given
from hypothesis import strategies as st

from aliquot.ledger import tree
from tests.ledger import vectors

_LEAVES = [tree.leaf_hash(bytes([number])) for number in range(70)]
_HEADS = [tree.Head(size, tree.root(_LEAVES[:size])) for size in range(71)]
_TREE = vectors.load("tree")


def _complete(level: int, index: int) -> bytes:
    """The hash of a complete subtree, computed from its leaves as RFC 9162 defines it."""
    if level == 0:
        return _LEAVES[index]
    return tree.node_hash(_complete(level - 1, 2 * index), _complete(level - 1, 2 * index + 1))


def _span(_level: int, _index: int) -> bytes:
    """Stands for any subtree where only the length of a proof matters."""
    return tree.EMPTY_ROOT


def _flipped(proof: list[bytes]) -> list[list[bytes]]:
    """The proof with one bit of one hash turned, for each hash; one hash short; one hash too long."""
    turned = [[*proof[:at], bytes([step[0] ^ 1]) + step[1:], *proof[at + 1 :]] for at, step in enumerate(proof)]
    return [*turned, *([proof[:-1], proof[1:]] if proof else []), [*proof, tree.EMPTY_ROOT]]


def test_the_known_roots_of_sizes_0_to_8_come_out() -> None:
    hashes = [tree.leaf_hash(bytes.fromhex(entry)) for entry in _TREE["entries"]]
    assert [tree.root(hashes[:size]).hex() for size in range(9)] == _TREE["roots"]


@pytest.mark.parametrize(("size", "expected"), _TREE["counted"]["roots"].items())
def test_known_roots_around_the_widths_of_tiles_come_out(size: str, expected: str) -> None:
    assert tree.root(tree.leaf_hash(n.to_bytes(4, "big")) for n in range(int(size))).hex() == expected


def test_the_known_proofs_come_out() -> None:
    hashes = [tree.leaf_hash(bytes.fromhex(entry)) for entry in _TREE["entries"]]
    complete = tree.over(lambda _level, start, stop: hashes[start:stop])
    for case in _TREE["inclusion"]:
        proof = tree.inclusion_proof(case["index"], case["size"], complete)
        assert [step.hex() for step in proof] == case["proof"]
    for case in _TREE["consistency"]:
        proof = tree.consistency_proof(case["old"], case["new"], complete)
        assert [step.hex() for step in proof] == case["proof"]


def test_each_entry_is_proved_in_each_history_and_nothing_else_is() -> None:
    for size in range(1, 71):
        for index in range(size):
            proof = tree.inclusion_proof(index, size, _complete)
            assert tree.verify_inclusion(_LEAVES[index], index, proof, _HEADS[size])
            assert not tree.verify_inclusion(_LEAVES[index - 1], index, proof, _HEADS[size]) or size == 1
            assert not any(tree.verify_inclusion(_LEAVES[index], index, bad, _HEADS[size]) for bad in _flipped(proof))


def test_a_proof_holds_at_its_own_place_only() -> None:
    for index in range(40):
        proof = tree.inclusion_proof(index, 40, _complete)
        places = [at for at in range(-1, 42) if tree.verify_inclusion(_LEAVES[index], at, proof, _HEADS[40])]
        assert places == [index]


def test_each_older_history_is_proved_in_each_newer_one_and_nothing_else_is() -> None:
    for new in range(1, 71):
        for old in range(1, new):
            proof = tree.consistency_proof(old, new, _complete)
            assert tree.verify_consistency(_HEADS[old], _HEADS[new], proof)
            assert not any(tree.verify_consistency(_HEADS[old], _HEADS[new], bad) for bad in _flipped(proof))
            forged = tree.Head(old, tree.node_hash(_HEADS[old].root, b""))
            assert not tree.verify_consistency(forged, _HEADS[new], proof)
            assert not tree.verify_consistency(_HEADS[old], tree.Head(new, forged.root), proof)


def test_a_consistency_proof_holds_between_its_own_sizes_only() -> None:
    # Some proofs would reach the root of another claimed size as well, if the walk did not count its levels.
    for new in range(2, 40):
        for old in range(1, new):
            proof = tree.consistency_proof(old, new, _complete)
            claimed = [tree.Head(size, _HEADS[new].root) for size in (*range(old + 1, 70), 128, 1 << 40)]
            holding = [head for head in claimed if tree.verify_consistency(_HEADS[old], head, proof)]
            assert _HEADS[new] in holding
            assert all(len(tree.consistency_proof(old, head.size, _span)) == len(proof) for head in holding)


def test_a_missing_consistency_proof_is_no_proof() -> None:
    assert not tree.verify_consistency(_HEADS[3], _HEADS[7], [])
    assert not tree.verify_consistency(_HEADS[4], _HEADS[7], [])


def test_an_empty_or_equal_history_needs_no_proof_and_takes_none() -> None:
    assert tree.consistency_proof(0, 5, _complete) == tree.consistency_proof(5, 5, _complete) == []
    assert tree.verify_consistency(_HEADS[0], _HEADS[5], [])
    assert tree.verify_consistency(_HEADS[5], _HEADS[5], [])
    assert tree.verify_consistency(_HEADS[0], _HEADS[0], [])
    assert not tree.verify_consistency(_HEADS[0], _HEADS[5], [_HEADS[5].root])
    assert not tree.verify_consistency(tree.Head(0, _HEADS[5].root), _HEADS[5], [])
    assert not tree.verify_consistency(_HEADS[5], tree.Head(5, _HEADS[4].root), [])


def test_a_history_that_became_shorter_is_never_consistent() -> None:
    proof = tree.consistency_proof(3, 7, _complete)
    assert not tree.verify_consistency(_HEADS[7], _HEADS[3], proof)
    assert not tree.verify_consistency(_HEADS[7], _HEADS[3], [])


def test_what_lies_outside_a_history_has_no_proof() -> None:
    with pytest.raises(ValueError, match="outside"):
        tree.inclusion_proof(5, 5, _complete)
    with pytest.raises(ValueError, match="larger"):
        tree.consistency_proof(6, 5, _complete)


@given(st.integers(0, 600), st.integers(0, 100))
def test_an_edge_goes_on_where_it_was_stored(size: int, more: int) -> None:
    hashes = [tree.leaf_hash(number.to_bytes(2, "big")) for number in range(size + more)]
    edge = tree.frontier(bytes(tree.grow(hashes[:size])))
    for leaf in hashes[size:]:
        edge.append(leaf)
    assert edge.head() == tree.Head(size + more, tree.root(hashes))


def test_a_copied_edge_grows_on_its_own() -> None:
    edge = tree.grow(_LEAVES[:5])
    group = edge.copy()
    group.append(_LEAVES[5])
    assert (edge.head(), group.head()) == (_HEADS[5], _HEADS[6])


def test_a_stored_edge_with_another_number_of_hashes_is_no_edge() -> None:
    with pytest.raises(ValueError, match="one hash for each bit"):
        tree.frontier(bytes(tree.grow(_LEAVES[:5]))[:-1])


@given(st.data())
def test_proofs_from_tile_rows_hold_in_histories_of_several_tiles(data: st.DataObject) -> None:
    size = data.draw(st.integers(1, 1500))
    index, old = data.draw(st.integers(0, size - 1)), data.draw(st.integers(1, size))
    leaves = [tree.leaf_hash(number.to_bytes(2, "big")) for number in range(size)]
    tops = [tree.root(leaves[at : at + 256]) for at in range(0, size - size % 256, 256)]
    complete = tree.over(lambda level, start, stop: (leaves, tops)[level][start:stop])
    head = tree.Head(size, tree.root(leaves))
    assert tree.verify_inclusion(leaves[index], index, tree.inclusion_proof(index, size, complete), head)
    older = tree.Head(old, tree.root(leaves[:old]))
    assert tree.verify_consistency(older, head, tree.consistency_proof(old, size, complete))

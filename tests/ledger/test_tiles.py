from pathlib import Path

import pytest

from aliquot.ledger import checkpoint, policy, tiles, tree
from aliquot.terms.errors import Broken, Refused
from tests.ledger import history, vectors

_PATHS = vectors.load("paths")
_SHORT = [number.to_bytes(3, "big") for number in range(70_000)]


@pytest.mark.parametrize(("row", "index", "width", "place"), _PATHS["paths"])
def test_each_tile_has_its_place(row: str, index: int, width: int, place: str) -> None:
    assert tiles.path(row, index, width) == place


@pytest.mark.parametrize(("size", "places"), _PATHS["partials"].items())
def test_the_partial_tiles_of_a_size_are_known(size: str, places: list[str]) -> None:
    assert sorted(tiles.partials(int(size))) == sorted(places)


@pytest.mark.parametrize("size", [0, 1, 255, 256, 257, 70_000])
def test_an_export_holds_exactly_the_files_of_its_size_and_reads_back(tmp_path: Path, size: int) -> None:
    log = history.Log()
    assert log.export(tmp_path, _SHORT[:size]) == size
    full = {tiles.path(row, index, 256) for row in ("0", "entries") for index in range(size // 256)}
    full |= {tiles.path("1", index, 256) for index in range(size // 65_536)}
    found = {name for name, _, _ in history.files(tmp_path)}
    assert found == full | tiles.partials(size) | {"checkpoint", "policy"}
    assert list(tiles.entries(tmp_path, size)) == _SHORT[:size]
    signed = checkpoint.parse(tiles.text(tmp_path / "checkpoint"))
    policy.parse(tiles.text(tmp_path / "policy")).check(signed)
    root = tree.span_root(0, size, tree.over(tiles.row(tmp_path, size)))
    assert signed.checkpoint.head == tree.Head(size, root)


@pytest.mark.parametrize(("old", "new"), [(0, 3), (3, 3), (3, 9), (255, 256), (256, 300), (300, 800), (65_530, 66_000)])
def test_a_second_export_gives_the_files_of_a_first_and_leaves_full_tiles_alone(
    tmp_path: Path, old: int, new: int
) -> None:
    log = history.Log()
    log.export(tmp_path / "twice", _SHORT[:old])
    before = {name: inode for name, _, inode in history.files(tmp_path / "twice")}
    assert log.export(tmp_path / "twice", _SHORT[:new]) == new - old
    log.export(tmp_path / "once", _SHORT[:new])
    after = list(history.files(tmp_path / "twice"))
    assert [row[:2] for row in after] == [row[:2] for row in history.files(tmp_path / "once")]
    folders = [{place.name for place in tmp_path.glob(f"{way}/tile/*/*")} for way in ("once", "twice")]
    assert folders[0] == folders[1]
    inodes = {name: inode for name, _, inode in after}
    kept = [name for name in before if name.startswith("tile/") and ".p/" not in name]
    assert len(kept) == 2 * (old // 256) + old // 65_536
    assert {name: inodes[name] for name in kept} == {name: before[name] for name in kept}


def test_a_second_export_reads_only_from_the_last_full_bundle_on(tmp_path: Path) -> None:
    log = history.Log()
    log.export(tmp_path, _SHORT[:700])
    starts: list[int] = []

    def read(start: int) -> list[bytes]:
        starts.append(start)
        return _SHORT[start:]

    tiles.write(tmp_path, read, log.sign(_SHORT[:800]), log.trust())
    assert starts == [512]


def test_an_export_stops_before_its_checkpoint_when_entries_and_root_differ(tmp_path: Path) -> None:
    log = history.Log()
    log.export(tmp_path, _SHORT[:300])
    standing = (tmp_path / "checkpoint").read_bytes()
    signed = log.sign(_SHORT[:600])
    for source in (_SHORT[:599], [*_SHORT[:599], b"other"], [*_SHORT[:299], b"other", *_SHORT[300:600]]):
        with pytest.raises(Broken, match="export"):
            tiles.write(tmp_path, lambda start, source=source: source[start:], signed, log.trust())  # type: ignore[misc]  # mypy cannot infer a lambda with a default
    assert (tmp_path / "checkpoint").read_bytes() == standing


def test_a_rewritten_log_is_not_exported_over_the_old_one(tmp_path: Path) -> None:
    log = history.Log()
    log.export(tmp_path, _SHORT[:300])
    for rewritten in ([b"other", *_SHORT[1:400]], [*_SHORT[:299], b"other", *_SHORT[300:400]], _SHORT[:299]):
        with pytest.raises(Broken, match="export"):
            log.export(tmp_path, rewritten)
    with pytest.raises(Broken, match="another"):
        history.Log("aliquot.example/00000002").export(tmp_path, _SHORT[:400])


def test_an_export_does_not_build_on_a_changed_folder(tmp_path: Path) -> None:
    log = history.Log()
    log.export(tmp_path, _SHORT[:600])
    tile = tmp_path / "tile/1/000.p/2"
    tile.write_bytes(bytes(64))
    with pytest.raises(Broken, match="do not give the root"):
        log.export(tmp_path, _SHORT[:700])
    tile.unlink()
    with pytest.raises(Refused, match=r"tile/1/000\.p/2: cannot be read"):
        log.export(tmp_path, _SHORT[:700])


def test_a_draft_of_an_interrupted_export_is_replaced(tmp_path: Path) -> None:
    draft = tmp_path / "tile/0/000.p/.5.new"
    draft.parent.mkdir(parents=True)
    draft.write_bytes(b"half a tile")
    history.Log().export(tmp_path, _SHORT[:5])
    assert not draft.exists()
    assert tiles.hashes(tmp_path, (0, 0, 5)) == [tree.leaf_hash(entry) for entry in _SHORT[:5]]


def test_a_bundle_that_ends_within_an_entry_is_refused() -> None:
    packed = tiles.pack([b"one", b"", b"three"])
    assert tiles.unpack(packed) == [b"one", b"", b"three"]
    for cut in (1, 2, 4, 6, 8, len(packed) - 1):
        with pytest.raises(Refused, match="not whole"):
            tiles.unpack(packed[:cut])


def test_an_entry_that_no_bundle_can_carry_is_refused() -> None:
    with pytest.raises(Refused, match="65,535"):
        tiles.pack([b"x" * 65_536])


def test_files_of_another_width_are_refused_by_their_place(tmp_path: Path) -> None:
    history.Log().export(tmp_path, _SHORT[:5])
    (tmp_path / "tile/0/000.p/5").write_bytes(bytes(32 * 4))
    (tmp_path / "tile/entries/000.p/5").write_bytes(tiles.pack(_SHORT[:4]))
    (tmp_path / "policy").write_bytes(b"\xff")
    (tmp_path / "checkpoint").write_bytes(bytes(tiles.MAX_TEXT_BYTES + 1))
    with pytest.raises(Refused, match=r"tile/0/000\.p/5: not as wide"):
        tiles.hashes(tmp_path, (0, 0, 5))
    with pytest.raises(Refused, match=r"tile/entries/000\.p/5: does not hold"):
        tiles.bundle(tmp_path, 0, 5)
    with pytest.raises(Refused, match="policy: not UTF-8"):
        tiles.text(tmp_path / "policy")
    with pytest.raises(Refused, match="checkpoint: too long"):
        tiles.text(tmp_path / "checkpoint")

"""What is staged is found wherever it lies, and erased without what is not ours."""

import hashlib
import re
from pathlib import Path

import pytest

from aliquot.legacy import staged
from aliquot.legacy.staged import Erased, Staged
from tests.legacy import left
from tests.legacy.left import KEPT, MANDATE, OTHER

MANUAL = Path(__file__).parents[2] / "docs" / "manual" / "closing.md"
ROW = re.compile(r"^\| `migrations/MANDATE/(\S+)`.* \| (goes|stays) \|$", re.MULTILINE)


def of(home: Path, *others: Path) -> dict[str, str]:
    return {one.folder.name: one.mandate for one in staged.found(home, others)}


def test_a_bundle_is_found_wherever_it_lies_and_by_its_header_it_is_known_whose_it_is(tmp_path: Path) -> None:
    home = tmp_path / "home"
    left.bundle(home / "incoming" / "deep")
    left.bundle(home / "migrations" / MANDATE / "inside", OTHER)
    left.bundle(tmp_path / "stick")
    assert of(home) == {"deep": MANDATE, "inside": OTHER}
    assert of(home, tmp_path / "stick") == {"deep": MANDATE, "inside": OTHER, "stick": MANDATE}


def test_a_folder_that_is_named_twice_is_found_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    left.bundle(tmp_path / "home" / "incoming")
    monkeypatch.chdir(tmp_path)
    (found,) = staged.found(Path("home"), [tmp_path / "home" / "incoming", Path("home/../home/incoming")])
    assert {one.name for one in staged.listed(found, Path("home"))} >= {"incoming/000001.part"}


def test_parts_without_a_header_are_found_and_belong_to_the_migration_in_whose_folder_they_lie(tmp_path: Path) -> None:
    for folder in (left.bundle(tmp_path / "lost"), left.bundle(tmp_path / "migrations" / MANDATE / "bundle")):
        (folder / "header.json").write_text("cut")
    assert of(tmp_path) == {"lost": "", "bundle": MANDATE}


def test_the_accounts_of_a_migration_are_not_staged_and_all_else_in_its_folder_is(tmp_path: Path) -> None:
    folder = left.words(tmp_path)
    (folder / f"certificate-{'0' * 64}.json").write_text("{}")
    (folder / "export.csv").write_text("what somebody forgot")
    (found,) = staged.found(tmp_path)
    assert {file.name for file in found.files} == {"profile.json", "progress.json", "progress.new", "export.csv"}
    assert staged.erase(found) == ()
    assert left.names(folder) == {*KEPT, f"certificate-{'0' * 64}.json"}
    assert staged.found(tmp_path) == ()


def test_an_installation_without_a_migration_has_nothing_staged(tmp_path: Path) -> None:
    (tmp_path / "work").mkdir()
    (tmp_path / "work" / "header.json").write_text("{}")
    assert staged.found(tmp_path) == ()


def test_a_file_is_named_with_its_size_and_the_hash_of_its_sealed_bytes(tmp_path: Path) -> None:
    home = tmp_path / "home"
    left.bundle(home / "incoming")
    left.bundle(tmp_path / "stick", parts=1)
    (inside,) = staged.found(home)
    sealed = hashlib.sha256(b"aqb1\0\0").hexdigest()
    assert Erased("incoming/000002.part", 6, sealed) in staged.listed(inside, home)
    outside = next(one for one in staged.found(home, [tmp_path / "stick"]) if one.folder.name == "stick")
    assert {one.name for one in staged.listed(outside, home)} == {
        "stick/000001.part",
        "stick/.000002.draft",
        "stick/.carry.json",
        "stick/manifest.json",
        "stick/header.json",
    }


def test_erasing_a_bundle_leaves_what_is_not_of_it(tmp_path: Path) -> None:
    folder = left.bundle(tmp_path / "incoming")
    (folder / "notes.txt").write_text("mine")
    (found,) = staged.found(tmp_path)
    assert found.files[-1].name == "header.json"
    staged.erase(found)
    assert left.names(tmp_path) == {"incoming/notes.txt"}


def test_an_emptied_folder_goes_too(tmp_path: Path) -> None:
    left.bundle(tmp_path / "incoming")
    for found in staged.found(tmp_path):
        staged.erase(found)
    assert list(tmp_path.iterdir()) == []


def test_a_link_is_erased_and_what_it_names_is_not(tmp_path: Path) -> None:
    outside, home = tmp_path / "outside", tmp_path / "home"
    left.bundle(outside)
    whole = left.names(outside)
    folder = left.words(home)
    (folder / "there").symlink_to(outside)
    (home / "migrations" / OTHER).symlink_to(outside)
    for found in staged.found(home):
        assert staged.listed(found, home)
        staged.erase(found)
    assert left.names(outside) == whole
    assert {file.name for file in folder.iterdir()} == set(KEPT)


def test_what_cannot_be_erased_is_said(tmp_path: Path) -> None:
    stubborn = tmp_path / "migrations" / MANDATE / "folder"
    stubborn.mkdir(parents=True)
    assert staged.erase(Staged(stubborn.parent, MANDATE, (stubborn,))) == (stubborn,)


@pytest.mark.parametrize("folder", ["tiles", "custody", "journal"])
def test_the_custodians_folders_are_not_walked(tmp_path: Path, folder: str) -> None:
    left.bundle(tmp_path / folder)
    assert staged.found(tmp_path) == ()


@pytest.mark.parametrize(("name", "fate"), ROW.findall(MANUAL.read_text()))
def test_what_the_manual_says_of_a_file_is_what_becomes_of_it(tmp_path: Path, name: str, fate: str) -> None:
    folder = tmp_path / "migrations" / MANDATE
    folder.mkdir(parents=True)
    (folder / name).write_text("{}")
    for one in staged.found(tmp_path):
        staged.erase(one)
    assert (folder / name).exists() == (fate == "stays")

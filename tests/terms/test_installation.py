"""The installation's file: what no process could work with is refused when it is read, and its place is named."""

import re
from dataclasses import replace
from pathlib import Path

import msgspec
import pytest

from aliquot.cli import layout
from aliquot.cli.layout import Plan
from aliquot.terms import installation
from aliquot.terms.errors import Refused
from tests.plan import PLAN


def laid(folder: Path) -> Path:
    """The file of an installation that was laid out and never founded."""
    layout.lay(folder, PLAN)
    return folder / installation.FILE_NAME


def test_the_folder_in_which_there_is_no_installation_is_named_in_full(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(Refused, match=re.escape(f"in {tmp_path};")):
        installation.read(Path(installation.FILE_NAME))


@pytest.mark.parametrize(
    ("written", "instead", "place"),
    [
        ('time_zone = "Europe/Paris"', 'time_zone = "Europe/Pariss"', "time_zone"),
        ('time_zone = "Europe/Paris"', 'time_zone = "../../etc/passwd"', "time_zone"),
        ('device = "ANALYSER-1" }', 'device = "ANALYSER-1", zone = "Moon" }', "zone"),
        ('org = "00000001"', 'org = "0000001"', "org"),
        ('org = "00000001"', 'org = "0000000g"', "org"),
        ('org = "00000001"', 'org = "00000000"', "org"),
        ('org = "00000001"', 'org = "00000002"', "org"),
        ('language = "fr"', 'language = "de"', "language"),
        ('engine = "sqlite"', 'engine = "mysql"', "engine"),
        ('quality_control = "outside"', 'quality_control = "elsewhere"', "quality_control"),
        ("[listen]", "[listen]\nmax_message_bytes = 16777217", "max_message_bytes"),
        ("[work]", '[work]\npassword = "x"', "password"),
    ],
)
def test_what_nobody_could_work_with_is_refused_by_its_place(
    tmp_path: Path, written: str, instead: str, place: str
) -> None:
    file = laid(tmp_path / "home")
    assert written in file.read_text()
    file.write_text(file.read_text().replace(written, instead, 1))
    with pytest.raises(Refused, match=place):
        installation.read(file)


@pytest.mark.parametrize(
    "name", ['L"abo\\', "two\nlines", "a\ttab", "\x7f\x01", "Laboratoire de l'Île 🧪", '"""', "]\n[web]"]
)
def test_every_name_that_can_be_typed_is_read_as_it_was_typed(tmp_path: Path, name: str) -> None:
    first, *others = PLAN.laboratories
    plan: Plan = replace(PLAN, laboratories=(msgspec.structs.replace(first, name=name), *others))
    assert layout.lay(tmp_path / "home", plan).laboratories[0].name == name


def test_the_folder_and_every_file_that_is_laid_are_closed_to_others(tmp_path: Path) -> None:
    described = installation.read(laid(tmp_path / "home"))
    for path in [tmp_path / "home", *(tmp_path / "home").iterdir(), described.web.signing_key]:
        if path.is_dir() or path == described.web.signing_key:
            assert path.stat().st_mode & 0o077 == 0, path


def test_a_plan_that_nobody_could_work_with_leaves_no_file(tmp_path: Path) -> None:
    first, *others = PLAN.laboratories
    plan = replace(PLAN, laboratories=(msgspec.structs.replace(first, time_zone="Moon"), *others))
    with pytest.raises(Refused, match="time_zone"):
        layout.lay(tmp_path / "home", plan)
    assert not (tmp_path / "home" / installation.FILE_NAME).exists()

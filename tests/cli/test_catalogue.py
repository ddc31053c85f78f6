"""A catalogue at the terminal: looked at without an installation, put in force by a director's two codes."""

from pathlib import Path

import pytest

from aliquot.cli import catalogue as publishing
from aliquot.cli import main
from aliquot.custody.denial import Denial
from aliquot.lab import catalogue, catalogues
from aliquot.terms.errors import Refused
from tests.intake.test_worker import DEMO
from tests.world import PASSWORD, World


def test_a_whole_catalogue_is_counted_and_a_broken_one_refused_by_its_place(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main.main(["catalogue", "check", str(DEMO)]) == 0
    assert "version 1: 25 tests, 4 panels" in capsys.readouterr().out
    broken = tmp_path / "broken.toml"
    broken.write_text(DEMO.read_text().replace('code = "ALT"', 'code = "ALX"', 1))
    assert main.main(["catalogue", "check", str(broken)]) == 1
    assert "names ALT, which is not defined" in capsys.readouterr().err


def test_a_director_signs_in_and_publishes_with_a_second_code(
    small_lab: World, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def typed(prompt: str) -> str:
        return PASSWORD if "Password" in prompt else small_lab.code("director@nord")

    monkeypatch.setattr("getpass.getpass", typed)
    asked = ["catalogue", "publish", str(DEMO), "--home", str(small_lab.home), "--login", "director@nord"]
    assert main.main(asked) == 0
    assert "version 1 is in force" in capsys.readouterr().out
    reader = small_lab.sign_in("secretary@nord")
    assert catalogues.current(reader, small_lab.clock()) == catalogue.parse(DEMO.read_text())
    assert main.main(asked) == 1
    assert "the next version is 2" in capsys.readouterr().err


def test_nobody_else_publishes(small_lab: World) -> None:
    biologist = small_lab.sign_in("biologist@nord")
    version = catalogue.parse(DEMO.read_text())
    factor = small_lab.factor("biologist@nord")
    with pytest.raises(Denial):
        publishing.put_in_force(biologist, version, factor, small_lab.clock())
    with pytest.raises(Refused, match="none is in force"):
        catalogues.current(biologist, small_lab.clock())

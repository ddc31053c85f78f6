"""`aliquot simulate` at the terminal."""

import json
from pathlib import Path

import pytest

from aliquot.cli import exits, main
from aliquot.cli.exits import Exit
from aliquot.cli.simulate import command, writing


def legacy(out: object, *more: str, shape: str = "flat") -> int:
    """Run it for a few patients."""
    return main.main(["simulate", "legacy", "--patients", "30", "--shape", shape, "--out", str(out), *more])


@pytest.mark.parametrize("words", [["simulate"], ["simulate", "legacy"]])
def test_the_help_teaches(words: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main.main([*words, "--help"])
    told = capsys.readouterr().out
    assert ended.value.code == Exit.DONE
    assert "--patients" in told
    assert exits.epilog() in told or words != ["simulate"]


def test_the_shapes_at_the_terminal_are_those_that_can_be_written() -> None:
    assert command.SHAPES == writing.SHAPES


def test_it_says_how_many_rows_there_are_and_what_is_wrong_with_them(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert legacy(tmp_path / "old") == Exit.DONE
    told = capsys.readouterr().out
    assert "PATIENTS.TXT: 30 rows" in told
    assert "comment" in told


def test_the_json_has_the_counts_of_the_truth(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert legacy(tmp_path / "old", "--json", "--seed", "9", "--results-per-patient", "3") == Exit.DONE
    told = json.loads(capsys.readouterr().out)
    counts = json.loads((tmp_path / "old.truth" / "counts.json").read_text())
    assert (told["shape"], told["patients"], told["seed"], told["tables"]) == ("flat", 30, 9, counts)


def test_layout_and_truth_can_be_chosen(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert legacy(tmp_path / "old", "--layout", "fixed", "--truth", "none") == Exit.DONE
    assert [path.name for path in tmp_path.iterdir()] == ["old"]
    assert (tmp_path / "old" / "FORMAT.TXT").exists()


def test_what_is_there_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert legacy(tmp_path) == Exit.FOUND
    assert "already" in capsys.readouterr().err


@pytest.mark.parametrize("more", [["--patients", "-1"], ["--results-per-patient", "-1"]])
def test_less_than_none_is_refused(more: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert legacy(tmp_path / "old", *more) == Exit.FOUND
    assert list(tmp_path.iterdir()) == []


def test_a_password_in_a_url_is_refused_and_not_repeated(capsys: pytest.CaptureFixture[str]) -> None:
    url = "postgresql://old:CANARY@localhost/old"
    assert legacy(url, "--truth", "none", shape="database") == Exit.FOUND
    told = capsys.readouterr().err
    assert "password" in told
    assert "CANARY" not in told


def test_a_database_at_a_url_has_no_place_for_the_truth(capsys: pytest.CaptureFixture[str]) -> None:
    assert legacy("postgresql://old@localhost/old", shape="database") == Exit.FOUND
    assert "truth" in capsys.readouterr().err


def test_a_shape_that_is_none_is_a_slip_of_the_command_line(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        legacy("old", shape="paper")
    assert ended.value.code == Exit.USAGE

"""Help is set at the width of the terminal, and lists and examples stay what they are."""

import argparse

import pytest

from aliquot.cli import main
from aliquot.cli.teaching import Teaching

TEXT = """\
Moves a laboratory out of an old system: what a mandate names and nothing else,
row by row, each row accounted for.

  1. `columns` and `mandate` name what there is, without a value; people sign it.
     Where it is elsewhere, that site makes keys.
  2. `enrol` makes a key.

  aliquot one --home DIR
  flat        a folder with a file of many columns and another one beside it, too
  dump        one file"""


def told(width: int) -> list[str]:
    parser = argparse.ArgumentParser(
        prog="x", usage="x", description=TEXT, formatter_class=lambda prog: Teaching(prog, width=width)
    )
    return parser.format_help().split("\n\noptions:")[0].splitlines()[2:]


def test_where_there_is_room_a_text_stays_as_it_was_written() -> None:
    assert told(120) == TEXT.splitlines()


def test_in_a_narrow_terminal_a_point_goes_on_under_its_words() -> None:
    lines = told(50)
    assert max(map(len, lines)) <= 50
    assert lines[0] == "Moves a laboratory out of an old system: what a"
    assert "     without a value; people sign it. Where it is" in lines
    assert "  2. `enrol` makes a key." in lines
    assert "  aliquot one --home DIR" in lines
    assert [line for line in lines if line.startswith(" " * 14) and line.endswith("beside it, too")]
    assert "  dump        one file" in lines


@pytest.mark.parametrize("command", [["legacy"], ["legacy", "load"], ["simulate", "legacy"], ["export"], []])
def test_no_line_of_help_is_wider_than_a_terminal(
    command: list[str], capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    with pytest.raises(SystemExit):
        main.main([*command, "--help"])
    assert [line for line in capsys.readouterr().out.splitlines() if len(line) > 80] == []

"""The password of an old database comes over a descriptor or from the terminal, once, and from nowhere else."""

import argparse
import os

import pytest

from aliquot.cli.legacy import asked
from aliquot.terms.errors import Refused


def chosen(*arguments: str) -> argparse.Namespace:
    parser = argparse.ArgumentParser()
    asked.source(parser)
    return parser.parse_args(["source.toml", *arguments])


def test_it_is_read_from_the_descriptor_once_and_asked_again_it_is_the_same() -> None:
    reading, writing = os.pipe()
    os.write(writing, b"a password\nand no more\n")
    os.close(writing)
    ask = asked.password(chosen("--source-password-fd", str(reading)))
    assert (ask(), ask()) == ("a password", "a password")
    with pytest.raises(OSError, match="Bad file descriptor"):
        os.fstat(reading)


def test_a_descriptor_that_is_none_is_refused() -> None:
    reading, writing = os.pipe()
    os.close(writing)
    os.close(reading)
    with pytest.raises(Refused, match="source-password-fd"):
        asked.password(chosen("--source-password-fd", str(reading)))()


def test_without_a_terminal_there_is_none_and_the_database_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    def no_terminal(path: str, flags: int) -> int:
        raise OSError(path, flags)

    monkeypatch.setattr(os, "open", no_terminal)
    assert asked.password(chosen())() == ""

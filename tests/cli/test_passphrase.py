"""The passphrase comes from a descriptor, a credential or a terminal, and from nowhere else."""

import os
import pty
from pathlib import Path

import pytest

from aliquot.cli import passphrase
from aliquot.cli.passphrase import NoPassphrase
from aliquot.terms.errors import Refused
from tests.cli import terminal

WORDS = "four words of a phrase"


def descriptor(content: bytes) -> int:
    reading, writing = os.pipe()
    os.write(writing, content)
    os.close(writing)
    return reading


def test_a_descriptor_is_read_to_its_first_line_and_closed() -> None:
    handed = descriptor(WORDS.encode() + b"\nsecond line")
    assert passphrase.obtain(handed) == WORDS
    with pytest.raises(OSError, match="Bad file descriptor"):
        os.fstat(handed)


def test_a_credential_of_the_service_manager_is_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / passphrase.CREDENTIAL).write_text(WORDS)
    monkeypatch.setenv("CREDENTIALS_DIRECTORY", str(tmp_path))
    assert passphrase.source(None) == "credential"
    assert passphrase.obtain(None) == WORDS


def test_a_descriptor_comes_before_a_credential(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / passphrase.CREDENTIAL).write_text("another")
    monkeypatch.setenv("CREDENTIALS_DIRECTORY", str(tmp_path))
    assert passphrase.obtain(descriptor(WORDS.encode())) == WORDS


@pytest.mark.parametrize("content", [b"", b"\n" + WORDS.encode(), b"\xff\xfe"])
def test_an_empty_or_unreadable_passphrase_is_none(content: bytes) -> None:
    with pytest.raises(NoPassphrase):
        passphrase.obtain(descriptor(content))


def test_a_descriptor_that_was_not_inherited_is_said_so() -> None:
    with pytest.raises(NoPassphrase, match="--passphrase-fd"):
        passphrase.obtain(987)


@pytest.mark.parametrize("length", [11, 12])
def test_a_new_passphrase_has_twelve_characters(length: int) -> None:
    handed = descriptor(b"x" * length)
    if length == passphrase.SHORTEST:
        assert passphrase.choose(handed) == "x" * length
        return
    with pytest.raises(Refused, match="at least 12"):
        passphrase.choose(handed)


def test_neither_environment_nor_input_gives_the_passphrase(
    installation: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("PASSPHRASE", "ALIQUOT_PASSPHRASE", passphrase.CREDENTIAL):
        monkeypatch.setenv(name, terminal.PASSPHRASE)
    said = terminal.run("custody", "--home", str(installation))
    assert said.status == 77
    assert "no terminal" in said.err


@pytest.mark.parametrize("second", [WORDS, "something else"])
def test_at_a_terminal_it_is_typed_twice_and_not_shown(second: str) -> None:
    child, screen = pty.fork()
    if child == 0:
        try:
            chosen = passphrase.choose(None)
        except Refused:
            os._exit(1)
        os._exit(0 if chosen == WORDS else 2)
    shown = _type(screen, b"Passphrase", WORDS) + _type(screen, b"Again", second)
    _, status = os.waitpid(child, 0)
    os.close(screen)
    assert os.waitstatus_to_exitcode(status) == (0 if second == WORDS else 1)
    assert WORDS.encode() not in shown


def _type(screen: int, prompt: bytes, words: str) -> bytes:
    shown = b""
    while prompt not in shown:
        shown += os.read(screen, 1024)
    os.write(screen, words.encode() + b"\n")
    return shown

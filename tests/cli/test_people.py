"""An invitation accepted at a terminal, where there is no browser: nothing that is typed is shown but the code."""

import base64
import json
import os
import pty
import sys
import time
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest

from aliquot.custody import factors
from tests.cli import terminal

PASSWORD = "bench and barcode"


@pytest.mark.parametrize(("second", "status", "word"), [(PASSWORD, 0, b"can sign in"), ("other", 1, b"not the same")])
def test_an_invitation_is_accepted_in_a_terminal(tmp_path: Path, second: str, status: int, word: bytes) -> None:
    home = tmp_path / "lab"
    told = json.loads(terminal.init(home, "--json").out)["invitations"][0]
    with terminal.serving(home):
        terminal.until(lambda: terminal.logged(home, event="serving", process="custody"))
        child, screen = pty.fork()
        if child == 0:
            command = [*terminal.PROGRAM, "people", "--home", str(home), "accept", told["login"]]
            os.execv(sys.executable, command)  # noqa: S606  # our own program, with fixed arguments
        shown = _type(screen, b"code: ", told["invitation"]) + _type(screen, b"New password: ", PASSWORD)
        shown += _type(screen, b"Again: ", second)
        if status == 0:
            shown += _until(screen, b"it shows: ")
            address = next(line for line in shown.decode().split() if line.startswith("otpauth://"))
            secret = base64.b32decode(parse_qs(urlsplit(address).query)["secret"][0])
            os.write(screen, factors.code(secret, int(time.time()) // factors.STEP_SECONDS).encode() + b"\n")
        shown += _until(screen, word)
        _, ended = os.waitpid(child, 0)
        os.close(screen)
    assert os.waitstatus_to_exitcode(ended) == status
    assert PASSWORD.encode() not in shown
    assert told["invitation"].encode() not in shown


def _type(screen: int, prompt: bytes, words: str) -> bytes:
    shown = _until(screen, prompt)
    os.write(screen, words.encode() + b"\n")
    return shown


def _until(screen: int, words: bytes) -> bytes:
    shown = b""
    while words not in shown:
        shown += os.read(screen, 1024)
    return shown

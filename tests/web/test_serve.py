"""The pages' process starts with the custodian or says why not."""

import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path
from urllib.request import urlopen

import pytest

from aliquot.access import people
from aliquot.access.custodian import Line
from aliquot.custody.denial import CustodyGone
from aliquot.terms import installation
from aliquot.web import serve
from tests.world import World


def test_without_a_custodian_the_pages_do_not_start_and_say_so(small_lab: World) -> None:
    small_lab.custodian.stop()
    try:
        with pytest.raises(CustodyGone, match="the custodian does not answer"):
            serve.run(small_lab.installation)
    finally:
        small_lab.custodian.start()


def test_the_custodian_is_reached_or_not(small_lab: World, tmp_path: Path) -> None:
    people.reach(small_lab.line())
    with pytest.raises(CustodyGone):
        people.reach(Line(tmp_path / "nobody", "web"))


def test_the_process_serves_pages_and_stops_when_told(small_lab: World) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    file = small_lab.home / installation.FILE_NAME
    was = small_lab.installation.web
    file.write_text(file.read_text().replace(f"port = {was.port}", f"port = {port}"))
    program = (
        "import sys; from pathlib import Path; from aliquot.terms import installation; from aliquot.web import serve;"
        f"sys.exit(serve.run(installation.read(Path({str(file)!r}))))"
    )
    environment = {**os.environ, "ALIQUOT_HOME": str(small_lab.home)}
    process = subprocess.Popen([sys.executable, "-c", program], env=environment, stderr=subprocess.PIPE, text=True)
    try:
        assert "Aliquot" in _page(f"http://localhost:{port}/sign-in")
    finally:
        process.send_signal(signal.SIGTERM)
        _, said = process.communicate(timeout=30)
    assert process.returncode == 0, said


def _page(address: str) -> str:
    deadline = time.monotonic() + 30
    while True:
        try:
            with urlopen(address) as answer:  # noqa: S310 - our own address
                return str(answer.read().decode())
        except OSError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.2)

"""Four real processes on the loopback: started, watched, stopped, none left behind, and no passphrase to be seen."""

import json
import os
import signal
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from aliquot.cli import passphrase
from aliquot.terms import events
from aliquot.terms import installation as described
from tests.cli import terminal
from tests.cli.terminal import PASSPHRASE, logged, of, running, until

ALL = ("custody", "listen", "web", "work")


@pytest.fixture
def served(installation: Path) -> Iterator[subprocess.Popen[str]]:
    """`aliquot serve`, with every process at its work."""
    with terminal.serving(installation) as process:
        until(lambda: up(installation))
        yield process


def up(home: Path) -> bool:
    """Whether the four processes are at their work."""
    ports = described.read(home / described.FILE_NAME)
    ready = logged(home, event="serving", process="custody") and logged(home, event="serving", process="work")
    return ready and terminal.answers(ports.web.port) and terminal.answers(ports.listen.port)


def test_four_processes_start_and_are_gone_within_seconds_of_the_signal(
    installation: Path, served: subprocess.Popen[str]
) -> None:
    assert all(of(installation, name) for name in ALL)
    served.send_signal(signal.SIGTERM)
    assert served.wait(8) == 0
    assert running(installation) == {}
    assert logged(installation, event="closed", process="custody")
    assert logged(installation, event="closed", process="work")
    assert logged(installation, event="stopped")


def test_every_line_of_its_log_is_an_event_of_the_closed_list(
    installation: Path, served: subprocess.Popen[str]
) -> None:
    until(lambda: logged(installation, event="serving", process="web"))
    terminal.end(of(installation, "custody"))
    until(lambda: logged(installation, event="custodian-needed"))
    until(lambda: logged(installation, event="unable", process="work", status=69))
    served.send_signal(signal.SIGTERM)
    served.wait(15)
    closed = {str(kind.__struct_config__.tag) for kind in events.Event.__subclasses__()}
    said = [json.loads(line) for line in (installation / "serve.log").read_text().splitlines()]
    assert {event["event"] for event in said} <= closed
    assert all(set(event) >= {"at", "event"} for event in said)


def test_a_custodian_that_hangs_does_not_keep_the_others_from_ending(
    installation: Path, served: subprocess.Popen[str]
) -> None:
    os.kill(of(installation, "custody"), signal.SIGSTOP)
    served.send_signal(signal.SIGINT)
    assert served.wait(15) == 0
    assert running(installation) == {}


def test_no_process_shows_the_passphrase_and_none_is_orphaned_by_a_kill(
    installation: Path, served: subprocess.Popen[str]
) -> None:
    for number in running(installation):
        for name in ("cmdline", "environ"):
            assert PASSPHRASE.encode() not in Path(f"/proc/{number}/{name}").read_bytes()
    assert PASSPHRASE not in (installation / "serve.log").read_text()
    served.kill()
    served.wait()
    until(lambda: running(installation) == {}, 8)


def test_every_process_is_secluded(installation: Path, served: subprocess.Popen[str]) -> None:
    for name in ALL:
        for number in [number for number, arguments in running(installation).items() if name in arguments]:
            limits = Path(f"/proc/{number}/limits").read_text().splitlines()
            assert next(line.split()[4:6] for line in limits if line.startswith("Max core file size")) == ["0", "0"]
            status = Path(f"/proc/{number}/status").read_text()
            assert "NoNewPrivs:\t1\n" in status, name


def test_what_dies_is_started_again_and_without_custody_the_listener_stays_up(
    installation: Path, served: subprocess.Popen[str]
) -> None:
    work, listen = of(installation, "work"), of(installation, "listen")
    terminal.end(work)
    until(lambda: of(installation, "work") not in (0, work))
    terminal.end(of(installation, "custody"))
    until(lambda: "aliquot custody --home" in (installation / "serve.log").read_text())
    assert of(installation, "listen") == listen
    assert terminal.answers(described.read(installation / described.FILE_NAME).listen.port)
    assert of(installation, "custody") == 0
    until(lambda: of(installation, "work") == 0)
    with terminal.handed(PASSPHRASE) as (extra, descriptors):
        command = [*terminal.PROGRAM, "custody", "--home", str(installation), *extra]
        typed = subprocess.Popen(command, pass_fds=descriptors, stderr=subprocess.DEVNULL)
    try:
        until(lambda: of(installation, "work"))
        served.send_signal(signal.SIGTERM)
        assert served.wait(8) == 0
        assert typed.poll() is None
    finally:
        typed.terminate()
        assert typed.wait(8) == 0


def test_a_credential_unlocks_the_custodian_again(installation: Path, tmp_path: Path) -> None:
    (tmp_path / passphrase.CREDENTIAL).write_text(PASSPHRASE)
    with terminal.serving(installation, None, CREDENTIALS_DIRECTORY=str(tmp_path)):
        until(lambda: logged(installation, event="serving", process="custody"))
        custody = of(installation, "custody")
        terminal.end(custody)
        until(lambda: of(installation, "custody") not in (0, custody))
        assert logged(installation, event="process-ended", process="custody", status=-9)


def test_without_any_source_the_listener_is_up_and_what_to_type_is_said(installation: Path) -> None:
    with terminal.serving(installation, None):
        until(lambda: terminal.answers(described.read(installation / described.FILE_NAME).listen.port))
        until(lambda: f"aliquot custody --home {installation}" in (installation / "serve.log").read_text())
        assert of(installation, "custody") == 0


def test_a_wrong_passphrase_ends_serve_with_its_status(installation: Path) -> None:
    said = terminal.run("serve", "--home", str(installation), passphrase="not this phrase at all")
    assert said.status == 77
    assert "passphrase" in said.err
    assert running(installation) == {}


@pytest.mark.parametrize("later_s", [0.0, 0.01])
def test_pages_that_are_told_to_stop_while_they_begin_stop(installation: Path, later_s: float) -> None:
    with terminal.serving(installation):
        terminal.until(lambda: terminal.of(installation, "web"))
        web = terminal.of(installation, "web")
        begun = Path(f"/proc/{web}/task/{web}/children")
        # The server has forked its worker, which still has the server's own handling of signals.
        while not begun.read_text():
            pass
        time.sleep(later_s)
    assert terminal.running(installation) == {}

"""`aliquot` as a person or a service manager runs it: another process, whose passphrase comes over a descriptor."""

import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.plan import PLAN

PROGRAM = (sys.executable, "-m", "aliquot.cli.main")
PASSPHRASE = "CANARY-phrase of four words"
NAMES = ("--director", "Dr Exemple", "--administrator", "A. Exemple", "--privacy-officer", "P. Exemple")
LABORATORY = ("--laboratory", PLAN.laboratories[0].name, *NAMES)


@dataclass(frozen=True)
class Said:
    """What a command answered."""

    status: int
    out: str
    err: str


def run(*arguments: str, passphrase: str | None = None) -> Said:
    """Run `aliquot` to its end, without a terminal."""
    with handed(passphrase) as (extra, descriptors):
        done = subprocess.run(
            [*PROGRAM, *arguments, *extra],
            pass_fds=descriptors,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
            timeout=60,
            start_new_session=True,
            env=clean_environment(),
        )
    return Said(done.returncode, done.stdout, done.stderr)


def init(home: Path, *extra: str, passphrase: str = PASSPHRASE) -> Said:
    """Found an installation on free ports."""
    web, listen = free_ports(2)
    ports = ("--web-port", str(web), "--listen-port", str(listen))
    return run("init", str(home), *LABORATORY, *ports, *extra, passphrase=passphrase)


@contextmanager
def serving(home: Path, passphrase: str | None = PASSPHRASE, **environment: str) -> Iterator[subprocess.Popen[str]]:
    """`aliquot serve`, with all that it started gone at the end."""
    with (home / "serve.log").open("w") as log, handed(passphrase) as (extra, descriptors):
        process = subprocess.Popen(
            [*PROGRAM, "serve", "--home", str(home), *extra],
            pass_fds=descriptors,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            text=True,
            start_new_session=True,
            env=clean_environment(**environment),
        )
    try:
        yield process
    finally:
        process.kill()
        process.wait()
        until(lambda: not running(home))


@contextmanager
def handed(passphrase: str | None) -> Iterator[tuple[Sequence[str], Sequence[int]]]:
    """The arguments and the descriptor that hand a passphrase on; nothing where there is none."""
    if passphrase is None:
        yield (), ()
        return
    reading, writing = os.pipe()
    os.write(writing, passphrase.encode() + b"\n")
    os.close(writing)
    try:
        yield ("--passphrase-fd", str(reading)), (reading,)
    finally:
        os.close(reading)


def running(home: Path) -> dict[int, list[str]]:
    """Every process whose arguments name this installation, by its number."""
    found: dict[int, list[str]] = {}
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            arguments = (folder / "cmdline").read_bytes().decode().split("\0")
        except OSError:
            continue
        if str(home) in arguments:
            found[int(folder.name)] = arguments
    return found


def of(home: Path, name: str) -> int:
    """The number of the running process of this command (the first, where it has made others)."""
    return min((number for number, arguments in running(home).items() if name in arguments), default=0)


def events(home: Path) -> list[dict[str, object]]:
    """What `serve` and its processes logged."""
    lines = (home / "serve.log").read_text().splitlines()
    return [json.loads(line) for line in lines if line.startswith("{") and line.endswith("}")]


def logged(home: Path, **fields: object) -> bool:
    """Whether an event with these fields was logged."""
    return any(fields.items() <= event.items() for event in events(home))


def until(holds: Callable[[], object], seconds: float = 25.0) -> None:
    """Wait for something to come true; too long is a failure."""
    over = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < over, "it did not happen in time"
        time.sleep(0.1)


def end(number: int) -> None:
    """Kill one process that a test started."""
    os.kill(number, signal.SIGKILL)


def free_ports(count: int) -> list[int]:
    """Ports that nobody listens at."""
    sockets = [socket.create_server(("127.0.0.1", 0)) for _ in range(count)]
    try:
        return [int(each.getsockname()[1]) for each in sockets]
    finally:
        for each in sockets:
            each.close()


def answers(port: int) -> bool:
    """Whether somebody listens at a port."""
    try:
        socket.create_connection(("127.0.0.1", port), timeout=1).close()
    except OSError:
        return False
    return True


def clean_environment(**extra: str) -> dict[str, str]:
    """The environment without what names an installation."""
    own = {name: value for name, value in os.environ.items() if not name.startswith(("ALIQUOT", "DJANGO"))}
    return {**own, **extra}

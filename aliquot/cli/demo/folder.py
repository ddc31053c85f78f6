"""Where a demonstration keeps what it makes: one scratch folder for each port, one demonstration in it at a time."""

import fcntl
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime
from pathlib import Path

from aliquot.terms import installation
from aliquot.terms.errors import Refused

SCRATCH = Path("scratch")
_PRIVATE = 0o700


@contextmanager
def taken(port: int) -> Iterator[Path]:
    """The empty folder of the demonstration at a port; what earlier ones left, at any port, is removed.

    Raises:
        Refused: one runs at this port already.
    """
    SCRATCH.mkdir(exist_ok=True, mode=_PRIVATE)
    home = _home(port).absolute()
    lock = os.open(_lock(home), os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        if not _lockable(lock):
            raise Refused(f"a demonstration runs at port {port} already; take another port, or stop that one")
        for left in SCRATCH.glob("demo-*/"):
            if left.absolute() == home or not _held(_lock(left)):
                shutil.rmtree(left)
        home.mkdir(mode=_PRIVATE)
        yield home
    finally:
        os.close(lock)


def running(port: int | None) -> Path:
    """The folder of the demonstration that runs here, at this port if one is named.

    Raises:
        Refused: none runs, or several do and no port is named.
    """
    homes = sorted(SCRATCH.glob("demo-*/")) if port is None else [_home(port)]
    found = [home for home in homes if _held(_lock(home))]
    if not found:
        raise Refused("no demonstration runs in this folder; `make demo` starts one")
    if len(found) > 1:
        raise Refused("several demonstrations run in this folder; name one with --port")
    return found[0]


def day(home: Path) -> date:
    """The day on which the demonstration in a folder was made: its patients' ages count from there."""
    return datetime.fromtimestamp((home / installation.FILE_NAME).stat().st_mtime, UTC).date()


def _home(port: int) -> Path:
    return SCRATCH / f"demo-{port}"


def _lock(home: Path) -> Path:
    return home.with_suffix(".lock")


def _held(lock: Path) -> bool:
    if not lock.exists():
        return False
    with lock.open("rb") as file:
        return not _lockable(file.fileno())


def _lockable(descriptor: int) -> bool:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True

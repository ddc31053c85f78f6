"""A PostgreSQL server of a scratch installation's own: found on the machine, on a socket only, gone at the end."""

import os
import pwd
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from aliquot.terms.installation import Record

_FOUND_IN = ("/usr/lib/postgresql/*/bin",)
_USER = "postgres"


@dataclass(frozen=True)
class Server:
    """A running server: the folder of its socket, and the superuser of its scratch cluster."""

    socket: Path
    user: str
    programs: Path

    def run(self, sql: str, database: str = "postgres") -> None:
        """Run SQL as the superuser."""
        command = [str(self.programs / "psql"), "-q", "-h", str(self.socket), "-U", self.user, "-d", database]
        subprocess.run([*command, "-v", "ON_ERROR_STOP=1", "-c", sql], check=True, capture_output=True)

    def record(self, name: str) -> Record:
        """One of its databases, as an installation file describes it."""
        return Record("postgresql", name, host=str(self.socket), user=self.user)

    def dump(self, database: str) -> bytes:
        """Everything that a database holds, as its superuser takes it away."""
        command = [str(self.programs / "pg_dump"), "-h", str(self.socket), "-U", self.user, database]
        return subprocess.run(command, check=True, capture_output=True).stdout


@contextmanager
def started() -> Iterator[Server]:
    """A server that listens on a Unix socket only.

    Raises:
        FileNotFoundError: PostgreSQL is not installed; the message says what to install.
    """
    programs = _programs()
    folder = Path(tempfile.mkdtemp(prefix="aliquot-pg-"))
    os.chmod(folder, 0o711)  # noqa: S103  # the server runs as another user and passes through
    data, socket = folder / "data", folder / "socket"
    socket.mkdir()
    data.mkdir(mode=0o700)
    run_as = _unprivileged(folder)
    _run([*run_as, str(programs / "initdb"), "-D", str(data), "-U", _USER, "-A", "trust", "-E", "UTF8", "--no-sync"])
    options = f"-c listen_addresses='' -c unix_socket_directories={socket} -c max_connections=60"
    _run([*run_as, str(programs / "pg_ctl"), "-D", str(data), "-o", options, "-l", str(folder / "log"), "-w", "start"])
    try:
        yield Server(socket, _USER, programs)
    finally:
        _run([*run_as, str(programs / "pg_ctl"), "-D", str(data), "-m", "immediate", "-w", "stop"])
        shutil.rmtree(folder, ignore_errors=True)


def _run(command: list[str]) -> None:
    subprocess.run(command, check=True, capture_output=True, cwd="/")


def _programs() -> Path:
    for pattern in _FOUND_IN:
        found = sorted(Path("/").glob(pattern.lstrip("/")))
        if found:
            return found[-1]
    raise FileNotFoundError("PostgreSQL is needed; on Debian: apt-get install postgresql-15")


def _unprivileged(folder: Path) -> list[str]:
    """PostgreSQL refuses to run as root: there, its own user runs it."""
    if os.geteuid() != 0:
        return []
    user = pwd.getpwnam(_USER)
    for path in (folder, *folder.iterdir()):
        os.chown(path, user.pw_uid, user.pw_gid)
    return ["setpriv", f"--reuid={user.pw_uid}", f"--regid={user.pw_gid}", "--clear-groups"]

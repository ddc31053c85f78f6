"""A MariaDB server of the tests' own: found on the machine, on a socket only, gone at the end."""

import os
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

_USER = "mysql"
_PATIENCE_S = 60.0
_PATH = os.environ["PATH"] + os.pathsep + "/usr/sbin"
"""Where Debian puts servers, which not everybody has on the path."""


@dataclass(frozen=True)
class Server:
    """A running server, whose root needs no password on its socket."""

    socket: Path

    def url(self, database: str) -> str:
        """One of its databases, as SQLAlchemy names it."""
        return f"mariadb://root@/{database}?unix_socket={self.socket}"

    def run(self, sql: str | bytes, database: str = "") -> str:
        """Run SQL as root, and give what it answers without names of columns."""
        command = ["mariadb", "--no-defaults", "-N", "-uroot", f"--socket={self.socket}", *filter(None, [database])]
        given = sql if isinstance(sql, bytes) else sql.encode()
        return subprocess.run(command, input=given, check=True, capture_output=True).stdout.decode()


@contextmanager
def started() -> Iterator[Server]:
    """A server that listens on a Unix socket only; nothing of it stays."""
    folder = Path(tempfile.mkdtemp(prefix="aliquot-mariadb-"))
    program = shutil.which("mariadbd", path=_PATH)
    assert program is not None, "MariaDB is needed; on Debian: apt-get install mariadb-server"
    run_as = []
    if os.geteuid() == 0:
        shutil.chown(folder, _USER)
        run_as = [f"--user={_USER}"]
    data = f"--datadir={folder / 'data'}"
    _install([data, *run_as])
    server = Server(folder / "socket")
    listening = [f"--socket={server.socket}", "--skip-networking", f"--pid-file={folder / 'pid'}"]
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen([program, "--no-defaults", data, *listening, *run_as], stdout=log, stderr=log)
    try:
        _wait(server)
        yield server
    finally:
        process.terminate()
        process.wait()
        shutil.rmtree(folder, ignore_errors=True)


def _install(where: list[str]) -> None:
    command = ["mariadb-install-db", "--no-defaults", "--auth-root-authentication-method=normal", "--skip-test-db"]
    subprocess.run([*command, *where], check=True, capture_output=True)


def _wait(server: Server) -> None:
    over = time.monotonic() + _PATIENCE_S
    while True:
        try:
            server.run("SELECT 1")
        except subprocess.CalledProcessError:
            assert time.monotonic() < over, "MariaDB did not start"
            time.sleep(0.1)
        else:
            return

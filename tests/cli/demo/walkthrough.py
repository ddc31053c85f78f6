"""The demonstration as a person runs it: a process in a folder, its pages over the loopback, its files on the disk."""

import re
import signal
import sqlite3
import subprocess
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from http.cookiejar import CookieJar
from pathlib import Path
from urllib.parse import urlencode
from urllib.request import HTTPCookieProcessor, OpenerDirector, ProxyHandler, build_opener

from tests.cli import terminal


def _opener() -> OpenerDirector:
    return build_opener(ProxyHandler({}), HTTPCookieProcessor(CookieJar()))


@dataclass
class Demonstration:
    """One that runs, or did."""

    folder: Path
    process: subprocess.Popen[bytes]
    said: Path
    _web: OpenerDirector = field(default_factory=_opener)

    @property
    def port(self) -> int:
        """Where its pages are."""
        found = re.search(r"http://localhost:(\d+)", self.said.read_text())
        assert found is not None, self.said.read_text()
        return int(found[1])

    @property
    def home(self) -> Path:
        """Its scratch folder."""
        return self.folder / "scratch" / f"demo-{self.port}"

    def ready(self) -> None:
        """Wait until it says that it is."""
        terminal.until(lambda: self.process.poll() is not None or "\nready" in self.said.read_text(), 60)
        assert self.process.poll() is None, self.said.read_text()

    def open(self, path: str, fields: Mapping[str, str] | None = None) -> str:
        """A page, or the page that answers a form."""
        address = f"http://localhost:{self.port}{path}"
        data = None if fields is None else urlencode({**fields, "csrfmiddlewaretoken": self._secret()}).encode()
        with self._web.open(address, data, timeout=20) as answer:
            return str(answer.read().decode())

    def count(self, query: str) -> int:
        """A number from the record database."""
        with closing(sqlite3.connect(f"file:{self.home}/record/record.sqlite3?mode=ro", uri=True)) as db:
            return int(db.execute(query).fetchone()[0])

    def stop(self, number: signal.Signals) -> int:
        """Send it a signal, and wait for its end."""
        self.process.send_signal(number)
        return self.process.wait(6)

    def _secret(self) -> str:
        found = re.search(r'name="csrfmiddlewaretoken" value="(\w+)"', self.open("/sign-in"))
        assert found is not None
        return found[1]


@contextmanager
def folder() -> Iterator[Path]:
    """A place to start in, with a short name: sockets need that."""
    with tempfile.TemporaryDirectory() as made:
        yield Path(made)


@contextmanager
def running(where: Path, *arguments: str) -> Iterator[Demonstration]:
    """`aliquot demo` at any free port, gone at the end."""
    with tempfile.NamedTemporaryFile(dir=where, suffix=".out", delete=False) as out:
        process = subprocess.Popen(
            [*terminal.PROGRAM, "demo", "--port", "0", *arguments],
            cwd=where,
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=out,
            start_new_session=True,
            env=terminal.clean_environment(),
        )
    try:
        yield Demonstration(where, process, Path(out.name))
    finally:
        process.terminate()
        process.wait(20)


def typed(where: Path, *arguments: str) -> terminal.Said:
    """Another word of `aliquot demo`, typed in the same folder."""
    done = subprocess.run(
        [*terminal.PROGRAM, "demo", *arguments],
        cwd=where,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
        timeout=90,
        env=terminal.clean_environment(),
    )
    return terminal.Said(done.returncode, done.stdout, done.stderr)

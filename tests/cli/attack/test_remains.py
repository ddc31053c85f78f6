"""What a machine keeps of a process: found where it is, and nothing found of a process that is closed."""

import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from aliquot.cli.attack import remains
from aliquot.cli.attack.remains import Temporary
from aliquot.cli.attack.seekers import Words

_WORD = "Zélandine-4711"
_CARELESS = f"import os, tempfile; file = tempfile.TemporaryFile(); file.write({_WORD!r}.encode()); file.flush()"
_CLOSED = "import os; from aliquot.custody import hardening; hardening.seclude()"
_FORKED = "os.fork(); os.write(1, b'.'); import time; time.sleep(60)"


@contextmanager
def process(script: str, folder: Path) -> Iterator[subprocess.Popen[bytes]]:
    """A process and its fork, once both are at work."""
    command = [sys.executable, "-c", f"{script}; {_FORKED}"]
    with subprocess.Popen(command, cwd=folder, stdout=subprocess.PIPE) as started:
        assert started.stdout is not None
        assert len(started.stdout.read(2)) == 2
        try:
            yield started
        finally:
            started.kill()


def test_a_process_that_is_not_closed_dumps_with_its_fork_and_its_nameless_files_are_read(tmp_path: Path) -> None:
    both = 2 if remains.machine_dumps(tmp_path) else 0
    with process(_CARELESS, tmp_path) as started:
        found = remains.crash([started], Words([_WORD]))
    assert (found.processes, found.dumped, found.hits) == (2, both, 2)


def test_a_process_that_is_closed_dumps_nothing_nor_does_its_fork(tmp_path: Path) -> None:
    with process(_CLOSED, tmp_path) as started:
        found = remains.crash([started], Words([_WORD]))
    assert (found.processes, found.dumped, found.hits) == (2, 0, 0)


def test_what_is_new_in_the_systems_temporary_folders_is_read_and_nothing_else(tmp_path: Path) -> None:
    with tempfile.NamedTemporaryFile() as before, tempfile.TemporaryDirectory() as ours:
        before.write(_WORD.encode())
        before.flush()
        Path(ours, "file").write_text(_WORD)
        temporary = Temporary(Path(ours))
        assert temporary.search(Words([_WORD]))[0] == 0
        with tempfile.TemporaryDirectory() as after:
            Path(after, _WORD).write_text(_WORD)
            assert temporary.search(Words([_WORD]))[0] == 1

"""An installation made by `aliquot init` as anyone would make it, once, and copied for each test."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from aliquot.terms import installation as described
from tests.cli import terminal


@pytest.fixture(scope="session")
def founded(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The installation that the others are copies of."""
    home = tmp_path_factory.mktemp("founded") / "lab"
    said = terminal.init(home)
    assert said.status == 0, said.err
    return home


@pytest.fixture
def installation(founded: Path, tmp_path: Path) -> Iterator[Path]:
    """A copy on ports of its own."""
    home = tmp_path / "lab"
    shutil.copytree(founded, home)
    file = home / described.FILE_NAME
    text, before = file.read_text(), described.read(file)
    web, listen = terminal.free_ports(2)
    text = text.replace(str(before.web.port), str(web)).replace(str(before.listen.port), str(listen))
    file.write_text(text)
    yield home
    assert terminal.running(home) == {}

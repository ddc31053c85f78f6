"""Which installation a command is about."""

from pathlib import Path

import pytest

from aliquot.cli import home
from aliquot.cli.exits import Unfit


def test_where_there_is_no_installation_it_is_said_how_to_name_it(tmp_path: Path) -> None:
    with pytest.raises(Unfit, match=rf"no aliquot\.toml in {tmp_path}: --home DIR .* names the installation's folder"):
        home.read(tmp_path)

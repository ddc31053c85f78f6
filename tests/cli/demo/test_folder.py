"""A demonstration has its port's folder for itself, and finds nothing in it."""

from pathlib import Path

import pytest

from aliquot.cli.demo import folder
from aliquot.terms.errors import Refused


@pytest.fixture(autouse=True)
def _here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def test_one_runs_at_a_port_at_a_time() -> None:
    with folder.taken(8000), pytest.raises(Refused, match="8000"), folder.taken(8000):
        pass


def test_what_earlier_ones_left_is_removed_and_what_others_use_is_not() -> None:
    with folder.taken(8000) as first, folder.taken(8001) as second:
        (first / "left").touch()
        (second / "used").touch()
    with folder.taken(8001) as second:
        (second / "used").touch()
        with folder.taken(8000) as first:
            assert list(first.iterdir()) == []
            assert (second / "used").exists()
    with folder.taken(8002):
        assert not first.exists()


def test_the_one_that_runs_is_found_and_several_must_be_told_apart() -> None:
    with pytest.raises(Refused, match="no demonstration"):
        folder.running(None)
    with folder.taken(8000) as first:
        assert folder.running(None).absolute() == first
        with folder.taken(8001) as second:
            with pytest.raises(Refused, match="--port"):
                folder.running(None)
            assert folder.running(8001).absolute() == second
    with pytest.raises(Refused, match="no demonstration"):
        folder.running(8000)

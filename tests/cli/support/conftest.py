"""A bundle of a laboratory at work."""

import pytest

from aliquot.cli.support import gathered
from aliquot.cli.support.bundle import Bundle
from tests.world import World


@pytest.fixture
def made(small_lab: World) -> Bundle:
    """What may be said of it, without a log."""
    return gathered.gather(small_lab.home, ())

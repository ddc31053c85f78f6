"""One table from error to exit status, and every status in words."""

from pathlib import Path

import pytest

from aliquot.cli import exits
from aliquot.cli.exits import Away, Exit, Unfit
from aliquot.cli.passphrase import NoPassphrase
from aliquot.custody.denial import CustodyGone, Denial
from aliquot.terms.errors import Broken, Refused
from aliquot.vault.errors import Unopenable, WeakKeyring, WrongPassphrase


@pytest.mark.parametrize(
    ("error", "status"),
    [
        (Refused("no"), 1),
        (Denial("forbidden", "no"), 1),
        (CustodyGone("gone"), 69),
        (Away("gone"), 69),
        (Broken("broken"), 70),
        (Unopenable("broken"), 70),
        (WrongPassphrase("wrong"), 77),
        (WeakKeyring("weak"), 77),
        (NoPassphrase("none"), 77),
        (Unfit("unfit"), 78),
    ],
)
def test_each_error_has_its_status(error: Exception, status: int) -> None:
    assert exits.of(error) == status


def test_every_status_is_explained() -> None:
    assert set(exits.WORDS) == set(Exit)
    assert all(f"{int(status):>3}  {words}" in exits.epilog() for status, words in exits.WORDS.items())


def test_the_manual_has_the_same_table() -> None:
    manual = (Path(__file__).parents[2] / "docs" / "manual" / "terminal.md").read_text()
    rows = [line for line in manual.partition("## Exit statuses")[2].splitlines() if line.startswith("| ")][1:]
    assert rows == [f"| {int(status)} | {words} |" for status, words in exits.WORDS.items()]

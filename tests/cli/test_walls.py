"""Doctor sees whether processes are walled from each other, by the files on the disk and by what is configured."""

import os
from pathlib import Path

import pytest
from msgspec import structs

from aliquot.cli import walls
from aliquot.terms import installation as described
from aliquot.terms.installation import Installation

OWN = os.geteuid()


def here(home: Path, web: tuple[int, ...] = (), work: tuple[int, ...] = (), host: str = "") -> Installation:
    """The installation, with these users named and its listener at this address."""
    read = described.read(home / described.FILE_NAME)
    custody = structs.replace(read.custody, web_uids=web, work_uids=work)
    return structs.replace(read, custody=custody, listen=structs.replace(read.listen, host=host or read.listen.host))


def test_one_unix_user_for_everything_is_said_to_be_for_trial(founded: Path) -> None:
    (found,) = walls.users(here(founded))
    assert found.state == "warning"
    assert "for trial" in found.words
    assert list(walls.listener(here(founded))) == []


def test_numbers_in_the_file_are_no_wall_while_one_user_owns_every_key(founded: Path) -> None:
    found = list(walls.users(here(founded, (OWN,), (OWN,))))
    assert [check.state for check in found] == ["warning"]
    assert "custodian and pages and listener and worker" in found[0].words
    assert "systemd-tmpfiles" in found[0].remedy


def test_a_user_that_custody_would_hang_up_on_is_named(founded: Path) -> None:
    found = [check.words for check in walls.users(here(founded, (OWN + 1,), (OWN,)))]
    assert len(found) == 2
    assert found[1].startswith(f"[custody] web_uids does not name user {OWN}")


@pytest.mark.parametrize(
    ("host", "state"),
    [
        ("127.0.0.1", "warning"),
        ("0.0.0.0", "warning"),  # noqa: S104  # nobody binds to it here
        ("::", "warning"),
        ("192.0.2.10", "ok"),
        ("127.0.0.2", "ok"),
    ],
)
def test_a_listener_within_reach_of_the_pages_is_a_warning(founded: Path, host: str, state: str) -> None:
    (found,) = walls.listener(here(founded, (OWN,), (OWN,), host))
    assert found.state == state


def test_pages_at_the_listeners_own_address_reach_it(founded: Path) -> None:
    read = here(founded, (OWN,), (OWN,), "192.0.2.10")
    (found,) = walls.listener(structs.replace(read, web=structs.replace(read.web, host="192.0.2.10")))
    assert found.state == "warning"

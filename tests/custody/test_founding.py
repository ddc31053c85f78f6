"""The first hour: done once, with keys, logs and first people, and nothing in clear."""

import pytest

from aliquot.cli import scratch
from aliquot.cli.scratch import PASSPHRASE, World
from aliquot.custody import founding
from aliquot.custody.custodian import Times
from aliquot.custody.founding import Founding, Service
from aliquot.terms.errors import Refused
from aliquot.vault import keyring
from tests.plan import NORD, SUD


def test_an_installation_is_founded_once(small_lab: World) -> None:
    small_lab.custodian.stop()
    custody = small_lab.installation.custody
    before = custody.database.read_bytes()
    keys = keyring.Keyring.unlock(custody.keyring, PASSPHRASE, allow_weak=True)
    again = Founding({NORD: ()}, Service("work", bytes(32)), Service("listener-1", bytes(32)))
    with pytest.raises(Refused):
        founding.found(small_lab.installation, keys, small_lab.clock, again)
    assert custody.database.read_bytes() == before
    small_lab.custodian.start()


def test_each_organization_has_a_log_and_a_key_in_the_journal(small_lab: World) -> None:
    db = small_lab.custodian.custodian.store.db
    installation = b"\0\0\0\0"
    for table in ("log", "organization", "subject"):
        orgs = {org for (org,) in db.execute(f"SELECT org FROM {table}")}
        assert orgs == {installation, NORD, SUD}
    journal = small_lab.installation.custody.key_journal.read_bytes()
    assert all(org + bytes(12) in journal for org in (installation, NORD, SUD))


def test_another_passphrase_opens_nothing(small_lab: World) -> None:
    small_lab.custodian.stop()
    with pytest.raises(Refused):
        scratch.custodian(small_lab.installation, _times(small_lab), "another passphrase entirely")
    small_lab.custodian.start()


def _times(lab: World) -> Times:
    return Times(lab.clock, lab.clock.steady)

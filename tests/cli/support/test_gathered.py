"""What a bundle says of a laboratory at work, and of one that is broken."""

import pytest
from django.db import connection

from aliquot.cli.support import bundle, gathered
from aliquot.cli.support.bundle import Bundle, Finding
from aliquot.custody import policy, schema
from tests.world import World


def test_a_laboratory_at_work_is_described(small_lab: World, made: Bundle) -> None:
    assert made.policy == bundle.Policy(policy.Policies.load(policy.SHIPPED).hash, "the same")
    assert made.schemas == bundle.Schemas(len(schema.MIGRATIONS), len(schema.MIGRATIONS), "current")
    assert made.settings is not None
    assert (made.settings.laboratories, made.settings.sites) == (2, 2)
    assert Finding("custodian", "ok", 1) in made.findings
    assert {"act", "version", "subject"} <= set(made.counts)
    assert {"custody database", "tiles"} <= set(made.sizes_mib)
    assert made.failures == {}
    assert made.program.parts["Django"].startswith("5.2")


def test_nothing_that_names_the_laboratory_its_people_or_its_folders_is_in_it(small_lab: World, made: Bundle) -> None:
    raw = bundle.encode(made).decode()
    for laboratory in small_lab.installation.laboratories:
        for word in (laboratory.name, laboratory.director, laboratory.phone, *laboratory.lines, *laboratory.sites):
            assert not word or f'"{word}"' not in raw
            assert len(word) < 6 or word not in raw
    assert str(small_lab.home) not in raw
    assert small_lab.home.name not in raw


def test_without_a_custodian_and_a_record_the_rest_is_told(small_lab: World) -> None:
    small_lab.custodian.stop()
    made = gathered.gather(small_lab.home, ())
    assert made.policy is not None
    assert made.policy.custodian == "away"
    assert Finding("custodian", "fault", 1) in made.findings
    assert made.schemas is not None
    small_lab.custodian.start()


def test_a_section_that_fails_is_told_by_type_and_place_and_the_others_stay(small_lab: World) -> None:
    with connection.cursor() as cursor:
        cursor.execute("ALTER TABLE token RENAME TO zqcanari")
    made = gathered.gather(small_lab.home, ())
    assert set(made.failures) == {"counts"}
    assert made.failures["counts"].error in {"OperationalError", "ProgrammingError"}
    assert (made.counts, made.settings is None) == ({}, False)
    assert "zqcanari" not in bundle.encode(made).decode()


@pytest.mark.parametrize(
    ("said", "told"),
    [("6.1.0-18-dupont", "6.1.0"), ("3.11.9+", "3.11.9"), ("0.1.0.dev3+gdupont", "0.1.0"), ("dupont", "0")],
)
def test_a_version_is_its_numbers_and_not_the_name_of_a_build(said: str, told: str) -> None:
    assert gathered.numbers(said) == told

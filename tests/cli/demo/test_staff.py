"""Somebody works at every desk of both laboratories, and everybody's login says where."""

from aliquot.cli.demo import staff
from aliquot.custody.roles import SERVICES, Role


def test_there_is_somebody_for_every_desk_and_two_biologists() -> None:
    for laboratory in staff.LABORATORIES:
        roles = [member.role for member in laboratory.people.values()]
        assert set(Role) - SERVICES - {Role.SAMPLER} == set(roles)
        assert roles.count(Role.BIOLOGIST) == 2
        assert all(founder.login.endswith(f"@{laboratory.site}") for founder in laboratory.founders())


def test_the_laboratories_are_two_and_their_patients_are_not_the_same() -> None:
    assert len({laboratory.id for laboratory in staff.LABORATORIES}) == 2
    assert len({laboratory.seed for laboratory in staff.LABORATORIES}) == 2

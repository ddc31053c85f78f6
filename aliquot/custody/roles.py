"""The roles that a person may hold, in the words of the laboratory."""

from enum import StrEnum


class Role(StrEnum):
    """What a person is at a site. A person may hold several."""

    SECRETARY = "secretary"
    SAMPLER = "sampler"
    TECHNICIAN = "technician"
    BIOLOGIST = "biologist"
    QUALITY_MANAGER = "quality-manager"
    DIRECTOR = "director"
    PRIVACY_OFFICER = "privacy-officer"
    ADMINISTRATOR = "administrator"
    INTEGRATOR = "integrator"
    # Services hold exactly one of these, given by their enrolment and never by a change of people.
    WORKER = "worker"
    LOADER = "loader"
    EXPORTER = "exporter"


SERVICES = frozenset({Role.WORKER, Role.LOADER, Role.EXPORTER})
TWO_PEOPLE = frozenset({Role.BIOLOGIST, Role.DIRECTOR, Role.ADMINISTRATOR, Role.PRIVACY_OFFICER})
"""Roles that can validate medically, administer or watch: two people grant them."""
KEPT_ROLES = frozenset({Role.ADMINISTRATOR, Role.DIRECTOR, Role.PRIVACY_OFFICER})
"""Roles without which nobody could approve or watch: their last holder stays until there is another."""

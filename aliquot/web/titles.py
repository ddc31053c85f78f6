"""The roles in the words of the people who hold them."""

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from aliquot.custody.roles import Role

TITLES: dict[Role, str | Promise] = {
    Role.SECRETARY: _("Secretary"),
    Role.SAMPLER: _("Sampler"),
    Role.TECHNICIAN: _("Technician"),
    Role.BIOLOGIST: _("Biologist"),
    Role.QUALITY_MANAGER: _("Quality manager"),
    Role.DIRECTOR: _("Director"),
    Role.PRIVACY_OFFICER: _("Privacy officer"),
    Role.ADMINISTRATOR: _("Administrator"),
    Role.INTEGRATOR: _("Integrator"),
    Role.WORKER: _("Worker service"),
    Role.LOADER: _("Loader service"),
    Role.EXPORTER: _("Exporter service"),
}


def of(role: str) -> str:
    """One role in the language of the page."""
    return str(TITLES[Role(role)])

"""What the installation file decides about the pages."""

import os
import subprocess
import sys

from aliquot.terms import installation
from aliquot.web import settings
from tests.world import World


def test_there_is_no_second_way_to_be_somebody() -> None:
    assert settings.DEBUG is False
    installed = " ".join([*settings.INSTALLED_APPS, *settings.MIDDLEWARE])
    for other in ("auth", "sessions", "admin", "messages"):
        assert f"contrib.{other}" not in installed
    assert settings.SECRET_KEY


def test_over_https_every_cookie_is_bound_to_host_and_tls(small_lab: World) -> None:
    file = small_lab.home / installation.FILE_NAME
    origin = small_lab.installation.web.origin
    file.write_text(file.read_text().replace(f'origin = "{origin}"', 'origin = "https://lab.example"'))
    program = (
        "from aliquot.web import settings as s;"
        "print(s.TICKET_COOKIE, s.CSRF_COOKIE_NAME, s.LANGUAGE_COOKIE_NAME, s.CSRF_COOKIE_SECURE, s.ALLOWED_HOSTS)"
    )
    environment = {**os.environ, "ALIQUOT_HOME": str(small_lab.home)}
    said = subprocess.run([sys.executable, "-c", program], env=environment, capture_output=True, text=True, check=True)
    assert said.stdout.strip() == "__Host-ticket __Host-form __Host-language True ['lab.example']"

"""Django's settings for the pages, derived from the installation file like those of the record.

There is no Django user, session or admin: who somebody is, custody says anew for each request.
"""

from pathlib import Path
from urllib.parse import urlsplit

from django.utils.translation import gettext_lazy as _

from aliquot.record import settings as record

_HERE = Path(__file__).parent
_WEB = record.INSTALLATION.web if record.INSTALLATION else None

INSTALLATION = record.INSTALLATION
DATABASES = record.DATABASES
DEFAULT_AUTO_FIELD = record.DEFAULT_AUTO_FIELD
USE_TZ = record.USE_TZ
TIME_ZONE = record.TIME_ZONE
INSTALLED_APPS = record.INSTALLED_APPS

DEBUG = False
# Without an installation (type checks) there is no key, and Django refuses to sign anything.
SECRET_KEY = _WEB.signing_key.read_text().strip() if _WEB else ""
ORIGIN = _WEB.origin if _WEB else ""
HTTPS = ORIGIN.startswith("https:")
ALLOWED_HOSTS = [urlsplit(ORIGIN).hostname or ""]
# Behind a proxy that ends TLS the request itself looks like plain HTTP.
CSRF_TRUSTED_ORIGINS = [ORIGIN] if ORIGIN else []

ROOT_URLCONF = "aliquot.web.routes"
APPEND_SLASH = False
MIDDLEWARE = [
    "aliquot.web.middleware.headers",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "django.middleware.locale.LocaleMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
]
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [_HERE / "templates"],
        "OPTIONS": {"builtins": ["django.templatetags.i18n", "django.templatetags.static", "django.templatetags.tz"]},
    }
]

# Custody's ticket and Django's form token: no script and no other site can use either.
TICKET_COOKIE = "__Host-ticket" if HTTPS else "ticket"
CSRF_COOKIE_NAME = "__Host-form" if HTTPS else "form"
CSRF_COOKIE_SECURE = HTTPS
CSRF_COOKIE_HTTPONLY = True
CSRF_COOKIE_SAMESITE = "Strict"
CSRF_FAILURE_VIEW = "aliquot.web.answers.form_expired"
LANGUAGE_COOKIE_NAME = "__Host-language" if HTTPS else "language"
LANGUAGE_COOKIE_SECURE = HTTPS
LANGUAGE_COOKIE_HTTPONLY = True
LANGUAGE_COOKIE_SAMESITE = "Strict"

LANGUAGES = [("fr", _("French")), ("en", _("English"))]
LANGUAGE_CODE = INSTALLATION.laboratories[0].language if INSTALLATION else "fr"
LOCALE_PATHS = [_HERE / "locale"]

STATIC_URL = "/static/"
STATIC_ROOT = _HERE / "static"
WHITENOISE_ALLOW_ALL_ORIGINS = False

# A form of the bench is small; documents come by other doors.
DATA_UPLOAD_MAX_MEMORY_SIZE = 1024 * 1024
FILE_UPLOAD_HANDLERS = ["django.core.files.uploadhandler.MemoryFileUploadHandler"]

LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"events": {"()": "aliquot.web.logs.Events"}},
    "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "events"}},
    # Django's own handlers would write exception texts and mail them; Python writes what no handler takes, whole.
    "loggers": {
        name: {"handlers": ["stderr"], "level": "ERROR", "propagate": False}
        for name in ("django", "django.security", "django.server", "aliquot")
    },
    "root": {"handlers": ["stderr"], "level": "ERROR"},
}

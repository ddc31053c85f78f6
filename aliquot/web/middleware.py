"""What every answer tells the browser not to do: run other scripts, keep the page, or say where it came from."""

from collections.abc import Callable

from django.http import HttpRequest, HttpResponseBase
from whitenoise.middleware import WhiteNoiseFileResponse  # type: ignore[import-untyped]  # it has no types

from aliquot.web import settings

POLICY = "; ".join(
    (
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self'",
        "img-src 'self'",
        "font-src 'self'",
        "connect-src 'self'",
        "form-action 'self'",
        "frame-ancestors 'none'",
        "base-uri 'none'",
    )
)
HEADERS = {
    "Content-Security-Policy": POLICY,
    "Permissions-Policy": "camera=(), microphone=(), geolocation=(), usb=(), payment=(),"
    " publickey-credentials-get=(self), publickey-credentials-create=(self)",
    # With "no-referrer" browsers send forms with the origin "null", and the check of a form's origin would refuse them.
    "Referrer-Policy": "same-origin",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
}
_TWO_YEARS = 2 * 365 * 24 * 3600

Answering = Callable[[HttpRequest], HttpResponseBase]


def headers(get_response: Answering) -> Answering:
    """Set the same headers on every answer, whatever view or failure it came from."""
    said = dict(HEADERS)
    if settings.HTTPS:
        said["Strict-Transport-Security"] = f"max-age={_TWO_YEARS}"

    def answer(request: HttpRequest) -> HttpResponseBase:
        response = get_response(request)
        for name, value in said.items():
            response.headers[name] = value
        # Files of the program hold nothing of a patient and may be kept; everything else may not.
        if not isinstance(response, WhiteNoiseFileResponse):
            response.headers["Cache-Control"] = "no-store"
        return response

    return answer

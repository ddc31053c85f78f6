"""A QR code as SVG without styles, so that a page may hold it under the strict policy."""

from urllib.parse import parse_qs, urlsplit

import zint
from django.utils.safestring import SafeString, mark_safe

_QUIET = 4
_PER_UNIT = 2
"""Zint draws a module two units wide."""


def svg(text: str) -> SafeString:
    """The QR code of a text. It is drawn from numbers, so nothing of the text itself stands in the markup."""
    symbol = zint.Symbol()
    symbol.symbology = zint.Symbology.QRCODE
    symbol.encode(text)
    symbol.buffer_vector()
    bars = "".join(_bar(one.x, one.y, one.width, one.height) for one in symbol.vector.rectangles)
    size = round(symbol.vector.width / _PER_UNIT) + 2 * _QUIET
    return mark_safe(  # noqa: S308 - built from numbers only
        f'<svg class="qr" viewBox="0 0 {size} {size}" role="img" aria-label="QR">'
        f'<rect width="{size}" height="{size}" fill="#fff"/><path d="{bars}" fill="#000"/></svg>'
    )


def secret_of(uri: str) -> str:
    """The secret of an authenticator's URI in groups of four, for who cannot point a camera at the screen."""
    (secret,) = parse_qs(urlsplit(uri).query).get("secret", [""])
    return " ".join(secret[at : at + 4] for at in range(0, len(secret), 4))


def _bar(x: float, y: float, width: float, height: float) -> str:
    left, top, wide, high = (round(one / _PER_UNIT) for one in (x, y, width, height))
    return f"M{left + _QUIET} {top + _QUIET}h{wide}v{high}h-{wide}z"

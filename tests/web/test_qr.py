"""A QR code that a camera reads, made of nothing that the strict policy refuses."""

import re

import zint

from aliquot.web import qr

URI = "otpauth://totp/Aliquot:new%40nord?secret=JBSWY3DPEHPK3PXP&issuer=Aliquot&digits=6&period=30"


def test_the_picture_has_the_modules_of_the_symbol_and_a_quiet_zone() -> None:
    symbol = zint.Symbol()
    symbol.symbology = zint.Symbology.QRCODE
    symbol.encode(URI)
    symbol.buffer_vector()
    drawn = qr.svg(URI)
    dark = sum(int(wide) * int(high) for wide, high in re.findall(r"h(\d+)v(\d+)h-", drawn))
    assert dark == sum(round(one.width / 2) * round(one.height / 2) for one in symbol.vector.rectangles)
    starts = [(int(x), int(y)) for x, y in re.findall(r"M(\d+) (\d+)", drawn)]
    assert min(min(start) for start in starts) == 4
    (size,) = re.findall(r'viewBox="0 0 (\d+) ', drawn)
    assert int(size) == round(symbol.vector.width / 2) + 8


def test_nothing_of_the_text_stands_in_the_markup() -> None:
    drawn = qr.svg("<script>alert(1)</script>")
    assert "script" not in drawn
    assert "style" not in drawn


def test_the_secret_is_shown_in_groups_of_four() -> None:
    assert qr.secret_of(URI) == "JBSW Y3DP EHPK 3PXP"
    assert qr.secret_of("not a uri") == ""

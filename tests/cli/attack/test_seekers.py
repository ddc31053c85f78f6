"""Looking for words: planted in every spelling, they are found; where nothing is planted, nothing is."""

import base64
import gzip
import zlib
from pathlib import Path

import pytest

from aliquot.cli.attack.seekers import Words

_WORD = "Zélandine-4711"
_RAW = _WORD.encode()
_HIDDEN = {
    "as it is": _RAW,
    "in capitals": _RAW.upper(),
    "in UTF-16, low byte first": _WORD.encode("utf-16-le"),
    "in UTF-16, high byte first": _WORD.encode("utf-16-be"),
    "in hexadecimal": _RAW.hex().encode(),
    "in hexadecimal capitals": _RAW.hex().upper().encode(),
    "in base64": base64.b64encode(_RAW),
    "in base64, one byte later": base64.b64encode(b"?" + _RAW + b"!"),
    "in base64, two bytes later": base64.b64encode(b"??" + _RAW + b"!!"),
    "deflated": zlib.compress(b"before " + _RAW + b" after"),
    "in gzip": gzip.compress(_RAW),
    "in hexadecimal UTF-16": _WORD.encode("utf-16-le").hex().encode(),
}


@pytest.mark.parametrize("how", _HIDDEN)
def test_a_planted_word_is_found(how: str) -> None:
    assert Words([_WORD]).count(b"\x00\x01" + _HIDDEN[how] + b"\xff") >= 1


def test_another_word_is_not() -> None:
    assert Words(["Otherwise-0815"]).count(b"".join(_HIDDEN.values())) == 0


def test_files_and_their_names_are_looked_at(tmp_path: Path) -> None:
    (tmp_path / "deep").mkdir()
    (tmp_path / "deep" / _WORD).write_bytes(b"nothing")
    (tmp_path / "log").write_bytes(_RAW)
    hits, looked_at = Words([_WORD]).under(tmp_path)
    assert (hits, looked_at) == (2, len(b"nothing") + len(_RAW))

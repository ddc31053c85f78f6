"""The report as a document: PDF/A-3a and PDF/UA-1 in one file, with the same report in FHIR attached."""

import threading
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path

import msgspec
import typst

from aliquot.disclosure import glyphs, sheet
from aliquot.lab.content import Report
from aliquot.terms.canonical import Json

_FOLDER = Path(__file__).parent
_ENCODER = msgspec.json.Encoder()
_threads = threading.local()


def render(report: Report, fhir: bytes) -> bytes:
    """The document that a biologist signs and a reader opens; equal reports give equal bytes, on any machine.

    `fhir` is the document Bundle of the same version; it is attached as `rapport.fhir.json` or `report.fhir.json`.

    Raises:
        Refused: the report's language is not one in which reports are issued.
    """
    inputs = {"sheet": data(sheet.compose(report)), "fhir": fhir.decode()}
    return typeset("report.typ", inputs, at=report.issued_at)


def data(content: msgspec.Struct | list[msgspec.Struct]) -> str:
    """What a template reads: JSON, every text as the fonts can print it. No template runs it as markup."""
    return _ENCODER.encode(_printable(msgspec.to_builtins(content))).decode()


def typeset(template: str, inputs: Mapping[str, str], at: datetime | None = None) -> bytes:
    """One PDF from one of the templates beside this module.

    `at` is the date that it carries; without one it is for the printer and not for an archive, which needs a date.
    """
    compiled = _compiler().compile(
        input=str(_FOLDER / template),
        format="pdf",
        sys_inputs=dict(inputs),
        pdf_standards=["a-3a", "ua-1"] if at else ["ua-1"],
        timestamp=at and at.replace(microsecond=0),  # a document's date has no fraction of a second
    )
    if not isinstance(compiled, bytes):
        raise TypeError("a PDF is one file")
    return compiled


def _compiler() -> typst.Compiler:
    """This thread's compiler: one cannot be shared by threads. It sees the vendored fonts and no others."""
    if not hasattr(_threads, "compiler"):
        _threads.compiler = typst.Compiler(
            root=str(_FOLDER), font_paths=[str(_FOLDER / "fonts")], ignore_system_fonts=True
        )
    found: typst.Compiler = _threads.compiler
    return found


def _printable(content: Json) -> Json:
    match content:
        case str():
            return glyphs.printable(content)
        case dict():
            return {key: _printable(value) for key, value in content.items()}
        case list() | tuple():
            return [_printable(value) for value in content]
        case _:
            return content

"""A map as a file that people complete: TOML, each entry on lines of its own."""

import json
from collections.abc import Iterable, Iterator, Mapping
from datetime import date
from enum import StrEnum
from itertools import chain

import msgspec

from aliquot.legacy.map import Map


def text(drawn: Map, left_open: Iterable[str] = ()) -> str:
    """The file. What was left open stands in it as remarks, for somebody to decide."""
    parts = (_head(drawn), _tables(drawn), _links(drawn), _tests(drawn), _words(drawn), _remarks(left_open))
    return "\n".join(chain.from_iterable(parts)) + "\n"


def _head(drawn: Map) -> Iterator[str]:
    yield "# A draft. A biologist completes it and signs it; `sure` is in percent, and 100 is a person's word."
    yield "# What is not in it is parked when it is met, and never guessed."
    for name in ("mandate", "profile", "system", "zone", "mark"):
        yield f"{name} = {_value(getattr(drawn, name))}"
    if drawn.erased:
        yield f"erased = {_value(drawn.erased)}"


def _tables(drawn: Map) -> Iterator[str]:
    for table, columns in drawn.tables.items():
        yield f"\n[tables.{_value(table)}]"
        for title, column in columns.items():
            yield f"{_value(title)} = {_inline(column)}"


def _links(drawn: Map) -> Iterator[str]:
    for table, links in drawn.links.items():
        yield f"\n[links.{_value(table)}]"
        yield from (f"{_value(column)} = {_inline(link)}" for column, link in links.items())


def _tests(drawn: Map) -> Iterator[str]:
    for rule in drawn.tests:
        yield "\n[[tests]]"
        for name, said in _said(rule):
            yield f"{name} = {_value(said)}"


def _words(drawn: Map) -> Iterator[str]:
    for name in ("units", "statuses", "sexes", "flags", "absent", "sites"):
        words: Mapping[str, str] = getattr(drawn, name)
        if words:
            yield f"\n[{name}]"
            yield from (f"{_value(word)} = {_value(meant)}" for word, meant in words.items())
    for test, answers in drawn.answers.items():
        yield f"\n[answers.{_value(test)}]"
        yield from (f"{_value(word)} = {_value(code)}" for word, code in answers.items())


def _remarks(left_open: Iterable[str]) -> Iterator[str]:
    for at, place in enumerate(left_open):
        if not at:
            yield "\n# Nothing was proposed for:"
        yield f"#   {' '.join(place.split())}"


def _said(part: msgspec.Struct) -> Iterator[tuple[str, object]]:
    """What a part says, without what it leaves at the usual."""
    for field in msgspec.structs.fields(part):
        said = getattr(part, field.name)
        if field.required or said != field.default:
            yield field.name, said


def _inline(part: msgspec.Struct) -> str:
    return "{ " + ", ".join(f"{name} = {_value(said)}" for name, said in _said(part)) + " }"


def _value(said: object) -> str:
    match said:
        case bool():
            return "true" if said else "false"
        case int():
            return str(said)
        case date():
            return said.isoformat()
        case tuple():
            return "[" + ", ".join(map(_value, said)) + "]"
        case StrEnum() | str():
            return json.dumps(str(said), ensure_ascii=False).replace("\x7f", "\\u007F")
        case _:
            raise TypeError(type(said).__name__)

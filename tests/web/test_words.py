"""Every word of the pages has its French, and what is compiled is what was written."""

import ast
import gettext
import re
from collections.abc import Iterator
from pathlib import Path

from django.utils.translation.template import templatize

from aliquot import web
from aliquot.cli.export import command as export
from aliquot.cli.legacy import command as legacy

ROOM = Path(next(iter(web.__path__)))
FRENCH = ROOM / "locale" / "fr" / "LC_MESSAGES"
_CALLS = {"_", "gettext", "gettext_lazy", "ngettext", "ngettext_lazy"}
_ENTRY = re.compile(r'^msgid ((?:"(?:[^"\\]|\\.)*"\n?)+)(?:msgid_plural (?:"(?:[^"\\]|\\.)*"\n?)+)?', re.MULTILINE)
_TEXT = re.compile(r'^msgstr(?:\[(\d)\])? ((?:"(?:[^"\\]|\\.)*"\n?)+)', re.MULTILINE)
_MARK = re.compile(r"""(?:gettext|_)\(u?("(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*'|\"{3}.*?\"{3})""", re.DOTALL)
_NAMED = re.compile(r"%\(\w+\)s")


def written() -> dict[str, list[str]]:
    """What the .po file says: each English text with its French forms."""
    entries: dict[str, list[str]] = {}
    for block in (FRENCH / "django.po").read_text().split("\n\n"):
        found = _ENTRY.search(block)
        if found:
            entries[_joined(found[1])] = [_joined(text[2]) for text in _TEXT.finditer(block)]
    return entries


def used() -> Iterator[str]:
    """Every text that a module or a template marks for translation."""
    sources = [file.read_text() for file in ROOM.glob("*.py")]
    marked = [templatize(file.read_text()) for file in ROOM.glob("templates/**/*.*")]
    for source in sources:
        yield from _called(ast.parse(source))
    for template in marked:
        for call in _MARK.findall(template):
            yield str(ast.literal_eval(call))


def test_every_text_of_the_pages_has_its_french() -> None:
    entries = written()
    texts = set(used())
    assert len(texts) > 100
    assert texts <= set(entries), sorted(texts - set(entries))
    assert not [text for text, french in entries.items() if text and not all(french)]


def test_every_command_that_a_page_names_is_one_that_can_be_typed() -> None:
    known = {"legacy": legacy.WORDS, "export": export.WORDS}
    said = [*used(), *(text for french in written().values() for text in french)]
    named = {found for text in said for found in re.findall(r"aliquot (legacy|export) ([a-z-]+)", text)}
    assert {("legacy", "sender"), ("export", "sender")} <= named
    assert [each for each in named if each[1] not in known[each[0]]] == []


def test_nothing_is_translated_by_guess_or_for_nobody() -> None:
    assert "fuzzy" not in (FRENCH / "django.po").read_text()
    assert set(written()) - {""} <= set(used())


def test_places_in_a_text_are_the_same_in_french() -> None:
    for text, french in written().items():
        if text:
            assert all(set(_NAMED.findall(one)) == set(_NAMED.findall(text)) for one in french), text


def test_what_is_compiled_is_what_was_written() -> None:
    with (FRENCH / "django.mo").open("rb") as file:
        compiled = gettext.GNUTranslations(file)
    for text, french in written().items():
        if text and len(french) == 1:
            assert [compiled.gettext(text)] == french
        elif text:
            assert [compiled.ngettext(text, text, n) for n in (1, 2)] == french


def _called(tree: ast.Module) -> Iterator[str]:
    for node in ast.walk(tree):
        match node:
            case ast.Call(func=ast.Name(name), args=[ast.Constant(str(text)), *_]) if name in _CALLS:
                yield text


def _joined(quoted: str) -> str:
    return "".join(str(ast.literal_eval(line)) for line in quoted.strip().splitlines())

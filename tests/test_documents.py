"""The documents: what they point at is there, what they tell people to type works, and their lists are complete."""

import ast
import re
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest

from aliquot.cli import exits, main
from aliquot.cli.attack import controls
from aliquot.cli.legacy import command as legacy
from tests import test_house

ROOT = Path(__file__).parents[1]
DOCUMENTS = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")])
DECISIONS = sorted((ROOT / "docs" / "decisions").glob("*.md"))
LINK = re.compile(r"\[[^\]]*\]\(([^)\s]+)\)")
QUOTED = re.compile(r"`([^`\n]+)`")
FENCED = re.compile(r"^```\n(.*?)^```", re.DOTALL | re.MULTILINE)
CODE_FILE = re.compile(r"^[\w./-]+\.(?:py|cedarschema|sh)$")
CONTROL = re.compile(r"\b([A-K])(\d)(?:-[A-K]?(\d))?\b")
COLUMN = re.compile(r"^\| `((?:custody\.)?[a-z_]+\.(?!toml)[a-z_]+)` \|", re.MULTILINE)


def name_of(path: Path) -> str:
    """A document's path from the root of the project."""
    return path.relative_to(ROOT).as_posix()


def anchors(path: Path) -> set[str]:
    """The places inside a document that a link may name, spelled as forges spell them."""
    headings = re.findall(r"^#+ (.+)$", path.read_text(), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


def typed(command: str) -> Iterator[tuple[str, ...]]:
    """Everything that the documents tell people to type after this word, each once."""
    found: set[tuple[str, ...]] = set()
    for path in DOCUMENTS:
        text = path.read_text()
        said = QUOTED.findall(FENCED.sub("", text))
        said += [line.partition("#")[0] for block in FENCED.findall(text) for line in block.splitlines()]
        found |= {tuple(words[1:]) for words in map(str.split, said) if words[:1] == [command] and words[1:]}
    return iter(sorted(found))


@pytest.mark.parametrize("path", DOCUMENTS, ids=name_of)
def test_every_link_leads_somewhere(path: Path) -> None:
    for target in LINK.findall(path.read_text()):
        if target.startswith(("https://", "http://")):
            continue
        place, _, anchor = target.partition("#")
        there = (path.parent / place).resolve() if place else path
        assert there.exists(), target
        assert not anchor or anchor in anchors(there), target


@pytest.mark.parametrize("path", DOCUMENTS, ids=name_of)
def test_every_file_of_code_that_is_named_is_there(path: Path) -> None:
    for named in QUOTED.findall(path.read_text()):
        if CODE_FILE.match(named):
            places = [*ROOT.glob(named), *(ROOT / "aliquot").rglob(named), *(ROOT / "tests").rglob(named)]
            assert places, named


@pytest.mark.parametrize("words", list(typed("aliquot")), ids=" ".join)
def test_every_command_that_is_named_is_one(words: tuple[str, ...], capsys: pytest.CaptureFixture[str]) -> None:
    # An option asks for the whole program's help or version; a word is a command and answers with its own.
    asked = [[words[0]] if words[0].startswith("-") else [words[0], "--help"]]
    # A command of many words has each of them teach its own options.
    asked += [[*words[:2], "--help"]] if words[0] == "legacy" and {*words[1:2]} & {*legacy.WORDS} else []
    for said_to in asked:
        with pytest.raises(SystemExit) as ended:
            main.main(said_to)
        assert ended.value.code == 0
    said = capsys.readouterr().out
    for word in words[1:]:
        # What stands in capitals is the reader's own; the rest must be known to the command.
        assert word.isupper() or word in said, word


@pytest.mark.parametrize("words", list(typed("make")), ids=" ".join)
def test_every_word_of_make_that_is_named_is_one(words: tuple[str, ...]) -> None:
    assert re.search(rf"^{re.escape(words[0])}:", (ROOT / "Makefile").read_text(), re.MULTILINE)


@pytest.mark.parametrize("path", DECISIONS, ids=name_of)
def test_a_decision_has_number_date_context_decision_and_consequences(path: Path) -> None:
    text = path.read_text()
    assert re.match(rf"# {int(path.name[:4])}\. \S", text)
    assert re.search(r"^Date: \d{4}-\d{2}-\d{2}$", text, re.MULTILINE)
    assert re.findall(r"^## (.+)$", text, re.MULTILINE) == ["Context", "Decision", "Consequences"]


def test_decisions_are_numbered_without_a_gap() -> None:
    assert [int(path.name[:4]) for path in DECISIONS] == list(range(1, len(DECISIONS) + 1))


def test_each_dependency_has_its_line_and_each_line_its_dependency() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    declared = [*project["project"]["dependencies"]]
    for group in [*project["dependency-groups"].values(), *project["project"]["optional-dependencies"].values()]:
        declared += group
    wanted = {re.split(r"[\[~=<>!; ]", line, maxsplit=1)[0].lower() for line in declared}
    rows = re.findall(r"^\| ([\w-]+) \| .+ \| .+ \| .+ \|$", (ROOT / "docs/dependencies.md").read_text(), re.MULTILINE)
    assert sorted(row.lower() for row in rows if row != "package") == sorted(wanted)


def test_trust_names_each_column_once_and_none_that_is_gone() -> None:
    named = COLUMN.findall((ROOT / "docs" / "trust.md").read_text())
    assert sorted(named) == sorted(test_house.columns())


def test_the_glossary_is_in_the_order_of_the_alphabet() -> None:
    words = re.findall(r"^\| ([a-z][^|]*) \|", (ROOT / "docs" / "glossary.md").read_text(), re.MULTILINE)[1:]
    assert words == sorted(words)
    assert len(words) == len(set(words))


def ids(text: str) -> set[str]:
    """The controls that a text names; D1-D5 names five."""
    found = CONTROL.findall(text)
    return {f"{letter}{number}" for letter, one, last in found for number in range(int(one), int(last or one) + 1)}


def part(document: str, heading: str) -> str:
    """What stands under a heading, until the next of its kind."""
    return (ROOT / document).read_text().split(f"\n## {heading}\n")[1].split("\n## ")[0]


def test_every_attacker_is_measured_by_an_attack_that_is_built_or_by_a_test() -> None:
    built = {control.id for control in controls.CONTROLS if control.attack}
    rows = [row[1:-1].split("|") for row in part("docs/threats.md", "Attackers").splitlines() if row.startswith("| ")]
    assert {len(row) for row in rows} == {5}
    for who, _, _, measured, _ in rows[1:]:
        assert ids(measured) <= built, who
        assert ids(measured) or QUOTED.search(measured), who


def test_a_control_without_an_attack_is_among_what_is_not_there_yet() -> None:
    missing = {control.id for control in controls.CONTROLS if not control.attack}
    assert sorted(missing - ids(part("docs/threats.md", "Not yet"))) == []


def test_the_readme_has_every_room_on_its_floor() -> None:
    layers = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["importlinter"]["contracts"][0]["layers"]
    rows = [row.split(" | ") for row in part("README.md", "Where things are").splitlines() if row.startswith("| ")][1:]
    assert [QUOTED.findall(row[1]) for row in rows] == [layer.split(" | ") for layer in layers]


def test_every_command_has_its_line_in_the_manual_and_none_is_there_twice(
    capsys: pytest.CaptureFixture[str],
) -> None:
    with pytest.raises(SystemExit):
        main.main(["--help"])
    told = capsys.readouterr().out.split("commands:")[1].split("exit statuses")[0]
    commands = re.findall(r"^  (\w+) {2,}", told, re.MULTILINE)
    manual = (ROOT / "docs/manual/terminal.md").read_text()
    lines = re.findall(r"^\| `aliquot ([a-z]+(?: [a-z]+)?)", manual, re.MULTILINE)
    assert {line.split()[0] for line in lines} == set(commands)
    assert len(lines) == len(set(lines))


def test_the_manual_has_every_exit_status_in_its_words() -> None:
    rows = re.findall(r"^\| (\d+) \| (.+) \|$", (ROOT / "docs/manual/terminal.md").read_text(), re.MULTILINE)
    assert {int(status): words for status, words in rows} == {int(one): words for one, words in exits.WORDS.items()}


def test_custody_and_the_floors_below_use_five_packages_of_others() -> None:
    used = set()
    for room in ("custody", "vault", "ledger", "wire", "terms"):
        for path in (ROOT / "aliquot" / room).rglob("*.py"):
            for node in ast.walk(ast.parse(path.read_text())):
                named = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
                named += [node.module or ""] if isinstance(node, ast.ImportFrom) and not node.level else []
                used |= {name.partition(".")[0] for name in named}
    assert used - sys.stdlib_module_names - {"aliquot"} == {"argon2", "cedarpy", "cryptography", "fido2", "msgspec"}

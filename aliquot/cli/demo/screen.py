"""What the demonstration says on the terminal; plain lines where it is not one."""

import sys
from collections.abc import Iterable, Iterator
from pathlib import Path

from rich.console import Console
from rich.panel import Panel
from rich.text import Text

from aliquot.cli.demo import staff
from aliquot.cli.demo.people import Person
from aliquot.custody.roles import Role

_PROGRAM = "aliquot"
_DESKS = {
    Role.SECRETARY: "reception, orders, labels, handing over",
    Role.TECHNICIAN: "the bench: code, sex and age, no name",
    Role.BIOLOGIST: "dossiers, medical validation, reports",
    Role.DIRECTOR: "notices, mandates; the catalogue, in a terminal",
    Role.PRIVACY_OFFICER: "who opened whom, and notices",
    Role.ADMINISTRATOR: "people and devices, never a patient",
    Role.INTEGRATOR: "quarantine, in masks",
    Role.QUALITY_MANAGER: "quality",
}
_FIRST = (
    "The secretary: find a patient by birth date and letters, place an order, print its labels, receive the tubes.",
    "The technician: accept those tubes, say when they were taken, and watch the analyser below answer at the bench.",
    "A biologist: open a dossier with its past, validate, release the report, read the PDF.",
    "The secretary again: open patients who have no work here. After a dozen the answer is no.",
    "The privacy officer: see who opened whom, and the notice of it.",
)

_console = Console(soft_wrap=True, highlight=False)


def tell(line: str) -> None:
    """One line of progress, at once."""
    _console.print(line, markup=False)


def welcome(port: int, where: Path, password: str, seconds: float) -> None:
    """The address, how to sign in, what to try first, how to stop."""
    program = sys.argv[0] if Path(sys.argv[0]).name == _PROGRAM else _PROGRAM
    content = (
        f"http://localhost:{port}",
        "",
        *_people(),
        "The two laboratories share this machine and nothing else. The analyser is the first one's.",
        "",
        f"password of everybody: {password}",
        f"a one-time code:       {program} demo code claire",
        f"patients to look for:  {program} demo patients",
        "(both in another terminal, in this folder)",
        "",
        "What to try first:",
        *(f"{number}. {words}" for number, words in enumerate(_FIRST, 1)),
        "",
        f"Everything lies in {where}; look for a patient's name in it.",
        "Ctrl-C stops all of it.",
    )
    text = "\n".join(content)
    if _console.is_terminal:
        _console.print(Panel(Text(text), title="Aliquot"), soft_wrap=False)
    else:
        tell(text)
    tell(f"ready after {seconds:.0f} s")


def patients(found: Iterable[Person]) -> None:
    """Who can be looked for: birth date and names, the youngest first."""
    for person in sorted((each.demography for each in found), key=lambda who: who.born_on, reverse=True):
        tell(f"{person.born_on:%d/%m/%Y}  {person.family}  {' '.join(person.given)}")


def _people() -> Iterator[str]:
    """Who signs in as what, in both laboratories."""
    yield "".join(f"{laboratory.site.title():<18}" for laboratory in staff.LABORATORIES)
    for role, what in _DESKS.items():
        yield "".join(f"{laboratory.who(role):<18}" for laboratory in staff.LABORATORIES) + what

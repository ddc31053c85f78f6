"""`aliquot attack`: does to a scratch installation what was done to others, and prints the figures."""

import argparse
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING

from aliquot.cli.exits import Exit

if TYPE_CHECKING:
    from rich.console import Console

    from aliquot.cli.attack.ground import Grounds
    from aliquot.cli.attack.plan import Scale
    from aliquot.cli.attack.trial import Outcome

_STYLES = {"holds": "green", "falls": "bold red", "not-yet": "dim"}


def describe(parser: argparse.ArgumentParser) -> None:
    """What `aliquot attack --help` teaches."""
    parser.description = """\
Makes an installation in a temporary folder, fills two laboratories with invented people and a day's work, and attacks
it in the ways in which others were robbed. No installation of yours is touched, and nothing is left behind.
For each control it prints the attack, the figure that is wanted and the figure that was measured: it holds, it falls,
or it is not built yet. The exit status is 1 if one falls."""
    parser.add_argument("controls", nargs="*", metavar="CONTROL", help="only these: A2, C1, F4 (default: all)")
    parser.add_argument("--record", choices=("sqlite", "postgresql"), default="sqlite", help="the record database")
    parser.add_argument("--size", type=int, metavar="N", help="patients in each laboratory where bulk is stolen")
    parser.add_argument("--quick", action="store_true", help="small numbers: whether it holds at all, in a minute")
    parser.add_argument("--json", action="store_true", help="a list of outcomes for a machine")


def run(chosen: argparse.Namespace) -> int:
    """Attack, print, and say whether one fell."""
    # Django is imported once it knows its settings, and all of it only when somebody attacks.
    from aliquot.cli.attack import controls

    unknown = sorted(set(chosen.controls) - set(controls.IDS))
    if unknown:
        print(f"aliquot attack: there is no control {', '.join(unknown)}", file=sys.stderr)
        return Exit.USAGE
    scale = _scale(chosen)
    with _grounds(chosen.record, scale) as (grounds, console):
        from aliquot.cli.attack import trial

        outcomes = []
        for one in trial.hold(controls.chosen(chosen.controls), grounds, scale):
            outcomes.append(one)
            _tell(console, one)
    _print(outcomes, as_json=chosen.json)
    return Exit.FOUND if any(one.outcome == "falls" for one in outcomes) else Exit.DONE


def _scale(chosen: argparse.Namespace) -> "Scale":
    from aliquot.cli.attack import plan

    scale = plan.QUICK if chosen.quick else plan.FULL
    return replace(scale, crowd=chosen.size) if chosen.size else scale


@contextmanager
def _grounds(engine: str, scale: "Scale") -> "Iterator[tuple[Grounds, Console]]":
    """Where it takes place, and the terminal's second channel for the progress: the first is for the table."""
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

    from aliquot.cli.attack.ground import Grounds

    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as progress:
        task = progress.add_task("inventing patients", total=2 * (scale.crowd + scale.patients))
        with Grounds(engine, scale, lambda came: progress.advance(task, came)) as grounds:
            yield grounds, progress.console


def _tell(console: "Console", one: "Outcome") -> None:
    """One outcome as soon as it is known; the table comes at the end."""
    style = _STYLES[one.outcome]
    console.print(f"{one.control:<3} [{style}]{one.outcome:<7}[/] {one.measured or one.attack}", soft_wrap=True)


def _print(outcomes: "list[Outcome]", *, as_json: bool) -> None:
    if as_json:
        import msgspec

        print(msgspec.json.format(msgspec.json.encode(outcomes), indent=1).decode())
        return
    from rich.console import Console
    from rich.table import Table

    table = Table("control", "attack", "wanted", "measured", "outcome", show_lines=True)
    for one in outcomes:
        style = _STYLES[one.outcome]
        table.add_row(one.control, one.attack, one.wanted, one.measured, f"[{style}]{one.outcome}[/]")
    Console().print(table)

"""What doctor says of what migrations left: sealed files of moves that are over, or that nobody here knows."""

import shlex
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from aliquot.access.custodian import Line
from aliquot.cli.ailments import Check
from aliquot.custody import steps
from aliquot.custody.denial import CustodyGone, Denial
from aliquot.custody.steps import State
from aliquot.terms.installation import Installation

if TYPE_CHECKING:
    from aliquot.legacy.staged import Staged  # Django is imported once it knows its settings

_NAME = "migrations"


def staged(where: Path, described: Installation) -> Iterator[Check]:
    """Each folder under an installation that holds what no living migration explains."""
    from aliquot.legacy import sweeping

    line = Line(described.custody.socket, "cli")
    try:
        found = list(sweeping.fates(line, where))
    except (CustodyGone, Denial):
        # The check of the custodian has said so already.
        return
    finally:
        line.hang_up()
    orphans = [judged(one, state) for one, state in found if state not in steps.LIVE]
    yield from orphans or [Check(_NAME, "ok", "nothing is staged here that no living migration explains")]


def judged(one: "Staged", state: State | None) -> Check:
    """What a folder is that no living migration explains, and what to type."""
    words = f"{one.folder} holds {len(one.files)} staged file(s)"
    if state is not None:
        remedy = f"the worker deletes them at its start and every hour; if they stay: {_typed(one)}"
        return Check(_NAME, "warning", f"{words} of migration {one.mandate}, which is {state}", remedy)
    whose = f"for mandate {one.mandate}, which is not of this installation" if one.mandate else "and says not for whom"
    remedy = f"hand them to the laboratory that they are for, or delete them: {_typed(one)}"
    return Check(_NAME, "warning", f"{words} {whose}", remedy)


def _typed(one: "Staged") -> str:
    """What deletes these files and no others."""
    kinds = {_pattern(file, one.folder) for file in one.files}
    return "rm -f -- " + " ".join(f"{shlex.quote(str(one.folder))}/{kind}" for kind in sorted(kinds))


def _pattern(file: Path, folder: Path) -> str:
    match file.suffix:
        case ".part":
            return "*.part"
        case ".draft":
            return ".*.draft"
        case _:
            return shlex.quote(str(file.relative_to(folder)))

"""`aliquot legacy finish`: everything that comes is in, and the load's account stands in history."""

import argparse
import json

from aliquot.cli import founding
from aliquot.cli.exits import Exit
from aliquot.cli.legacy import asked, breadth
from aliquot.terms.errors import Refused

LINE = "everything is in: the load's account becomes the migration's next step"
TEXT = """\
Says to custody that the last load brought everything that comes, with the digest of its account; loading ends, and two
people reconcile. What is parked stays in the source; a better map leads back (`map`, `rehearse`, `load`). Typed again
after a kill, it says that this account stands there already."""


def describe(parser: argparse.ArgumentParser) -> None:
    """Which arguments it takes."""
    asked.of_mandate(parser)
    asked.machine(parser)


def run(chosen: argparse.Namespace) -> int:
    """Say it."""
    founding.configure(chosen.home.absolute())
    from aliquot.cli.legacy import folder, loader
    from aliquot.custody.steps import State, Step
    from aliquot.legacy import papers
    from aliquot.legacy.papers import Loaded

    with loader.at_work(chosen, chosen.mandate) as working:
        none = "no load came to its end here yet; `aliquot legacy load` goes on until all rows were seen"
        found = folder.kept(working.folder / folder.LOADED, Loaded, none)
        told = working.told()
        if found.map != loader.in_force(told, Step.MAP):
            raise Refused("the last load was under another map than the one that is signed now; load again")
        state = State(told.state)
        if state is not State.LOADED or loader.in_force(told, Step.FINISH) != found.digest:
            working.put(papers.LOADED, found)
            state = working.step(Step.FINISH, found.digest)
    if chosen.json:
        print(json.dumps({"mandate": found.mandate, "state": state, "evidence": found.digest}))
    else:
        breadth.show(f"{state}: the account {found.digest} stands in history")
        print("Next: two people compare both sides, and answer for it.")
    return Exit.DONE

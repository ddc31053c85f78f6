"""`aliquot legacy draft`: the map as far as the profile tells it, for a biologist to complete."""

import argparse
import sys

from aliquot.cli import founding
from aliquot.cli.exits import Exit
from aliquot.cli.legacy import asked
from aliquot.terms.errors import Refused

LINE = "a draft of the map, drawn from the profile, for a biologist to complete"
TEXT = """\
`aliquot legacy draft MANDATE > map.toml` draws from the profile what the columns, tests, units, statuses and words of
the old system may mean here, each with how sure that is and why. It guesses and decides nothing: a biologist completes
it, takes away what is wrong, and signs it. What it leaves open is parked when it is met."""


def describe(parser: argparse.ArgumentParser) -> None:
    """Which arguments it takes."""
    asked.of_mandate(parser)
    parser.add_argument("--system", default="", metavar="URI", help="under which the old numbers of patients are kept")
    parser.add_argument("--site", default="", metavar="SITE", help="ours, where it all comes (default: the only one)")


def run(chosen: argparse.Namespace) -> int:
    """Draw it."""
    founding.configure(chosen.home.absolute())
    from aliquot.cli.legacy import folder, loader
    from aliquot.legacy import drawing, mapfile
    from aliquot.legacy.drawing import Place
    from aliquot.legacy.profile import Profile

    with loader.at_work(chosen, chosen.mandate) as working:
        none = "there is no profile yet; `aliquot legacy profile` takes it"
        found = folder.kept(working.folder / folder.PROFILE, Profile, none)
        place = Place(
            mandate=working.mandate.hex(),
            system=chosen.system or f"urn:aliquot:legacy:{working.mandate.hex()}",
            zone=working.laboratory.time_zone,
            site=_site(working.laboratory.sites, chosen.site),
        )
        draft = drawing.draw(found, working.scope, working.leave.where.catalogue, place)
    print(mapfile.text(draft.drawn, draft.open), end="")
    print(f"{len(draft.open)} places were left open; complete the map, then `aliquot legacy check` it", file=sys.stderr)
    return Exit.DONE


def _site(sites: tuple[str, ...], wanted: str) -> str:
    if wanted in sites:
        return wanted
    if wanted or len(sites) != 1:
        raise Refused(f"name one of the laboratory's sites with --site: {', '.join(sites)}")
    return sites[0]

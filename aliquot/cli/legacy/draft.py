"""`aliquot legacy draft`: the map as far as the profile tells it, for a biologist to complete."""

import argparse
import sys
from typing import TYPE_CHECKING

import msgspec

from aliquot.cli import amounts, founding
from aliquot.cli.exits import Exit
from aliquot.cli.legacy import asked
from aliquot.terms.errors import Refused

if TYPE_CHECKING:
    from aliquot.cli.legacy.loader import Loader
    from aliquot.legacy.drawing import Draft
    from aliquot.legacy.profile import Profile

LINE = "a draft of the map, drawn from the profile, for a biologist to complete"
TEXT = """\
`aliquot legacy draft MANDATE > map.toml` draws from the profile what the columns, tests, units, statuses and words of
the old system may mean here, each with how sure that is and why. It guesses and decides nothing: a biologist completes
it, takes away what is wrong, and signs it. What it leaves open is parked when it is met.

With --exit it writes the map of records that left another installation, whose columns are known: it guesses nothing,
and takes the tests of both sides for the same wherever they have the same code. A biologist says whether they are."""


def describe(parser: argparse.ArgumentParser) -> None:
    """Which arguments it takes."""
    asked.of_mandate(parser)
    parser.add_argument("--exit", action="store_true", help="of a bundle that left another installation")
    parser.add_argument("--system", default="", metavar="URI", help="under which the old numbers of patients are kept")
    parser.add_argument("--site", default="", metavar="SITE", help="ours, where it all comes (default: the only one)")


def run(chosen: argparse.Namespace) -> int:
    """Draw it."""
    founding.configure(chosen.home.absolute())
    from aliquot.cli.legacy import folder, loader
    from aliquot.legacy import mapfile
    from aliquot.legacy.profile import Profile

    with loader.at_work(chosen, chosen.mandate) as working:
        none = "there is no profile yet; `aliquot legacy profile` takes it"
        found = folder.kept(working.folder / folder.PROFILE, Profile, none)
        draft = _of_exit(chosen, working, found) if chosen.exit else _drawn(chosen, working, found)
    print(mapfile.text(draft.drawn, draft.open), end="")
    print(
        f"{amounts.of(len(draft.open), 'place')} left open; complete the map, then `aliquot legacy check` it",
        file=sys.stderr,
    )
    return Exit.DONE


def _drawn(chosen: argparse.Namespace, working: "Loader", found: "Profile") -> "Draft":
    """As far as the profile tells it."""
    from aliquot.legacy import drawing
    from aliquot.legacy.drawing import Place

    place = Place(
        mandate=working.mandate.hex(),
        system=chosen.system or f"urn:aliquot:legacy:{working.mandate.hex()}",
        zone=working.laboratory.time_zone,
        site=_site(working.laboratory.sites, chosen.site),
    )
    return drawing.draw(found, working.scope, working.leave.where.catalogue, place)


def _of_exit(chosen: argparse.Namespace, working: "Loader", found: "Profile") -> "Draft":
    """As what leaves another installation is always written."""
    from aliquot.legacy import leaving
    from aliquot.legacy.drawing import Draft

    site = _site(working.laboratory.sites, chosen.site)
    catalogue = working.leave.where.catalogue
    drawn = leaving.drawn(working.mandate.hex(), found.digest(), catalogue, site, working.scope)
    return Draft(msgspec.structs.replace(drawn, system=chosen.system or drawn.system), ())


def _site(sites: tuple[str, ...], wanted: str) -> str:
    if wanted in sites:
        return wanted
    if wanted or len(sites) != 1:
        raise Refused(f"name one of the laboratory's sites with --site: {', '.join(sites)}")
    return sites[0]

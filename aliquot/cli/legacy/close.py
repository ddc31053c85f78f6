"""`aliquot legacy close`: what was staged is erased, and a certificate says so for two people to sign."""

import argparse
import json
from pathlib import Path

from aliquot.cli import founding
from aliquot.cli.exits import Exit
from aliquot.cli.legacy import asked
from aliquot.terms.errors import Refused

LINE = "erase what was staged, and certify it for two people to sign"
TEXT = """\
Erases what this migration left here (bundles, drafts, how far a load was), and writes a certificate of what was moved,
by whose signatures, and what was erased: certificate-DIGEST.json of the migration, and a PDF of it. Accounts with
counts and places stay. A director and a privacy officer then sign the digest, which destroys the staging key; typed
again after that, it prints the signed certificate. Killed halfway, it goes on where it stopped."""


def describe(parser: argparse.ArgumentParser) -> None:
    """Which arguments it takes."""
    asked.loader(parser)
    parser.add_argument("mandate", metavar="MANDATE", help="the id of the signed mandate")
    parser.add_argument(
        "--bundle", type=Path, action="append", default=[], metavar="DIR", help="a bundle that lies elsewhere"
    )
    asked.machine(parser)


def run(chosen: argparse.Namespace) -> int:
    """Erase, certify, and print."""
    founding.configure(chosen.home.absolute())
    from aliquot.cli import certificate
    from aliquot.cli.legacy import folder, loader
    from aliquot.cli.legacy.loaded import Loaded
    from aliquot.lab import setting
    from aliquot.legacy import closing

    with loader.at_work(chosen, chosen.mandate) as working:
        told = working.told()
        account = folder.read(working.folder / folder.LOADED, Loaded)
        if account is None:
            raise Refused("the account of the load is not here; `aliquot legacy finish` made it where the load ran")
        place = closing.Place(chosen.home, tuple(chosen.bundle))
        made = closing.prepare(working.leave, place, account)
        file = working.folder / f"certificate-{closing.digest(made)}.pdf"
        file.write_bytes(certificate.document(made, setting.laboratory(working.laboratory), told))
    if chosen.json:
        print(json.dumps({"mandate": made.mandate, "certificate": closing.digest(made), "erased": len(made.erased)}))
    else:
        print(f"{len(made.erased):,} files erased; certificate {closing.digest(made)}")
        print(file)
        print("Next: a director and a privacy officer sign this digest; the staging key is destroyed with it.")
    return Exit.DONE

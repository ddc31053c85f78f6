"""`aliquot ledger`: verify the whole history, compare the records with it, or prove one entry."""

import argparse
import json
from pathlib import Path

from aliquot.cli import founding, home, statecheck
from aliquot.cli.exits import Exit
from aliquot.ledger import checkpoint, proof, tiles, tree, verify
from aliquot.terms.errors import Refused
from aliquot.terms.installation import Installation


def describe(parser: argparse.ArgumentParser) -> None:
    """What `aliquot ledger --help` teaches."""
    parser.description = """\
`aliquot ledger verify` reads the exported history again, entry by entry, as an auditor would who trusts nobody here:
signatures, hashes, order, time, and every checkpoint that you remember (--since). Then, if the worker's key can be
read here, it compares each record with what history says was kept: nothing missing, rolled back, altered or unknown.

`aliquot ledger prove --entry ORG NUMBER` writes a proof that this entry stands in the history; whoever has the proof,
the entry and the log's public key needs nothing else to check it."""
    home.option(parser)
    verbs = parser.add_subparsers(dest="verb", required=True, metavar="verify|prove")
    verifying = verbs.add_parser("verify", help="establish that the history holds, and the records with it")
    home.option(verifying, again=True)
    verifying.add_argument("--since", type=Path, action="append", default=[], metavar="FILE", help="a checkpoint kept")
    verifying.add_argument("--policy", type=Path, metavar="FILE", help="the log keys that you trust")
    verifying.add_argument("--json", action="store_true", help="findings for a machine")
    proving = verbs.add_parser("prove", help="prove one entry")
    home.option(proving, again=True)
    proving.add_argument("--entry", nargs=2, required=True, metavar=("ORG", "NUMBER"), help="log and number of entry")
    proving.add_argument("--json", action="store_true", help="with the entry and the policy, for a machine")


def run(chosen: argparse.Namespace) -> int:
    """Verify or prove."""
    installation = home.read(chosen.home)
    if chosen.verb == "prove":
        return _prove(installation.custody.tiles, chosen)
    return _verify(installation, chosen)


def _verify(installation: Installation, chosen: argparse.Namespace) -> int:
    verdict = verify.verify(installation.custody.tiles, chosen.since, chosen.policy)
    founding.configure(chosen.home.absolute())
    compared = statecheck.compare(installation)
    if chosen.json:
        print(json.dumps({"history": json.loads(verdict.machine()), "records": compared.machine()}, indent=1))
    else:
        # What comes from the folder may hold control characters: a terminal gets them escaped.
        for line in (*verdict.lines(), *compared.lines()):
            print(line.encode("unicode_escape").decode())
    return verdict.status or (Exit.FOUND if compared.findings else Exit.DONE)


def _prove(folder: Path, chosen: argparse.Namespace) -> int:
    org, number = chosen.entry
    if not number.isdecimal() or "/" in org or org.startswith("."):
        raise Refused("--entry is the log's name (8 hexadecimal digits, or `installation`) and the entry's number")
    log, index = folder / org, int(number)
    signed = tiles.text(log / tiles.CHECKPOINT)
    size = checkpoint.parse(signed).checkpoint.head.size
    if index >= size:
        raise Refused(f"the exported history of {org} has {size} entries; the last is number {size - 1}")
    proved = proof.write(index, signed, tree.over(tiles.row(log, size)))
    if not chosen.json:
        print(proved, end="")
        return Exit.DONE
    first = index - index % tree.TILE_WIDTH
    entry = tiles.bundle(log, index // tree.TILE_WIDTH, min(tree.TILE_WIDTH, size - first))[index - first].decode()
    print(json.dumps({"proof": proved, "entry": entry, "policy": tiles.text(log / tiles.POLICY)}))
    return Exit.DONE

"""`aliquot export sign`: a director and a privacy officer sign what leaves, to whom, and until when."""

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from aliquot.cli import founding, home, passphrase
from aliquot.cli.exits import Exit
from aliquot.cli.legacy import asked
from aliquot.terms.errors import Refused

if TYPE_CHECKING:
    from aliquot.access.door import Actor
    from aliquot.custody.answers import Accounts
    from aliquot.custody.forms import Approve, SignExport

LINE = "sign what leaves: the first proposes a file, the second approves what waits"
TEXT = """\
`aliquot export sign --login NAME FILE RECEIVER` proposes an export mandate. FILE is TOML: purpose, recipient (who
receives it, in words that the patient may be told), first_on and last_on (days on which requests were filed here),
sites, service (the exporter), allowed (patients at most), until (at most thirty days), and, if it is not to be the
default, kinds and harm. Free text, and what may hold some, leaves only if kinds names it: note, clinical_note, comment,
import, message, report, document. Who opened the patients in those days leaves only with history = true.
RECEIVER is the receiver's signed mandate.

`aliquot export sign --login NAME --approve ID` is the second person's word. Both see everything that would come into
force, with the receiver's export key: ask the receiver for it on another way, and compare. Each gives a one-time code
for exactly this mandate. One of the two is a director, the other a privacy officer, and they are two people."""


def describe(parser: argparse.ArgumentParser) -> None:
    """Which arguments it takes."""
    home.option(parser)
    parser.add_argument("--login", required=True, metavar="NAME", help="who signs")
    parser.add_argument("--approve", default="", metavar="ID", help="the mandate that waits for a second person")
    parser.add_argument("file", nargs="?", type=Path, metavar="FILE", help="what is to leave")
    parser.add_argument("receiver", nargs="?", type=Path, metavar="RECEIVER", help="the receiver's signed mandate")
    asked.machine(parser)


def run(chosen: argparse.Namespace) -> int:
    """Show it, ask for a code, and sign."""
    if bool(chosen.approve) == bool(chosen.file and chosen.receiver):
        raise Refused("name a file and the receiver's mandate to propose, or what is approved with --approve")
    installation = home.read(chosen.home)
    founding.configure(chosen.home.absolute())
    from aliquot.access import people
    from aliquot.cli import signin
    from aliquot.cli.export import mandate

    # A file that cannot be signed costs nobody a one-time code.
    proposed = None if chosen.approve else mandate.read(chosen.file, chosen.receiver)
    actor = signin.actor(installation, chosen.login)
    try:
        return _sign(actor, chosen, proposed)
    finally:
        people.sign_out(actor)
        actor.line.hang_up()


def lines(form: "SignExport", accounts: "Accounts") -> list[str]:
    """Everything that would come into force, as a terminal may have it."""
    from datetime import UTC
    from zoneinfo import ZoneInfo

    from aliquot.terms import plain
    from aliquot.web import change_words

    told = change_words.told(form, accounts, ZoneInfo(str(UTC)))
    return [plain.shown(line) for line in (str(told.title), *(f"  {name}: {fact}" for name, fact in told.facts))]


def _sign(actor: "Actor", chosen: argparse.Namespace, proposed: "SignExport | None") -> int:
    from dataclasses import replace

    from aliquot.access import acts, door, governing
    from aliquot.access.acts import ReadStaff, SignMandate
    from aliquot.custody.protocol import Factor
    from aliquot.terms import clock
    from aliquot.terms.purposes import Purpose

    meant = door.intent(actor, clock.system(), Purpose.HSYSADMIN)
    with door.enter(actor, ReadStaff(acts.organization(actor.org)), meant) as grant:
        accounts = governing.people(grant)
    form: SignExport | Approve
    if proposed is None:
        form, shown = _waiting(accounts, chosen.approve)
    else:
        form = shown = proposed
    print("\n".join(lines(shown, accounts)))
    code = passphrase.typed("A new one-time code, to sign exactly this: ").strip()
    signing = replace(door.intent(actor, clock.system(), Purpose.HSYSADMIN), factor=Factor(code=code))
    governed = governing.change(actor, form, signing, desk=SignMandate)
    if chosen.json:
        print(f'{{"mandate":"{governed.id.hex()}","state":"{governed.state}"}}')
    elif governed.state == "waiting":
        print(f"waiting: {governed.id.hex()}")
        print(f"Next: the other one: aliquot export sign --login NAME --approve {governed.id.hex()}")
    else:
        print(f"in force: {chosen.approve}")
        print(f"Next: aliquot export seal {chosen.approve} FOLDER")
    return Exit.DONE


def _waiting(accounts: "Accounts", identity: str) -> "tuple[Approve, SignExport]":
    from aliquot.custody import forms

    for waiting in accounts.waiting:
        if waiting.id == identity:
            change = forms.change(waiting.form.encode())
            if isinstance(change, forms.SignExport):
                return forms.Approve(identity, waiting.digest), change
    raise Refused("no export mandate of this id waits for a second person")

"""`aliquot quarantine`: the messages that wait, in masks, for an integrator at the terminal."""

import argparse
import json
from dataclasses import asdict
from typing import TYPE_CHECKING

from aliquot.cli import founding, home
from aliquot.cli.exits import Exit
from aliquot.terms import ids
from aliquot.terms.errors import Refused

if TYPE_CHECKING:
    from aliquot.access.door import Actor

_MANY = 500


def describe(parser: argparse.ArgumentParser) -> None:
    """What `aliquot quarantine --help` teaches."""
    parser.description = """\
`aliquot quarantine list` shows what waits: why, and at which place of the message. `show ID` gives one message with its
structure and codes as they are, and identity and values as shapes. `retry ID` tries again, for instance after a mapping
was added to the catalogue; with --change OBX-3=CODE^TEXT^SYSTEM a code or a part of the structure is corrected first.
`refuse ID --comment WHY` says that it will not be filed. Only an integrator may; the login is asked for a password and
a one-time code."""
    home.option(parser)
    parser.add_argument("verb", choices=("list", "show", "retry", "refuse"))
    parser.add_argument("message", nargs="?", default="", metavar="ID", help="as `list` gives it")
    parser.add_argument("--login", required=True, metavar="NAME", help="who asks")
    parser.add_argument("--change", action="append", default=[], metavar="FIELD=VALUE", help="for retry; repeatable")
    parser.add_argument("--comment", default="", help="why; needed to refuse")
    parser.add_argument("--json", action="store_true", help="for a machine")


def run(chosen: argparse.Namespace) -> int:
    """Show or settle what waits."""
    installation = home.read(chosen.home)
    founding.configure(chosen.home.absolute())
    from aliquot.access import acts, door
    from aliquot.access.acts import InspectQuarantined
    from aliquot.cli import signin
    from aliquot.intake import quarantine
    from aliquot.terms import clock

    actor = signin.actor(installation, chosen.login)
    org = acts.organization(actor.org)
    if chosen.verb in {"retry", "refuse"}:
        return _settle(actor, chosen)
    wanted = [ids.parse(chosen.message)] if chosen.message else quarantine.waiting(org, quarantine.WAITING, _MANY)
    meant = door.intent(actor, clock.system())
    with door.enter(actor, InspectQuarantined(org), meant) as grant:
        shown = quarantine.inspect(grant, wanted)
    if chosen.json:
        print(json.dumps([asdict(one) | {"id": one.id.hex()} for one in shown], default=str, indent=1))
        return Exit.DONE
    for one in shown:
        print(f"{one.id.hex()}  {one.message.received_at:%Y-%m-%d %H:%M}  {one.message.device}  {one.message.reason}")
        print(f"  at {one.message.place}")
        if chosen.verb == "show":
            for segment in one.message.segments:
                print("  " + "|".join(segment))
    print(f"{len(shown)} waiting")
    return Exit.DONE


def _settle(actor: "Actor", chosen: argparse.Namespace) -> int:
    from aliquot.access import acts, door
    from aliquot.access.acts import InspectQuarantined, RepairQuarantined
    from aliquot.intake import quarantine, repairing
    from aliquot.terms import clock
    from aliquot.terms.letters import Repair

    org, message = acts.organization(actor.org), ids.parse(chosen.message)
    changes = tuple(_change(change) for change in chosen.change)
    for address, _ in changes:
        repairing.check(address)
    with door.enter(actor, InspectQuarantined(org), door.intent(actor, clock.system())) as looking:
        shown = quarantine.inspect(looking, [message])
    if not shown:
        raise Refused("no message of this id waits")
    asked = Repair(changes, chosen.comment)
    with door.enter(actor, RepairQuarantined(org), door.intent(actor, clock.system())) as grant:
        settle = quarantine.refuse if chosen.verb == "refuse" else quarantine.repair
        settle(grant, message, shown[0].version, asked)
    print("refused" if chosen.verb == "refuse" else "the worker tries it again within seconds")
    return Exit.DONE


def _change(text: str) -> tuple[str, str]:
    address, found, value = text.partition("=")
    if not found:
        raise Refused("--change is FIELD=VALUE, such as OBX[2]-3=NA2^Sodium^L")
    return address, value

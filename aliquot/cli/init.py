"""`aliquot init`: a new installation, from an empty folder to the invitations of its first people."""

import argparse
import json
import pwd
import re
import secrets
import sys
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path

from aliquot.cli import exits, founding, home, layout, moving, passphrase
from aliquot.cli.exits import Exit
from aliquot.cli.founding import Secrecy
from aliquot.cli.layout import Callers, Plan
from aliquot.custody.changes import Founder
from aliquot.custody.founding import Founded
from aliquot.custody.roles import Role
from aliquot.terms import clock, installation
from aliquot.terms.errors import Refused
from aliquot.terms.ids import Org
from aliquot.terms.installation import Installation, Laboratory, Peer, Record

_FOUNDERS = (Role.ADMINISTRATOR, Role.DIRECTOR, Role.PRIVACY_OFFICER)
_LOGINS = {Role.ADMINISTRATOR: "administrator", Role.DIRECTOR: "director", Role.PRIVACY_OFFICER: "privacy"}
_ORG_BYTES = 4


def describe(parser: argparse.ArgumentParser) -> None:
    """What `aliquot init --help` teaches."""
    parser.description = """\
Makes the folder, its aliquot.toml, the keys, both databases and the first three people of each laboratory: an
administrator, a director and a privacy officer. It asks for a passphrase (at least 12 characters): without it nobody
ever opens these records again, so keep it where the laboratory keeps what it must not lose.

It ends with an invitation code for each of the three, told once and good for 72 hours.

  aliquot init /srv/lab --laboratory "Laboratoire Nord" --director "Dr A" --administrator "B" --privacy-officer "C"

Two laboratories: give --laboratory and the three names twice, in the same order."""
    parser.add_argument("folder", type=Path, metavar="DIR", help="the folder to make; nothing in it is overwritten")
    parser.add_argument("--laboratory", action="append", default=[], metavar="NAME", help="as printed on reports")
    parser.add_argument("--site", action="append", default=[], metavar="SITE", help="a short word for where it stands")
    for role in _FOUNDERS:
        parser.add_argument(
            f"--{role}", action="append", default=[], dest=_LOGINS[role], metavar="NAME", help=f"who is {role}"
        )
    parser.add_argument("--language", default="fr", metavar="CODE", help="of the reports (default: fr)")
    parser.add_argument("--time-zone", default="Europe/Paris", metavar="ZONE", help="default: Europe/Paris")
    parser.add_argument("--web-port", type=int, default=8000, metavar="N", help="default: 8000")
    parser.add_argument("--listen-port", type=int, default=2575, metavar="N", help="default: 2575")
    parser.add_argument(
        "--listen-host", default="127.0.0.1", metavar="ADDRESS", help="where analysers call (default: 127.0.0.1)"
    )
    parser.add_argument("--origin", default="", metavar="URL", help="what browsers call us; passkeys are bound to it")
    parser.add_argument(
        "--peer", action="append", default=[], metavar="ADDRESS=DEVICE", help="an analyser that may call; repeatable"
    )
    parser.add_argument("--postgresql", default="", metavar="DATABASE", help="keep records there instead of in SQLite")
    parser.add_argument("--host", default="", help="of PostgreSQL: a name, or the folder of its socket")
    parser.add_argument("--port", type=int, default=0, help="of PostgreSQL")
    parser.add_argument("--user", default="", help="of PostgreSQL")
    parser.add_argument("--password-file", type=Path, metavar="FILE", help="holds PostgreSQL's password")
    parser.add_argument(
        "--runs-as",
        action="append",
        default=[],
        metavar="PROCESS=USER",
        help="the Unix user, or its number, that web, work or cli is to custody; repeatable (default: all its own)",
    )
    parser.add_argument("--upgrade", action="store_true", help="only bring the record database to this version's shape")
    parser.add_argument(
        "--copy-from",
        type=Path,
        metavar="FILE",
        help="with --upgrade: also copy the rows of this SQLite database",
    )
    parser.add_argument("--json", action="store_true", help="the invitations for a machine")
    passphrase.option(parser)


def run(chosen: argparse.Namespace) -> int:
    """Make an installation, or bring one forward."""
    if chosen.upgrade:
        return _upgrade(chosen.folder, chosen.copy_from)
    if chosen.copy_from:
        raise Refused("--copy-from goes with --upgrade")
    if (chosen.folder / installation.FILE_NAME).exists():
        raise Refused(f"there is an installation at {chosen.folder} already")
    named = chosen.laboratory or [_ask("Name of the laboratory, as printed on reports: ", "--laboratory")]
    names = _people(chosen, named)
    laboratories = _laboratories(chosen, named, names[Role.DIRECTOR])
    plan = _plan(chosen, laboratories)
    secrecy = Secrecy(passphrase.choose(chosen.passphrase_fd))
    described = layout.lay(chosen.folder, plan)
    with ExitStack() as unless_founded:
        unless_founded.callback(_undo, chosen.folder, described)
        founding.configure(chosen.folder.absolute())
        _migrate()
        founded = founding.found(described, _founders(names, laboratories), secrecy, clock.system)
        unless_founded.pop_all()
    _tell(chosen, described, founded)
    return Exit.DONE


def _upgrade(folder: Path, source: Path | None) -> int:
    home.read(folder)
    founding.configure(folder.absolute())
    _migrate()
    print("The record database has this version's shape.")
    if source:
        print(f"{moving.copy(source)} rows were copied. `aliquot ledger verify` compares them with what was kept.")
    return Exit.DONE


def _migrate() -> None:
    from django.db import DatabaseError  # only after Django knows its settings

    try:
        founding.migrate()
    except DatabaseError:
        raise exits.Away("the record database does not answer; is it running, may this user make tables?") from None


def _people(chosen: argparse.Namespace, laboratories: Sequence[str]) -> dict[Role, list[str]]:
    """The names of the first people, by role, in the order of the laboratories."""
    names = {
        role: getattr(chosen, _LOGINS[role])
        or [_ask(f"Who is {role} of {name}? ", f"--{role}") for name in laboratories]
        for role in _FOUNDERS
    }
    if any(len(given) != len(laboratories) for given in names.values()):
        raise Refused("give the names of administrator, director and privacy officer once for each laboratory")
    return names


def _laboratories(chosen: argparse.Namespace, names: Sequence[str], directors: Sequence[str]) -> tuple[Laboratory, ...]:
    sites = chosen.site or [_word(name) for name in names]
    if len(sites) != len(names) or len(set(sites)) != len(sites):
        raise Refused("give one --site for each --laboratory, each a different word")
    return tuple(
        Laboratory(
            org=_new_org().hex(),
            name=name,
            lines=(),
            phone="",
            director=director,
            accreditation="",
            time_zone=chosen.time_zone,
            language=chosen.language,
            sites=(site,),
        )
        for name, site, director in zip(names, sites, directors, strict=True)
    )


def _founders(names: dict[Role, list[str]], laboratories: Sequence[Laboratory]) -> dict[Org, Sequence[Founder]]:
    return {
        Org(bytes.fromhex(laboratory.org)): tuple(
            Founder(f"{_LOGINS[role]}@{laboratory.sites[0]}", names[role][at], (role,), laboratory.sites[0])
            for role in _FOUNDERS
        )
        for at, laboratory in enumerate(laboratories)
    }


def _ask(question: str, option: str) -> str:
    if not sys.stdin.isatty():
        raise Refused(f"{option} is missing, and there is no terminal to ask at")
    answer = input(question).strip()
    if not answer:
        raise Refused(f"{option} cannot be empty")
    return answer


def _word(name: str) -> str:
    """A short word for a site, from the laboratory's name."""
    return re.sub(r"[^a-z0-9]+", "-", name.lower().removeprefix("laboratoire")).strip("-") or "main"


def _new_org() -> Org:
    # Four zero bytes are the installation itself.
    return Org((1 + secrets.randbelow(256**_ORG_BYTES - 1)).to_bytes(_ORG_BYTES, "big"))


def _plan(chosen: argparse.Namespace, laboratories: tuple[Laboratory, ...]) -> Plan:
    record = Record("sqlite", "record/record.sqlite3")
    if chosen.postgresql:
        password = chosen.password_file.absolute() if chosen.password_file else None
        record = Record("postgresql", chosen.postgresql, chosen.host, chosen.port, chosen.user, password)
    return Plan(
        laboratories,
        record,
        chosen.web_port,
        chosen.listen_port,
        tuple(map(_peer, chosen.peer)),
        chosen.origin,
        chosen.listen_host,
        _callers(chosen.runs_as),
    )


def _peer(text: str) -> Peer:
    address, equals, device = text.partition("=")
    if not (address and equals and device):
        raise Refused("--peer is ADDRESS=DEVICE, such as 192.0.2.7=HEMA-1")
    return Peer(address, device)


def _callers(named: Sequence[str]) -> Callers:
    """Who may speak for each process, from words such as `web=aliquot-web`."""
    users: dict[str, tuple[int, ...]] = {"web": (), "work": (), "cli": ()}
    for text in named:
        process, equals, user = text.partition("=")
        if process not in users or not (equals and user):
            raise Refused("--runs-as is PROCESS=USER, and the process is web, work or cli")
        users[process] = (*users[process], _uid(user))
    return Callers(**users)


def _uid(user: str) -> int:
    if user.isascii() and user.isdecimal():
        return int(user)
    try:
        return pwd.getpwnam(user).pw_uid
    except KeyError:
        raise Refused(f"--runs-as: this machine has no Unix user {user}") from None


def _undo(folder: Path, described: Installation) -> None:
    """Before there are keys, nothing is lost by beginning again; afterwards nothing is taken back."""
    if not described.custody.keyring.exists():
        (folder / installation.FILE_NAME).unlink()
        described.web.signing_key.unlink()


def _tell(chosen: argparse.Namespace, described: Installation, founded: Founded) -> None:
    address = f"{described.web.origin}/invitation"
    invitations = [one for each in founded.invitations.values() for one in each]
    if chosen.json:
        told = [{"login": one.login, "invitation": one.code} for one in invitations]
        print(json.dumps({"home": str(chosen.folder.absolute()), "address": address, "invitations": told}))
        return
    print(f"The installation is at {chosen.folder}. Start it with\n\n  aliquot serve --home {chosen.folder}\n")
    print(f"Then each of these people accepts their invitation at {address} within 72 hours,")
    print("or in a terminal with `aliquot people accept LOGIN`. The codes are shown once:\n")
    for one in invitations:
        print(f"  {one.login:<32} {one.code}")
    print("\nEach of the three invitations goes to its own person: two of them together can change who may do what.")

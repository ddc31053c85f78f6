"""The installed form at work: four Unix users made from systemd's own tables, and real processes of theirs.

The users exist in a root folder that is thrown away, never on this machine: processes take their numbers. Where the
tests may not change users, everything runs under one, and doctor has to say so.
"""

import atexit
import functools
import grp
import json
import os
import pwd
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import pytest

from aliquot.terms import installation
from aliquot.terms.installation import Installation
from tests.cli import terminal
from tests.test_units import HOME, ROOT, SYSTEMD, UNITS, process, said

MAY = os.geteuid() == 0
NOBODY = 65534
SECRETS = {
    "custody/keyring.aqk": {"custody"},
    "custody/custody.sqlite3": {"custody"},
    "journal/keys.aqj": {"custody"},
    "tiles/installation/checkpoint": {"custody"},
    "web/signing.key": {"web"},
    "listen/listener.key": {"listen"},
    "work/worker.key": {"work"},
    "letterbox/letterbox.sqlite3": {"listen", "work"},
    "record/record.sqlite3": {"web", "work"},
    "aliquot.toml": {"custody", "listen", "web", "work"},
}
_OPENED = """
import sys
for file in sys.argv[1:]:
    try:
        open(file, "rb").close()
        print(file)
    except PermissionError:
        pass
"""
_GREETED = """
import pathlib, sys
from aliquot.custody.client import Client
from aliquot.custody.denial import CustodyGone
try:
    Client(pathlib.Path(sys.argv[1]), sys.argv[2]).close()
    print("welcome")
except CustodyGone:
    print("gone")
"""
_DROP = """
import datetime, pathlib, sys
from aliquot.intake import seat
from aliquot.intake.letterbox import Arrival, Slot
from aliquot.terms import installation
listen = installation.read(pathlib.Path(sys.argv[1])).listen
slot = Slot(listen.letterbox, seat.read(listen))
print(slot.drop([Arrival("192.0.2.7", datetime.datetime.now(datetime.UTC), b"MSH|")])[0])
slot.close()
"""
_TAKE = """
import datetime, pathlib, sys
from aliquot.intake.letterbox import Tray
from aliquot.terms import installation
tray = Tray(installation.read(pathlib.Path(sys.argv[1])).listen.letterbox)
numbers = [one.letter.envelope.number for one in tray.waiting(9, datetime.datetime.now(datetime.UTC))]
tray.done(numbers)
print(*numbers, tray.pending_count())
tray.close()
"""


@dataclass(frozen=True)
class User:
    """A Unix user by its numbers."""

    uid: int
    gid: int
    groups: tuple[int, ...]


@dataclass(frozen=True)
class Household:
    """An installation, who runs which of its processes, and the group that may reach custody's socket."""

    home: Path
    users: dict[str, User]
    clients: int

    @property
    def described(self) -> Installation:
        """What its file says."""
        return installation.read(self.home / installation.FILE_NAME)

    def asks(self, user: User, script: str, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Run a few lines of Python as this user, to their end."""
        done = self.starts(user, "-c", script, *arguments)
        out, err = done.communicate(timeout=60)
        return subprocess.CompletedProcess(done.args, done.returncode, out, err)

    def starts(self, user: User, *words: str, umask: int = 0o077, pass_fds: tuple[int, ...] = ()) -> "Running":
        """Start Python as this user, with nothing of root's left."""
        become = {"user": user.uid, "group": user.gid, "extra_groups": user.groups} if MAY else {}
        return subprocess.Popen(  # type: ignore[call-overload,no-any-return]  # the three are given together or not
            [_python(), *words],
            cwd="/",
            env=_environment(),
            umask=umask,
            pass_fds=pass_fds,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            **become,
        )


Running = subprocess.Popen[str]


def _python() -> str:
    """An interpreter of this version that every user may run."""
    if not MAY:
        return sys.executable
    version = f"python3.{sys.version_info.minor}"
    for program in (sys.executable, f"/usr/bin/{version}", f"/usr/local/bin/{version}"):
        if Path(program).exists() and _works(program):
            return program
    raise AssertionError(f"as root, these tests need a {version} that other users may run")


def _works(program: str) -> bool:
    try:
        tried = subprocess.run(
            [program, "-c", "import aliquot.cli.main"],
            cwd="/",
            env=_environment(),
            user=NOBODY,
            group=NOBODY,
            extra_groups=(),
            check=False,
            capture_output=True,
        )
    except PermissionError:
        return False
    return tried.returncode == 0


@functools.cache
def _code() -> tuple[Path, ...]:
    """Where every user may read the program and its libraries: copies, where the checkout is root's alone."""
    places = (ROOT, *(Path(entry) for entry in sys.path if entry.endswith("-packages")))
    if not MAY or all(_is_open(place) for place in (ROOT / "aliquot", *places[1:])):
        return places
    public = Path(tempfile.mkdtemp(prefix="aliquot-code-"))
    atexit.register(shutil.rmtree, public, ignore_errors=True)
    copies = tuple(public / str(number) for number, _ in enumerate(places))
    shutil.copytree(ROOT / "aliquot", copies[0] / "aliquot")
    for place, copy in zip(places[1:], copies[1:], strict=True):
        shutil.copytree(place, copy)
    subprocess.run(["chmod", "-R", "a+rX", public], check=True)
    return copies


def _is_open(place: Path) -> bool:
    """Whether everybody may enter this folder and read what lies in it."""
    return all(each.stat().st_mode & 0o005 == 0o005 for each in (place, *place.parents))


def _environment() -> dict[str, str]:
    path = os.pathsep.join(str(place) for place in _code())
    return terminal.clean_environment(PYTHONPATH=path, PYTHONDONTWRITEBYTECODE="1", HOME="/")


@pytest.fixture(scope="module")
def household() -> Iterator[Household]:
    """An installation that the units' own tables laid out, with its four processes as the units start them."""
    with ExitStack() as over:
        root = Path(tempfile.mkdtemp(prefix="aliquot-users-"))
        over.callback(shutil.rmtree, root)
        root.chmod(0o755)
        made = _made(root)
        over.callback(terminal.until, lambda: terminal.running(made.home) == {})
        for unit in sorted(UNITS, key=lambda unit: process(unit) != "custody"):
            over.callback(_ended, _started(made, unit))
            if process(unit) == "custody":
                terminal.until(made.described.custody.socket.exists)
        terminal.until(lambda: list(made.described.custody.tiles.glob("installation/checkpoint")))
        terminal.until(lambda: terminal.answers(made.described.web.port))
        yield made


def _made(root: Path) -> Household:
    home = root / HOME.relative_to("/")
    home.parent.mkdir(parents=True)
    users, clients = _declared(root) if MAY else (_one(), os.getegid())
    runs_as = [f"{name}={users[name].uid}" for name in ("web", "work")] if MAY else []
    runs_as += ["cli=root"] if MAY else []
    options = [word for pair in runs_as for word in ("--runs-as", pair)]
    told = terminal.init(home, *options, "--listen-host", "127.0.0.2")
    assert told.status == 0, told.err
    if MAY:
        subprocess.run(["systemd-tmpfiles", f"--root={root}", "--create"], check=True)
    return Household(home, users, clients)


def _declared(root: Path) -> tuple[dict[str, User], int]:
    """The users that the units declare, as systemd makes them in a root folder, and the group of custody's clients."""
    for kind in ("sysusers", "tmpfiles"):
        folder = root / "etc" / f"{kind}.d"
        folder.mkdir(parents=True)
        shutil.copy(SYSTEMD / f"aliquot.{kind}.conf", folder / "aliquot.conf")
    subprocess.run(["systemd-sysusers", f"--root={root}"], check=True, capture_output=True)
    rows = [line.split(":") for line in (root / "etc" / "passwd").read_text().splitlines()]
    groups = [line.split(":") for line in (root / "etc" / "group").read_text().splitlines()]
    users = {
        name.removeprefix("aliquot-"): User(
            int(uid), int(gid), tuple(int(row[2]) for row in groups if name in row[3].split(","))
        )
        for name, _, uid, gid, *_ in rows
    }
    return users, next(int(row[2]) for row in groups if row[0] == "aliquot-clients")


def _one() -> dict[str, User]:
    own = User(os.geteuid(), os.getegid(), ())
    return {process(unit): own for unit in UNITS}


def _started(household: Household, unit: Path) -> Running:
    """A process as its unit starts it, but for the program's and the installation's places."""
    unit_says = said(unit)
    _, word, *_ = unit_says["Service.ExecStart"].split()
    user = household.users[unit_says["Service.User"].removeprefix("aliquot-")]
    umask = int(unit_says["Service.UMask"], 8)
    words = ("-m", "aliquot.cli.main", word, "--home", str(household.home))
    secret = terminal.PASSPHRASE if word == "custody" else None
    with terminal.handed(secret) as (extra, descriptors):
        return household.starts(user, *words, *extra, umask=umask, pass_fds=tuple(descriptors))


def _ended(running: Running) -> None:
    running.terminate()
    running.communicate(timeout=20)


@pytest.mark.parametrize("name", [process(unit) for unit in UNITS])
def test_each_process_reads_what_is_its_own_and_nothing_of_the_others(household: Household, name: str) -> None:
    files = {str(household.home / file): readers for file, readers in SECRETS.items()}
    assert all(Path(file).exists() for file in files)
    opened = household.asks(household.users[name], _OPENED, *files)
    own = {file for file, readers in files.items() if name in readers}
    assert set(opened.stdout.split()) == (own if MAY else set(files))


@pytest.mark.parametrize(
    ("who", "speaks_as", "answer"),
    [("web", "web", "welcome"), ("work", "work", "welcome"), ("web", "work", "gone"), ("listen", "web", "gone")],
)
def test_custody_answers_each_user_only_as_the_process_that_it_is(
    household: Household, who: str, speaks_as: str, answer: str
) -> None:
    socket = str(household.described.custody.socket)
    heard = household.asks(household.users[who], _GREETED, socket, speaks_as)
    assert heard.stdout.strip() == (answer if MAY else "welcome"), heard.stderr


def test_the_group_of_clients_is_not_enough_for_a_user_that_custody_does_not_know(household: Household) -> None:
    stranger = User(NOBODY, household.clients, ()) if MAY else household.users["web"]
    # It passes the folder too: what turns it away is the kernel's word about its user.
    household.home.chmod(0o755)
    try:
        heard = household.asks(stranger, _GREETED, str(household.described.custody.socket), "web")
    finally:
        household.home.chmod(0o750)
    assert heard.stdout.strip() == ("gone" if MAY else "welcome"), heard.stderr


def test_the_listener_drops_letters_that_the_worker_takes_away(household: Household) -> None:
    # Beside the letterbox at work, in the same folder: the first drop makes it, as the first start does.
    aside = household.home / "aside.toml"
    text = (household.home / installation.FILE_NAME).read_text()
    aside.write_text(text.replace("letterbox/letterbox.sqlite3", "letterbox/aside.sqlite3"))
    if MAY:
        shutil.chown(aside, "root", (household.home / installation.FILE_NAME).stat().st_gid)
    for number in (1, 2):
        dropped = household.asks(household.users["listen"], _DROP, str(aside))
        assert dropped.stdout.split() == [str(number)], dropped.stderr
        taken = household.asks(household.users["work"], _TAKE, str(aside))
        assert taken.stdout.split() == [str(number), "0"], taken.stderr
    refused = household.asks(household.users["web"], _TAKE, str(aside))
    assert (refused.returncode != 0) == MAY


def test_doctor_finds_the_walls_standing_or_says_that_there_are_none(household: Household) -> None:
    told = terminal.run("doctor", "--home", str(household.home), "--json")
    checks = json.loads(told.out)
    assert [check for check in checks if check["state"] == "fault"] == []
    (users,) = [check for check in checks if check["name"] == "users"]
    assert users["state"] == ("ok" if MAY else "warning")
    assert ("listener", "ok") in {(check["name"], check["state"]) for check in checks} or not MAY


def test_the_machine_has_no_user_more_than_before(household: Household) -> None:
    assert household.home.exists()
    assert not [one.pw_name for one in pwd.getpwall() if one.pw_name.startswith("aliquot-")]
    assert not [one.gr_name for one in grp.getgrall() if one.gr_name.startswith("aliquot")]

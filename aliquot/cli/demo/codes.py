"""One-time codes of the demonstration's people. They have no telephone, so their secrets lie in its scratch folder."""

import base64
import fcntl
import time
from pathlib import Path

import msgspec

from aliquot.cli import layout
from aliquot.custody import factors
from aliquot.terms.errors import Refused

FILE_NAME = "people.json"


class _Person(msgspec.Struct):
    secret: str
    given: int = 0


_FILE: msgspec.json.Decoder[dict[str, _Person]] = msgspec.json.Decoder(dict[str, _Person])


def keep(home: Path, secrets: dict[str, bytes]) -> None:
    """Write down everyone's secret, in a file that only its owner reads."""
    people = {login: _Person(base64.b32encode(secret).decode()) for login, secret in secrets.items()}
    layout.private(home / FILE_NAME, msgspec.json.encode(people))


def kept(home: Path) -> dict[str, bytes]:
    """Everyone's secret, as it was written down."""
    people = _FILE.decode((home / FILE_NAME).read_bytes())
    return {login: base64.b32decode(person.secret) for login, person in people.items()}


def draw(home: Path, name: str) -> str:
    """A code that was not given out before, by login or by the unambiguous beginning of one.

    Custody takes each code once, and those of one step to either side of the present one: a second code within half a
    minute is the next step's, and a third waits for its step to come near.

    Raises:
        Refused: nobody or more than one is called so.
    """
    with (home / FILE_NAME).open("r+b") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        people = _FILE.decode(file.read())
        person = people[_login(people, name)]
        step = max(_present(), person.given + 1)
        person.given = step
        file.seek(0)
        file.truncate()
        file.write(msgspec.json.encode(people))
    while step > _present() + max(factors.WINDOW):
        time.sleep(0.2)
    return factors.code(base64.b32decode(person.secret), step)


def _login(people: dict[str, _Person], name: str) -> str:
    found = [login for login in people if login == name or login.startswith(f"{name}@")]
    if len(found) != 1:
        raise Refused(f"nobody or more than one of the demonstration is called so; one of {', '.join(people)}")
    return found[0]


def _present() -> int:
    return int(time.time()) // factors.STEP_SECONDS

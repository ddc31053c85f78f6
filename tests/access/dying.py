"""A process that is killed in the middle of an act: `python -m tests.access.dying`, told on standard input where."""

import json
import os
import signal
import subprocess
import sys
from datetime import date
from pathlib import Path
from typing import TypeVar

from aliquot.access.custodian import Line
from aliquot.cli import founding
from aliquot.custody.protocol import Answer, End, Prepare, Request
from aliquot.terms.ids import Id, Org

A = TypeVar("A", bound=Answer)

STEPS = ("prepared", "inserting", "committed", "ended")


class DyingLine(Line):
    """A line to custody that dies at one step of the protocol."""

    def __init__(self, socket: Path, step: str) -> None:
        super().__init__(socket, "web")
        self._step = step

    def ask(self, request: Request, kind: type[A]) -> A:
        """Ask, and be gone before or after the answer is of use."""
        if isinstance(request, End) and self._step == "committed":
            _die()
        answer = super().ask(request, kind)
        if (isinstance(request, Prepare) and self._step == "prepared") or isinstance(request, End):
            _die()
        return answer


def register(home: Path, socket: Path, ticket: bytes, patient: Id, step: str) -> int:
    """Begin to register a patient in another process, which is killed at this step; gives its exit status."""
    told = {
        "home": str(home),
        "socket": str(socket),
        "ticket": ticket.hex(),
        "patient": patient.hex(),
        "step": step,
    }
    done = subprocess.run(
        [sys.executable, "-m", "tests.access.dying"],
        input=json.dumps(told),
        text=True,
        check=False,
        capture_output=True,
    )
    assert done.stderr == ""
    return done.returncode


def _die() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def _register(told: dict[str, str]) -> None:
    founding.configure(Path(told["home"]))
    from aliquot.access import door
    from aliquot.access.acts import RegisterPatient
    from aliquot.access.door import Actor, Intent
    from aliquot.access.grant import Draft
    from aliquot.access.routing import Routing, Statement
    from aliquot.terms import clock, ids
    from aliquot.terms.identity import Demography, Identifier, Identifiers, Sex
    from aliquot.terms.kinds import Kind
    from aliquot.terms.purposes import Purpose

    patient = Id(bytes.fromhex(told["patient"]))
    org = Org(patient[:4])
    actor = Actor(DyingLine(Path(told["socket"]), told["step"]), bytes.fromhex(told["ticket"]), org)
    with door.enter(actor, RegisterPatient(patient), Intent(Purpose.PATADMIN, ids.new(org, clock.system()))) as grant:
        grant.route(Routing(Statement("INSERT INTO subject (id) VALUES (%s)"), (patient,)))
        if told["step"] == "inserting":
            grant.route(Routing(lambda *_: _die(), None))
        person = Demography("Zélande", ("Jeanne",), date(1961, 4, 1), Sex.FEMALE)
        grant.write(Draft(Kind.DEMOGRAPHY, ids.new(org, clock.system()), 1, "known", (), person))
        known = Identifiers((Identifier("urn:file", "P1"),))
        draft = Draft(Kind.IDENTIFIERS, ids.new(org, clock.system()), 1, "known", (), known, tokens=(("file", "P1"),))
        grant.write(draft)


if __name__ == "__main__":
    _register(json.load(sys.stdin))

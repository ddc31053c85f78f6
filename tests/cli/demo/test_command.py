"""The whole demonstration, over its pages, its terminal and its disk."""

import re
import signal
import sqlite3
from contextlib import closing
from pathlib import Path

from aliquot.cli import scratch
from aliquot.cli.demo import answering, folder, people, staff
from aliquot.cli.demo.people import Person
from aliquot.terms import installation
from aliquot.terms.kinds import Kind
from tests.cli import terminal
from tests.cli.demo import walkthrough
from tests.cli.demo.walkthrough import Demonstration
from tests.intake.post import traces

MEASURED = f"SELECT count(DISTINCT resource) FROM version WHERE kind = {Kind.OBSERVATION:d} AND state = 'measured'"
OF = f"SELECT count(*) FROM version WHERE kind = {Kind.DEMOGRAPHY:d} AND substr(subject, 1, 4) = x'%s'"


def test_a_day_is_there_people_sign_in_results_arrive_and_the_disk_knows_nobody() -> None:
    with walkthrough.folder() as where, walkthrough.running(where, "--stage", "results-waiting") as demo:
        demo.ready()
        assert [demo.count(OF % laboratory.org) for laboratory in staff.LABORATORIES] == [150, 150]
        assert demo.count("SELECT count(*) FROM requisition WHERE awaits = 'nothing'") > 300
        terminal.until(lambda: demo.count(MEASURED) > 80)
        earlier = demo.count(MEASURED)
        patients = list(people.people(staff.LABORATORIES[0].seed, 24, folder.day(demo.home)))
        sign_in(demo, "claire")
        # So that what is looked for on the disk is surely in the laboratory. Some have work today, and a dozen others
        # is all that reception is shown.
        assert 12 <= sum(is_found(demo, patient) for patient in patients) < len(patients)
        terminal.until(lambda: demo.count(MEASURED) > earlier)
        assert "  AA" in demo.said.read_text()
        # The third message has a code that nobody knows, and the worker keeps it for the integrator.
        terminal.until(lambda: f" {answering.UNKNOWN_CODE}?  " in demo.said.read_text())
        assert rung(demo.home, "second-session") == 0
        assert walkthrough.typed(where, "--port", str(demo.port)).status == 1
        assert demo.stop(signal.SIGTERM) == 0
        assert terminal.running(demo.home) == {}
        assert_nobody_is_written(demo.home, patients)
        assert "no demonstration runs" in walkthrough.typed(where, "code", "claire").err


def test_two_run_side_by_side_and_one_that_is_killed_leaves_no_process() -> None:
    with walkthrough.folder() as where, walkthrough.running(where) as one, walkthrough.running(where) as other:
        one.ready()
        other.ready()
        assert "name one with --port" in walkthrough.typed(where, "code", "claire").err
        assert walkthrough.typed(where, "code", "claire", "--port", str(other.port)).status == 0
        other.stop(signal.SIGKILL)
        terminal.until(lambda: terminal.running(other.home) == {}, 8)
        assert walkthrough.typed(where, "code", "claire").status == 0
        assert one.stop(signal.SIGINT) == 0
        assert terminal.running(one.home) == {}


def rung(home: Path, kind: str) -> int:
    """How many alarms of a kind the privacy desk has."""
    with closing(sqlite3.connect(installation.read(home / installation.FILE_NAME).custody.database)) as db:
        (count,) = db.execute("SELECT count(*) FROM notice WHERE kind = ?", (kind,)).fetchone()
    return int(count)


def sign_in(demo: Demonstration, name: str) -> None:
    """Somebody signs in with the code that the terminal gives for them; each code is another."""
    first, code = (walkthrough.typed(demo.folder, "code", name).out.strip() for _ in range(2))
    assert re.fullmatch(r"\d{6}", code)
    assert first != code
    login = staff.LABORATORIES[0].login(name)
    answer = demo.open("/sign-in", {"login": login, "password": scratch.PASSWORD, "code": code})
    assert staff.LABORATORIES[0].people[name].name in answer


def is_found(demo: Demonstration, person: Person) -> bool:
    """Whether reception is shown a patient whom it looks for by birth date and letters."""
    who = person.demography
    letters = {"by-born_on": f"{who.born_on:%d%m%Y}", "by-family": who.family[:3], "by-given": who.given[0][:3]}
    return who.family.upper() in demo.open("/reception", letters)


def assert_nobody_is_written(home: Path, patients: list[Person]) -> None:
    """No file of the scratch folder has a name or a number of these patients, in any spelling that files have."""
    written = b"".join(path.read_bytes() for path in home.rglob("*") if path.is_file())
    for patient in patients:
        family = patient.demography.family
        spelled = [family.upper().encode(), patient.traits.birth_family.encode(), patient.national_number.encode()]
        # Four letters of base 64 stand by chance in so many sealed bytes; six hardly ever do.
        sought = [trace for trace in (*traces(family), *spelled) if len(trace) >= 6]
        assert len(sought) > len(spelled)
        assert not [trace for trace in sought if trace in written]

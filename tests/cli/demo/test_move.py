"""An invented old laboratory moves in, unattended; stopped halfway, it leaves no process behind."""

import signal
import subprocess
from importlib import resources
from pathlib import Path

from aliquot.cli.demo.move import answers
from aliquot.cli.exits import Exit
from aliquot.lab import catalogue
from aliquot.legacy import map as maps
from aliquot.legacy import mapfile
from tests.cli import terminal
from tests.cli.demo import walkthrough

CATALOGUE = catalogue.parse(resources.files("aliquot.cli.demo").joinpath("catalogue.toml").read_text("utf-8"))


def begun(where: Path) -> subprocess.Popen[str]:
    """`aliquot demo migrate`, small."""
    with (where / "said").open("w") as said:
        return subprocess.Popen(
            [*terminal.PROGRAM, "demo", "migrate", "--patients", "40"],
            cwd=where,
            stdin=subprocess.DEVNULL,
            stdout=said,
            stderr=said,
            text=True,
            start_new_session=True,
            env=terminal.clean_environment(),
        )


def test_the_biologists_map_fits_the_mandate_and_is_the_same_from_its_file() -> None:
    drawn = answers.drawn("00" * 16, "11" * 32, "nord")
    assert list(maps.faults(drawn, answers.scope(), CATALOGUE)) == []
    assert maps.digest(maps.parse(mapfile.text(drawn))) == maps.digest(drawn)


def test_all_stages_go_by_and_a_second_load_doubles_nothing() -> None:
    with walkthrough.folder() as where:
        process = begun(where)
        status = process.wait(400)
        said = (where / "said").read_text()
        assert status == Exit.DONE, said
        assert "16/16" in said
        assert "as before: in the record: " in said
        assert "nothing is doubled" in said
        assert "loaded: the account" in said
        assert said.count("compares the dossiers that custody drew: 10 agree") == 2
        assert "the old system could go on" in said
        assert "cut over: the loader has ended; " in said
        assert "closed: the certificate is signed" in said
        assert said.count("both sides agree: ") == 2
        assert "what left one installation stands in the other" in said
        assert "the next demonstration in this folder removes it" in said
        assert len(list((where / "scratch" / "demo-0" / "migrations").rglob("certificate-*.pdf"))) == 1
        assert terminal.running(where / "scratch" / "demo-0") == {}


def test_stopped_between_two_words_it_ends_with_everything_that_it_started() -> None:
    with walkthrough.folder() as where:
        process = begun(where)
        terminal.until(lambda: "\n4/16" in (where / "said").read_text(), 120)
        process.send_signal(signal.SIGINT)
        assert process.wait(60) == Exit.INTERRUPTED
        assert "stopped" in (where / "said").read_text()
        assert terminal.running(where / "scratch" / "demo-0") == {}

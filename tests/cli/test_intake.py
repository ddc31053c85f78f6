"""Messages of files reach the listener as they would from an analyser, and each is answered for."""

import asyncio
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import msgspec
import pytest

from aliquot.cli import main
from aliquot.cli.exits import Exit
from aliquot.cli.scratch import World
from aliquot.intake import judgement, listener
from aliquot.intake.letterbox import Tray
from aliquot.terms.installation import Listen
from tests import data
from tests.wire.hl7v2 import samples


@contextmanager
def listening(lab: World) -> Iterator[Listen]:
    """The listener of a laboratory, in a thread; gives its configuration with the port that it got."""
    loop = asyncio.new_event_loop()
    stop, ports = asyncio.Event(), []
    up = threading.Event()

    def ready(port: int) -> None:
        ports.append(port)
        up.set()

    def run() -> None:
        loop.run_until_complete(listener.serve(lab.installation.listen, stop, ready))
        loop.close()

    thread = threading.Thread(target=run)
    thread.start()
    up.wait(10)
    try:
        yield msgspec.structs.replace(lab.installation.listen, port=ports[0])
    finally:
        loop.call_soon_threadsafe(stop.set)
        thread.join(10)


def point(lab: World, listen: Listen) -> None:
    """Let the installation's file name the port that the listener got."""
    file = lab.home / "aliquot.toml"
    text = file.read_text()
    file.write_text(text.replace("port = 0\nletterbox", f"port = {listen.port}\nletterbox"))


def test_every_file_of_the_folder_goes_through_and_what_is_stored_is_in_the_letterbox(
    small_lab: World, capsys: pytest.CaptureFixture[str]
) -> None:
    files = [str(path) for path in sorted(data.folder("hl7v2").rglob("*")) if path.is_file()]
    with listening(small_lab) as listen:
        point(small_lab, listen)
        status = main.main(["intake", "--home", str(small_lab.home), "--json", *files])
        told = json.loads(capsys.readouterr().out)
        tray = Tray(listen.letterbox)
        stored = tray.pending_count()
        tray.close()
    judged = [judgement.judge(raw) for _, raw in samples.messages()]
    taken = [verdict for verdict in judged if verdict.objection is None]
    assert status == 1
    assert stored == len(taken)
    assert sum(one["answer"] in {"AA", "CA"} for one in told) == sum(verdict.answered for verdict in taken)
    assert sum(one["answer"] in {"AR", "CR", "AE", "CE"} for one in told) == sum(
        verdict.answered for verdict in judged if verdict.objection is not None
    )
    assert sum(one["answer"] == "no answer" for one in told) == sum(not verdict.answered for verdict in judged)
    without = {one["file"] for one in told if one["answer"] == "not HL7 v2"}
    assert without == {file for file in files if b"MSH|" not in Path(file).read_bytes()}
    assert without


def test_without_a_listener_it_says_what_to_start(
    small_lab: World, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "one.hl7"
    file.write_bytes(samples.RESULT)
    assert main.main(["intake", "--home", str(small_lab.home), str(file)]) == Exit.AWAY
    assert "aliquot listen" in capsys.readouterr().err

"""The words of `aliquot export`, from the sender's keys to a sealed bundle, as two people and an exporter type them."""

import json
import re
from datetime import timedelta
from pathlib import Path

import pytest

from aliquot.access import acts
from aliquot.access.acts import SignMandate
from aliquot.cli import exits, main
from aliquot.cli.exits import Exit
from aliquot.cli.export import command, mandate, sign
from aliquot.cli.scratch import PASSWORD, World
from aliquot.custody import forms
from aliquot.custody.answers import Accounts
from aliquot.custody.roles import Role
from aliquot.lab import catalogues
from aliquot.terms import plain
from tests.cli import terminal as terminal_
from tests.cli.terminal import Said
from tests.custody import departing, moving
from tests.disclosure import leaving, rebuild
from tests.lab import desk, office

DRAFT = """
purpose = "départ"
recipient = "Laboratoire du Sud"
first_on = 2020-01-01
last_on = 2030-01-01
sites = ["nord"]
service = "porter"
allowed = 100
until = {until}
"""


class Terminal:
    """Somebody at a terminal: what is typed at each question, and what the words answer."""

    def __init__(self, lab: World, patch: pytest.MonkeyPatch, capture: pytest.CaptureFixture[str]) -> None:
        self._lab, self._capture = lab, capture
        self._who = ""
        patch.setattr("getpass.getpass", self._typed)

    def word(self, *words: str, who: str = "") -> tuple[int, str]:
        """Type a word, as somebody if it asks who."""
        self._who = who
        self._capture.readouterr()
        login = ("--login", who) if who else ()
        status = main.main(["export", *words, *login, "--home", str(self._lab.home)])
        said = self._capture.readouterr()
        return status, said.out + said.err

    def seal(self, mandate_: str, folder: Path) -> Said:
        """The exporter's own word, in a process of its own."""
        return terminal_.run("export", "seal", mandate_, str(folder), "--json", "--home", str(self._lab.home))

    def _typed(self, question: str) -> str:
        return PASSWORD if question == "Password: " else self._lab.code(self._who)


@pytest.fixture
def terminal(small_lab: World, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Terminal:
    return Terminal(small_lab, monkeypatch, capsys)


@pytest.mark.parametrize("word", command.WORDS)
def test_each_word_teaches_and_lists_the_exit_statuses(word: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main.main(["export", word, "--help"])
    told = capsys.readouterr().out
    assert ended.value.code == Exit.DONE
    assert f"usage: aliquot export {word}" in told
    assert exits.epilog() in told


def test_from_the_senders_keys_to_a_bundle_that_the_receiver_opens(
    small_lab: World, terminal: Terminal, tmp_path: Path
) -> None:
    leaving.busy(small_lab)
    desk.publish(small_lab, office.CATALOGUE)
    status, said = terminal.word("sender", "--json", who="director@nord")
    assert status == Exit.DONE
    to = departing.receiving(small_lab, sender=json.loads(said)["fingerprint"])
    status, said = terminal.word("enrol", "porter", "--json")
    enrolled = bytes.fromhex(json.loads(said)["public_key"])
    form = forms.EnrolService("porter", Role.EXPORTER, enrolled, small_lab.clock() + timedelta(days=60))
    proposed = moving.govern(small_lab, "administrator@nord", form, acts.Administer)
    moving.govern(small_lab, "director@nord", forms.Approve(proposed.hex(), forms.digest(form).hex()), SignMandate)
    draft, receiver = tmp_path / "export.toml", tmp_path / "receiver.json"
    draft.write_text(DRAFT.format(until=(small_lab.clock() + timedelta(days=9)).isoformat()))
    receiver.write_text(to.document)

    status, said = terminal.word("sign", str(draft), str(receiver), who="director@nord")
    waiting = re.search("waiting: ([0-9a-f]{32})", said)
    assert status == Exit.DONE
    assert waiting is not None
    assert "Laboratoire du Sud" in said
    assert json.loads(to.document)["key"] in said
    assert "Qui a ouvert les dossiers: n’est pas communiqué" in said
    # Alone, the exporter gets nothing, and the director's second word is none.
    assert terminal.seal(waiting[1], tmp_path / "early").status == Exit.FOUND
    assert terminal.word("sign", "--approve", waiting[1], who="director@nord")[0] == Exit.FOUND
    status, said = terminal.word("sign", "--approve", waiting[1], who="privacy@nord")
    assert (status, "in force" in said) == (Exit.DONE, True)
    assert "Qui a ouvert les dossiers: n’est pas communiqué" in said

    bundle = tmp_path / "bundle"
    told = terminal.seal(waiting[1], bundle)
    assert told.status == Exit.DONE, told.err
    assert json.loads(told.out)["patients"] == 3
    assert "3 of 3 patients" in told.err
    assert not (tmp_path / "early").exists()
    found = rebuild.rebuilt(bundle, to.staging.reveal())
    assert {key[1] for key in found.records} <= set(mandate.DEFAULT)
    assert found.catalogue["version"] == catalogues.current(small_lab.work(), small_lab.clock()).version
    written = b"".join(path.read_bytes() for path in bundle.iterdir())
    assert "Zélande".encode() not in written
    assert not [word for word in ("Quzcomment", "Zélande", "140.50") if word in told.out + told.err]


def test_a_draft_that_says_what_it_may_not_is_refused_by_its_key(tmp_path: Path, terminal: Terminal) -> None:
    draft, receiver = tmp_path / "export.toml", tmp_path / "receiver.json"
    draft.write_text(DRAFT.format(until="2026-12-01T00:00:00Z") + 'everything = "yes"\n')
    receiver.write_text("{}")
    status, said = terminal.word("sign", str(draft), str(receiver), who="director@nord")
    assert (status, "everything" in said) == (Exit.FOUND, True)
    status, said = terminal.word("sign", who="director@nord")
    assert (status, "--approve" in said) == (Exit.FOUND, True)


@pytest.mark.parametrize(
    ("was", "written", "names"),
    [
        ("allowed = 100", "allowed = 0", "allowed"),
        ("last_on = 2030-01-01", "last_on = 2019-01-01", "last_on lies before first_on"),
        ("allowed = 100", 'allowed = 100\nkinds = ["gossip"]', "not a kind of content"),
        ("", "", "not the signed mandate of a receiving side"),
    ],
)
def test_a_file_that_cannot_be_signed_is_refused_before_anybody_is_asked_for_a_code(
    terminal: Terminal, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, was: str, written: str, names: str
) -> None:
    monkeypatch.delattr("getpass.getpass")
    draft, receiver = tmp_path / "export.toml", tmp_path / "receiver.json"
    draft.write_text(DRAFT.format(until="2026-12-01T00:00:00Z").replace(was, written))
    receiver.write_text("{}")
    status, said = terminal.word("sign", str(draft), str(receiver), who="director@nord")
    assert (status, names in said) == (Exit.FOUND, True)


@pytest.mark.parametrize("ends", ["Password: ", "One-time code: "])
def test_where_the_input_ends_at_a_question_nobody_is_let_in(
    terminal: Terminal, monkeypatch: pytest.MonkeyPatch, ends: str
) -> None:
    def typed(question: str) -> str:
        if question == ends:
            raise EOFError
        return PASSWORD

    monkeypatch.setattr("getpass.getpass", typed)
    status, said = terminal.word("sender", who="director@nord")
    assert (status, "the input ended before" in said) == (Exit.LOCKED, True)


def test_what_a_signer_is_shown_hides_nothing(small_lab: World) -> None:
    to = departing.receiving(small_lab)
    # No such form can be proposed (tests/custody/test_forms.py); a custody that is taken over could still show one.
    form = departing.export_form(small_lab, to, recipient="Laboratoire\x1b[8m du Sud", purpose="d\u202epart")
    shown = "\n".join(sign.lines(form, Accounts((), (), (), ())))
    assert "Laboratoire\\x1b[8m du Sud" in shown
    assert plain.is_plain(shown.replace("\n", ""))


def test_whether_the_history_leaves_is_written_in_the_file_and_shown(small_lab: World, tmp_path: Path) -> None:
    draft, receiver = tmp_path / "export.toml", tmp_path / "receiver.json"
    draft.write_text(DRAFT.format(until="2026-12-01T00:00:00Z") + "history = true\n")
    receiver.write_text(departing.receiving(small_lab).document)
    shown = sign.lines(mandate.read(draft, receiver), Accounts((), (), (), ()))
    assert [line for line in shown if "Qui a ouvert les dossiers: communiqué aussi, pour ces jours" in line]


def test_free_text_is_in_no_draft_that_does_not_name_it() -> None:
    assert set(mandate.DEFAULT) == set(departing.KINDS)
    assert not set(mandate.DEFAULT) & set(departing.FREE_TEXT)

"""Every word: what it says to people and to machines, its status, and that no value of the source is in any of it."""

import json
import re
import stat
from datetime import date
from pathlib import Path

import msgspec
import pytest

from aliquot.cli import exits, main
from aliquot.cli.exits import Exit
from aliquot.cli.legacy import command, show
from aliquot.custody.answers import Migration
from aliquot.legacy import leaving, papers
from aliquot.terms import mandates, plain
from tests.cli import terminal
from tests.cli.legacy.laboratory import CANARY, Laboratory
from tests.cli.terminal import Said
from tests.custody import departing
from tests.legacy.move import Old
from tests.legacy.old import TOML
from tests.legacy.test_papers import in_force, newest

VALUES = (CANARY, "141,7", "0,957", "770017", "880090", "2511135238001")
"""What stands in the cells of the source and nowhere else."""
NUMBERS = ("141.7", "0.957")
"""Values as numbers. A profile has the least and the most of a column; nothing else has any."""


def leaks(lab: Laboratory, *said: Said) -> list[str]:
    """Values of the source in what was said, and in every file of the migration."""
    told = [one.out + one.err for one in said]
    files = {path.name: path.read_text("utf-8", "replace") for path in lab.folder.rglob("*") if path.is_file()}
    profile = files.pop("profile.json")
    assert len(files) >= 2
    found = [(value, text) for value in (*VALUES, *NUMBERS) for text in (*told, *files.values()) if value in text]
    found += [(value, profile) for value in VALUES if value in profile]
    return sorted({text[max(text.index(value) - 40, 0) :][:60] for value, text in found})


@pytest.mark.parametrize("word", command.WORDS)
def test_each_word_teaches_and_lists_the_exit_statuses(word: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main.main(["legacy", word, "--help"])
    told = capsys.readouterr().out
    assert ended.value.code == Exit.DONE
    assert f"usage: aliquot legacy {word}" in told
    assert exits.epilog() in told
    assert len(told) > len(exits.epilog()) + 500


def test_columns_are_listed_without_a_mandate_and_without_a_value(source: Old) -> None:
    source.reading().close()
    (source.folder / "Q.csv").write_text("NUM;MDPWEB\n1;secret\n")
    (source.folder / "T_SESSIONS.csv").write_text("OPENED;BY\n2019;secret\n")
    file = str(source.folder / "source.toml")
    said, told = terminal.run("legacy", "columns", file), terminal.run("legacy", "columns", file, "--json")
    assert (said.status, told.status) == (0, 0)
    assert "P  (12 columns)" in said.out
    assert "MDPWEB  (never travels)" in said.out
    assert "T_SESSIONS  (2 columns)\n  OPENED  (never travels)\n  BY  (never travels)\n" in said.out
    assert json.loads(told.out)["Q"] == ["NUM", "MDPWEB"]
    assert not [value for value in (*VALUES, "secret") if value in said.out + said.err + told.out]


def test_the_draft_of_a_mandate_can_be_trimmed_and_checked(source: Old, tmp_path: Path) -> None:
    source.reading().close()
    (source.folder / "Q.csv").write_text("NUM;MDPWEB\n1;secret\n")
    (source.folder / "T_SESSIONS.csv").write_text("OPENED;BY\n2019;secret\n")
    file = str(source.folder / "source.toml")
    said = terminal.run("legacy", "mandate", file, "--since", "2019-01-01", "--until", "2020-12-31")
    draft = tmp_path / "scope.toml"
    draft.write_text(said.out)
    checked = terminal.run("legacy", "mandate", file, "--check", str(draft), "--json")
    scope = json.loads(checked.out)
    assert [table["name"] for table in scope["tables"]] == ["P", "Q", "R"]
    assert (scope["since"], scope["until"]) == ("2019-01-01", "2020-12-31")
    assert "# never travels, whoever signs: MDPWEB" in said.out
    assert "# the table T_SESSIONS holds, by its name, what proves who somebody is" in said.out
    assert [line for line in checked.err.splitlines() if line.startswith("table R: all rows of all days")]
    people, results = said.out.split('name = "R"')
    draft.write_text(people + 'name = "R"' + results.replace('dated = ""', 'dated = "JOUR"', 1))
    assert "table R" not in terminal.run("legacy", "mandate", file, "--check", str(draft)).err
    draft.write_text(said.out.replace('"NOM"', '"NON"'))
    wrong = terminal.run("legacy", "mandate", file, "--check", str(draft))
    assert (wrong.status, wrong.err) == (1, "aliquot legacy: scope: table P: the source has no column NON\n")


def test_a_receiver_writes_its_mandate_before_there_is_a_bundle(tmp_path: Path) -> None:
    said = terminal.run("legacy", "mandate", "--exit", "--since", "2019-01-01", "--until", "2020-12-31")
    assert said.status == Exit.DONE, said.err
    scope = mandates.parse(said.out)
    assert scope == leaving.scope(date(2019, 1, 1), date(2020, 12, 31))
    draft = tmp_path / "scope.toml"
    draft.write_text(said.out)
    assert terminal.run("legacy", "mandate", "--exit", "--check", str(draft)).status == Exit.DONE
    draft.write_text(said.out.replace('"birthDate"', '"deathDate"'))
    wrong = terminal.run("legacy", "mandate", "--exit", "--check", str(draft))
    assert (wrong.status, "no column deathDate" in wrong.err) == (Exit.FOUND, True)
    for neither in ((), ("--exit", str(draft))):
        assert "name SOURCE, or --exit" in terminal.run("legacy", "mandate", *neither).err


def test_a_name_that_hides_something_is_shown_and_cannot_be_named(source: Old, tmp_path: Path) -> None:
    source.reading().close()
    (source.folder / "Q.csv").write_text("NUM;A\x1b[8mB;MDP\u202eWEB\n1;2;3\n")
    file = str(source.folder / "source.toml")
    listed, drawn = terminal.run("legacy", "columns", file), terminal.run("legacy", "mandate", file)
    assert "  A\\x1b[8mB\n" in listed.out
    assert "# cannot be named, it holds characters that nobody sees: A\\x1b[8mB\n" in drawn.out
    assert plain.is_plain((listed.out + drawn.out).replace("\n", ""))
    draft = tmp_path / "scope.toml"
    draft.write_text(drawn.out)
    assert terminal.run("legacy", "mandate", file, "--check", str(draft)).status == Exit.DONE
    draft.write_text(drawn.out.replace('"NOM"', '"N\\u202eOM"'))
    refused = terminal.run("legacy", "mandate", file, "--check", str(draft))
    assert (refused.status, "columns" in refused.err) == (Exit.FOUND, True)


@pytest.mark.parametrize(
    ("content", "names"),
    [("\0\xff", "source.toml"), ("kind = 3", "kind"), ('kind = "delimited"\nfolder = "."\nnonsense = 1', "nonsense")],
)
def test_a_description_that_is_none_is_refused_by_its_place(tmp_path: Path, content: str, names: str) -> None:
    file = tmp_path / "source.toml"
    file.write_bytes(content.encode("latin-1"))
    said = terminal.run("legacy", "columns", str(file))
    assert said.status == Exit.FOUND
    assert names in said.err


def test_a_key_is_made_once_for_its_user_alone(lab: Laboratory) -> None:
    again = lab.word("enrol", "mover", "--json")
    file = lab.lab.home / "loader" / "mover.key"
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert lab.word("enrol", "mover", "--json") == again
    assert re.fullmatch("[0-9a-f]{64}", json.loads(again.out)["public_key"])
    assert lab.word("enrol", "../x").status == Exit.FOUND
    assert file.read_bytes().hex() not in again.out


def test_a_loader_that_nobody_enrolled_is_told_who_does_that(lab: Laboratory) -> None:
    assert lab.word("enrol", "other").status == 0
    named = lab.word("show", lab.mandate)
    assert (named.status, "--loader" in named.err) == (Exit.FOUND, True)
    said = lab.word("show", lab.mandate, "--loader", "other")
    assert said.status == Exit.FOUND
    assert "an administrator enrols it in the role loader" in said.err


def test_show_hides_nothing_that_a_document_says(lab: Laboratory) -> None:
    now = lab.lab.clock()
    document = departing.receiving(lab.lab, source="Mega\x1b[8mBus").document
    told = Migration(lab.mandate, "signed", now, now, now, 100, 0, (), (), document)
    shown = "\n".join(show.lines(told))
    assert "source Mega\\x1b[8mBus" in shown
    assert plain.is_plain(shown.replace("\n", ""))


def test_show_says_of_what_is_over_that_it_was_destroyed_and_of_keys_one_in_a_line(lab: Laboratory) -> None:
    now = lab.lab.clock()
    document = departing.receiving(lab.lab, sender="ab" * 32).document
    told = Migration(lab.mandate, "closed", now, now, now, 100, 0, (), (), document)
    shown = list(show.lines(told))
    assert "  staging was destroyed" in shown
    assert not [line for line in shown if "unless" in line]
    assert f"  sender {'ab' * 32}" in shown
    assert [line for line in shown if re.fullmatch("  laboratory's key [0-9a-f]{64}", line)]
    standing = list(show.lines(msgspec.structs.replace(told, state="loading")))
    assert [line for line in standing if line.endswith("UTC unless somebody signs before")]


def test_show_names_state_steps_and_who_takes_the_next(lab: Laboratory) -> None:
    said, told = lab.word("show", lab.mandate), lab.word("show", lab.mandate, "--json")
    assert said.status == 0
    assert f"{lab.mandate}  declared" in said.out
    assert re.search(r"declare +.*Director Nord, Privacy Nord", said.out)
    assert f"profile   the loader: aliquot legacy profile {lab.mandate} SOURCE\n" in said.out
    assert "SOURCE is source.toml of the old system, or the folder of what was carried" in said.out
    assert "extend    director with privacy officer" in said.out
    (found,) = json.loads(told.out)
    assert (found["state"], found["used"]) == ("declared", 0)


@pytest.mark.parametrize("mandate", ["", "00", "nonsense", "f" * 32])
def test_a_mandate_that_is_none_is_refused(lab: Laboratory, mandate: str) -> None:
    for word in (("show", mandate), ("profile", mandate, lab.source), ("finish", mandate)):
        said = lab.word(*word)
        assert said.status == Exit.FOUND, said
        assert said.err.startswith("aliquot legacy: ")
        assert len(mandate) in (0, 32) or "`aliquot legacy show --login NAME` gives it" in said.err


def test_without_a_custodian_it_is_said_that_it_does_not_answer(lab: Laboratory) -> None:
    lab.lab.hang_up()
    lab.lab.custodian.stop()
    assert lab.word("show", lab.mandate).status == Exit.AWAY
    lab.lab.custodian.start()


def test_the_whole_road_leaves_no_value_in_any_output_or_file(lab: Laboratory) -> None:
    said = [lab.word("profile", lab.mandate, lab.source)]
    said.append(lab.word("draft", lab.mandate))
    Path(lab.map).write_text(said[-1].out)
    # What a draft leaves open is a fault until somebody completes it.
    drafted = lab.word("check", lab.map)
    digest = lab.draw()
    said.append(lab.word("check", lab.map, "--json"))
    assert json.loads(said[-1].out) == {"digest": digest, "signed": False, "faults": []}
    lab.sign("map", digest)
    said += [lab.word("rehearse", lab.map, lab.source), lab.word("rehearse", lab.map, lab.source, "--json")]
    lab.sign("load", rests=json.loads(said[-1].out)["digest"])
    said += [lab.word("load", lab.map, lab.source), lab.word("load", lab.map, lab.source, "--json")]
    said += [lab.word("finish", lab.mandate, "--json"), lab.word("show", lab.mandate)]
    assert [one.status for one in said] == [0] * len(said), [one.err for one in said]
    assert json.loads(said[-2].out)["state"] == "loaded"
    assert leaks(lab, *said, drafted) == []
    assert {stat.S_IMODE(file.stat().st_mode) for file in lab.folder.iterdir()} == {0o600}
    on_paper(lab)


def on_paper(lab: Laboratory) -> None:
    """What was signed, and how the load ended, stands in the record, with no value of the source."""
    profile, drawn = in_force(lab.move, papers.PROFILE), in_force(lab.move, papers.MAP)
    rehearsed, loaded = in_force(lab.move, papers.REHEARSAL), in_force(lab.move, papers.LOADED)
    progress = newest(lab.move, papers.PROGRESS)
    assert profile
    assert drawn
    assert rehearsed
    assert loaded
    assert progress
    assert (progress.content.state, progress.content.sums) == ("ended", loaded.content.sums)
    told = [msgspec.json.encode(paper.content).decode() for paper in (drawn, rehearsed, loaded, progress)]
    assert [value for value in (*VALUES, *NUMBERS) for text in told if value in text] == []
    assert [value for value in VALUES if value in msgspec.json.encode(profile.content).decode()] == []


def test_the_map_of_an_exit_is_of_what_was_signed_and_nothing_else(lab: Laboratory) -> None:
    assert lab.word("profile", lab.mandate, lab.source).status == 0
    said = lab.word("draft", lab.mandate, "--exit")
    assert (said.status, said.out) == (Exit.FOUND, "")
    assert "table P: NUM is not in what leaves another installation" in said.err


def test_check_names_every_fault_with_its_place(lab: Laboratory) -> None:
    lab.draw(TOML.replace('test = "NA"', 'test = "NOBODYS"').replace('zone = "Europe/Paris"', 'zone = "Nowhere"'))
    said = lab.word("check", lab.map)
    assert said.status == Exit.FOUND
    assert "tests.NAT: NOBODYS is not in the catalogue" in said.out
    assert "zone: Nowhere is not a time zone" in said.out
    Path(lab.map).write_text("mandate = 1")
    assert lab.word("check", lab.map).status == Exit.FOUND
    Path(lab.map).write_bytes(b"\xff\xfe")
    assert "map.toml: it cannot be read" in lab.word("check", lab.map).err


def test_a_rehearsal_is_recorded_once_the_map_is_signed_and_says_what_changed(lab: Laboratory) -> None:
    assert lab.word("profile", lab.mandate, lab.source).status == 0
    digest = lab.draw()
    first = lab.word("rehearse", lab.map, lab.source)
    assert "not recorded: a biologist signs the map" in first.out
    assert "R  parked  test-not-mapped (COD): 1  rows 3" in first.out
    lab.sign("map", digest)
    second = lab.word("rehearse", lab.map, lab.source)
    assert "since the last rehearsal nothing changed" in second.out
    assert "it stands in history" in second.out
    lab.draw(TOML + '\n[[tests]]\ncode = "TSH"\ntest = "NA"\n')
    third = lab.word("rehearse", lab.map, lab.source)
    assert "R  parked  test-not-mapped: 1 -> 0" in third.out
    assert "not recorded: a biologist signs the map" in third.out
    told = json.loads((lab.folder / "rehearsal.json").read_text())
    assert sorted(told) == ["dossiers", "mandate", "map", "people", "sums", "whole"]


def test_a_load_before_its_time_or_under_another_map_is_told_who_signs_what(lab: Laboratory) -> None:
    lab.draw()
    early = lab.word("load", lab.map, lab.source)
    assert early.status == Exit.FOUND
    assert f"`aliquot legacy show {lab.mandate}` says which step follows" in early.err
    assert lab.word("profile", lab.mandate, lab.source).status == 0
    lab.sign("map", lab.draw())
    lab.draw(TOML.replace("same_method = true\n", ""))
    assert "another map is signed; rehearse that one first" in lab.word("rehearse", lab.map, lab.source).out
    lab.draw()
    rehearsed = lab.told("rehearse", lab.map, lab.source)
    unopened = lab.word("load", lab.map, lab.source)
    assert "the step load opens the loading: director or privacy officer, with a fresh factor" in unopened.err
    lab.sign("load", rests=str(rehearsed["digest"]))
    lab.draw(TOML + "\n# a remark changes nothing\n")
    assert lab.word("load", lab.map, lab.source).status == 0
    lab.draw(TOML.replace("same_method = true\n", ""))
    other = lab.word("load", lab.map, lab.source)
    assert other.status == Exit.FOUND
    assert "this is not the map that was signed: biologist, with a fresh factor" in other.err


def test_finish_waits_for_a_load_that_came_to_its_end(lab: Laboratory) -> None:
    lab.opened()
    said = lab.word("finish", lab.mandate)
    assert (said.status, "no load came to its end" in said.err) == (Exit.FOUND, True)
    assert lab.word("load", lab.map, lab.source).status == 0
    (lab.folder / "loaded.json").write_text('{"mandate":1}')
    assert "delete it" in lab.word("finish", lab.mandate).err


def test_a_mandate_that_is_used_up_is_told_who_signs_the_next(lab: Laboratory) -> None:
    lab.opened()
    lab.lab.custodian.custodian.store.db.execute("UPDATE mandate SET used = allowed")
    said = lab.word("load", lab.map, lab.source)
    assert said.status == Exit.FOUND
    assert "the mandate's count is used up" in said.err
    assert "a director and a privacy officer sign a new mandate" in said.err


def test_a_mandate_and_a_source_that_are_not_there_are_named_with_what_to_do(lab: Laboratory) -> None:
    said = lab.word("profile", f"{lab.mandate[:8]}{'0' * 24}", lab.source)
    assert (said.status, "no mandate in force covers this" in said.err) == (Exit.FOUND, True)
    assert "`aliquot legacy show --login NAME`" in said.err
    said = lab.word("profile", lab.mandate, "nowhere")
    assert (said.status, "nowhere: there is no such file or folder" in said.err) == (Exit.FOUND, True)


def test_load_may_be_typed_again_for_as_long_as_show_says_so(lab: Laboratory) -> None:
    assert "aliquot legacy load MAP SOURCE" not in lab.word("show", lab.mandate).out
    lab.opened()
    assert "the loader: aliquot legacy load MAP SOURCE" in lab.word("show", lab.mandate).out

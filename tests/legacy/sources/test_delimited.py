"""Delimited text, as old systems really write it."""

import gzip
from itertools import product
from pathlib import Path

import pytest

from aliquot.legacy.description import Description
from aliquot.legacy.sources import opening
from aliquot.terms.errors import Refused
from tests.legacy.sources import old

SEMICOLON = 'kind = "delimited"\nseparator = ";"\ncharset = "mixed"\n[tables.people]\npath = "people.txt"\n'


def people(folder: Path, content: bytes, toml: str = SEMICOLON) -> Description:
    (folder / "people.txt").write_bytes(content)
    return old.described(folder, toml)


def test_only_the_columns_that_are_asked_for_come_in_the_order_asked(tmp_path: Path) -> None:
    source = people(tmp_path, b"id;nom;ville\n1;DUPONT;Brest\n2;MARTIN;Dinan\n")
    assert old.read(source, "people", ["ville", "id"]) == {1: ("Brest", "1"), 2: ("Dinan", "2")}
    assert old.columns(source) == {"people": ("id", "nom", "ville")}


def test_a_column_that_is_not_there_is_refused_by_name(tmp_path: Path) -> None:
    source = people(tmp_path, b"id;nom\n1;DUPONT\n")
    with pytest.raises(Refused, match="people has no column age"):
        old.read(source, "people", ["age"])


def test_lines_of_two_character_sets_are_each_read_in_theirs_and_counted(tmp_path: Path) -> None:
    source = people(tmp_path, "id;nom\n1;René\n".encode() + "2;Zoë\n".encode("cp1252") + b"3;a\x81b\n")
    assert old.read(source, "people", ["nom"]) == {1: ("René",), 2: ("Zoë",), 3: ("a�b",)}
    (chunk,) = opening.opened(source).rows("people", ["nom"])
    assert chunk.foreign == 2


def test_a_cell_may_have_separators_quotes_and_line_ends_in_it(tmp_path: Path) -> None:
    source = people(tmp_path, b'id;note\r\n1;"a;b\r\n""c"""\r\n2;d\r\n')
    assert old.read(source, "people", ["note"]) == {1: ('a;b\r\n"c"',), 2: ("d",)}


def test_a_row_of_another_width_is_spoiled_and_the_next_is_read(tmp_path: Path) -> None:
    source = people(tmp_path, b"id;nom\n1\n2;MARTIN\n3;X;Y\n\n4;PETIT;\n")
    assert old.read(source, "people", ["id", "nom"]) == {2: ("2", "MARTIN"), 4: ("4", "PETIT")}
    assert [(one.row, one.reason) for one in old.spoiled(source, "people", ["id"])] == [
        (1, "1 cells instead of 2"),
        (3, "3 cells instead of 2"),
    ]


def test_a_quotation_mark_that_is_never_closed_spoils_its_own_row_only(tmp_path: Path) -> None:
    source = people(tmp_path, b'id;nom\n1;"DUPONT\n2;MARTIN\n3;PETIT\n')
    assert old.read(source, "people", ["id"]) == {2: ("2",), 3: ("3",)}
    (one,) = old.spoiled(source, "people", ["id"])
    assert (one.row, "quotation mark" in one.reason) == (1, True)


def test_a_quotation_mark_closed_by_a_later_row_spoils_its_own_row_only(tmp_path: Path) -> None:
    source = people(tmp_path, b'id;nom;note\n1;"DUPONT;x\n2;MARTIN;"y"\n3;PETIT;z\n')
    assert old.read(source, "people", ["id"]) == {2: ("2",), 3: ("3",)}


def test_many_rows_around_a_broken_one_all_come_with_their_places(tmp_path: Path) -> None:
    lines = [b"id;nom\n", *(b"%d;N\n" % number for number in range(1, 5001))]
    lines[3000] = b'3000;"N\n'
    source = people(tmp_path, b"".join(lines))
    rows = old.read(source, "people", ["id"])
    assert len(rows) == 4999
    assert all(row == (str(number),) for number, row in rows.items())


def test_reading_goes_on_after_a_place_across_files(tmp_path: Path) -> None:
    (tmp_path / "a1.txt").write_text("id,nom\n1,A\n2,B\n")
    (tmp_path / "a2.txt").write_text("id,nom\n3,C\n4\n5,E\n")
    source = old.described(tmp_path, 'kind = "delimited"\n[tables.a]\npath = "a*.txt"\n')
    assert old.read(source, "a", ["id"], after=2) == {3: ("3",), 5: ("5",)}
    assert old.read(source, "a", ["id"], after=3) == {5: ("5",)}


def test_a_second_file_with_other_columns_is_refused(tmp_path: Path) -> None:
    (tmp_path / "a1.txt").write_text("id,nom\n1,A\n")
    (tmp_path / "a2.txt").write_text("nom,id\nA,1\n")
    source = old.described(tmp_path, 'kind = "delimited"\n[tables.a]\npath = "a*.txt"\n')
    with pytest.raises(Refused, match=r"a2\.txt: its columns"):
        old.read(source, "a", ["id"])


def test_a_word_for_no_value_is_no_value(tmp_path: Path) -> None:
    source = people(tmp_path, b"id;nom\n1;NULL\n2;\n", f'absent = "NULL"\n{SEMICOLON}')
    assert old.read(source, "people", ["id", "nom"]) == {1: ("1", None), 2: ("2", "")}


def test_a_packed_file_is_unpacked_on_the_way(tmp_path: Path) -> None:
    (tmp_path / "p.csv.gz").write_bytes(gzip.compress(b"id,nom\n1,A\n"))
    source = old.described(tmp_path, 'kind = "delimited"\n[tables.p]\npath = "p.csv.gz"\n')
    assert old.read(source, "p", ["nom"]) == {1: ("A",)}


def test_a_packed_file_that_breaks_off_is_refused(tmp_path: Path) -> None:
    whole = gzip.compress(b"id,nom\n" + b"".join(b"%d,%d\n" % (n, n * 7919) for n in range(9000)))
    damaged = whole[:300] + bytes(200) + whole[500:]
    for kind, content in product(("delimited", "hl7v2", "dump", "fhir"), (whole[:-200], damaged)):
        (tmp_path / "p.csv.gz").write_bytes(content)
        named = '[tables.p]\npath = "p.csv.gz"' if kind == "delimited" else 'path = "p.csv.gz"'
        with pytest.raises(Refused, match=r"p\.csv\.gz: the file breaks off"):
            old.columns(old.described(tmp_path, f'kind = "{kind}"\n{named}\n'))


def test_files_with_one_end_of_line_from_another_age_are_read(tmp_path: Path) -> None:
    source = people(tmp_path, b"id;nom\r1;A\r2;B\r")
    assert old.read(source, "people", ["nom"]) == {1: ("A",), 2: ("B",)}


def test_wide_characters_are_read(tmp_path: Path) -> None:
    toml = SEMICOLON.replace("mixed", "utf-16")
    source = people(tmp_path, "id;nom\n1;René\n".encode("utf-16"), toml)
    assert old.read(source, "people", ["nom"]) == {1: ("René",)}


def test_names_of_columns_that_are_missing_or_doubled_are_told_apart(tmp_path: Path) -> None:
    source = people(tmp_path, b"\xef\xbb\xbfid;;nom; nom\n1;2;3;4\n")
    assert old.columns(source) == {"people": ("id", "column 2", "nom", "nom (4)")}


def test_an_empty_file_and_one_without_lines_are_refused_by_name(tmp_path: Path) -> None:
    with pytest.raises(Refused, match=r"people\.txt: it is empty"):
        old.columns(people(tmp_path, b""))
    with pytest.raises(Refused, match=r"people\.txt: a line of more than 8 MB"):
        old.columns(people(tmp_path, b"\x01" * (11 << 20)))


def test_a_character_set_that_is_none_is_refused(tmp_path: Path) -> None:
    for charset in ("klingon", "hex"):
        with pytest.raises(Refused, match=f"charset: {charset} is not known"):
            old.columns(people(tmp_path, b"id\n1\n", SEMICOLON.replace("mixed", charset)))


def test_files_without_names_are_read_under_the_names_of_the_description(tmp_path: Path) -> None:
    source = people(tmp_path, b"1;A\n", f'{SEMICOLON}columns = ["id", "nom"]\n')
    assert old.read(source, "people", ["nom"]) == {1: ("A",)}


def test_a_record_without_an_end_is_refused_before_it_fills_the_memory(tmp_path: Path) -> None:
    cell = b'"' + b"x" * 1000 + b'\n";'
    source = people(tmp_path, b"id;nom\n1;DUPONT\n" + cell * 20_000)
    with pytest.raises(Refused, match=r"people\.txt: a row of more than 8 MB: this is no row of a table"):
        old.read(source, "people", ["id"])

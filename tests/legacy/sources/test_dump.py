"""SQL dumps, as mysqldump and pg_dump write them."""

from pathlib import Path

import pytest

from aliquot.legacy.description import Description
from aliquot.terms.errors import Refused
from tests.legacy.sources import old

MYSQL = (
    """-- MySQL dump 10.13
-- it's a comment with a quote
/*!40101 SET NAMES utf8 */;
DROP TABLE IF EXISTS `pat`;
CREATE TABLE `pat` (
  `id` int(11) NOT NULL,
  `nom` varchar(20) DEFAULT 'a,(b',
  `créé` decimal(3,1) DEFAULT NULL,
  PRIMARY KEY (`id`),
  KEY `k` (`nom`,`créé`)
) ENGINE=InnoDB;
INSERT INTO `pat` VALUES (1,'O\\'Neil; (x)',1.5),(2,NULL,-2),(3,'a''b',now()),(4,_binary 'x\\\\',0x4D61);
""".encode()
    + b"INSERT INTO `pat` (nom,id) VALUES ('Ren\xe9',5);\nINSERT INTO autre VALUES (1);\n"
    + "INSERT INTO `pat` VALUES (6,'René','a\\nb'),(7,'X'),(8,'br".encode()
)
POSTGRES = """--
SET standard_conforming_strings = on;
CREATE TABLE public.pat (
    id integer NOT NULL,
    nom character varying(20) DEFAULT 'x'::character varying,
    d numeric(10,2),
    CONSTRAINT pat_pk PRIMARY KEY (id)
);
CREATE INDEX k ON public.pat (nom);
COPY public.pat (id, nom, d) FROM stdin;
1\ta\\tb\t\\N
2\tx
3\tc\\\\\t1
\\.

INSERT INTO public.pat VALUES (4, 'C:\\', E'it\\'s') ON CONFLICT DO NOTHING;
INSERT INTO public.pat VALUES (5, '', 'é');
"""


def dump(folder: Path, content: bytes) -> Description:
    (folder / "old.sql").write_bytes(content)
    return old.described(folder, 'kind = "dump"\npath = "old.sql"\n')


def test_rows_of_mysqldump_are_read_with_their_escapes_and_character_sets(tmp_path: Path) -> None:
    source = dump(tmp_path, MYSQL)
    assert old.columns(source)["pat"] == ("id", "nom", "créé")
    assert old.read(source, "pat", ["id", "nom", "créé"]) == {
        1: ("1", "O'Neil; (x)", "1.5"),
        2: ("2", None, "-2"),
        4: ("4", "x\\", "Ma"),
        5: ("5", "René", None),
        6: ("6", "René", "a\nb"),
    }


def test_what_is_not_a_row_of_plain_values_is_spoiled_by_its_place(tmp_path: Path) -> None:
    found = {one.row: one.reason for one in old.spoiled(dump(tmp_path, MYSQL), "pat", ["id"])}
    plain = "not a list of plain values, or the dump breaks off"
    assert found == {3: plain, 7: "2 values instead of 3", 8: plain}


def test_rows_of_pg_dump_are_read_from_copy_and_from_insert(tmp_path: Path) -> None:
    source = dump(tmp_path, POSTGRES.encode())
    assert old.read(source, "pat", ["id", "nom", "d"]) == {
        1: ("1", "a\tb", None),
        3: ("3", "c\\", "1"),
        4: ("4", "C:\\", "it's"),
        5: ("5", "", "é"),
    }
    assert [one.row for one in old.spoiled(source, "pat", ["id"])] == [2]


def test_a_statement_longer_than_what_is_in_memory_at_a_time_is_read_whole(tmp_path: Path) -> None:
    values = ",".join(f"({number},'{'x' * 50};',NULL)" for number in range(60_000))
    source = dump(
        tmp_path,
        f"-- MySQL dump\nCREATE TABLE `t` (a int, b text, c text);\nINSERT INTO `t` VALUES {values};\n".encode(),
    )
    rows = old.read(source, "t", ["a"])
    assert len(rows) == 60_000
    assert rows[60_000] == ("59999",)
    assert old.read(source, "t", ["a"], after=59_999) == {60_000: ("59999",)}


def test_a_file_that_is_not_a_dump_is_refused(tmp_path: Path) -> None:
    with pytest.raises(Refused, match=r"old\.sql: no CREATE TABLE"):
        old.columns(dump(tmp_path, b"Dear colleague,\n\nplease find our file enclosed.\n"))

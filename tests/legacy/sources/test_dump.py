"""SQL dumps, as mysqldump and pg_dump write them."""

import gzip
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
    + "INSERT INTO `pat` VALUES (6,'René','a\\nb'),(7,'X'),(8,f(1),2);\n".encode()
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
    plain = "not a list of plain values"
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


@pytest.mark.parametrize("content", [MYSQL, POSTGRES.encode()])
@pytest.mark.parametrize("missing", [4, 12])
def test_a_dump_that_was_cut_short_among_its_rows_is_refused_before_one_is_read(
    tmp_path: Path, content: bytes, missing: int
) -> None:
    rows = content.removesuffix(POSTGRES.partition("\\.")[2].encode()).removesuffix(b"\n")
    assert len(old.columns(dump(tmp_path, rows + b"\n"))) >= 1
    with pytest.raises(Refused, match=r"old\.sql: the dump breaks off among its rows"):
        old.columns(dump(tmp_path, rows[:-missing]))


def test_a_file_that_is_not_a_dump_is_refused(tmp_path: Path) -> None:
    with pytest.raises(Refused, match=r"old\.sql: no CREATE TABLE"):
        old.columns(dump(tmp_path, b"Dear colleague,\n\nplease find our file enclosed.\n"))


BLOCK = 1 << 18
"""So many bytes are read of a dump at a time."""
DATA = (
    b"\\.\n\n--\n-- Data for Name: res; Schema: public; Owner: lab\n--\n\nCOPY public.res (id) FROM stdin;\n1\n2\n\\.\n"
)


@pytest.mark.parametrize("cut", [5, 12, 30, 50, 60])
def test_a_comment_that_goes_on_beyond_what_is_in_memory_hides_no_table(tmp_path: Path, cut: int) -> None:
    begins = (
        b"CREATE TABLE public.pat (id text);\nCREATE TABLE public.res (id integer);\nCOPY public.pat (id) FROM stdin;\n"
    )
    filled = begins + b"x" * (BLOCK - len(begins) - cut - 1) + b"\n"
    assert len(filled) + cut == BLOCK
    assert old.read(dump(tmp_path, filled + DATA), "res", ["id"]) == {1: ("1",), 2: ("2",)}


def test_a_text_that_begins_with_e_ends_where_it_ends_wherever_memory_was_cut(tmp_path: Path) -> None:
    begins = b"CREATE TABLE a (id text);\nINSERT INTO a VALUES ('"
    told = b"', E'it\\'s; (');\nCREATE TABLE b (id text);\nINSERT INTO b VALUES ('1');\n"
    for cut in (5, 8):
        content = begins + b"x" * (BLOCK - len(begins) - cut) + told
        assert old.read(dump(tmp_path, content), "b", ["id"]) == {1: ("1",)}


@pytest.mark.parametrize("tag", ["$$", "$body$"])
def test_the_body_of_a_function_hides_no_table(tmp_path: Path, tag: str) -> None:
    function = f"CREATE FUNCTION f() RETURNS trigger AS {tag}\nBEGIN -- we don't; \nRETURN NEW; END; {tag};\n"
    source = dump(tmp_path, (function + "ALTER TABLE a$b$c OWNER TO x;\n" + POSTGRES).encode())
    assert old.columns(source) == {"pat": ("id", "nom", "d")}
    assert len(old.read(source, "pat", ["id"])) == 4


def test_triggers_and_procedures_of_mysql_bring_no_rows(tmp_path: Path) -> None:
    procedure = b"DELIMITER ;;\nCREATE PROCEDURE p()\nBEGIN\nINSERT INTO `pat` VALUES (NEW.id,'don''t',1);\nEND ;;\n"
    plain = old.read(dump(tmp_path, MYSQL), "pat", ["id"])
    assert old.read(dump(tmp_path, procedure + b"DELIMITER ;\n" + MYSQL), "pat", ["id"]) == plain
    with pytest.raises(Refused, match="DELIMITER"):
        old.columns(dump(tmp_path, procedure))


@pytest.mark.parametrize("note", ["-- the patient's", "/* the patient's; */", "-- a, b (c"])
def test_a_note_inside_a_statement_is_no_part_of_it(tmp_path: Path, note: str) -> None:
    told = f"CREATE TABLE p (id int, {note}\n nom text);\nINSERT INTO p VALUES (1,'A') {note}\n, {note}\n(-2,'--');\n"
    source = dump(tmp_path, told.encode())
    assert old.columns(source) == {"p": ("id", "nom")}
    assert old.read(source, "p", ["id", "nom"]) == {1: ("1", "A"), 2: ("-2", "--")}


@pytest.mark.parametrize(
    "statement",
    [
        "INSERT INTO p SELECT 1, 'A';",
        "INSERT INTO p SET id = 1, nom = 'A';",
        "INSERT p (id, nom) VALUES (1, 'A');",
        "REPLACE p SET id = 1;",
        "COPY p FROM '/tmp/p.csv';",
    ],
)
def test_a_statement_that_brings_rows_in_another_way_is_not_passed_over(tmp_path: Path, statement: str) -> None:
    source = dump(tmp_path, f"CREATE TABLE p (id int, nom text);\nCREATE TABLE q (id int);\n{statement}".encode())
    assert [one.row for one in old.spoiled(source, "p", ["id"])] == [1]
    assert old.spoiled(source, "q", ["id"]) == []


def test_rows_with_an_identity_that_is_always_generated_are_read(tmp_path: Path) -> None:
    told = (
        b"CREATE TABLE p (id int);\nINSERT INTO p (id) OVERRIDING SYSTEM VALUE VALUES (1);\nINSERT INTO p VALUE (2);\n"
    )
    assert old.read(dump(tmp_path, told), "p", ["id"]) == {1: ("1",), 2: ("2",)}


@pytest.mark.parametrize("begins", [b"COPY p (id) FROM stdin;\n", b"CREATE VIEW v AS "])
def test_a_line_or_a_statement_without_an_end_does_not_fill_the_memory(tmp_path: Path, begins: bytes) -> None:
    packed = gzip.compress(begins + bytes(80 << 20), 1)
    (tmp_path / "old.sql.gz").write_bytes(packed)
    with pytest.raises(Refused, match="more than 64 MB"):
        old.columns(old.described(tmp_path, 'kind = "dump"\npath = "old.sql.gz"\n'))


@pytest.mark.parametrize(
    "told",
    [
        "CREATE TABLE [dbo].[p](\n [id] [int] NOT NULL\n)\nGO\nINSERT [dbo].[p] ([id]) VALUES (1)\nGO\n",
        "CREATE TABLE p (id int)\nINSERT INTO p VALUES (1)\nINSERT INTO p VALUES (2)\n",
        "CREATE TABLE p (id int)\ngo 2\r\nINSERT INTO p VALUES (1);\n",
        "CREATE TABLE p (id int);\nINSERT INTO p VALUES (1);\nGO\nINSERT INTO p VALUES (2);\nGO\n",
        "CREATE TABLE p (id int);\nINSERT INTO p VALUES (1)\n-- it's\nINSERT INTO p VALUES (2);\n",
        "CREATE TABLE p (id int);\nSET IDENTITY_INSERT [p] ON\nINSERT [p] ([id]) VALUES (1);\n",
        "USE [old];\nCREATE VIEW v AS SELECT 1\nGO\nCREATE TABLE p (id int);\nINSERT INTO p VALUES (1);\n",
    ],
)
def test_statements_without_a_semicolon_are_refused_and_no_table_seems_empty(tmp_path: Path, told: str) -> None:
    with pytest.raises(Refused, match=r"old\.sql: .* no semicolon ends, .* SQL Server .*: dumps of MySQL, MariaDB"):
        old.columns(dump(tmp_path, told.encode()))


@pytest.mark.parametrize(
    "told",
    [
        "CREATE TABLE p (id int,\n insert int,\n go text,\n d text DEFAULT '\nGO\nINSERT INTO p VALUES (0)\n');\n",
        "CREATE TABLE p (id int);\nCREATE TRIGGER t AFTER INSERT ON p BEGIN\nINSERT INTO log VALUES (1);\nEND;\n",
        "CREATE TABLE p (id int);\nCREATE FUNCTION f() AS $$\nGO\nINSERT INTO p VALUES (0)\n$$;\n",
    ],
)
def test_what_only_looks_like_a_statement_is_none(tmp_path: Path, told: str) -> None:
    rows = "INSERT INTO p (id) VALUES (1),\n(2),\n('\nGO\nINSERT INTO p VALUES (0)\n');\n"
    found = old.read(dump(tmp_path, (told + rows).encode()), "p", ["id"])
    assert found == {1: ("1",), 2: ("2",), 3: ("\nGO\nINSERT INTO p VALUES (0)\n",)}


TWO_BY_USE = """CREATE DATABASE `labo_a`;
USE `labo_a`;
CREATE TABLE `pat` (`id` int, `nom` text, `prenom` text) ENGINE=InnoDB;
INSERT INTO `pat` VALUES (1,'MARTIN','Paul');
CREATE TABLE `own` (`id` int);
INSERT INTO `labo_a`.`own` VALUES (7);
USE `labo_b`;
CREATE TABLE `pat` (`id` int, `prenom` text, `nom` text) ENGINE=InnoDB;
INSERT INTO `pat` VALUES (2,'Anne','DUPONT'),(3,'Zoe','DURAND');
"""
TWO_BY_NAME = """CREATE TABLE labo_a.pat (id integer, nom text, prenom text);
COPY labo_a.pat (id, nom, prenom) FROM stdin;
1\tMARTIN\tPaul
\\.
CREATE TABLE "labo_b" . pat (id integer, prenom text, nom text);
COPY "labo_b" . pat FROM stdin;
2\tAnne\tDUPONT
3\tZoe\tDURAND
\\.
CREATE TABLE labo_a.own (id integer);
INSERT INTO labo_a.own VALUES (7);
"""
TWO_BY_PATH = """SET search_path = labo_a, pg_catalog;
CREATE TABLE pat (id integer, nom text, prenom text);
CREATE TABLE own (id integer);
INSERT INTO own VALUES (7);
SET search_path TO 'labo_b';
CREATE TABLE pat (id integer, prenom text, nom text);
SELECT pg_catalog.set_config('search_path', 'labo_a, pg_catalog', false);
INSERT INTO pat VALUES (1, 'MARTIN', 'Paul');
SELECT pg_catalog.set_config('search_path', '', false);
INSERT INTO labo_b.pat VALUES (2, 'Anne', 'DUPONT'), (3, 'Zoe', 'DURAND');
"""
TWO_BY_CONNECTION = """\\restrict aBc
\\connect labo_a
CREATE TABLE public.pat (id integer, nom text, prenom text);
INSERT INTO public.pat VALUES (1, 'MARTIN', 'Paul');
SET search_path = public;
CREATE TABLE own (id integer);
INSERT INTO public.own VALUES (7);
\\unrestrict aBc
\\connect -reuse-previous=on "dbname='labo_b'"
CREATE TABLE public.pat (id integer, prenom text, nom text);
INSERT INTO public.pat VALUES (2, 'Anne', 'DUPONT'), (3, 'Zoe', 'DURAND');
"""


def chosen(folder: Path, content: str, schema: str) -> Description:
    (folder / "old.sql").write_text(content)
    return old.described(folder, f'kind = "dump"\npath = "old.sql"\nschema = "{schema}"\n')


@pytest.mark.parametrize(
    ("content", "stand"),
    [
        (TWO_BY_USE, "labo_a, labo_b"),
        (TWO_BY_NAME, "labo_a, labo_b"),
        (TWO_BY_PATH, "labo_a, labo_b"),
        (TWO_BY_CONNECTION, r"labo_a\.public, labo_b\.public"),
    ],
    ids=["use", "name", "path", "connection"],
)
def test_the_patients_of_two_laboratories_in_one_dump_are_not_mixed(tmp_path: Path, content: str, stand: str) -> None:
    mixed = dump(tmp_path, content.encode())
    said = rf'old\.sql: the table pat stands in {stand}: .* source\.toml .* schema = "labo_a'
    with pytest.raises(Refused, match=said):
        old.read(mixed, "pat", ["nom"])
    with pytest.raises(Refused, match=said):
        old.columns(mixed)
    assert old.read(mixed, "own", ["id"]) == {1: ("7",)}
    names = ["id", "nom", "prenom"]
    assert old.read(chosen(tmp_path, content, "labo_a"), "pat", names) == {1: ("1", "MARTIN", "Paul")}
    other = chosen(tmp_path, content, "labo_b")
    assert old.columns(other) == {"pat": ("id", "prenom", "nom")}
    assert old.read(other, "pat", names) == {1: ("2", "DUPONT", "Anne"), 2: ("3", "DURAND", "Zoe")}
    with pytest.raises(Refused, match="there is no table own"):
        old.read(other, "own", ["id"])


def test_a_schema_of_a_database_is_chosen_by_both_names_where_one_does_not_tell(tmp_path: Path) -> None:
    with pytest.raises(Refused, match="the table pat stands in"):
        old.columns(chosen(tmp_path, TWO_BY_CONNECTION, "public"))
    found = old.columns(chosen(tmp_path, TWO_BY_CONNECTION, "labo_b.public"))
    assert found == {"pat": ("id", "prenom", "nom")}


def test_a_schema_in_which_no_table_stands_is_refused_with_those_that_there_are(tmp_path: Path) -> None:
    with pytest.raises(Refused, match=r"source\.toml: schema: .* stand in labo_a, labo_b$"):
        old.columns(chosen(tmp_path, TWO_BY_USE, "labo_c"))
    with pytest.raises(Refused, match=r"source\.toml: schema: .* stand in no schema$"):
        old.columns(chosen(tmp_path, MYSQL.decode("latin-1"), "labo_a"))


@pytest.mark.parametrize("again", ["DROP TABLE p;\nCREATE TABLE p", "CREATE TABLE IF NOT EXISTS a.p"])
def test_a_table_that_is_created_twice_is_not_read_and_the_others_are(tmp_path: Path, again: str) -> None:
    once = "CREATE TABLE q (id int);\nINSERT INTO q VALUES (1);\nCREATE TABLE p (id int, nom text);\n"
    source = dump(tmp_path, f"{once}{again} (nom text, id int);\n".encode())
    with pytest.raises(Refused, match=r"old\.sql: the table p is created twice"):
        old.read(source, "p", ["id"])
    assert old.read(source, "q", ["id"]) == {1: ("1",)}


def test_a_table_that_is_created_without_a_schema_is_the_only_one_that_its_rows_name(tmp_path: Path) -> None:
    nowhere = "SELECT pg_catalog.set_config('search_path', '', false);\n"
    created = f"{nowhere}CREATE TABLE p (id int);\nINSERT INTO labo.p VALUES (1);\n"
    assert old.read(dump(tmp_path, created.encode()), "p", ["id"]) == {1: ("1",)}
    with pytest.raises(Refused, match="the table p stands in labo, no schema"):
        old.read(dump(tmp_path, f"{created}INSERT INTO p VALUES (2);\n".encode()), "p", ["id"])


def test_a_database_is_another_one_though_its_schemas_are_called_alike(tmp_path: Path) -> None:
    row = "INSERT INTO dbo.p (id) VALUES (1);\n"
    with pytest.raises(Refused, match=r"the table p stands in a\.dbo, b\.dbo:"):
        old.columns(dump(tmp_path, f"USE [a];\n{row}USE [b]\n{row}".encode()))
    connected = f"SET search_path = dbo;\n\\connect a\n{row}\\connect - admin\n{row}\\c b\n{row.replace('dbo.', '')}"
    with pytest.raises(Refused, match=r"the table p stands in a\.dbo, b:"):
        old.columns(dump(tmp_path, connected.encode()))


def test_the_order_of_columns_is_that_in_which_they_were_created(tmp_path: Path) -> None:
    told = (
        "INSERT INTO p (nom, id) VALUES ('A', 1);\nCREATE TABLE p (id int, nom text);\nINSERT INTO p VALUES (2, 'B');\n"
    )
    assert old.read(dump(tmp_path, told.encode()), "p", ["nom"]) == {1: ("A",), 2: ("B",)}

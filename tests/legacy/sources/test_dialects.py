"""Whether a backslash escapes in a dump is told by what the program wrote, and not by what stands in a cell."""

from pathlib import Path

import pytest

from tests.legacy.sources import old
from tests.legacy.sources.test_dump import dump

ROW = "INSERT INTO pat VALUES (2,'C:\\temp\\new');\n"
CREATED = "CREATE TABLE pat (id int, nom text);\n"


@pytest.mark.parametrize(
    "before",
    [
        f"PRAGMA foreign_keys=OFF;\nBEGIN TRANSACTION;\n{CREATED}INSERT INTO pat VALUES (1,'l`eau');\n",
        f"{CREATED}INSERT INTO pat VALUES (1,'l''eau ` /*!40101 */ ENGINE= C:\\');\n",
        f"{CREATED}INSERT INTO pat VALUES (1, E'l\\'eau `');\n",
        f'-- l`eau\n/* l`eau */\n{CREATED}ALTER TABLE pat OWNER TO "l`eau";\n',
        "PRAGMA foreign_keys=OFF;\nCREATE TABLE `pat` (`id` int, `nom` text);\n",
        "BEGIN TRANSACTION;\nCREATE TABLE `pat` (`id` int, `nom` text);\n-- MySQL dump\n",
        f"-- PostgreSQL database dump\n-- of what came by MySQL dump\n{CREATED}",
        f"{CREATED}COPY pat (id, nom) FROM stdin;\n1\tl`eau d'ici\n\\.\n",
        f"CREATE FUNCTION f() RETURNS text AS $x$ l`eau $x$;\n{CREATED}",
        f"{CREATED}INSERT INTO pat VALUES (1,'{'`' * (1 << 16)}');\n",
    ],
)
def test_a_backslash_stands_for_itself_whatever_is_quoted_before(tmp_path: Path, before: str) -> None:
    rows = old.read(dump(tmp_path, (before + ROW).encode()), "pat", ["id", "nom"])
    assert rows[max(rows)] == ("2", "C:\\temp\\new")


@pytest.mark.parametrize(
    "before",
    [
        f"-- MySQL dump 10.13  Distrib 8.0.36\n{CREATED}",
        f"-- MariaDB dump 10.19\n{CREATED}",
        f"# phpMyAdmin MySQL-Dump\n{CREATED}",
        f"/*!40101 SET NAMES utf8 */;\n{CREATED}",
        f"/*M!999999\\- enable the sandbox mode */ \n{CREATED}",
        "# it's\nCREATE TABLE `pat` (`id` int, `nom` text);\n",
        "CREATE TABLE pat (id int, nom text DEFAULT 'l''eau') ENGINE = MyISAM;\n",
        f"{CREATED}INSERT INTO pat VALUES (1,'l\\'eau');\n",
    ],
)
def test_a_backslash_escapes_in_dumps_of_mysql_without_and_with_a_header(tmp_path: Path, before: str) -> None:
    rows = old.read(dump(tmp_path, (before + ROW).encode()), "pat", ["id", "nom"])
    assert rows[max(rows)] == ("2", "C:\temp\new")

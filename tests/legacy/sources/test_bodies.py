"""What a trigger or a function in a dump would insert one day is no row of a patient."""

from pathlib import Path

import pytest

from aliquot.terms.errors import Refused
from tests.legacy.sources import old
from tests.legacy.sources.test_dump import dump

GHOST = "INSERT INTO pat VALUES (99, 'ghost');"
QUOTED = "SELECT CASE WHEN 1 THEN 'END;' END; -- END;"
NESTED = (
    f"IF NEW.end THEN BEGIN {GHOST} END; END IF;\nCASE 1 WHEN 1 THEN {GHOST} END CASE;\n"
    f"w: WHILE 1 DO {GHOST} END WHILE w;"
)
EXECUTED = "/*!50003 CREATE*/ /*!50003 TRIGGER t AFTER INSERT ON pat FOR EACH ROW BEGIN"
BEGINS = "CREATE TABLE pat (id int, nom text);\nINSERT INTO pat VALUES (1, 'x');\n"
ENDS = "INSERT INTO pat VALUES (2, 'y');\n"


@pytest.mark.parametrize(
    "told",
    [
        f"CREATE TRIGGER t AFTER INSERT ON pat BEGIN INSERT INTO log VALUES (1); {GHOST} END;",
        f"CREATE TEMP TRIGGER t AFTER INSERT ON pat WHEN CASE 1 WHEN 1 THEN 1 END BEGIN\n{QUOTED}\n{GHOST}\nend ;",
        f"create function f(begin date, x int) returns void\nlanguage sql\nBEGIN ATOMIC\n{GHOST}\n{GHOST}\nEND;",
        f"CREATE FUNCTION f() RETURNS void AS $body$\nBEGIN\n{GHOST}\n{GHOST}\nEND; $body$ LANGUAGE plpgsql;",
        f"CREATE PROCEDURE p()\nLANGUAGE plpgsql AS $$ BEGIN {GHOST} {GHOST} END $$;\nCREATE VIEW begin AS SELECT 1;",
        f"CREATE RULE r AS ON INSERT TO a DO ( INSERT INTO log VALUES (1);\n {GHOST}\n);",
        f"CREATE DEFINER=`a`@`%` TRIGGER t AFTER INSERT ON pat FOR EACH ROW BEGIN\n{NESTED}\n{GHOST}\nEND;",
        f"DELIMITER ;;\nCREATE TRIGGER t AFTER INSERT ON pat FOR EACH ROW BEGIN\n{GHOST}\nEND ;;\nDELIMITER ;",
        f"DELIMITER ;;\n/*!50003 SET x = '' */ ;;\n{EXECUTED}\n{GHOST}\n{GHOST}\nEND */;;\n\n-- next\nDELIMITER ;",
        f"/*!50003 CREATE TRIGGER t AFTER INSERT ON pat FOR EACH ROW BEGIN {GHOST} {GHOST} END */;",
        "CREATE TRIGGER t AFTER INSERT ON pat FOR EACH ROW EXECUTE FUNCTION begin_it();",
        "CREATE VIEW v AS SELECT begin, event FROM pat;",
    ],
)
def test_what_a_body_inserts_is_no_row_and_what_follows_is_read(tmp_path: Path, told: str) -> None:
    source = dump(tmp_path, f"{BEGINS}{told}\n{ENDS}".encode())
    assert old.columns(source) == {"pat": ("id", "nom")}
    assert old.read(source, "pat", ["id"]) == {1: ("1",), 2: ("2",)}
    assert old.spoiled(source, "pat", ["id"]) == []


def test_a_body_that_does_not_end_hides_no_row(tmp_path: Path) -> None:
    told = f"{BEGINS}CREATE TRIGGER t AFTER INSERT ON pat BEGIN INSERT INTO log VALUES (1);\n{ENDS}"
    with pytest.raises(Refused, match=r"old\.sql: the body of a trigger or function does not end"):
        old.columns(dump(tmp_path, told.encode()))


@pytest.mark.parametrize("told", [ENDS, "create table `other` (id int)$$", f"CREATE VIEW v AS\nSELECT 1 $$\n{ENDS}"])
def test_rows_under_another_delimiter_are_not_passed_over(tmp_path: Path, told: str) -> None:
    with pytest.raises(Refused, match=r"old\.sql: .* another DELIMITER"):
        old.columns(dump(tmp_path, f"{BEGINS}DELIMITER $$\n-- rows\n\n{told}\nDELIMITER ;\n".encode()))


def test_a_database_that_is_named_under_another_delimiter_holds_after_it(tmp_path: Path) -> None:
    used = "-- MySQL dump\nUSE labo_a;\n" + BEGINS + "DELIMITER $$\nUSE `labo_b`$$\nDELIMITER ;\n" + ENDS
    with pytest.raises(Refused, match="the table pat stands in labo_a, labo_b:"):
        old.columns(dump(tmp_path, used.encode()))

"""The files of an installation that works, and the page that says what each tells a thief."""

import re
from pathlib import Path

TRUST = Path(__file__).parents[2] / "docs" / "trust.md"
BESIDE = ("-wal", "-shm")


def test_trust_names_every_file_of_an_installation_at_work(installation: Path) -> None:
    table = TRUST.read_text().split("\n## The files of an installation\n")[1].split("\n## ")[0]
    named = {name for row in re.findall(r"^\| (`[^|]+)\|", table, re.MULTILINE) for name in re.findall(r"`(.+?)`", row)}
    there = [path.relative_to(installation).as_posix() for path in installation.rglob("*") if not path.is_dir()]
    # SQLite's two files beside a database are said with it.
    bare = {name.removesuffix(BESIDE[0]).removesuffix(BESIDE[1]) for name in there}
    assert {"aliquot.toml", "custody/custody.sqlite3", "journal/keys.aqe", "work/worker.key"} <= bare
    assert sorted(name for name in bare - named if f"{name.partition('/')[0]}/" not in named) == []

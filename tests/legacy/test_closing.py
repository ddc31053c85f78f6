"""Closing: what was staged is gone before anybody signs that it is, and the key dies with that signature."""

import hashlib
import json
import os
import signal
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

from aliquot.access import migrating
from aliquot.cli.scratch import World
from aliquot.custody import forms
from aliquot.custody.steps import State, Step
from aliquot.ledger import entry
from aliquot.legacy import closing, staged, sweeping
from aliquot.legacy.closing import Certificate, Closer, Place
from aliquot.legacy.fates import Account, Bin, Sums
from aliquot.legacy.papers import Loaded
from aliquot.terms import canonical
from aliquot.terms.errors import Refused
from aliquot.vault import bundle as bundles
from tests.custody import moving
from tests.custody.moving import Move, evidence
from tests.legacy import certified, disk, left, test_carrying
from tests.legacy.left import KEPT, MANDATE, OTHER
from tests.legacy.move import SCOPED, Old
from tests.legacy.old import person, result


def sums() -> Sums:
    account = Account()
    account.came("P", 3)
    account.fates("P", Bin.IMPORTED, 2)
    account.fate("P", Bin.MERGED, 3, "known-here")
    return account.sums()


LOADED = Loaded(MANDATE, "0" * 64, sums())
"""The account of the load, as `aliquot legacy finish` reports it."""


@dataclass
class Closing:
    """A migration that is cut over, with a bundle and a folder here."""

    migration: Move
    place: Place

    def prepare(self, account: Loaded | None = LOADED) -> Certificate:
        """The worker closes."""
        lab = self.migration.lab
        return closing.prepare(Closer(lab.work(), self.migration.mandate, lab.clock), self.place, account)

    @property
    def folder(self) -> Path:
        """The folder of the migration."""
        return self.place.home / staged.FOLDER / self.migration.mandate.hex()

    def sign(self, digest: str) -> None:
        """Two people close with this evidence."""
        people = moving.PEOPLE["close"]
        form = forms.StepMigration(
            self.migration.mandate.hex(), Step.CLOSE, digest, self.migration.in_force("reconcile").hex()
        )
        proposed = self.migration.govern(people[0], form)
        self.migration.govern(people[1], forms.Approve(proposed.hex(), forms.digest(form).hex()))


@pytest.fixture
def over(small_lab: World, tmp_path: Path) -> Closing:
    (tmp_path / "old").mkdir()
    source = Old(tmp_path / "old", [person(NOM="ZZCANARI")], [result(COM="ZZCANARI")])
    sender = bundles.fingerprint(test_carrying.SENDER.public())
    migration = moving.declared(small_lab, scope=SCOPED, sender=sender, purpose="reprise du laboratoire")
    test_carrying.sealed(migration, source, tmp_path / "stick")
    left.words(small_lab.home, migration.mandate.hex())
    migration.until("load")
    with migration.run() as grant:
        migrating.step(grant, Step.FINISH, bytes.fromhex(LOADED.digest), migration.in_force("map"))
    for step in ("reconcile", "way-back", "cut-over"):
        migration.step(step)
    return Closing(migration, Place(small_lab.home, (tmp_path / "stick",)))


def killed(place: Place, moment: int) -> bool:
    """Clear in a process that is killed just before its n-th change of a name on the disk; whether it came so far."""
    child = os.fork()
    if child == 0:
        seen = 0

        def die(event: str, _: object) -> None:
            nonlocal seen
            if event in {"os.remove", "os.rename", "os.rmdir"}:
                seen += 1
                if seen == moment:
                    os.kill(os.getpid(), signal.SIGKILL)

        sys.addaudithook(die)
        try:
            closing.clear(place, MANDATE)
        finally:
            os._exit(0)
    _, status = os.waitpid(child, 0)
    return os.WIFSIGNALED(status)


def test_what_was_staged_is_gone_and_the_certificate_names_each_file_of_it(over: Closing) -> None:
    stick = over.place.others[0]
    there = {f"stick/{name}": (stick / name).read_bytes() for name in left.names(stick)}
    made = over.prepare()
    assert not stick.exists()
    assert left.names(over.folder) == {*KEPT, "erased.json", f"certificate-{closing.digest(made)}.json"}
    erased = {one.name: (one.bytes, one.sha256) for one in made.erased}
    assert erased.items() >= {name: (len(raw), hashlib.sha256(raw).hexdigest()) for name, raw in there.items()}.items()
    own = f"migrations/{made.mandate}"
    assert erased.keys() - there.keys() == {f"{own}/profile.json", f"{own}/progress.json", f"{own}/progress.new"}


def test_a_certificate_says_what_when_how_who_and_the_hashes(over: Closing) -> None:
    told, document, signed = over.migration.told(), over.migration.document(), over.migration.lab.clock()
    made = over.prepare()
    assert (made.mandate, made.purpose, made.source, made.loader) == (
        over.migration.mandate.hex(),
        "reprise du laboratoire",
        document.source,
        document.service,
    )
    assert (made.annex, made.scope) == (moving.ANNEX, hashlib.sha256(canonical.encode(SCOPED)).hexdigest())
    own = {step: evidence(step).hex() for step in ("profile", "map", "rehearse", "reconcile")}
    assert made.evidence == {**own, "finish": LOADED.digest}
    assert [(one.step, one.people) for one in made.steps][-3:] == [
        ("reconcile", ("Biologist Nord", "Director Nord")),
        ("way-back", (moving.LOADER,)),
        ("cut-over", ("Director Nord", "Privacy Nord")),
    ]
    (counts,) = made.tables
    assert (counts.table, counts.rows, sum(counts.bins.values()), counts.bins["merged"]) == ("P", 3, 3, 1)
    assert made.key == hashlib.sha256(bytes.fromhex(document.staging)).hexdigest()
    assert made.key_dies_by == told.deadline
    assert made.made_at >= signed
    (size,) = over.migration.row("SELECT max(seq) + 1 FROM leaf WHERE org = ?", over.migration.loader.org)
    assert (made.log.size, len(made.log.root)) == (size, 64)


def test_nothing_of_anybody_is_in_a_certificate(over: Closing) -> None:
    over.prepare()
    written = b"".join((over.folder / name).read_bytes() for name in left.names(over.folder))
    for word in (b"ZZCANARI", b"mmol", b"03/11/1951"):
        assert word not in written


def test_two_people_sign_its_digest_and_the_key_dies_with_that(over: Closing) -> None:
    made = over.prepare()
    secrets = "SELECT secrets FROM migration WHERE mandate = ?"
    assert over.migration.row(secrets, over.migration.mandate) != (None,)
    over.sign(closing.digest(made))
    assert over.migration.state() is State.CLOSED
    assert over.migration.told().steps[-1].evidence == closing.digest(made)
    assert over.migration.row(secrets, over.migration.mandate) == (None,)
    db, org = over.migration.lab.custodian.custodian.store.db, over.migration.loader.org
    log = db.execute("SELECT entry FROM leaf WHERE org = ? ORDER BY seq", (org,)).fetchall()
    (closed,) = [leaf for (raw,) in log if (leaf := entry.decode(raw)).act == "migration.close"]
    assert (closed.id, closed.root) == (made.mandate, closing.digest(made))


def test_done_again_it_gives_the_same_certificate(over: Closing) -> None:
    made = over.prepare()
    over.migration.let_pass(minutes=5)
    assert over.prepare() == made
    assert closing.kept(over.place.home, made.mandate) == (made,)


def test_what_is_carried_in_between_stands_in_a_later_certificate_and_the_first_is_kept(over: Closing) -> None:
    first = over.prepare()
    over.migration.let_pass(minutes=5)
    (over.folder / "late.json").write_text("{}")
    second = over.prepare()
    assert {one.name for one in second.erased} - {one.name for one in first.erased} == {
        f"migrations/{first.mandate}/late.json"
    }
    assert closing.kept(over.place.home, first.mandate) == (first, second)


def test_cleared_and_killed_before_the_certificate_the_next_one_names_what_went_before(over: Closing) -> None:
    gone = closing.clear(over.place, over.migration.mandate.hex())
    assert over.place.of(over.migration.mandate.hex()) == ()
    assert over.prepare().erased == gone


def test_an_altered_certificate_is_refused(over: Closing) -> None:
    made = over.prepare()
    file = over.folder / f"certificate-{closing.digest(made)}.json"
    file.write_bytes(file.read_bytes().replace(b'"merged":1', b'"merged":0'))
    with pytest.raises(Refused, match="not what was written"):
        closing.kept(over.place.home, made.mandate)


def test_before_the_cut_over_and_with_another_account_nothing_is_erased(small_lab: World, over: Closing) -> None:
    before = left.names(over.place.home)
    with pytest.raises(Refused, match="not the account"):
        over.prepare(Loaded(MANDATE, "1" * 64, sums()))
    with pytest.raises(Refused, match="account of the load is not here"):
        over.prepare(None)
    earlier = Closing(
        moving.declared(small_lab, moving.loader(small_lab, "other"), service="other", source="another"), over.place
    )
    with pytest.raises(Refused, match="not cut over yet"):
        earlier.prepare()
    assert before <= left.names(over.place.home)
    assert over.place.others[0].exists()


def test_an_aborted_migration_is_certified_with_who_ended_it_and_what_was_destroyed(over: Closing) -> None:
    waiting = over.prepare()
    over.migration.step("abort")
    (over.folder / "late.json").write_text("{}")
    made = over.prepare()
    assert over.prepare() == made != waiting
    ended = made.steps[-1]
    assert (ended.step, ended.people, made.key_dies_by) == ("abort", ("Privacy Nord",), ended.at)
    assert {one.name for one in made.erased} > {one.name for one in waiting.erased} > set()
    assert made.tables == waiting.tables != ()


@pytest.mark.parametrize("account", [None, Loaded(MANDATE, "1" * 64, sums())], ids=["no load", "another load"])
def test_a_migration_that_nobody_closed_is_certified_with_the_hour_of_its_end(
    small_lab: World, tmp_path: Path, account: Loaded | None
) -> None:
    migration = moving.declared(small_lab)
    left.bundle(small_lab.home / "incoming", migration.mandate.hex())
    migration.let_pass(hours=73)
    (event,) = sweeping.sweep(small_lab.worker(), small_lab.home)
    made = Closing(migration, Place(small_lab.home)).prepare(account)
    ended = made.steps[-1]
    assert (ended.state, ended.people, made.key_dies_by) == ("lapsed", (), ended.at)
    assert (len(made.erased), made.tables) == (event.files, ())
    assert "incoming/000001.part" in {one.name for one in made.erased}


def test_a_closed_migration_whose_certificate_is_gone_says_so(over: Closing) -> None:
    over.sign(closing.digest(over.prepare()))
    for file in over.folder.glob("certificate-*.json"):
        file.unlink()
    with pytest.raises(Refused, match="signed is not here"):
        over.prepare()


def test_once_it_is_closed_the_signed_certificate_is_given_again(over: Closing) -> None:
    made = over.prepare()
    over.sign(closing.digest(made))
    assert over.migration.state() is State.CLOSED
    assert over.prepare() == made


def test_killed_at_any_moment_it_goes_on_and_names_everything(tmp_path: Path) -> None:
    moments = 0
    for moment in range(1, 30):
        home = tmp_path / f"home{moment}"
        left.bundle(home / "incoming")
        left.words(home)
        place = Place(home)
        names = {one.name for each in place.of(MANDATE) for one in staged.listed(each, home)}
        was_killed = killed(place, moment)
        moments += was_killed
        erased = closing.clear(place, MANDATE)
        # A draft of the list that a kill left is erased, and named, like anything else.
        assert names == {one.name for one in erased if ".erased.json." not in one.name}
        assert place.of(MANDATE) == ()
        assert left.names(home) == {f"migrations/{MANDATE}/{name}" for name in (*KEPT, "erased.json")}
        if not was_killed:
            break
    assert moments > len(names)


def test_a_list_that_was_written_over_is_refused_and_nothing_is_erased(tmp_path: Path) -> None:
    left.bundle(tmp_path / "incoming")
    (left.words(tmp_path) / staged.LISTED).write_text("[")
    before = left.names(tmp_path)
    with pytest.raises(Refused, match="not what was written"):
        closing.clear(Place(tmp_path), MANDATE)
    assert left.names(tmp_path) == before


def test_on_a_full_disk_nothing_is_erased_before_its_name_is_down(tmp_path: Path) -> None:
    left.bundle(tmp_path / "incoming")
    left.words(tmp_path)
    before = left.names(tmp_path)
    with disk.room(64), pytest.raises(Refused, match="make room"):
        closing.clear(Place(tmp_path), MANDATE)
    assert left.names(tmp_path) == before


def test_on_a_full_disk_there_is_no_half_certificate(over: Closing) -> None:
    made = over.prepare()
    file = over.folder / f"certificate-{closing.digest(made)}.json"
    file.unlink()
    before = left.names(over.folder)
    with disk.room(64), pytest.raises(Refused, match="make room"):
        closing.keep(over.place.home, made)
    assert left.names(over.folder) == before
    assert closing.keep(over.place.home, made) == file


def test_orphans_are_what_no_living_mandate_explains(tmp_path: Path) -> None:
    left.bundle(tmp_path / "incoming")
    left.bundle(tmp_path / "passing", OTHER)
    left.words(tmp_path)
    found = {(one.folder.name, one.mandate) for one in closing.orphans(tmp_path, {MANDATE})}
    assert found == {("passing", OTHER)}
    assert len(closing.orphans(tmp_path, ())) == 3


def test_a_certificate_is_written_as_its_vector_says(tmp_path: Path) -> None:
    vector = json.loads((Path(__file__).parents[1] / "vectors" / "legacy" / "certificate.json").read_text())
    assert canonical.encode(certified.MADE).decode() == vector["canonical"]
    assert closing.digest(certified.MADE) == vector["digest"]
    assert closing.keep(tmp_path, certified.MADE).read_text() == vector["canonical"]
    assert closing.kept(tmp_path, MANDATE) == (certified.MADE,)

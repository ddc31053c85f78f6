"""Forgetting a patient: by two people, against every backup, and without a tear in history (INV-31)."""

import shutil
import sqlite3
from contextlib import closing
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import msgspec
import pytest

from aliquot.access import acts as doors
from aliquot.access import door, governing, statecheck
from aliquot.access.acts import SignMandate
from aliquot.cli import scratch
from aliquot.cli.scratch import World
from aliquot.custody import changes, forms, keyjournal, rotation, subjects
from aliquot.custody.denial import Denial
from aliquot.custody.keyjournal import KeyJournal
from aliquot.custody.protocol import Governed
from aliquot.custody.roles import Role
from aliquot.custody.unlocked import Unlocked
from aliquot.ledger import entry, verify
from aliquot.record.models import Version
from aliquot.terms import canonical, ids
from aliquot.terms.errors import Broken
from aliquot.terms.identity import Demography, Sex
from aliquot.terms.ids import Id
from aliquot.vault import wrapping
from aliquot.vault.epochs import Epochs
from aliquot.vault.errors import Unopenable
from aliquot.vault.keyring import Keyring
from aliquot.vault.keystore import INSTALLATION
from aliquot.vault.wrapping import Binding, WrappedKey
from tests.access.test_statecheck import registered
from tests.custody import staff
from tests.custody.speaker import BORN, Speaker, identity, notices, person
from tests.plan import NORD

DAY, WEEK = timedelta(days=1), timedelta(days=7)
VICTIM = Demography("CANARIENAME", ("Victoire",), BORN, Sex.FEMALE)
SEALED = (("writes", "act", "writes"), ("reason", "act", "reason"), ("sealed", "notice", "notice"))
TYPED = "CANARY typed for Victoire"


def decide(lab: World, who: str, form: forms.Form) -> Governed:
    """Somebody sends a form, with a fresh factor."""
    actor = lab.sign_in(who)
    meant = replace(door.intent(actor, lab.clock(), "HLEGAL"), factor=lab.factor(who))
    return governing.change(actor, form, meant, desk=SignMandate)


def together(lab: World, form: forms.Change, first: str = "privacy@nord", second: str = "director@nord") -> Governed:
    """One asks and another approves."""
    waiting = decide(lab, first, form)
    assert waiting.state == "waiting"
    return decide(lab, second, forms.Approve(waiting.id.hex(), forms.digest(form).hex()))


def refusal(lab: World, who: str, form: forms.Form) -> str:
    """The code with which a form is refused."""
    with pytest.raises(Denial) as refused:
        decide(lab, who, form)
    return refused.value.code


def shred(patient: bytes) -> forms.ShredPatient:
    return forms.ShredPatient(patient.hex(), "request")


def acts(lab: World) -> list[entry.Entry]:
    """What the history of the laboratory says of keys and holds."""
    rows = lab.custodian.custodian.store.db.execute("SELECT entry FROM leaf WHERE org = ? ORDER BY seq", (NORD,))
    said = [entry.decode(raw) for (raw,) in rows.fetchall()]
    return [one for one in said if one.act in {"shred", "hold.placed", "hold.lifted"}]


def pseudonym(lab: World, patient: Id) -> str:
    custodian = lab.custodian.custodian
    with custodian.store.turn(lab.clock()) as turn:
        subject = custodian.held.subject(turn, patient)
    assert subject is not None
    return subject.card.pseudonym


def restore(lab: World, backup: Path) -> None:
    """Somebody puts an older database in the place of the present one."""
    database = lab.installation.custody.database
    lab.custodian.tick()
    lab.custodian.stop()
    for leftover in database.parent.glob(f"{database.name}-*"):
        leftover.unlink()
    shutil.copy(backup, database)
    lab.custodian.start()


def rotate(lab: World, weeks: int = 1) -> None:
    """Weeks pass, and the keys are renewed each time."""
    for _ in range(weeks):
        lab.clock.pass_(WEEK)
        for _ in range(4):
            lab.custodian.tick()


@pytest.fixture
def secretary(small_lab: World) -> Speaker:
    small_lab.custodian.tick()
    return person(small_lab, "secretary@nord")


@pytest.fixture
def patient(secretary: Speaker) -> Id:
    return secretary.register(VICTIM)[0]


def test_a_privacy_officer_and_a_director_shred_a_patient_together(small_lab: World, patient: Id) -> None:
    name = pseudonym(small_lab, patient)
    governed = together(small_lab, shred(patient))
    assert governed.state == "in-force"
    (leaf,) = acts(small_lab)
    assert (leaf.act, leaf.pat, leaf.id) == ("shred", name, governed.id.hex())
    secretary = person(small_lab, "secretary@nord")
    for act in ("OpenIdentity", "PlaceOrder", "RegisterPatient"):
        work = secretary.id() if act == "PlaceOrder" else b""
        assert secretary.denied(secretary.act(act, patient, "PATADMIN", work)) == "shredded"


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ("privacy@nord", "privacy@nord"),
        ("director@nord", "director@nord"),
        ("privacy@nord", "administrator@nord"),
        ("privacy@nord", "biologist@nord"),
    ],
)
def test_nobody_else_and_nobody_alone_shreds(small_lab: World, patient: Id, first: str, second: str) -> None:
    waiting = decide(small_lab, first, shred(patient))
    approval = forms.Approve(waiting.id.hex(), forms.digest(shred(patient)).hex())
    assert refusal(small_lab, second, approval) in {"second-person", "not-yours", "forbidden"}
    assert acts(small_lab) == []
    secretary = person(small_lab, "secretary@nord")
    assert secretary.granted(secretary.act("OpenIdentity", patient, "PATADMIN")).grant


@pytest.mark.parametrize("role", [Role.PRIVACY_OFFICER, Role.DIRECTOR])
def test_two_officers_of_one_kind_do_not_shred(tmp_path: Path, role: Role) -> None:
    house = staff.house(tmp_path)
    _, diane, pia = house.founders()
    first = pia if role is Role.PRIVACY_OFFICER else diane
    second = house.colleague("second", role)
    patient = ids.new(staff.LAB, house.now)
    with house.turn() as turn:
        subjects.create(turn, house.unlocked, KeyJournal(tmp_path / "keys"), patient, state=subjects.KNOWN)
    asker, approver = house.asker(first), house.asker(second)
    with house.turn() as turn:
        waiting = changes.govern(turn, house.unlocked, asker, shred(patient))
    approval = forms.Approve(waiting.id.hex(), forms.digest(shred(patient)).hex())
    with house.turn() as turn, pytest.raises(Denial) as refused:
        changes.govern(turn, house.unlocked, approver, approval)
    assert refused.value.code == "second-person"
    other = house.asker(diane if role is Role.PRIVACY_OFFICER else pia)
    with house.turn() as turn:
        assert changes.govern(turn, house.unlocked, other, approval).state == "in-force"


@pytest.mark.parametrize("who", ["administrator@nord", "biologist@nord", "secretary@nord"])
def test_no_other_role_asks_for_it(small_lab: World, patient: Id, who: str) -> None:
    assert refusal(small_lab, who, shred(patient)) in {"forbidden", "not-yours"}


def test_a_patient_of_another_laboratory_and_the_laboratory_itself_are_no_patients_here(
    small_lab: World, patient: Id
) -> None:
    for reference in (NORD + bytes(12), ids.new(NORD, small_lab.clock())):
        assert refusal(small_lab, "privacy@nord", shred(reference)) == "no-such-patient"
    assert refusal(small_lab, "privacy@sud", shred(patient)) == "no-such-patient"


def test_open_work_forbids_it_until_it_is_closed(small_lab: World, secretary: Speaker, patient: Id) -> None:
    secretary.order(patient)
    assert refusal(small_lab, "privacy@nord", shred(patient)) == "open-work"
    db = small_lab.custodian.custodian.store.db
    db.execute("UPDATE work SET closed = opened + 1 WHERE subject = ?", (patient,))
    assert refusal(small_lab, "privacy@nord", shred(patient)) == "open-work"
    small_lab.clock.pass_(2 * DAY)
    small_lab.custodian.tick()
    assert together(small_lab, shred(patient)).state == "in-force"


def test_what_is_on_its_way_or_was_lost_forbids_it(small_lab: World, secretary: Speaker, patient: Id) -> None:
    act = secretary.act("RegisterPatient", secretary.id(), "PATADMIN")
    secretary.prepare(secretary.granted(act).grant, identity(secretary.id()))
    db = small_lab.custodian.custodian.store.db
    db.execute("UPDATE pending SET subject = ? WHERE act = ?", (patient, act.id))
    assert refusal(small_lab, "privacy@nord", shred(patient)) == "open-work"
    db.execute("DELETE FROM pending WHERE act = ?", (act.id,))
    db.execute("UPDATE act SET state = 'lost', subject = ? WHERE id = ?", (patient, act.id))
    assert refusal(small_lab, "privacy@nord", shred(patient)) == "open-work"
    db.execute("INSERT INTO acknowledged VALUES (?, x'00')", (act.id,))
    assert decide(small_lab, "privacy@nord", shred(patient)).state == "waiting"


def test_work_that_was_opened_after_it_was_asked_for_forbids_the_approval(
    small_lab: World, secretary: Speaker, patient: Id
) -> None:
    waiting = decide(small_lab, "director@nord", shred(patient))
    secretary.order(patient)
    approval = forms.Approve(waiting.id.hex(), forms.digest(shred(patient)).hex())
    assert refusal(small_lab, "privacy@nord", approval) == "open-work"


def test_a_legal_hold_is_placed_by_one_and_lifted_by_two_and_forbids_it_meanwhile(
    small_lab: World, patient: Id
) -> None:
    name = pseudonym(small_lab, patient)
    hold, lift = forms.PlaceHold(patient.hex(), "litigation"), forms.LiftHold(patient.hex())
    assert refusal(small_lab, "privacy@nord", lift) == "not-held"
    assert decide(small_lab, "director@nord", hold).state == "in-force"
    assert refusal(small_lab, "privacy@nord", hold) == "held"
    assert refusal(small_lab, "privacy@nord", shred(patient)) == "legal-hold"
    assert together(small_lab, lift).state == "in-force"
    assert together(small_lab, shred(patient)).state == "in-force"
    assert [(leaf.act, leaf.pat) for leaf in acts(small_lab)] == [
        ("hold.placed", name),
        ("hold.lifted", name),
        ("shred", name),
    ]


def test_whoever_had_the_patient_open_has_not_any_more(small_lab: World, secretary: Speaker) -> None:
    patient, row = secretary.register(VICTIM)
    grant = secretary.granted(secretary.act("OpenIdentity", patient, "PATADMIN")).grant
    assert secretary.state(grant, row) == "open"
    waiting = decide(small_lab, "privacy@nord", shred(patient))
    grant = secretary.granted(secretary.act("OpenIdentity", patient, "PATADMIN")).grant
    small_lab.custodian.custodian.held.grants._living[grant].expires += 10**12
    decide(small_lab, "director@nord", forms.Approve(waiting.id.hex(), forms.digest(shred(patient)).hex()))
    with pytest.raises(Denial) as refused:
        secretary.state(grant, row)
    assert refused.value.code == "grant-over"


def test_search_finds_the_others_and_not_who_was_shredded(small_lab: World, secretary: Speaker, patient: Id) -> None:
    index = small_lab.custodian.custodian.held.index(NORD)
    other, _ = secretary.register(replace_name("Autre"))
    together(small_lab, shred(patient))
    assert [hit.patient for hit in index.find(BORN, "", "").hits] == [other]
    small_lab.custodian.stop()
    small_lab.custodian.start()
    again = small_lab.custodian.custodian.held.index(NORD)
    assert [hit.patient for hit in again.find(BORN, "", "").hits] == [other]


def replace_name(family: str) -> Demography:
    return msgspec.structs.replace(VICTIM, family=family)


def test_nothing_of_custodys_tables_names_the_patient_any_more_but_stones_and_hashes(
    small_lab: World, secretary: Speaker, patient: Id
) -> None:
    secretary.granted(secretary.act("OpenIdentity", patient, "PATADMIN"))
    together(small_lab, shred(patient))
    db = small_lab.custodian.custodian.store.db
    tables = [name for (name,) in db.execute("SELECT name FROM sqlite_master WHERE type = 'table'").fetchall()]
    naming = set()
    for table in tables:
        for _, column, *_ in db.execute(f"PRAGMA table_info({table})").fetchall():
            if db.execute(f"SELECT 1 FROM {table} WHERE {column} = ?", (bytes(patient),)).fetchone():
                naming.add(f"{table}.{column}")
    assert naming == {"shredded.subject", "resource.subject", "act.subject"}
    query = "SELECT count(*), count(writes), count(reason) FROM act WHERE subject = ?"
    count, writes, reasons = db.execute(query, (patient,)).fetchone()
    assert (count > 0, writes, reasons) == (True, 0, 0)


class Thief:
    """Somebody with every copy of database, journal and keyring that there ever was, the passphrase, and a copy of
    the epoch file as it is now."""

    def __init__(self, lab: World, folder: Path) -> None:
        self.lab, self.folder = lab, folder
        self.copies: list[Path] = []

    def copy(self) -> None:
        custody = self.lab.installation.custody
        made = self.folder / str(len(self.copies))
        made.mkdir()
        with closing(sqlite3.connect(made / "database")) as into:
            self.lab.custodian.custodian.store.db.backup(into)
        shutil.copy(custody.key_journal, made / "journal")
        shutil.copy(custody.keyring, made / "keyring")
        self.copies.append(made)

    def opens(self, copy: Path, patient: Id) -> bool:
        """Whether the patient's key comes out of this copy, from the table or from the journal."""
        ring = Keyring.unlock(copy / "keyring", scratch.PASSPHRASE, allow_weak=True)
        epochs = Epochs(ring, (self.stolen_epochs(copy),))
        with closing(sqlite3.connect(copy / "database")) as db:
            rows = db.execute("SELECT id, n, epoch, key FROM subject WHERE id = ?", (patient,)).fetchall()
        raw = (copy / "journal").read_bytes().split(b"\n", 1)[1]
        rows += [_journalled(raw[at : at + 85]) for at in range(0, len(raw), 85)]
        return any(_opens(epochs, *row) for row in rows if row[0] == patient)

    def stolen_epochs(self, copy: Path) -> Path:
        return Path(shutil.copy(self.lab.installation.custody.epochs[0], copy / "epochs"))

    def reads(self, copy: Path) -> bytes:
        """Everything that custody sealed for itself under keys that never change."""
        ring = Keyring.unlock(copy / "keyring", scratch.PASSPHRASE, allow_weak=True)
        unlocked = Unlocked(ring, Epochs(ring, (self.stolen_epochs(copy),)))
        found = b""
        with closing(sqlite3.connect(copy / "database")) as db:
            unlocked.load(db)
            for column, table, label in SEALED:
                for (sealed,) in db.execute(f"SELECT {column} FROM {table}").fetchall():
                    found += _boxed(unlocked, label, sealed)
        return found


def _boxed(unlocked: Unlocked, label: str, sealed: bytes | None) -> bytes:
    found = b""
    for org in (INSTALLATION, NORD):
        try:
            found += unlocked.box(org).open(label, sealed or b"")
        except Broken:
            continue
    return found


def _journalled(raw: bytes) -> tuple[Id, int, int, WrappedKey]:
    return Id(raw[:16]), int.from_bytes(raw[16:20], "big"), int.from_bytes(raw[20:24], "big"), WrappedKey(raw[24:])


def _opens(epochs: Epochs, patient: Id, n: int, epoch: int, key: WrappedKey) -> bool:
    kek = epochs.keks(ids.org_of(patient)).get(epoch)
    if kek is None:
        return False
    try:
        wrapping.unwrap(kek, key, Binding(ids.org_of(patient), patient, n, epoch))
    except Unopenable:
        return False
    return True


@pytest.fixture
def thief(small_lab: World, tmp_path: Path) -> Thief:
    (folder := tmp_path / "backups").mkdir()
    return Thief(small_lab, folder)


def test_three_weeks_after_a_shred_no_backup_opens_the_patient_and_the_others_still_open(
    small_lab: World, secretary: Speaker, patient: Id, thief: Thief
) -> None:
    other, _ = secretary.register(replace_name("Autre"))
    thief.copy()
    rotate(small_lab)
    thief.copy()
    together(small_lab, shred(patient))
    thief.copy()
    opened = []
    for _ in range(3):
        rotate(small_lab)
        thief.copy()
        opened.append(any(thief.opens(copy, patient) for copy in thief.copies))
    # Until the last epoch that wrapped it is destroyed a backup remembers; the test would see it.
    assert opened == [True, True, False]
    assert [thief.opens(copy, other) for copy in thief.copies[-2:]] == [True, True]


def test_the_journal_is_rewritten_without_the_patient(small_lab: World, patient: Id) -> None:
    together(small_lab, shred(patient))
    journal = small_lab.installation.custody.key_journal
    assert bytes(patient) in journal.read_bytes()
    rotate(small_lab)
    assert bytes(patient) not in journal.read_bytes()


def test_no_key_that_never_changes_opens_a_name_or_a_word_that_was_typed(
    small_lab: World, patient: Id, thief: Thief
) -> None:
    officer = person(small_lab, "privacy@nord")
    broken = msgspec.structs.replace(
        officer.act("OpenDossier", patient, "BTG"), reason=TYPED, factor=small_lab.factor("privacy@nord")
    )
    officer.granted(broken)
    assert "break-glass" in notices(small_lab)
    thief.copy()
    read = thief.reads(thief.copies[0])
    assert patient.hex().encode() in read
    for canary in (b"CANARIENAME", b"Victoire", TYPED.encode()):
        assert canary not in read


def test_what_was_typed_is_shown_as_long_as_the_patient_is_known(small_lab: World, patient: Id) -> None:
    officer = person(small_lab, "privacy@nord")
    broken = msgspec.structs.replace(
        officer.act("OpenDossier", patient, "BTG"), reason=TYPED, factor=small_lab.factor("privacy@nord")
    )
    officer.granted(broken)
    assert _typed(small_lab) == [TYPED]
    together(small_lab, shred(patient))
    assert _typed(small_lab) == [""]


def _typed(lab: World) -> list[str]:
    """The reasons beside the notices of broken glass."""
    officer = lab.sign_in("privacy@nord")
    desk = doors.ReviewNotice(doors.organization(officer.org))
    with door.enter(officer, desk, door.intent(officer, lab.clock(), "HLEGAL")) as grant:
        return [one.reason for one in governing.notices(grant).notices if one.kind == "break-glass"]


def test_who_was_shredded_while_the_journal_is_written_anew_is_not_in_it(
    small_lab: World, secretary: Speaker, patient: Id, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rotation, "COPIED_AT_ONCE", 1)
    for number in range(8):
        last, _ = secretary.register(replace_name(f"Dernier{number}"))
    small_lab.clock.pass_(WEEK)
    journal = small_lab.installation.custody.key_journal
    draft = keyjournal.draft(journal)
    for _ in range(30):
        if not (draft.exists() and bytes(patient) in draft.read_bytes()):
            small_lab.custodian.tick()
    assert bytes(patient) in draft.read_bytes()
    for one in (patient, last):
        together(small_lab, shred(one))
    newcomer, _ = person(small_lab, "secretary@nord").register(replace_name("Nouveau"))
    for _ in range(60):
        small_lab.custodian.tick()
    assert not draft.exists()
    written = journal.read_bytes()
    assert [bytes(one) in written for one in (patient, last, newcomer)] == [False, False, True]


def test_history_and_records_still_verify_and_the_rows_stay_as_they_were(lab: World) -> None:
    lab.custodian.tick()
    actor = lab.sign_in("secretary@nord")
    record = registered(lab, actor)
    row = Version.objects.get(resource=record)
    before = bytes(row.sealed)
    together(lab, shred(bytes(row.subject_id)))
    rotate(lab, 3)
    assert bytes(Version.objects.get(resource=record).sealed) == before
    assert list(statecheck.check(lab.work(), lab.clock())) == []
    lab.custodian.tick()
    assert verify.verify(lab.installation.custody.tiles).status == verify.HOLDS


def test_a_form_that_names_another_reason_is_no_form(small_lab: World, patient: Id) -> None:
    typed = canonical.encode({"change": "ShredPatient", "patient": patient.hex(), "reason": "he asked"})
    with pytest.raises(Denial) as refused:
        forms.read("ShredPatient", typed)
    assert refused.value.code == "form"

"""What people of a migration sign, as they read it: and that what is shown is what is signed."""

import hashlib
import io
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

import msgspec
import pikepdf
import pytest

from aliquot.access import acts, door, migrating
from aliquot.access.acts import CertifyMigration
from aliquot.access.grant import Draft
from aliquot.custody import forms
from aliquot.custody.steps import State, Step
from aliquot.lab import routing
from aliquot.legacy import closing, papers, profile
from aliquot.legacy import map as maps
from aliquot.legacy.comparing import Discrepancy, Fault
from aliquot.legacy.fates import Account, Bin, Sums
from aliquot.legacy.fates import Counted as Fate
from aliquot.legacy.map import Map
from aliquot.legacy.oldtests import Counted, OldTest, Unit
from aliquot.legacy.papers import Apart, Came, Progressed, Reconciled, Side, Summed
from aliquot.legacy.reconciling import Reconciliation
from aliquot.terms import canonical, transitions
from aliquot.terms import papers as names
from aliquot.terms.kinds import Kind
from aliquot.terms.papers import Paper
from tests.custody import moving
from tests.custody.moving import Move
from tests.lab import desk
from tests.legacy import old
from tests.legacy.certified import MADE
from tests.legacy.move import SCOPED, Old
from tests.legacy.old import person, result
from tests.legacy.test_papers import month, put
from tests.plan import NORD
from tests.web.browser import Browser, page, text
from tests.web.test_moving_mandate import hidden


@pytest.fixture
def move(browser: Browser) -> Move:
    desk.publish(browser.lab)
    return moving.declared(browser.lab, scope=SCOPED)


def path(move: Move, rest: str = "") -> str:
    return f"/migrations/{move.mandate.hex()}{rest}"


def drawn(move: Move, **changed: object) -> Map:
    return msgspec.structs.replace(old.drawn(), mandate=move.mandate.hex(), **changed)


def table(browser: Browser, address: str, caption: str) -> list[list[str]]:
    """The rows of a table, cell by cell."""
    found = page(browser.get(address)).xpath(f"//table[caption[starts-with(normalize-space(.), '{caption}')]]/tbody/tr")
    return [[" ".join(str(cell.text_content()).split()) for cell in row] for row in found]


def sign(browser: Browser, who: str, address: str, **more: str) -> str:
    """Send the form of a page with a fresh code; where it led, or the words."""
    shown = page(browser.get(address))
    sent = browser.send(address, {**hidden(shown, "//main//form"), **more, "factor-code": browser.lab.code(who)})
    return str(sent.headers.get("Location") or text(sent))


def profiled(move: Move, folder: Path) -> None:
    """The profile of a source with a test that the map names, and one that it does not."""
    folder.mkdir()
    with Old(folder, [person()], [result()]).reading() as reading:
        found = profile.take(reading, SCOPED, bytes(32))
    people, results = found.tables
    results = msgspec.structs.replace(results, tests=(old_test("NAT", "SODIUM"), old_test("XYZ", "XYLOSE")))
    found = msgspec.structs.replace(found, tables=(people, results))
    put(move, papers.PROFILE, found)
    with move.run() as grant:
        migrating.step(grant, Step.PROFILE, bytes.fromhex(found.digest()))


def old_test(code: str, name: str) -> OldTest:
    """An old test in one unit, as a profile tells it."""
    ends = ("120", "128", "140", "150", "160")
    unit = Unit("mmol/l", 312, "2011-03", "2019-11", 312, 0, 0, *ends, answers=())
    return OldTest(code, (Counted(name, 312),), (unit,), rare=0)


def test_a_biologist_reads_both_sides_of_the_map_and_signs_exactly_that(
    browser: Browser, move: Move, tmp_path: Path
) -> None:
    profiled(move, tmp_path / "old")
    put(move, papers.MAP, drawn(move))
    browser.sign_in("biologist@nord")
    address = path(move, "/steps/map")
    tests = table(browser, address, "Tests")
    assert tests[0][:3] == ["XYZ", "XYLOSEmmol/l", "128 – 140 – 1502011-03 – 2019-11"]
    assert tests[0][3] == "parked: not in the map"
    (sodium,) = [row for row in tests if row[0] == "NAT"]
    assert sodium[1:4] == ["SODIUMmmol/l", "128 – 140 – 150", "SodiumNA · LOINC 2951-2"]
    (column,) = [row for row in table(browser, address, "P") if row[0] == "NAI"]
    assert column[1:3] == ["99/99/9999", "patient: birth datedd/mm/yyyy"]
    assert sign(browser, "biologist@nord", address) == path(move, "?said=in-force")
    assert move.in_force("map").hex() == maps.digest(drawn(move))


def test_a_paper_that_was_changed_since_is_not_signed_unseen(browser: Browser, move: Move) -> None:
    move.step("profile")
    put(move, papers.MAP, drawn(move))
    browser.sign_in("biologist@nord")
    form = hidden(page(browser.get(path(move, "/steps/map"))), "//main//form")
    put(move, papers.MAP, drawn(move, system="urn:oid:1.2.3"))
    browser.send(path(move, "/steps/map"), {**form, "factor-code": browser.lab.code("biologist@nord")})
    assert move.in_force("map").hex() == maps.digest(drawn(move)), "what was read is what was signed"
    shown = text(browser.get(path(move, "/papers/map")))
    assert "Another one is in force" in shown
    assert "urn:oid:1.2.3" in shown
    assert "urn:old:patients" in text(browser.get(path(move, "/papers/map?signed=yes")))


def test_the_form_of_one_step_is_not_signed_on_the_page_of_another(browser: Browser, move: Move) -> None:
    browser.sign_in("privacy@nord")
    form = hidden(page(browser.get(path(move, "/steps/abort"))), "//main//form")
    sent = {**form, "factor-code": browser.lab.code("privacy@nord")}
    assert "open the page again" in text(browser.send(path(move, "/steps/extend"), sent))
    assert move.state() is State.DECLARED
    assert browser.send(path(move, "/steps/abort"), sent).headers["Location"] == path(move, "?said=in-force")
    assert "This migration is over" in text(browser.get(path(move)))


def test_where_the_integrator_has_brought_nothing_there_is_nothing_to_sign(browser: Browser, move: Move) -> None:
    move.step("profile")
    browser.sign_in("biologist@nord")
    shown = browser.get(path(move, "/steps/map"))
    assert "There is nothing to sign yet" in text(shown)
    assert "aliquot legacy check map.toml" in text(shown)
    assert page(shown).xpath("//input[@name='form']") == []
    missing = browser.get(path(move, "/papers/reconciliation"))
    assert missing.status_code == 422
    missing = browser.get(path(move, "/papers/reconcile"))
    assert (missing.status_code, "aliquot legacy reconcile map.toml SOURCE" in text(missing)) == (404, True)


def apart(move: Move) -> Reconciled:
    """A reconciliation with two discrepancies and a month that differs."""
    ends = (Decimal("130"), Decimal("150"))
    there, here = Side(30, 30, Decimal("4200"), *ends), Side(29, 29, Decimal("4060"), *ends)
    account = Account()
    account.came("R", 31)
    account.fates("R", Bin.IMPORTED, 30)
    account.fate("R", Bin.PARKED, 7, "test-not-mapped", "COD")
    return Reconciled(
        mandate=move.mandate.hex(),
        map="0" * 64,
        whole="1" * 64,
        agrees=False,
        sums=account.sums(),
        compared=12,
        apart=1,
        tests=(Summed("NA", "mmol/L", 12, 1, there, here), Summed("GLU", "g/L", 3, 0, None, None)),
        months=(Apart("NA", "mmol/L", "2019-02", there, here),),
        faults={Fault.MISSING: 1, Fault.DIFFERENT: 1},
        discrepancies=(Discrepancy("R", 12, Fault.MISSING), Discrepancy("R", 14, Fault.DIFFERENT, "value")),
    )


def test_every_difference_is_listed_with_its_place_before_anything_else(browser: Browser, move: Move) -> None:
    put(move, papers.RECONCILIATION, apart(move))
    browser.sign_in("privacy@nord")
    address = path(move, "/papers/reconcile")
    assert "1 of 12 sums differ" in text(browser.get(address))
    places = table(browser, address, "Every difference")
    assert places == [
        ["R", "12", "the source has it and it is not here", ""],
        ["R", "14", "it says something else here", "value"],
    ]
    (row,) = table(browser, address, "Months that differ")
    assert row == ["NA", "mmol/L", "2019-02", "30", "29", "4200", "4060", "130 – 150", "130 – 150"]
    assert [row[0] for row in table(browser, address, "Every test")] == ["NA", "GLU"]
    assert table(browser, address, "Why, and where") == [
        ["parked", "the map does not name this testCOD", "R", "1", "7"]
    ]
    bar = page(browser.get(address)).xpath("//div[@class='bins']")[0]
    assert bar.get("aria-hidden") == "true"
    assert [(one.get("x"), one.get("width")) for one in bar.xpath(".//svg[@class='bins__bar']/rect")] == [
        ("0", "967"),
        ("967", "32"),
    ]


def test_each_difference_says_what_to_do_and_what_no_row_leads_to_is_named_by_its_id(
    browser: Browser, move: Move
) -> None:
    ids = ["a" * 32, "b" * 32, "c" * 32]
    told = (
        Discrepancy("R", 14, Fault.ANOTHER),
        Discrepancy("R", 0, Fault.SURPLUS, "", ids[0]),
        Discrepancy("", 0, Fault.SURPLUS, "person", ids[1]),
        Discrepancy("", 0, Fault.SURPLUS, "requisition", ids[2]),
    )
    found = msgspec.structs.replace(apart(move), faults={Fault.ANOTHER: 1, Fault.SURPLUS: 3}, discrepancies=told)
    put(move, papers.RECONCILIATION, found)
    browser.sign_in("biologist@nord")
    address = path(move, "/papers/reconcile")
    shown = text(browser.get(address))
    assert "1 · it stands with another patient here. They are found, not moved" in shown
    assert "Do not cut over while results lie with somebody" in shown
    assert "3 · it is here and no row leads to it. It came under an earlier map" in shown
    assert "the privacy officer asks the history who brought it in" in shown
    assert table(browser, address, "Every difference") == [
        ["R", "14", "it stands with another patient here", ""],
        ["R", "none", "it is here and no row leads to it", ids[0]],
        ["", "none", "it is here and no row leads to it", f"a person{ids[1]}"],
        ["", "none", "it is here and no row leads to it", f"a requisition{ids[2]}"],
    ]


def test_who_signs_second_does_not_sign_what_was_brought_after_the_first(browser: Browser, move: Move) -> None:
    move.until("finish")
    agreed = Reconciled.of(agreeing(), loaded_at=papers.loaded_at(move.told()))
    put(move, papers.RECONCILIATION, agreed)
    form = forms.StepMigration(move.mandate.hex(), Step.RECONCILE, agreed.digest, move.in_force("finish").hex())
    proposed = move.govern("director@nord", form)
    browser.sign_in("biologist@nord")
    address = f"/migrations/signatures/{proposed.hex()}"
    assert "Both sides agree" in text(browser.get(address))
    put(move, papers.RECONCILIATION, apart(move))
    shown = browser.get(address)
    assert "What was signed first is not what stands here now" in text(shown)
    assert page(shown).xpath("//input[@name='decision']/@value") == ["reject"]
    assert sign(browser, "biologist@nord", address, decision="reject") == path(move, "?said=rejected")
    assert move.state() is State.LOADED


def test_nobody_signs_what_was_compared_before_the_loading_ended_last(browser: Browser, move: Move) -> None:
    """What somebody brings in after that was compared with nothing, however little the account of the load changes."""
    move.until("load")
    put(move, papers.RECONCILIATION, Reconciled.of(agreeing(), loaded_at=papers.loaded_at(move.told())))
    move.step("finish")
    browser.sign_in("biologist@nord")
    address = path(move, "/steps/reconcile")

    def offered() -> tuple[bool, int]:
        shown = browser.get(address)
        return "compared before the loading ended last" in text(shown), len(page(shown).xpath("//input[@name='form']"))

    assert offered() == (True, 0)
    agreed = Reconciled.of(agreeing(), loaded_at=papers.loaded_at(move.told()))
    put(move, papers.RECONCILIATION, agreed)
    assert offered() == (False, 1)
    form = forms.StepMigration(move.mandate.hex(), Step.RECONCILE, agreed.digest, move.in_force("finish").hex())
    proposed = move.govern("director@nord", form)
    for step in ("load", "finish"):
        move.step(step)
    assert offered() == (True, 0)
    second = page(browser.get(f"/migrations/signatures/{proposed.hex()}"))
    assert second.xpath("//input[@name='decision']/@value") == ["reject"]


def agreeing() -> Reconciliation:
    same = (month("2019-01", 20, "2800"),)
    return Reconciliation("0" * 32, "1" * 64, Account().sums(), same, same, {}, ())


def test_progress_shows_rate_time_and_bins_and_asks_again_by_itself(browser: Browser, move: Move) -> None:
    move.until("load")
    at = browser.lab.clock()
    said = Progressed(move.mandate.hex(), "0" * 64, at, at, "running", "R", 31_000, 1, 4, 5200, 4000, apart(move).sums)
    put(move, papers.PROGRESS, said)
    browser.sign_in("director@nord")
    shown = page(browser.get(path(move)))
    (asks,) = shown.xpath("//div[@id='progress']")
    assert (asks.get("hx-get"), asks.get("hx-trigger")) == (path(move, "/progress"), "every 10s")
    part = text(browser.get(path(move, "/progress"), part=True))
    for words in ("25 %", "31 000", "5 200", "1 h 07 min", "Ctrl-C"):
        assert words in part, words
    assert "Sign out" not in part
    move.step("finish")
    over = browser.get(path(move, "/progress"), part=True)
    assert (over.status_code, over.headers["HX-Redirect"]) == (204, path(move))


@pytest.mark.parametrize("paper", ["finish", "reconcile"])
def test_who_signs_sees_which_bundle_was_read_and_when_it_was_begun(browser: Browser, move: Move, paper: str) -> None:
    came = Came("c0ffee" + "0" * 26, datetime(2026, 3, 2, 23, 30, tzinfo=UTC))
    put(move, papers.LOADED, papers.Loaded(move.mandate.hex(), "0" * 64, apart(move).sums, came))
    put(move, papers.RECONCILIATION, Reconciled.of(agreeing(), came))
    browser.sign_in("director@nord")
    shown = text(browser.get(path(move, f"/papers/{paper}")))
    assert came.id in shown
    assert "03/03/2026 00:30" in shown


class Junk(msgspec.Struct, frozen=True):
    """Something that is no paper."""

    agrees: bool = True


def junk(move: Move, paper: Paper) -> bytes:
    """A hostile loader puts something down as a paper; the answer is its digest."""
    with move.run() as grant:
        grant.route(routing.known(grant.act.subject))
        grant.write(Draft(Kind.PAPER, names.identity(move.mandate, paper), 1, transitions.KNOWN, (), Junk()))
    return hashlib.sha256(canonical.encode(Junk())).digest()


def test_whatever_the_loader_puts_down_the_migration_is_seen_and_aborted(browser: Browser, move: Move) -> None:
    move.until("load")
    for paper in (Paper.PROFILE, Paper.REHEARSAL, Paper.PROGRESS, Paper.LOADED, Paper.RECONCILIATION):
        junk(move, paper)
    browser.sign_in("director@nord")
    for address in (path(move), path(move, "/progress")):
        assert "This paper cannot be read" in text(browser.get(address))
    for step in (Step.PROFILE, Step.REHEARSE, Step.FINISH, Step.RECONCILE):
        shown = browser.get(path(move, f"/papers/{step}"))
        assert (shown.status_code, "This paper cannot be read" in text(shown)) == (200, True)
    assert sign(browser, "director@nord", path(move, "/steps/abort")) == path(move, "?said=in-force")
    assert move.state() is State.ABORTED


def test_nobody_signs_on_a_paper_that_cannot_be_read(browser: Browser, move: Move) -> None:
    move.until("map")
    with move.run() as grant:
        migrating.step(grant, Step.REHEARSE, junk(move, Paper.REHEARSAL), move.in_force("map"))
    proposed = move.govern("director@nord", move.form("load"))
    assert move.state() is State.LOADING, proposed
    move.step("finish")
    junk(move, Paper.RECONCILIATION)
    browser.sign_in("director@nord")
    shown = browser.get(path(move, "/steps/reconcile"))
    assert "This paper cannot be read" in text(shown)
    assert not page(shown).xpath("//main//form")


def test_a_hostile_account_of_a_load_takes_no_page_away(browser: Browser, move: Move) -> None:
    move.until("load")
    sums = Sums({"R": 0}, (Fate("R", Bin.PARKED, "date-unclear", "", 2**62, ()),), ())
    at, low = browser.lab.clock(), -(2**62)
    said = Progressed(move.mandate.hex(), "0" * 64, at, at, "running", "R", low, 2**62, -1, low, 2**62, sums)
    put(move, papers.PROGRESS, said)
    browser.sign_in("director@nord")
    assert browser.get(path(move)).status_code == 200


def test_a_paper_of_a_moment_that_no_clock_tells_is_not_read() -> None:
    late = datetime.max.replace(tzinfo=UTC)
    with pytest.raises(ValueError, match="no clock"):
        Progressed("0" * 32, "0" * 64, late, late, "running", "R", 1, 1, 1, 1, 1, Sums({}, (), ()))


def test_the_certificate_is_read_before_it_is_signed_and_kept_after_that(browser: Browser, move: Move) -> None:
    move.until("cut-over")
    made = msgspec.structs.replace(MADE, mandate=move.mandate.hex())
    browser.sign_in("director@nord")
    assert browser.get(path(move, "/certificate")).status_code == 404
    worker = browser.lab.work()
    with door.enter(
        worker, CertifyMigration(acts.organization(NORD)), door.intent(worker, browser.lab.clock(), "HOPERAT")
    ) as grant:
        papers.put(grant, move.mandate, papers.CERTIFICATE, made)
    address = path(move, "/steps/close")
    assert "incoming/000001.part" in text(browser.get(address))
    assert "This cannot be undone" in text(browser.get(address))
    assert sign(browser, "director@nord", address) == path(move, "?said=waiting")
    assert browser.get(path(move, "/certificate")).status_code == 404
    browser.sign_in("privacy@nord")
    (link,) = page(browser.get(path(move))).xpath("//ul[@class='choices']//a/@href")
    assert sign(browser, "privacy@nord", str(link), decision="approve") == path(move, "?said=in-force")
    assert move.in_force("close").hex() == closing.digest(made)
    document = browser.get(path(move, "/certificate"))
    assert document.headers["Content-Disposition"].endswith(f'certificate-{move.mandate.hex()}.pdf"')
    with pikepdf.open(io.BytesIO(document.content)) as pdf:
        assert len(pdf.pages) >= 1


def test_the_cut_over_names_what_ends_and_both_sign_the_same_list(browser: Browser, move: Move) -> None:
    browser.lab.enrol_device("OLD-SERVER", "nord")
    address = about_to_cut_over(browser, move)
    asked = page(browser.get(address))
    assert asked.xpath("//input[@name='ends' and @checked]") == []
    assert asked.xpath("//input[@name='form']") == []
    listed = [str(one) for one in asked.xpath("//fieldset//label/text()")]
    technician = "person technician@nord (Technician Nord: Technician · nord)"
    assert technician in listed
    assert "device OLD-SERVER" in listed
    confirm = page(browser.send(address, {"chosen": "yes", "ends": "device:OLD-SERVER"}))
    assert confirm.xpath("//section[@aria-labelledby='cut']//strong/text()") == ["device OLD-SERVER"]
    sent = {**hidden(confirm, "//main//form"), "factor-code": browser.lab.code("director@nord")}
    assert browser.send(address, sent).headers["Location"] == path(move, "?said=waiting")
    browser.sign_in("privacy@nord")
    (link,) = page(browser.get(path(move))).xpath("//ul[@class='choices']//a/@href")
    read = text(browser.get(str(link)))
    assert "device OLD-SERVER" in read
    assert technician in read
    assert f"service {moving.LOADER}" not in {str(one) for one in listed}
    assert f"(service {moving.LOADER})" in read
    assert sign(browser, "privacy@nord", str(link), decision="approve") == path(move, "?said=in-force")
    assert move.state() is State.CUT_OVER


def test_both_read_at_the_cut_over_that_another_move_keeps_the_loader(browser: Browser, move: Move) -> None:
    moving.declared(browser.lab, move.loader, source="another")
    address = about_to_cut_over(browser, move)
    asked = page(browser.get(address))
    assert f"service {moving.LOADER}" in [str(one) for one in asked.xpath("//fieldset//label/text()")]
    assert "keeps access until the last of them is over" in asked.text_content()
    confirm = page(browser.send(address, {"chosen": "yes"}))
    sent = {**hidden(confirm, "//main//form"), "factor-code": browser.lab.code("director@nord")}
    browser.send(address, sent)
    browser.sign_in("privacy@nord")
    (link,) = page(browser.get(path(move))).xpath("//ul[@class='choices']//a/@href")
    for shown in (confirm, page(browser.get(str(link)))):
        assert "not even the loader" in shown.text_content()
        (keeps,) = shown.xpath("//section[@aria-labelledby='cut']//dd[2]/text()")
        assert f"service {moving.LOADER}" in keeps


def about_to_cut_over(browser: Browser, move: Move) -> str:
    """Reconciled, and the way back rehearsed; the answer is where the director signs the cut-over."""
    move.until("finish")
    agreed = Reconciled.of(agreeing(), loaded_at=papers.loaded_at(move.told()))
    put(move, papers.RECONCILIATION, agreed)
    form = forms.StepMigration(move.mandate.hex(), Step.RECONCILE, agreed.digest, move.in_force("finish").hex())
    proposed = move.govern("biologist@nord", form)
    move.govern("director@nord", forms.Approve(proposed.hex(), forms.digest(form).hex()))
    with move.run() as grant:
        migrating.step(grant, Step.WAY_BACK, moving.evidence("back"), move.in_force("reconcile"))
    browser.sign_in("director@nord")
    return path(move, "/steps/cut-over")

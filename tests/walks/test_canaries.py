"""A small day with words that could leak, through pages and worker: nothing outside a page's body ever says them."""

import os
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest
from django.db import connection
from django.test import override_settings

from aliquot.intake import seat
from aliquot.intake.letterbox import Arrival, Slot
from aliquot.intake.worker import Worker
from aliquot.lab import catalogue
from aliquot.terms.kinds import Kind
from aliquot.web import process
from aliquot.wire.hl7v2 import drafts
from tests.intake.post import traces
from tests.intake.test_worker import DEMO
from tests.lab import desk
from tests.web import counter, results
from tests.web.browser import Browser, page, text
from tests.world import PASSWORD, World

PERSON = {
    "family": "Quzfamily",
    "given": "Quzgiven",
    "born_on": "01041961",
    "sex": "female",
    "birth_family": "Quzmaiden",
    "lines": "Quzstreet",
    "city": "Quztown",
    "phone": "0199753186",
    "email": "quzmail@example.org",
    "note": "Quznote",
    "nir": "261047505900166",
}
SAID = {
    "prescriber": "Quzprescriber",
    "clinical_note": "Quzclinic",
    "value": "141.7351864",
    "words": "Quzwords",
    "comment": "Quzcomment",
    "reason": "Quzreason",
    "sender": "Quzsender",
    "foreign": "Quzforeign",
    "foreign_value": "77.1834652",
    "broken": "Quzbroken",
    "refused": "Quzrefused",
}
CANARIES = tuple(word for word in (*PERSON.values(), *SAID.values(), PASSWORD) if len(word) > 8)
EVERY_CHECK = {"tube": "on", "readable": "on", "identity": "on", "enough": "on", "accept": "1"}


class Watched(Browser):
    """A browser that looks at everything an answer says outside of its body, and at where it leads."""

    bodies = ""

    def get(self, path: str, *, part: bool = False):  # type: ignore[no-untyped-def]  # the answer of Django's own client
        """Open a page."""
        return self._look(path, super().get(path, part=part))

    def send(self, path: str, fields: Mapping[str, object], *, part: bool = False):  # type: ignore[no-untyped-def]  # as above
        """Send a form."""
        return self._look(path, super().send(path, fields, part=part))

    def _look(self, path: str, answer):  # type: ignore[no-untyped-def]  # as above
        outside = [path, *map(str, answer.headers.items()), *map(str, answer.cookies.values())]
        if answer.headers["Content-Type"].startswith("text/html") and answer.content:
            outside += page(answer).xpath("//title/text()")
            outside += page(answer).xpath("//@href | //@action | //@hx-get | //@hx-post")
            self.bodies += answer.content.decode()
        assert [word for word in CANARIES for said in outside if word.lower() in str(said).lower()] == []
        assert answer.headers["Cache-Control"] == "no-store"
        assert answer.status_code < 500
        return answer


@pytest.fixture
def browser(small_lab: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Watched]:
    """A laboratory with its analyser, and a folder of its own for whatever would be written beside it."""
    beside = tmp_path / "beside"
    beside.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(beside))
    monkeypatch.setenv("TMPDIR", str(beside))
    small_lab.enrol_device()
    desk.publish(small_lab, catalogue.parse(DEMO.read_text()))
    with override_settings(INSTALLATION=small_lab.installation):
        yield Watched(small_lab)
        process.line().hang_up()


def test_a_day_leaves_no_word_of_a_patient_outside_of_its_pages(
    browser: Watched, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    lab = browser.lab
    slot = Slot(lab.installation.listen.letterbox, seat.read(lab.installation.listen))
    worker = Worker(lab.installation, lab.worker(), lab.clock)
    patient, tube = at_the_reception(browser)
    slot.drop([Arrival("ANALYSER-1", lab.clock(), letter) for letter in letters(lab, tube)])
    worker.step()
    at_the_bench(browser)
    at_the_office(browser)
    with_the_integrator(browser)
    what_breaks(browser, slot, worker, (patient, tube))
    for word in (*PERSON.values(), *SAID.values()):
        shown = word.lower() in browser.bodies.lower()
        assert shown or word in {PERSON["nir"], *unseen()}, f"{word} was never on a page: nothing is proved about it"
    slot.close()
    worker.close()
    connection.close()
    written = capfd.readouterr()
    assert '"event":"failed"' in written.err
    outside = {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()}
    outside[Path("stderr")] = (written.out + written.err).encode()
    outside[Path("environment")] = repr(os.environ).encode()
    outside[Path("arguments")] = Path("/proc/self/cmdline").read_bytes()
    found = [(path, word) for path, said in outside.items() for word in CANARIES if leaked(word, said)]
    assert found == []
    assert list((tmp_path / "beside").iterdir()) == []


def unseen() -> set[str]:
    """What no page of this day shows: what a machine wrote about somebody, and what could not be read."""
    return {SAID[name] for name in ("sender", "foreign", "foreign_value", "broken")}


def leaked(word: str, said: bytes) -> bool:
    """Whether a file says a word, in small or capital letters, in any of the usual encodings."""
    return any(trace in said for form in {word, word.lower(), word.upper()} for trace in traces(form))


def at_the_reception(browser: Watched) -> tuple[str, str]:
    """Somebody is refused, registered, found, and asked for; the addresses of patient and tube."""
    browser.client.post("/sign-in", {"login": "Quzfamily", "password": PASSWORD, "code": "000000"})
    browser.sign_in("secretary@nord")
    begun = counter.form(page(browser.get("/reception/register")), "/reception/register")
    refused = browser.send("/reception/register", {**begun, **PERSON, "family": SAID["refused"], "nir": "1"})
    assert refused.status_code == 422
    patient = counter.register(browser, PERSON)
    browser.get(patient)
    browser.send("/reception", {"by-born_on": PERSON["born_on"], "by-family": "Quz", "by-given": "Quz"})
    assert browser.send("/reception", {"with-number": PERSON["nir"]}).headers["Location"] == patient
    told = {"prescriber": SAID["prescriber"], "clinical_note": SAID["clinical_note"]}
    begun = counter.form(page(browser.get(f"{patient}/order")), f"{patient}/order")
    browser.send(f"{patient}/order", {**begun, **told})
    request = counter.order(browser, patient, "NA", **told)
    code = {
        "act": str(
            page(browser.get(request)).xpath("//form[contains(@action,'confirm')]//input[@name='act']/@value")[0]
        )
    }
    browser.send(f"{request}/confirm", {**code, "factor-code": browser.lab.code("secretary@nord")})
    browser.get(f"{request}/labels")
    (tube,) = page(browser.get(request)).xpath("//ul[@class='tubes']//a")
    browser.sign_in("technician@nord")
    path = str(tube.get("href"))
    taken = {**counter.form(page(browser.get(path)), f"{path}/receive"), **EVERY_CHECK}
    assert browser.send(f"{path}/receive", taken).headers["Location"] == "/tubes?said=accepted"
    return patient, str(tube.text)


def letters(lab: World, tube: str) -> Iterator[bytes]:
    """What the analyser says: of our tube, of one that nobody knows, and something that nobody can read."""
    at = lab.clock().strftime("%Y%m%d%H%M%S") + "+0000"
    for control, (accession, value, name) in enumerate(
        [(tube, SAID["value"], SAID["sender"]), ("999999999999", SAID["foreign_value"], SAID["foreign"])]
    ):
        header: dict[int, drafts.Field] = {7: at, 9: ("ORU", "R01", "ORU_R01"), 10: str(control), 11: "P", 12: "2.5.1"}
        yield drafts.message(
            [
                ("MSH", header),
                ("PID", {1: "1", 3: name, 5: (name, name)}),
                ("OBR", {1: "1", 3: accession}),
                ("OBX", {1: "1", 2: "NM", 3: ("NA2", "Sodium", "L"), 5: value, 6: "mmol/L", 11: "F", 19: at}),
                ("NTE", {1: "1", 3: name}),
            ]
        )
    yield b"MSH|^~\\&|" + SAID["broken"].encode() + b"\r\xff\xfe"


def at_the_bench(browser: Watched) -> None:
    """The technician sends the result back, types it in words, and validates it with a reason."""
    path = str(page(browser.get("/bench")).xpath("//tbody//a[starts-with(@href,'/bench/')]/@href")[0])
    assert SAID["value"] in text(browser.get(path))
    typing = str(page(browser.get(path)).xpath("//a[contains(@href,'/type/')]/@href")[0])
    typed = results.form(browser, typing)
    assert browser.send(typing, {**typed, "words": SAID["words"]}).status_code == 303
    Worker(browser.lab.installation, browser.lab.worker(), browser.lab.clock).step()
    browser.send(path, decided(browser, path, "validate"))


def decided(browser: Watched, path: str, verb: str) -> dict[str, str]:
    """A decision's form with every result chosen, and the same words wherever words can be given."""
    tree = page(browser.get(path))
    fields = {str(one.get("name")): str(one.get("value", "")) for one in tree.xpath("//main//input[@name]")}
    words = {str(one.get("name")): SAID["reason"] for one in tree.xpath("//main//*[starts-with(@name,'aside-')]")}
    return {**fields, **words, "do": verb, "comment": SAID["comment"], "reason": SAID["reason"]}


def at_the_office(browser: Watched) -> None:
    """The biologist signs, issues, and takes copies."""
    browser.sign_in("biologist@nord")
    browser.get("/validation")
    (path,) = {
        str(one) for one in page(browser.get("/validation")).xpath("//tbody//a[contains(@href,'/validation/')]/@href")
    }
    browser.get(path)
    signed = browser.send(path, decided(browser, path, "sign"))
    assert signed.status_code == 303, text(signed)
    begun = counter.form(page(browser.get(f"{path}/report")), f"{path}/report/issue")
    issued = browser.send(f"{path}/report/issue", begun)
    report = issued.headers["Location"].partition("?")[0]
    for form in ("pdf", "fhir"):
        act = page(browser.get(report)).xpath("//form[.//input[@value=$form]]//input[@name='act']/@value", form=form)
        copied = browser.send(f"{report}/1", {"act": str(act[0]), "form": form, "recipient": "patient"})
        assert copied.status_code == 200


def with_the_integrator(browser: Watched) -> None:
    """What waits is shown in shapes."""
    browser.sign_in("integrator@nord")
    before, browser.bodies = browser.bodies, ""
    waiting = page(browser.get("/quarantine")).xpath("//a[starts-with(@href,'/quarantine/')]/@href")
    assert len({str(path).partition("?")[0] for path in waiting}) == 2
    for path in waiting:
        browser.get(str(path))
    assert [word for word in (*PERSON.values(), *SAID.values()) if word in browser.bodies] == []
    browser.bodies = before


def what_breaks(browser: Watched, slot: Slot, worker: Worker, who: tuple[str, str]) -> None:
    """Somebody alters a row: a letter and a page come upon it."""
    patient, tube = who
    with connection.cursor() as cursor:
        for kind in (Kind.SPECIMEN, Kind.DEMOGRAPHY):
            cursor.execute("UPDATE version SET sealed = %s WHERE kind = %s", (b"\x01" * 99, int(kind)))
    again = next(letters(browser.lab, tube)).replace(SAID["value"].encode(), SAID["foreign_value"].encode())
    slot.drop([Arrival("ANALYSER-1", browser.lab.clock(), again)])
    assert worker.letters() == {}
    browser.sign_in("secretary@nord")
    assert browser.client.get(patient).status_code == 500

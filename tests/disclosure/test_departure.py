"""Records leave sealed and whole: a stranger rebuilds all of them, and nothing in clear was ever written."""

import ast
import json
import os
import sys
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest

from aliquot.access import acts, door, exporting, governing
from aliquot.access.acts import SignMandate
from aliquot.cli.attack import stranger
from aliquot.cli.scratch import World
from aliquot.custody import forms
from aliquot.custody.denial import Denial
from aliquot.disclosure import departure
from aliquot.lab import records
from aliquot.record import models
from aliquot.terms import canonical
from aliquot.terms.errors import Refused
from aliquot.terms.kinds import Kind
from aliquot.terms.quantities import Text
from aliquot.vault import carrying
from aliquot.vault.bundle import Manifest, Trailer
from tests.custody import moving
from tests.custody.departing import KINDS
from tests.disclosure import fields, leaving, rebuild
from tests.disclosure.leaving import Leaving
from tests.lab import office
from tests.lab.office import CATALOGUE
from tests.legacy.sources.test_traces import watched

Json = object


@pytest.fixture
def gone(small_lab: World, tmp_path: Path) -> Leaving:
    leaving.busy(small_lab)
    return leaving.leaving(small_lab, tmp_path / "bundle")


def whole(said: object) -> Json:
    """A record as JSON with every field, also those that a stored record leaves out when they are empty."""
    if isinstance(said, msgspec.Struct):
        tag = said.__struct_config__.tag
        own = {name: whole(getattr(said, name)) for name in said.__struct_fields__}
        return {"type": tag, **own} if tag is not None else own
    if isinstance(said, tuple):
        return [whole(one) for one in said]
    return json.loads(msgspec.json.encode(said))


def test_a_stranger_rebuilds_every_field_of_every_version(small_lab: World, tmp_path: Path) -> None:
    leaving.busy(small_lab)
    leaving.past(small_lab, tmp_path)
    gone = leaving.leaving(small_lab, tmp_path / "bundle", history=True)
    expected = {
        (patient.hex(), record.kind.name.lower(), record.id.hex(), record.version): (
            whole(records.said(record)),
            (record.state, record.harm.name.lower(), record.schema, [parent.hex() for parent in record.parents]),
        )
        for patient, record in gone.kept()
    }
    opened = [(patient.hex(), whole(msgspec.structs.replace(one, seq=0))) for patient, one in gone.opened()]
    told = gone.seal()
    found = rebuild.rebuilt(gone.folder, gone.to.staging.reveal())
    made = {key: (said, (*found.places[key][:3], found.places[key][3])) for key, said in found.records.items()}
    assert made == expected
    assert {key[1] for key in made} >= {"observation", "report", "document", "message", "comment", "import"}
    assert max(key[3] for key in made) > 3
    assert found.catalogue == json.loads(canonical.encode(CATALOGUE))
    assert found.manifest["counts"]["patients"] == told.patients == len(gone.patients) == 5
    assert found.manifest["mandate"]["kinds"] == sorted(leaving.EVERYTHING)
    history = [(patient, {**one, "seq": 0}) for patient, many in found.history.items() for one in many]
    assert opened
    assert all(entry in history for entry in opened)
    assert found.manifest["mandate"]["history"] is True
    reads_in_fhirs_own_elements(found)


def reads_in_fhirs_own_elements(found: rebuild.Rebuilt) -> None:
    """Who knows FHIR and not this format finds names, values and states."""
    values = {
        str(resource["valueQuantity"]["value"])
        for resource in found.resources
        if resource["resourceType"] == "Observation" and "valueQuantity" in resource
    }
    assert {"140.50", "4.0"} <= values
    patients = [resource for resource in found.resources if resource["resourceType"] == "Patient"]
    assert {resource["name"][0]["family"] for resource in patients} >= {"Zélande", "MARTIN"}
    assert {resource["status"] for resource in found.resources if resource["resourceType"] == "Observation"} >= {
        *("final", "preliminary", "cancelled", "unknown")
    }


def test_the_document_has_every_field_of_every_record_and_no_other() -> None:
    written = rebuild.DOCUMENT.read_text().split("## The fields\n", 1)[1]
    assert written.split("\n\n", 1)[1].strip() == "\n".join(fields.tables()).strip()
    assert set(fields.KINDS) - {"history"} == {
        kind.name.lower() for kind in Kind if kind not in {Kind.QUARANTINE, Kind.CATALOGUE, Kind.PAPER, Kind.CARD}
    }


def test_the_strangers_program_has_nothing_of_ours() -> None:
    used: dict[str, set[str]] = {}
    for program in (rebuild, stranger):
        code = ast.parse(Path(str(program.__file__)).read_text())
        imported = [node.module or "" for node in ast.walk(code) if isinstance(node, ast.ImportFrom)]
        imported += [alias.name for node in ast.walk(code) if isinstance(node, ast.Import) for alias in node.names]
        used[program.__name__] = {name for name in imported if name.partition(".")[0] not in sys.stdlib_module_names}
    assert used[rebuild.__name__] == {"aliquot.cli.attack"}
    assert {name.partition(".")[0] for name in used[stranger.__name__]} == {"cryptography"}


def test_where_two_people_did_not_name_words_nobodys_leave(small_lab: World, tmp_path: Path) -> None:
    leaving.busy(small_lab)
    gone = leaving.leaving(small_lab, tmp_path / "bundle", KINDS)
    gone.seal()
    found = rebuild.rebuilt(gone.folder, gone.to.staging.reveal())
    assert {key[1] for key in found.records} <= set(KINDS)
    said = [text for resource in found.resources for _, text in stranger.leaves(resource)]
    everything = "\n".join((*said, *map(str, found.resources)))
    assert "140.50" in everything
    assert not [word for word in leaving.WORDS if word in everything]
    # That there is a result is still told.
    values = [said["value"] for key, said in found.records.items() if key[1] == "observation"]
    assert {"type": "absent", "reason": "masked"} in values


def test_who_opened_the_patients_leaves_only_where_two_people_named_it_and_never_by_name(
    small_lab: World, tmp_path: Path
) -> None:
    leaving.busy(small_lab)
    staff = names(small_lab)
    without = leaving.leaving(small_lab, tmp_path / "without", ("requisition",))
    without.seal()
    named = leaving.leaving(small_lab, tmp_path / "named", ("requisition",), history=True, service="other")
    named.seal()
    found = [rebuild.rebuilt(one.folder, one.to.staging.reveal()) for one in (without, named)]
    events = [[one for one in each.resources if one["resourceType"] == "AuditEvent"] for each in found]
    assert events[0] == []
    assert len(events[1]) > len(named.patients)
    said = "\n".join(str(value) for resource in events[1] for value in scalars(resource))
    assert "biologist" in said
    assert [one for one in staff if one in said] == []


def names(lab: World) -> list[str]:
    """How the staff is called, in names, logins and references."""
    director = lab.sign_in("director@nord")
    meant = door.intent(director, lab.clock(), "HSYSADMIN")
    with door.enter(director, acts.ReadStaff(acts.organization(director.org)), meant) as grant:
        accounts = governing.people(grant).accounts
    assert len(accounts) > 3
    return [said for one in accounts for said in (one.name, one.login, one.person)]


def scalars(value: object) -> Iterator[object]:
    """Every text and number somewhere in a resource."""
    match value:
        case dict():
            for one in value.values():
                yield from scalars(one)
        case list():
            for one in value:
                yield from scalars(one)
        case _:
            yield value


def test_nothing_in_clear_is_written_and_only_the_bundle_comes_out(
    gone: Leaving, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
) -> None:
    with watched() as opened:
        gone.seal()
    # What mkstemp has opened by its name is opened again by its number; custody exports its history meanwhile.
    known = (str(gone.folder), str(gone.lab.home / "tiles"))
    outside = [path for path in opened if not path.isdigit() and not any(folder in path for folder in known)]
    assert outside == []
    written = b"".join(path.read_bytes() for path in sorted(gone.folder.rglob("*")) if path.is_file())
    said = capfd.readouterr()
    everything = written + (said.out + said.err + caplog.text).encode()
    for canary in ("Zélande", "Quzcomment", "140.50", "Sodium", "biologist"):
        assert canary.encode() not in everything
    assert len(written) > 10_000


def test_killed_between_two_blocks_it_goes_on_and_nothing_is_there_twice(
    gone: Leaving, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(departure, "PATIENTS", 1)
    kept = departure.Done()

    class Killed(Exception):
        pass

    def kill(done: departure.Done) -> None:
        kept.blocks.update(done.blocks)
        if len(done.blocks) == 2:
            raise Killed

    first = gone.departure()
    first.settled = kill
    with pytest.raises(Killed):
        first.seal(CATALOGUE)
    again = gone.departure()
    again.done = kept
    before = {path.name: path.stat().st_mtime_ns for path in gone.folder.glob("*.part")}
    told = again.seal(CATALOGUE)
    after = {path.name: path.stat().st_mtime_ns for path in gone.folder.glob("*.part")}
    assert {name: after[name] for name in before} == before
    assert told.patients == 3
    found = rebuild.rebuilt(gone.folder, gone.to.staging.reveal())
    assert len({key[0] for key in found.records}) == 3
    assert again.seal(CATALOGUE).patients == 3


def test_killed_between_the_two_parts_of_a_block_it_loses_no_version_that_was_superseded_meanwhile(
    small_lab: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    at_work = office.open_(small_lab)
    case = at_work.ask(at_work.register(), "NA")
    at_work.type_(case, "NA", Text("first"))
    gone = leaving.leaving(small_lab, tmp_path / "bundle")
    # The catalogue, what was superseded, and no further: the part of what is in force is not there.
    signatures = iter(range(2))
    sign = exporting.Signer.sign

    class Killed(Exception):
        pass

    def killed(signer: exporting.Signer, said: Trailer | Manifest) -> bytes:
        if next(signatures, None) is None:
            raise Killed
        return sign(signer, said)

    monkeypatch.setattr(exporting.Signer, "sign", killed)
    with pytest.raises(Killed):
        gone.seal()
    monkeypatch.setattr(exporting.Signer, "sign", sign)
    assert sorted(path.name for path in gone.folder.glob("*.part")) == ["000001.part", "000003.part"]
    at_work.type_(case, "NA", Text("second"), version=1)
    gone.seal()
    found = rebuild.rebuilt(gone.folder, gone.to.staging.reveal())
    assert set(found.records) == {
        (patient.hex(), record.kind.name.lower(), record.id.hex(), record.version) for patient, record in gone.kept()
    }
    values = [said["value"]["text"] for key, said in sorted(found.records.items()) if key[1] == "observation"]
    assert values == ["first", "second"]


def test_what_is_sealed_again_stands_in_the_manifest_as_it_is(gone: Leaving) -> None:
    gone.seal()
    before = rebuild.rebuilt(gone.folder, gone.to.staging.reveal()).manifest["parts"]
    (gone.folder / "000002.part").unlink()
    gone.seal()
    after = rebuild.rebuilt(gone.folder, gone.to.staging.reveal()).manifest["parts"]
    roots = {part.part: part.root for part in carrying.finished(gone.folder).values()}
    assert {part["part"]: part["root"] for part in after} == {number: roots[number] for number in (1, 2, 3)}
    assert [one["part"] for one, other in zip(before, after, strict=True) if one["root"] != other["root"]] == [2, 3]


def test_custody_signs_no_bundle_for_anybody_else(small_lab: World, gone: Leaving, tmp_path: Path) -> None:
    other = leaving.leaving(small_lab, tmp_path / "other", service="other")
    wrong = departure.Departure(gone.leave, other.told(), tmp_path / "wrong")
    with pytest.raises(Denial, match="another receiver"):
        wrong.seal(CATALOGUE)
    gone.seal()
    mixed = departure.Departure(other.leave, other.told(), gone.folder)
    with pytest.raises((Denial, Refused)):
        mixed.seal(CATALOGUE)
    with pytest.raises(stranger.NotThat):
        rebuild.rebuilt(gone.folder, other.to.staging.reveal())


def test_what_is_not_what_was_kept_is_counted_and_left_out_and_who_was_erased_is_gone(gone: Leaving) -> None:
    first, second, _ = gone.patients
    sodium = models.Version.objects.filter(subject_id=first, kind=Kind.OBSERVATION).order_by("id")[0]
    models.Version.objects.filter(id=sodium.id).update(sealed=bytes(len(sodium.sealed)))
    form = forms.ShredPatient(second.hex(), "request")
    gone.close_work(second)
    proposed = moving.govern(gone.lab, "privacy@nord", form, SignMandate)
    moving.govern(gone.lab, "director@nord", forms.Approve(proposed.hex(), forms.digest(form).hex()), SignMandate)
    told = gone.seal()
    assert (told.patients, told.gone, told.broken) == (2, 1, 1)
    found = rebuild.rebuilt(gone.folder, gone.to.staging.reveal())
    assert found.manifest["counts"]["broken"] == found.manifest["counts"]["gone"] == 1
    assert second.hex() not in {key[0] for key in found.records}
    assert (sodium.resource.hex(), sodium.version) not in {key[2:] for key in found.records}


def test_the_folder_holds_the_bundle_and_nothing_else(gone: Leaving) -> None:
    gone.seal()
    assert {path.suffix for path in gone.folder.iterdir()} == {".part", ".json"}
    assert {oct(os.stat(path).st_mode & 0o777) for path in gone.folder.iterdir()} == {"0o600"}

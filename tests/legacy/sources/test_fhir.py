"""FHIR resources in lines, files and bundles."""

import tracemalloc
from pathlib import Path

import pytest

from aliquot.legacy.description import Description
from aliquot.legacy.sources import lines
from aliquot.terms.errors import Refused
from tests.legacy.sources import old

ANNE = '{"resourceType":"Patient","id":"a","active":true,"name":[{"family":"Dupont","given":["Anne","Marie"]}]}'
GLUCOSE = (
    '{"resourceType":"Observation","id":"g","code":{"coding":[{"code":"2345-7"}]},'
    '"valueQuantity":{"value":5.10,"unit":"mmol/L"}}'
)


def export(folder: Path, **files: str) -> Description:
    (folder / "export").mkdir()
    for name, content in files.items():
        (folder / "export" / f"{name}.ndjson").write_text(content)
    return old.described(folder, 'kind = "fhir"\npath = "export"\n')


def test_a_type_is_a_table_and_its_columns_are_paths(tmp_path: Path) -> None:
    source = export(tmp_path, all=f"{ANNE}\n{GLUCOSE}\n")
    assert old.columns(source)["Patient"] == (
        "resourceType", "id", "active", "name[0].family", "name[0].given[0]", "name[0].given[1]",
    )  # fmt: skip
    wanted = ["name[0].family", "name[0].given[1]", "active", "name[1].family", "name"]
    assert old.read(source, "Patient", wanted) == {1: ("Dupont", "Marie", "true", None, None)}


def test_numbers_keep_the_digits_that_were_written(tmp_path: Path) -> None:
    source = export(tmp_path, all=f"{GLUCOSE}\n")
    assert old.read(source, "Observation", ["valueQuantity.value"]) == {1: ("5.10",)}


@pytest.mark.parametrize(
    ("reference", "leads_to"),
    [
        ("Patient/a", "a"),
        ("http://old.example/fhir/Patient/a", "a"),
        ("Patient/a/_history/3", "a"),
        ("urn:uuid:9f1c-0a", "9f1c-0a"),
        ("#a", "a"),
        ("Patient?identifier=7", None),
    ],
)
def test_a_reference_can_be_asked_for_the_id_to_which_it_leads(
    tmp_path: Path, reference: str, leads_to: str | None
) -> None:
    source = export(tmp_path, all=f'{{"resourceType":"Observation","subject":{{"reference":"{reference}"}}}}\n')
    assert "subject.reference.id" in old.columns(source)["Observation"]
    wanted = ["subject.reference", "subject.reference.id", "encounter.reference.id"]
    assert old.read(source, "Observation", wanted) == {1: (reference, leads_to, None)}


def test_bundles_and_pretty_files_are_unpacked(tmp_path: Path) -> None:
    bundle = f'{{\n "resourceType": "Bundle",\n "entry": [{{"resource": {ANNE}}},\n {{"resource": {GLUCOSE}}}, {{}}]}}'
    source = export(tmp_path, bundle=bundle, one=ANNE.replace(",", ",\n"))
    assert old.read(source, "Patient", ["id"]) == {1: ("a",), 3: ("a",)}
    assert [one.reason for one in old.spoiled(source, "Patient", ["id"])] == ["an entry of a bundle without a resource"]


def test_a_line_that_is_no_resource_is_spoiled(tmp_path: Path) -> None:
    source = export(tmp_path, all=f'{ANNE}\n{{"resourceType":\n\n["x"]\n{ANNE}\n')
    assert list(old.read(source, "Patient", ["id"])) == [1, 4]
    assert [one.row for one in old.spoiled(source, "Patient", ["id"])] == [2, 3]


def test_what_is_not_fhir_and_paths_that_are_none_are_refused(tmp_path: Path) -> None:
    source = export(tmp_path, all="hello\n")
    with pytest.raises(Refused, match="no FHIR resource"):
        old.columns(source)
    (tmp_path / "export" / "all.ndjson").write_text(ANNE)
    with pytest.raises(Refused, match="is not a path"):
        old.read(source, "Patient", ["name[x]"])


def test_a_bundle_without_a_list_of_entries_is_spoiled(tmp_path: Path) -> None:
    source = export(
        tmp_path, all=f'{ANNE}\n{{"resourceType":"Bundle","entry":{{}}}}\n{{"resourceType":"Bundle"}}\n{ANNE}\n'
    )
    assert list(old.columns(source)) == ["Patient"]
    assert [one.reason for one in old.spoiled(source, "Patient", ["id"])] == ["a bundle without a list of entries"]


@pytest.mark.parametrize(
    ("written", "times", "reason"),
    [
        ('{"resourceType":"Patient","x":[[]%s]}', 2_500_000, "a resource of more"),
        (
            '{"resourceType":"Bundle","entry":[{"resource":{"resourceType":"X","x":[[]%s]}}]}',
            2_500_000,
            "a resource of more",
        ),
        ('{"resourceType":"Bundle","entry":[[]%s]}', 5_000_000, "a bundle of more"),
    ],
)
def test_very_many_values_are_spoiled_before_they_fill_the_memory(
    tmp_path: Path, written: str, times: int, reason: str
) -> None:
    source = export(tmp_path, all=written % (",[]" * times))
    (tmp_path / "export" / "anne.ndjson").write_text(ANNE)
    tracemalloc.start()
    try:
        (told,) = old.spoiled(source, "Patient", ["id"])
        most = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert told.reason.startswith(f"{reason} values than any has")
    assert most < 100 << 20


@pytest.mark.parametrize("megabytes", [9, 65])
def test_a_line_that_is_longer_than_any_is_refused_by_the_name_of_its_file(tmp_path: Path, megabytes: int) -> None:
    long = ANNE.replace("Dupont", "x" * (megabytes << 20))
    before = f"{ANNE}\n" if megabytes == 9 else ""
    with pytest.raises(Refused, match=r"all\.ndjson: a line of more than 8 MB"):
        old.columns(export(tmp_path, all=f"{before}{long}\n{ANNE}\n"))


def test_a_bundle_may_be_longer_than_a_line_and_its_entries_are_unpacked_one_by_one(tmp_path: Path) -> None:
    # All values at once would be more than a resource may have.
    entry = f'{{"resource":{{"resourceType":"Patient","text":"{"x" * 100_000}","x":[{"1," * 10_000}1]}}}}'
    source = export(tmp_path, all=f'{{"resourceType":"Bundle","entry":[{",".join([entry] * 110)}]}}')
    assert (tmp_path / "export" / "all.ndjson").stat().st_size > lines.LONGEST
    assert len(old.read(source, "Patient", ["x[0]"])) == 110

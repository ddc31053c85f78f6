import re
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from aliquot.custody import policy
from aliquot.custody.denial import Denial
from aliquot.custody.policy import Decision, Policies, Question
from aliquot.custody.portions import PORTIONS, About, Identity, Portion
from aliquot.custody.roles import SERVICES, Role
from aliquot.terms.errors import Broken
from aliquot.terms.kinds import Kind
from aliquot.terms.purposes import Purpose
from aliquot.terms.states import Analysis
from tests.custody import golden

Table = dict[tuple[str, str, str], dict[frozenset[str], tuple[Question, Decision]]]

RESULTS = {Kind.OBSERVATION, Kind.COMMENT, Kind.REPORT, Kind.DOCUMENT}
NOBODYS = {Kind.CATALOGUE, Kind.PAPER}
"""Kinds that say nothing about any patient."""
VALIDATED = {Analysis.TECH_VALIDATED, Analysis.MED_VALIDATED, Analysis.RELEASED}
BIOLOGIST = frozenset({"biologist"})


@pytest.fixture(scope="module")
def policies() -> Policies:
    return Policies.load(policy.SHIPPED)


@pytest.fixture(scope="module")
def table(policies: Policies) -> Table:
    return golden.decisions(policies)


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    return Path(shutil.copytree(policy.SHIPPED, tmp_path / "policies"))


def test_every_decision_is_the_one_that_was_reviewed(table: Table) -> None:
    assert golden.rows(table) == golden.FILE.read_text("utf-8").splitlines()


def test_no_fact_ever_takes_leave_away(table: Table) -> None:
    for cell in table.values():
        allowed = golden.allowed(cell)
        assert all(more in allowed for facts in allowed for more in golden.FACT_SETS if facts < more)


def test_every_single_policy_decides_something_that_no_other_does(table: Table, copy: Path) -> None:
    """Taken out alone, a desk's policy takes leave away; a wall, even where the desks allow everything, gives it."""
    alone: dict[str, list[Question]] = {}
    for cell in table.values():
        for question, decision in cell.values():
            if len(decision.reasons) == 1:
                alone.setdefault(decision.reasons[0], []).append(question)
    names = _policy_names()
    assert len(names) == len(set(names))
    for name in names:
        without = _without(copy, name)
        assert any(_reversed(without, question, name) for question in alone[name]), name


@pytest.mark.parametrize("file", sorted(file.name for file in policy.SHIPPED.glob("*.cedar")))
def test_the_table_changes_when_a_file_is_taken_out(table: Table, copy: Path, file: str) -> None:
    (copy / file).unlink()
    without = Policies.load(copy)
    names = set(re.findall(r'@id\("([\w-]+)"\)', (policy.SHIPPED / file).read_text()))
    decided = (pair for cell in table.values() for pair in cell.values() if names & set(pair[1].reasons))
    assert any(without.decide(question).allowed is not decision.allowed for question, decision in decided)


def test_every_file_of_policies_is_part_of_the_hash_by_its_name_and_its_text(policies: Policies, copy: Path) -> None:
    hashes = {policies.hash}
    for file in sorted(copy.iterdir()):
        file.write_text(file.read_text() + "// a word more\n")
        hashes.add(Policies.load(copy).hash)
    (copy / "walls.cedar").rename(copy / "zwalls.cedar")
    hashes.add(Policies.load(copy).hash)
    assert len(hashes) == 1 + len(list(copy.iterdir())) + 1


def test_the_same_files_elsewhere_have_the_same_hash(policies: Policies, copy: Path) -> None:
    assert Policies.load(copy).hash == policies.hash
    assert re.fullmatch("[0-9a-f]{64}", policies.hash)


def test_there_is_one_action_for_each_portion_about_the_same_kind_of_subject() -> None:
    subjects = {
        About.PATIENT: "Patient",
        About.NEW_PATIENT: "NewPatient",
        About.LETTER: "Letter",
        About.ORGANIZATION: "Organization",
    }
    found = re.findall(r"^action (\w+).* appliesTo \{.*resource: (\w+),", _schema(), re.MULTILINE)
    assert found == [(act, subjects[portion.about]) for act, portion in PORTIONS.items()]


def test_groups_that_follow_from_the_portions_hold_exactly_those_acts() -> None:
    assert _group("NeedsFreshFactor") == _acts(lambda portion: portion.factor)
    assert _group("NeedsConfirmedWork") == _acts(lambda portion: portion.confirmed)
    assert _group("ShowsIdentity") == _acts(
        lambda portion: portion.identity is Identity.COUNTED and portion.about is About.PATIENT
    )
    assert _group("ShowsResults") == _acts(lambda portion: bool(portion.reads & RESULTS))
    # A correction writes what is measured anew; what it opens again was validated and released.
    assert _group("Validates") == {"CorrectResult"} | _acts(
        lambda portion: bool(portion.writes.get(Kind.OBSERVATION, frozenset()) & VALIDATED)
    )
    assert _group("Clinical") == {"FindPatient", "LookUpIdentifier", "FindTube"} | _acts(
        lambda portion: (
            portion.about is not About.ORGANIZATION or bool((portion.reads | portion.writes.keys()) - NOBODYS)
        )
    )


def test_the_schema_knows_the_roles_and_purposes_of_the_house() -> None:
    assert _enumeration("Role") == [role.value for role in Role]
    assert _enumeration("Purpose") == [purpose.value for purpose in Purpose]


def test_breaking_the_glass_never_writes() -> None:
    assert {act for act in _group("BreakGlass") if set(PORTIONS[act].writes) - {Kind.DISCLOSURE}} == set()


def test_an_unknown_role_is_refused(policies: Policies) -> None:
    with pytest.raises(Denial) as refusal:
        policies.decide(Question("ReadCatalogue", frozenset({"biologist", "wizard"}), Purpose.TREAT))
    assert refusal.value.code == "unknown-role"


def test_an_unknown_act_is_refused(policies: Policies) -> None:
    with pytest.raises(Denial) as refusal:
        policies.decide(Question("ExportEverything", BIOLOGIST, Purpose.TREAT))
    assert refusal.value.code == "unknown-act"


def test_an_unknown_purpose_is_refused(policies: Policies) -> None:
    with pytest.raises(Denial) as refusal:
        policies.decide(Question("ReadCatalogue", BIOLOGIST, "CURIOSITY"))
    assert refusal.value.code == "unknown-purpose"


def test_a_refusal_names_the_wall_and_a_permission_its_desk(policies: Policies) -> None:
    unconfirmed = Question("OpenDossier", BIOLOGIST, Purpose.TREAT, same_org=True, explained=True)
    assert policies.decide(unconfirmed) == Decision(allowed=False, reasons=("wall-confirmed-work",))
    confirmed = Question("OpenDossier", BIOLOGIST, Purpose.TREAT, same_org=True, explained=True, confirmed=True)
    assert policies.decide(confirmed) == Decision(allowed=True, reasons=("validation-work",))


def test_what_nobody_permits_has_no_reason(policies: Policies) -> None:
    nobody = Question("FindPatient", frozenset(), Purpose.TREAT, same_org=True)
    assert policies.decide(nobody) == Decision(allowed=False, reasons=())


def test_a_fact_that_nobody_established_gives_no_leave(policies: Policies) -> None:
    assert not policies.decide(Question("ReadCatalogue", BIOLOGIST, Purpose.TREAT)).allowed
    unsaid = Question("ReleaseReport", BIOLOGIST, Purpose.TREAT, same_org=True, confirmed=True)
    assert policies.decide(unsaid).reasons == ("wall-idle-session-signs-nothing",)


def test_the_privacy_officer_finds_a_patient_for_a_legal_request_and_not_to_treat(policies: Policies) -> None:
    officer = frozenset({"privacy-officer"})
    answers = {
        purpose: policies.decide(Question("FindPatient", officer, purpose, same_org=True)).allowed
        for purpose in (Purpose.HLEGAL, Purpose.PATADMIN, Purpose.TREAT, Purpose.HOPERAT)
    }
    assert answers == {Purpose.HLEGAL: True, Purpose.PATADMIN: True, Purpose.TREAT: False, Purpose.HOPERAT: False}


def test_possible_acts_are_those_that_the_table_allows_somewhere(policies: Policies, table: Table) -> None:
    for asker in golden.ASKERS:
        expected = {act for (act, name, _), cell in table.items() if name == asker.name and golden.allowed(cell)}
        roles = frozenset(role.value for role in asker.roles)
        assert set(policies.possible_acts(roles, service=asker.service)) == expected


def test_services_hold_the_roles_of_services_only() -> None:
    walls = (policy.SHIPPED / "walls.cedar").read_text()
    for wall in ("wall-people-hold-no-role-of-a-service", "wall-services-hold-no-role-of-people"):
        statement = walls.split(f'@id("{wall}")')[1].split(";")[0]
        assert set(re.findall(r'Role::"([\w-]+)"', statement)) == set(SERVICES)


@pytest.mark.parametrize(
    "text",
    [
        '@id("typo") permit (principal in Role::"biologist", action == Action::"OpenDosier", resource);',
        '@id("fact") permit (principal, action == Action::"OpenDossier", resource) when { context.friendly };',
        '@id("role") permit (principal in Role::"wizard", action == Action::"OpenDossier", resource);',
        "permit (principal",
    ],
)
def test_a_policy_that_does_not_fit_the_schema_refuses_to_load(copy: Path, text: str) -> None:
    (copy / "local.cedar").write_text(text)
    with pytest.raises(Broken):
        Policies.load(copy)


def test_a_policy_without_a_name_refuses_to_load(copy: Path) -> None:
    (copy / "local.cedar").write_text('permit (principal, action == Action::"FindPatient", resource);')
    with pytest.raises(Broken, match="name"):
        Policies.load(copy)


def test_a_schema_that_lacks_an_act_refuses_to_load(copy: Path) -> None:
    schema = copy / "aliquot.cedarschema"
    schema.write_text(re.sub(r"(?m)^action SettleActs .*$", "", schema.read_text()))
    (copy / "services.cedar").unlink()
    with pytest.raises(Broken, match="SettleActs"):
        Policies.load(copy)


def test_a_folder_without_policies_refuses_to_load(copy: Path) -> None:
    for file in copy.glob("*.cedar"):
        file.unlink()
    with pytest.raises(Broken):
        Policies.load(copy)


def _schema() -> str:
    return (policy.SHIPPED / "aliquot.cedarschema").read_text()


def _enumeration(entity: str) -> list[str]:
    found = re.search(rf"entity {entity} enum \[(.*?)\];", _schema(), re.DOTALL)
    assert found
    return re.findall(r'"([\w-]+)"', found[1])


def _group(name: str) -> set[str]:
    members = re.findall(r"^action (\w+) in \[(.*?)\] appliesTo", _schema(), re.MULTILINE)
    return {act for act, groups in members if name in groups.split(", ")}


def _acts(holds: Callable[[Portion], bool]) -> set[str]:
    return {act for act, portion in PORTIONS.items() if holds(portion)}


def _policy_names() -> list[str]:
    texts = (file.read_text() for file in sorted(policy.SHIPPED.glob("*.cedar")))
    return [name for text in texts for name in re.findall(r'^@id\("([\w-]+)"\)', text, re.MULTILINE)]


def _without(copy: Path, name: str) -> Policies:
    for shipped in policy.SHIPPED.glob("*.cedar"):
        kept = re.sub(rf'(?ms)^@id\("{name}"\)$.*?;$', "", shipped.read_text())
        (copy / shipped.name).write_text(kept)
    if name.startswith("wall-"):
        (copy / "local.cedar").write_text('@id("anything") permit (principal, action, resource);')
    return Policies.load(copy)


def _reversed(policies: Policies, question: Question, name: str) -> bool:
    return policies.decide(question).allowed is name.startswith("wall-")

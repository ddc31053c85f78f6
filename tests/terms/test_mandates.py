"""What a mandate may say: columns by name, days, sites; and what it may never name."""

from datetime import date

import pytest

from aliquot.terms import mandates
from aliquot.terms.errors import Refused
from aliquot.terms.mandates import Follows, Scope, Table

PATIENTS = Table("PATIENTS", ("NUMPAT", "NOM"), follows=Follows("NUMPAT", "RESULTATS", "NUMPAT"))
RESULTS = Table("RESULTATS", ("NUMPAT", "DATPREL", "SITE", "VALEUR"), dated="DATPREL", sited="SITE")


def scope(*tables: Table, sites: tuple[str, ...] = ("01",), until: date = date(2020, 12, 31)) -> Scope:
    return Scope(tables, date(2019, 1, 1), until, sites)


def test_a_scope_of_two_tables_is_in_order() -> None:
    mandates.check(scope(PATIENTS, RESULTS))


def test_a_scope_of_one_day_is_in_order() -> None:
    mandates.check(scope(PATIENTS, RESULTS, until=date(2019, 1, 1)))


@pytest.mark.parametrize(
    ("wrong", "place"),
    [
        (scope(PATIENTS, RESULTS, until=date(2018, 12, 31)), "ends before it begins"),
        (scope(RESULTS, RESULTS), "a table is named twice"),
        (scope(Table("T", ("A", "A"))), "table T: a column is named twice"),
        (scope(Table("T", ("A",), dated="B")), "table T: a column that decides"),
        (scope(Table("T", ("A",), sited="B")), "table T: a column that decides"),
        (scope(PATIENTS), "table PATIENTS: it follows a table that is not named"),
        (scope(Table("T", ("A",), follows=Follows("A", "T", "A"))), "table T: it follows"),
        (scope(Table("T", ("A", "PWD"))), "table T: the column PWD"),
        (scope(Table("T", ("A",))), "sites are named where"),
        (scope(PATIENTS, RESULTS, sites=()), "sites are named where"),
    ],
)
def test_a_scope_that_says_too_little_or_too_much_is_refused_by_place(wrong: Scope, place: str) -> None:
    with pytest.raises(Refused, match=place):
        mandates.check(wrong)


@pytest.mark.parametrize(
    "column",
    ["password", "PASSWD", "MDP", "MDP_PORTAIL", "WEBPWD", "mot_de_passe", "MotDePasse", "PASS", "user_pass", "pin",
     "session_id", "AUTH_TOKEN", "password_hash", "PWD1", "secret_question", "Kennwort", "otp", "salt",
     "USERPASS", "dbpass", "PASSHASH", "pw_hash", "CODEPIN", "totp", "API_KEY", "SESS_ID", "JETON"],
)  # fmt: skip
def test_what_proves_who_somebody_is_never_travels(column: str) -> None:
    with pytest.raises(Refused, match="never travels"):
        mandates.check(scope(Table("T", (column,)), sites=()))


@pytest.mark.parametrize("column", ["DATE_PASSAGE", "PASSEPORT", "SPINAL", "OPINION", "COMPASS_X", "TYPE_PRELEVEMENT"])
def test_columns_that_only_sound_like_it_may_travel(column: str) -> None:
    mandates.check(scope(Table("T", (column,)), sites=()))


@pytest.mark.parametrize(
    "table",
    ["T90_SES", "sessions", "SESSION2", "user_sessions", "django_session", "LoginSession", "SESS_PORTAIL",
     "auth.sessions", "session_data", "auth_token", "refreshTokens", "JETONS", "PASSWORD_RESETS", "MotsDePasse",
     "mot_de_passe", "HISTO_MDP", "USER_CREDENTIAL", "credentials", "api_keys", "clés_API", "cookies",
     "totp_devices", "app.UserSecrets"],
)  # fmt: skip
def test_nothing_travels_of_a_table_that_proves_who_somebody_is(table: str) -> None:
    with pytest.raises(Refused, match=rf"the table {table} holds, by its name, .* and never travels"):
        mandates.check(scope(Table(table, ("ID", "DEBUT")), sites=()))
    assert mandates.never(table, ("ID", "DEBUT")) == ["ID", "DEBUT"]


@pytest.mark.parametrize(
    "table",
    ["session_vaccination", "SESSIONS_DIALYSE", "session_cq", "session_automate", "seances", "secretariat", "PASS",
     "PASSAGES", "passeports", "CLES", "identifiants", "connexions", "auth_user", "T02_USR", "assessments", "processes",
     "professions", "medical_secrets", "patient_session", "SEJOURS"],
)  # fmt: skip
def test_tables_that_only_sound_like_it_may_travel(table: str) -> None:
    mandates.check(scope(Table(table, ("ID",)), sites=()))
    assert mandates.never(table, ("ID", "MDP")) == ["MDP"]


def test_a_table_that_is_not_named_cannot_be_had() -> None:
    with pytest.raises(Refused, match="the table OTHER is not in it"):
        scope(PATIENTS, RESULTS).table("OTHER")


def test_a_draft_as_people_trim_it_is_a_scope_and_what_is_none_is_refused_by_its_place() -> None:
    draft = 'since = 2019-01-01\nuntil = 2020-12-31\n[[tables]]\nname = "P"\ncolumns = ["NUM"]\n'
    assert mandates.parse(draft) == Scope((Table("P", ("NUM",)),), date(2019, 1, 1), date(2020, 12, 31))
    with pytest.raises(Refused, match=r"unknown field `columnz` - at `\$\.tables\[0\]`"):
        mandates.parse(draft.replace("columns", "columnz"))
    with pytest.raises(Refused, match="at end of document"):
        mandates.parse("since")

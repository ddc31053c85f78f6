"""The migrations give exactly the tables that the models describe."""

from io import StringIO

from django.core.management import call_command

from tests.world import World


def test_no_model_has_changed_without_a_migration(lab: World) -> None:
    said = StringIO()
    call_command("makemigrations", "record", check=True, dry_run=True, stdout=said)
    assert "No changes detected" in said.getvalue()

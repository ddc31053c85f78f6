import django.db.models.functions.text
import django.db.models.lookups
from django.db import migrations, models

import aliquot.record.columns

_ORG = (1, 4)


def _same(ours: str, theirs: str) -> django.db.models.lookups.Exact:
    first, second = (
        django.db.models.functions.text.Substr(name, *_ORG, output_field=aliquot.record.columns.Bytes())
        for name in (ours, theirs)
    )
    return django.db.models.lookups.Exact(first, second)


class Migration(migrations.Migration):
    dependencies = [("record", "0001_initial")]

    operations = [
        migrations.AddConstraint(
            model_name="token",
            constraint=models.CheckConstraint(condition=_same("org", "act"), name="token_org_in_its_organization"),
        ),
        migrations.AddConstraint(
            model_name="version",
            constraint=models.CheckConstraint(
                condition=_same("act", "resource"), name="version_act_in_its_organization"
            ),
        ),
    ]

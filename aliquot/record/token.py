"""Unique identifiers that machines look up, as keyed tokens."""

from django.db import models

from aliquot.record import columns


class Token(models.Model):
    """One token of one field of one organization, and what it stands for. The identifier itself is sealed elsewhere."""

    org = columns.Bytes(max_length=columns.ORG_BYTES)
    field = models.CharField(max_length=12)
    token = models.BigIntegerField()
    resource = columns.identifier()
    act = columns.identifier()

    class Meta:
        db_table = "token"
        constraints = (
            models.UniqueConstraint(fields=("org", "field", "token"), name="token_is_unique"),
            columns.sixteen("token", "resource"),
            columns.same_organization("token", "resource", "act"),
            columns.same_organization("token", "org", "act"),
        )

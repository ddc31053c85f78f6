"""Tubes as the desks and the worker route them. Every column but the ids is a hint on which no rule rests."""

from django.db import models

from aliquot.record import columns
from aliquot.record.requisition import Requisition


class Specimen(models.Model):
    """One tube. `awaits` says what it waits for; `leased_until` which worker is at it."""

    id = columns.identifier(primary_key=True)
    requisition = models.ForeignKey(Requisition, models.PROTECT, db_column="requisition")
    site = models.CharField(max_length=32)
    bench = models.CharField(max_length=16)
    awaits = models.CharField(max_length=16)
    since = models.DateTimeField()
    leased_until = models.DateTimeField(null=True)
    tries = models.PositiveSmallIntegerField(default=0)

    class Meta:
        db_table = "specimen"
        constraints = (
            columns.sixteen("specimen", "id"),
            columns.same_organization("specimen", "requisition", "id"),
        )
        indexes = (models.Index(fields=("awaits", "site", "bench"), name="specimen_by_bench"),)

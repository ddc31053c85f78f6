"""Work as the desks route it. Every column but the ids is a hint on which no rule rests."""

from django.db import models

from aliquot.record import columns
from aliquot.record.subject import Subject


class Requisition(models.Model):
    """What came in together. `awaits` is the least advanced step of its results; times coarsen at closing."""

    id = columns.identifier(primary_key=True)
    subject = models.ForeignKey(Subject, models.PROTECT, db_column="subject")
    site = models.CharField(max_length=32)
    priority = models.CharField(max_length=8)
    awaits = models.CharField(max_length=16)
    opened_at = models.DateTimeField()

    class Meta:
        db_table = "requisition"
        constraints = (
            columns.sixteen("requisition", "id"),
            columns.same_organization("requisition", "subject", "id"),
        )
        indexes = (models.Index(fields=("site", "awaits"), name="requisition_by_desk"),)

"""Sealed records: versions are added and never overwritten."""

from django.db import models

from aliquot.record import columns
from aliquot.record.act import Act
from aliquot.record.requisition import Requisition
from aliquot.record.subject import Subject


class Version(models.Model):
    """One version of one resource. `state` and `parents` (ids in a row) decide, under the seal."""

    resource = columns.identifier()
    version = models.PositiveIntegerField()
    kind = models.PositiveSmallIntegerField()
    subject = models.ForeignKey(Subject, models.PROTECT, db_column="subject", db_index=False)
    requisition = models.ForeignKey(Requisition, models.PROTECT, db_column="requisition", null=True)
    act = models.ForeignKey(Act, models.PROTECT, db_column="act", db_index=False)
    schema = models.PositiveSmallIntegerField()
    state = models.CharField(max_length=24)
    parents = columns.Bytes()
    sealed = columns.Bytes()

    class Meta:
        db_table = "version"
        constraints = (
            models.UniqueConstraint(fields=("resource", "version"), name="version_is_written_once"),
            columns.sixteen("version", "resource"),
            columns.same_organization("version", "subject", "resource"),
            columns.same_organization("version", "requisition", "resource"),
            columns.same_organization("version", "act", "resource"),
        )
        indexes = (models.Index(fields=("subject", "kind"), name="version_by_subject"),)

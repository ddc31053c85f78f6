"""Whose records they are: a patient, or the organization for what is nobody's."""

from django.db import models

from aliquot.record import columns


class Subject(models.Model):
    """One owner of sealed records. Who it is stands in sealed records and nowhere else."""

    id = columns.identifier(primary_key=True)

    class Meta:
        db_table = "subject"
        constraints = (columns.sixteen("subject", "id"),)

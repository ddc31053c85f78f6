"""Messages in quarantine, as the worker and the integrator's desk route them."""

from django.db import models

from aliquot.record import columns
from aliquot.record.subject import Subject


class Message(models.Model):
    """One message that could not be filed. What it says and why it waits stands in its sealed versions."""

    id = columns.identifier(primary_key=True)
    subject = models.ForeignKey(Subject, models.PROTECT, db_column="subject")
    state = models.CharField(max_length=16)
    since = models.DateTimeField()
    leased_until = models.DateTimeField(null=True)
    tries = models.PositiveSmallIntegerField(default=0)

    class Meta:
        db_table = "message"
        constraints = (columns.sixteen("message", "id"), columns.same_organization("message", "subject", "id"))
        indexes = (models.Index(fields=("state", "since"), name="message_by_state"),)

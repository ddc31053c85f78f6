"""Acts that were kept, or found lost: the row that decides which, because only one of the two can be inserted."""

from django.db import models

from aliquot.record import columns


class Act(models.Model):
    """One act that wrote. `log_size` and `log_root` are how far history reached, so that cutting it back shows."""

    id = columns.identifier(primary_key=True)
    outcome = models.CharField(max_length=8)
    log_size = models.BigIntegerField()
    log_root = columns.Bytes(max_length=32)

    class Meta:
        db_table = "act"
        constraints = (
            columns.sixteen("act", "id"),
            models.CheckConstraint(condition=models.Q(outcome__in=("kept", "lost")), name="act_outcome_is_known"),
        )

"""What staff share and arrange in place: a version, so that no form saves over what its author has not seen."""

from django.db import models


class Guarded(models.Model):
    """Something that is edited as a whole. `version` rises with each save."""

    version = models.PositiveIntegerField(default=1, editable=False)
    updated_at = models.DateTimeField(auto_now=True, editable=False)

    class Meta:
        abstract = True

"""Which texts show a picture or link to a document. Uses by foreign key are not kept here: the tables know them."""

from django.contrib.contenttypes.fields import GenericForeignKey
from django.contrib.contenttypes.models import ContentType
from django.db import models
from django.db.models import Q


class Use(models.Model):
    """A rich text of `target` names a file of the library. Written by `psg.library.uses` alone, with each save."""

    content_type = models.ForeignKey(ContentType, on_delete=models.CASCADE, related_name="+")
    object_id = models.BigIntegerField()
    target = GenericForeignKey()
    image = models.ForeignKey("library.Image", null=True, on_delete=models.CASCADE, related_name="+")
    document = models.ForeignKey("library.Document", null=True, on_delete=models.CASCADE, related_name="+")

    class Meta:
        verbose_name = "use in a text"
        verbose_name_plural = "uses in texts"
        constraints = [
            models.CheckConstraint(
                name="library_use_of_one_thing",
                condition=Q(image__isnull=True, document__isnull=False) | Q(image__isnull=False, document__isnull=True),
            ),
            models.UniqueConstraint(
                name="library_use_once",
                fields=["content_type", "object_id", "image", "document"],
                nulls_distinct=False,
            ),
        ]

    def __str__(self) -> str:
        return f"picture {self.image_id}" if self.image_id else f"document {self.document_id}"

"""The pictures of the site, each with the words that stand in for it."""

import re
import secrets

from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.files.storage import default_storage
from django.db import models, transaction
from django.db.models import Q
from django.db.models.signals import post_delete
from django.dispatch import receiver
from django.utils import timezone

from psg.library.lasting import LastingFileField

ALT_TEXT_MAX_LENGTH = 250
# What cameras, phones and web sites call their files: "IMG_1234.jpg", "DSC00012", "photo-2019_10_13", "image (3).png".
_FILE_NAME = re.compile(
    r"""^\s*(?:
        \S[^/\\]*\.(?:jpe?g|png|gif|webp|avif|heic|heif|tiff?|bmp|svg|pdf)
      | (?:img|image|dsc[nf]?|dcim|p|pxl|photo|picture|scan|screenshot|untitled|whatsapp[ ]image)[-_ ]*\(?[\d][-_ \d()]*
      | [\d\W_]+
    )\s*$""",
    re.IGNORECASE | re.VERBOSE,
)


def validate_alt_text(text: str) -> None:
    """Raises ValidationError for a file's name, a number or blanks: none of them tells a blind reader anything."""
    if _FILE_NAME.match(text):
        raise ValidationError(
            "That looks like a file’s name. Say in a few words what the picture shows, as you would on the telephone."
        )


def upload_path(image: "Image", filename: str) -> str:
    """Where a new file goes. The uploader's file name is never part of it, only the extension that we chose."""
    extension = filename.rpartition(".")[2]
    return f"library/{timezone.localdate():%Y}/{secrets.token_hex(8)}.{extension}"


class ImageQuerySet(models.QuerySet):
    """The questions that the library asks."""

    def undescribed(self):
        """Pictures pasted into a text whose alternative text nobody has written in the library yet."""
        return self.filter(alt_text="")


class Image(models.Model):
    """One picture. Made by `psg.library.actions.add_image` alone: the file is re-encoded, never the bytes that came.

    `renditions` lists the smaller WebP copies that the worker made, narrowest first, as
    `{"width": px, "height": px, "name": storage name}`. They stand in the row so that showing a picture costs no query.
    """

    file = LastingFileField(upload_to=upload_path, max_length=200)
    address = models.CharField(max_length=200, unique=True, editable=False, help_text="It outlives the file.")
    title = models.CharField(max_length=200, blank=True, help_text="For finding it again; readers do not see it.")
    alt_text = models.CharField(
        "alternative text",
        max_length=ALT_TEXT_MAX_LENGTH,
        validators=[validate_alt_text],
        help_text="What the picture shows, for readers who cannot see it: one short sentence, without “picture of”.",
    )
    caption = models.CharField(
        max_length=250, blank=True, help_text="Shown under the picture, unless a page gives its own."
    )
    credit = models.CharField(
        max_length=150, blank=True, help_text="Who made it and by what right: “Ana Ruiz, CC BY 4.0”."
    )
    width = models.PositiveIntegerField(editable=False, help_text="Pixels.")
    height = models.PositiveIntegerField(editable=False, help_text="Pixels.")
    bytes = models.PositiveIntegerField("size", editable=False, help_text="Bytes of the stored file.")
    sha256 = models.CharField(max_length=64, unique=True, editable=False, help_text="Of the file as it was uploaded.")
    renditions = models.JSONField(default=list, editable=False)
    from_editor = models.BooleanField(
        default=False,
        editable=False,
        help_text="It came by paste or drop into a text, where its alternative text is written afterwards.",
    )
    created_at = models.DateTimeField("added", auto_now_add=True)
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        null=True,
        blank=True,
        editable=False,
        on_delete=models.SET_NULL,
        related_name="+",
        verbose_name="added by",
    )

    objects = ImageQuerySet.as_manager()

    class Meta:
        verbose_name = "picture"
        ordering = ["-created_at", "-pk"]
        indexes = [models.Index(fields=["-created_at", "-id"], name="library_image_newest")]
        constraints = [
            models.CheckConstraint(name="library_image_described", condition=~Q(alt_text="") | Q(from_editor=True)),
            models.CheckConstraint(
                name="library_image_has_size", condition=Q(width__gt=0) & Q(height__gt=0) & Q(bytes__gt=0)
            ),
        ]

    def __str__(self) -> str:
        return self.title or self.alt_text or f"picture {self.pk}"

    @property
    def thumbnail_url(self) -> str:
        """The address of the smallest copy there is."""
        return default_storage.url(self.renditions[0]["name"]) if self.renditions else self.file.url


@receiver(post_delete, sender=Image)
def delete_files(sender, instance: Image, **kwargs) -> None:
    """Remove a deleted picture's files once the deletion is certain.

    A signal, because rows also go by queryset and by the admin's bulk action, which call no method of the model.
    """
    names = [instance.file.name, *(rendition["name"] for rendition in instance.renditions)]

    def delete_all() -> None:
        for name in names:
            default_storage.delete(name)

    transaction.on_commit(delete_all)

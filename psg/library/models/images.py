"""The pictures of the site, each with the words that stand in for it."""

import posixpath
import re
import secrets
from typing import Any

from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.files.storage import default_storage
from django.core.validators import MaxValueValidator
from django.db import models, transaction
from django.db.models import Case, Q, Value, When
from django.db.models.signals import post_delete
from django.dispatch import receiver
from django.utils import timezone

from psg.library.lasting import LastingFileField

ALT_TEXT_MAX_LENGTH = 250
MAX_SEARCH_WORDS = 10
CENTRE = 50  # percent
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


def _percent(label: str) -> Any:
    """A place on one side of a picture."""
    return models.PositiveSmallIntegerField(
        label, default=CENTRE, validators=[MaxValueValidator(100)], help_text="Percent, 0 to 100."
    )


class ImageQuerySet(models.QuerySet):
    """The questions that the library asks."""

    def undescribed(self):
        """Pictures whose alternative text nobody has written in the library yet."""
        return self.filter(alt_text="")

    def described(self):
        """Pictures that may be chosen for a text."""
        return self.exclude(alt_text="")

    def matching(self, text: str):
        """Those whose words hold every word of `text`, wherever."""
        found = self
        for word in text.split()[:MAX_SEARCH_WORDS]:
            holds = Q()
            for field in ("title", "alt_text", "caption", "credit"):
                holds |= Q(**{f"{field}__icontains": word})
            found = found.filter(holds)
        return found

    def own_first(self, user):
        """Those that the user added before those of colleagues, each newest first."""
        own = Case(When(created_by=user, then=Value(0)), default=Value(1))
        return self.order_by(own, "-created_at", "-pk")


class Image(models.Model):
    """One picture. Made by `psg.library.actions.add_image` alone: the file is re-encoded, never the bytes that came.

    `renditions` lists the copies that the worker made, narrowest first, as `{"width": px, "height": px,
    "name": storage name, "type": "avif" or "webp"}`. They stand in the row so that showing a picture costs no query.
    `card` names the crop that other sites show beside a link; empty until the worker has made it.
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
    focal_x = _percent("focal point, from the left")
    focal_y = _percent("focal point, from the top")
    renditions = models.JSONField(default=list, editable=False)
    card = models.CharField(max_length=200, blank=True, editable=False)
    words_later = models.BooleanField(
        default=False,
        editable=False,
        help_text="It came into a text or with several others: its alternative text is written afterwards.",
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
            models.CheckConstraint(name="library_image_described", condition=~Q(alt_text="") | Q(words_later=True)),
            models.CheckConstraint(
                name="library_image_has_size", condition=Q(width__gt=0) & Q(height__gt=0) & Q(bytes__gt=0)
            ),
            models.CheckConstraint(
                name="library_image_focus_inside", condition=Q(focal_x__lte=100) & Q(focal_y__lte=100)
            ),
        ]

    def __str__(self) -> str:
        return self.title or self.alt_text or f"picture {self.pk}"

    @property
    def thumbnail_url(self) -> str:
        """The address of the smallest copy that every browser shows."""
        return next((default_storage.url(copy["name"]) for copy in self.copies("webp")), self.file.url)

    @property
    def card_url(self) -> str:
        """The address of what other sites show beside a link; the picture itself before the worker came."""
        return default_storage.url(self.card) if self.card else self.file.url

    @property
    def copies_stem(self) -> str:
        """What the storage names of all its copies begin with: its own folder and token."""
        folder, name = posixpath.split(str(self.file.name))
        return f"library/copies/{posixpath.basename(folder)}/{posixpath.splitext(name)[0]}-"

    @property
    def focus_class(self) -> str:
        """The stylesheet's classes that keep the focal point in sight where a picture is cropped; none for the middle.

        In steps of ten percent: the site's policy allows no style attribute that could say it exactly.
        """
        x, y = (10 * ((percent + 5) // 10) for percent in (self.focal_x, self.focal_y))
        return "" if (x, y) == (CENTRE, CENTRE) else f"focus-x-{x} focus-y-{y}"

    def stored_names(self) -> list[str]:
        """All its files in the store."""
        return [name for name in (str(self.file.name), self.card, *(copy["name"] for copy in self.renditions)) if name]

    def copies(self, kind: str) -> list[dict[str, Any]]:
        """The copies of one type, "avif" or "webp", narrowest first."""
        return [copy for copy in self.renditions if copy["type"] == kind]


@receiver(post_delete, sender=Image)
def delete_files(sender, instance: Image, **kwargs) -> None:
    """Remove a deleted picture's files once the deletion is certain.

    A signal, because rows also go by queryset and by the admin's bulk action, which call no method of the model.
    """
    names = instance.stored_names()

    def delete_all() -> None:
        for name in names:
            default_storage.delete(name)

    transaction.on_commit(delete_all)

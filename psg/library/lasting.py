"""Files whose address outlives their bytes.

A replaced file is stored under a new name, and the row points to it from the moment its transaction commits; the
address that readers, texts and other sites have stays the first one. So a replacement is whole or has not happened,
whatever the storage, and nothing is ever overwritten. `psg.views.media` leads from the address to the bytes.
"""

from typing import Any

from django.conf import settings
from django.db import models
from django.db.models.fields.files import FieldFile
from django.utils.encoding import filepath_to_uri


class LastingFieldFile(FieldFile):
    """`name` is where the bytes are now, `url` is where readers have always found them."""

    @property
    def url(self) -> str:
        """The address on this site, below MEDIA_URL. Raises ValueError where there is no file."""
        self._require_file()  # type: ignore[attr-defined]
        address = getattr(self.instance, "address", "") or self.name
        return settings.MEDIA_URL + str(filepath_to_uri(address)).lstrip("/")


class LastingFileField(models.FileField):
    """A file of a model that has a field `address`, which it fills once: with the name of the first file."""

    attr_class = LastingFieldFile

    def deconstruct(self) -> Any:
        """Migrations see a plain FileField."""
        name, _, args, kwargs = super().deconstruct()
        return name, "django.db.models.FileField", args, kwargs

    def pre_save(self, model_instance: models.Model, add: bool) -> Any:
        file = super().pre_save(model_instance, add)
        if file and not model_instance.address:  # type: ignore[attr-defined]
            model_instance.address = file.name  # type: ignore[attr-defined]
        return file

"""The form by which staff add a picture."""

from django import forms
from django.core.exceptions import ValidationError
from django.urls import reverse
from django.utils.html import format_html

from psg.library.actions import ImageRefused, prepare
from psg.library.files import FORMATS, Prepared
from psg.library.models import Image

ACCEPT = ",".join(sorted({kind for _, _, types in FORMATS.values() for kind in types}))


class AddImageForm(forms.ModelForm):
    """A file and the words for it. What is wrong with the file is said beside it."""

    upload = forms.FileField(
        label="File",
        widget=forms.FileInput(attrs={"accept": ACCEPT}),
        help_text="JPEG, PNG, WebP or GIF, at most 10 MB. 1,600 pixels wide or more looks best. "
        "Camera data, the place included, is removed.",
    )
    prepared: Prepared

    class Meta:
        model = Image
        fields = ["alt_text", "caption", "credit", "title"]

    def clean_upload(self) -> Prepared:
        """The picture, ready to be stored."""
        try:
            self.prepared = prepare(self.cleaned_data["upload"])
        except ImageRefused as refused:
            raise ValidationError(refused.message) from None
        existing = Image.objects.filter(sha256=self.prepared.sha256).first()
        if existing is not None:
            raise ValidationError(
                format_html(
                    'This picture is in the library already: <a href="{}">“{}”</a>. Please use that one.',
                    reverse("admin:library_image_change", args=[existing.pk]),
                    existing,
                )
            )
        return self.prepared

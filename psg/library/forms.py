"""The forms by which staff add pictures and write the words for them."""

from typing import Any

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


class ImageForm(forms.ModelForm):
    """The words of a picture, and the point that stays in sight."""

    class Meta:
        model = Image
        fields = ["alt_text", "caption", "credit", "title", "focal_x", "focal_y"]
        widgets = {
            side: forms.NumberInput(attrs={"min": 0, "max": 100, "class": "library-percent"})
            for side in ("focal_x", "focal_y")
        }

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for side in ("focal_x", "focal_y"):
            self.fields[side].required = False  # left empty it stays as it is

    def clean_focal_x(self) -> int:
        return self._or_as_it_is("focal_x")

    def clean_focal_y(self) -> int:
        return self._or_as_it_is("focal_y")

    def _or_as_it_is(self, side: str) -> int:
        typed = self.cleaned_data[side]
        return getattr(self.instance, side) if typed is None else typed


class DescribeForm(forms.ModelForm):
    """One of several pictures that wait for their words. Left empty it goes on waiting."""

    alt_text = forms.CharField(
        label="Alternative text",
        required=False,
        max_length=Image._meta.get_field("alt_text").max_length,
        validators=Image._meta.get_field("alt_text").validators,
        widget=forms.TextInput(attrs={"class": "vTextField"}),
    )

    class Meta:
        model = Image
        fields = ["alt_text", "caption", "credit"]
        widgets = {name: forms.TextInput(attrs={"class": "vTextField"}) for name in ("caption", "credit")}
        help_texts = {"caption": "", "credit": ""}  # said once, above the pictures

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        if self.has_changed() and not cleaned.get("alt_text") and "alt_text" not in self.errors:
            self.add_error("alt_text", "Please write what the picture shows as well.")
        return cleaned

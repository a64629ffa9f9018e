"""How pictures take a new file in the back office."""

from django import forms
from django.core.exceptions import ValidationError
from django.http import HttpRequest

from psg.library.admin.uses import LibraryAdmin, ReplaceForm
from psg.library.files import ImageRefused, Prepared, prepare
from psg.library.forms import ACCEPT
from psg.library.models import Image
from psg.library.replacing import replace_image


class ReplaceImageForm(ReplaceForm):
    """A new file, checked as a new picture is."""

    file = forms.FileField(
        label="New file",
        widget=forms.FileInput(attrs={"accept": ACCEPT}),
        help_text="JPEG, PNG, WebP or GIF. Its address stays: every page and every text shows the new picture. "
        "See afterwards whether the alternative text still fits.",
    )

    def clean_file(self) -> Prepared:
        try:
            return prepare(self.cleaned_data["file"])
        except ImageRefused as refused:
            raise ValidationError(refused.message) from None


class ImageInUseMixin(LibraryAdmin):
    """Where a picture is used, a new file in its place, and deletion only of what nobody needs."""

    replacement_form = ReplaceImageForm

    def replace_file(self, request: HttpRequest, obj: Image, form: ReplaceForm) -> None:
        replace_image(obj, form.cleaned_data["file"], seen_sha256=form.cleaned_data["seen"], by=request.user)

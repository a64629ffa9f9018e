"""The forms of the home page: where its panels stand, and what one panel says."""

from typing import Any, cast

from django import forms
from django.http import QueryDict
from django.utils.formats import date_format
from django.utils.timezone import localtime

from pages import guards
from pages.addresses import normalised
from pages.admin.menu_forms import all_pages, page_choices
from pages.home import Place
from pages.models import HomePanel, Tone
from psg import home as register
from psg.publishing.actions import EditConflict
from psg.publishing.admin import VersionedForm


class ArrangeForm(forms.Form):
    """Which arrangement the page was opened on."""

    seen = forms.CharField(widget=forms.HiddenInput, required=False)

    def tell(self, conflict: EditConflict, *, now: str) -> None:
        """Say who rearranged the panels meanwhile. The next save is made knowing this, so it goes through."""
        data = cast(QueryDict, self.data).copy()
        data["seen"] = now
        self.data = data
        at = date_format(localtime(conflict.at), "j F, H:i")
        self.add_error(
            None,
            f"{conflict.by or 'Somebody else'} arranged the home page at {at}, after you had opened this. "
            "Your order is below; theirs is what the site shows now. Save again to put yours in its place.",
        )


class PlaceForm(forms.Form):
    """Where one panel stands."""

    name = forms.CharField(widget=forms.HiddenInput)
    position = forms.IntegerField(min_value=0, max_value=1_000_000, widget=forms.NumberInput(attrs={"min": 0}))
    is_shown = forms.BooleanField(required=False)

    def name_for_readers(self, panel: str) -> None:
        """Label the fields for those who hear the form; others see whose row they are in."""
        for name, word in (("position", "Order"), ("is_shown", "Shown")):
            self.fields[name].widget.attrs["aria-label"] = f"{word}: {panel}"

    def has_moved(self) -> bool:
        """Whether its number was typed or its row was moved."""
        return "position" in self.changed_data


class BasePlaceFormSet(forms.BaseFormSet):
    """All of them."""

    def places(self) -> list[Place]:
        """What was asked for; of two with one number, the one just typed comes first."""
        forms_in_order = sorted(self.forms, key=lambda form: (form.cleaned_data["position"], not form.has_moved()))
        return [Place(**{**form.cleaned_data, "position": number}) for number, form in enumerate(forms_in_order)]


PlaceFormSet = forms.formset_factory(PlaceForm, formset=BasePlaceFormSet, extra=0, max_num=50)


class HomePanelForm(VersionedForm):
    """What one panel says: only what it offers, in its own words."""

    advice = (
        "Nothing of yours is lost: it is below. Theirs is what the site shows now. "
        "Compare the two, then save again to put yours in its place."
    )

    class Meta:
        model = HomePanel
        fields = "__all__"  # the admin takes those that the panel offers

    def __init__(self, *args, **kwargs) -> None:
        super().__init__(*args, **kwargs)
        self.panel = register.panels()[self.instance.name]
        for name, offer in self.panel.offers.items():
            if field := self.fields.get(name.removesuffix("_id")):
                self._dress(name, field, offer)
        if "section" in self.fields:
            self.fields["section"].widget = forms.Select(choices=[("", "“About”"), *page_choices(all_pages())[1:]])
        if "tone" in self.fields:
            cast(forms.ChoiceField, self.fields["tone"]).choices = Tone.choices

    def _dress(self, name: str, field: forms.Field, offer: register.Offer) -> None:
        """A field in the panel's words. Its default stands in it, to be changed."""
        if offer.label:
            field.label = offer.label
        is_typed = isinstance(field.widget, forms.TextInput) and bool(offer.default)
        field.help_text = offer.help or (f"Empty: “{offer.default}”." if is_typed else "")
        if isinstance(field.widget, forms.Textarea):
            field.widget.attrs["rows"] = 5
        if offer.limits and isinstance(field, forms.IntegerField):
            least, most = offer.limits
            self.fields[name] = forms.IntegerField(
                min_value=least, max_value=most, required=False, label=field.label, help_text=f"From {least} to {most}."
            )
        if not getattr(self.instance, name, None):
            self.initial[name.removesuffix("_id")] = offer.default

    def lock(self, seen_version: int | None) -> None:
        guards.lock(self.instance, seen_version=seen_version)

    def clean_link_address(self) -> str:
        address = self.cleaned_data["link_address"]
        return normalised(address) if address.strip() else ""

    def clean(self) -> dict[str, Any]:
        """Empty or as usual is kept as empty: it goes on following the default, in the reader's language."""
        cleaned = super().clean()
        for name, offer in self.panel.offers.items():
            is_words = isinstance(offer.default, str) and offer.default and name in cleaned
            if is_words and _same(cleaned[name], offer.default):
                cleaned[name] = ""
            if offer.required and cleaned.get("is_shown") and name in cleaned and not cleaned[name]:
                self.add_error(name, "It cannot be shown without this.")
        self._check_link(cleaned)
        return cleaned

    def _check_link(self, cleaned: dict[str, Any]) -> None:
        """A button needs its words and its address."""
        label, address = cleaned.get("link_label"), cleaned.get("link_address")
        if "link_address" not in self.panel.offers or self.errors.keys() & {"link_label", "link_address"}:
            return
        if label and not address:
            self.add_error("link_address", "Where does the button lead?")
        if address and not label:
            self.add_error("link_label", "What does the button say?")


def _same(text: str, default: str) -> bool:
    return text.strip().splitlines() == default.splitlines()

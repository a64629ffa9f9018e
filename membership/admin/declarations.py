"""Gift Aid declarations as staff enter them: a paper form, or a cancellation by letter or telephone."""

from datetime import date

from django import forms
from django.utils import timezone

from membership.admin.pages import in_words
from membership.models import GiftAidDeclaration, GiftAidScope
from psg.backoffice.fields import LoadedChoiceField


class DeclarationFormSet(forms.BaseInlineFormSet):
    """Refuses what cannot be: one from the future, two at one time. (One that ends before it starts the table refuses.)

    What is there already is only looked at where somebody changes it: the website may have taken a second one.
    """

    def add_fields(self, form: forms.ModelForm, index: int | None) -> None:
        super().add_fields(form, index)
        number = LoadedChoiceField(GiftAidDeclaration.objects.none(), required=False, widget=forms.HiddenInput)
        number.initial = form.instance.pk
        number.load(self.get_queryset())
        form.fields["id"] = number

    def clean(self) -> None:
        super().clean()
        changed = [form for form in self.forms if form.has_changed() and not form.errors]
        for form in changed:
            if form.cleaned_data["made_on"] > timezone.localdate():
                form.add_error("made_on", "This day has not come yet.")
            elif _reaches_further(form):
                self._check_alone(form)

    def _check_alone(self, form: forms.ModelForm) -> None:
        for other in self.forms:
            if other is form or other.errors or not getattr(other, "cleaned_data", None):
                continue
            if _overlap(form.instance, other.instance):
                made = in_words(other.instance.made_on)
                form.add_error(
                    "made_on",
                    f"It overlaps with the one made on {made}. Say first on which day that one was cancelled; "
                    "if the new one takes its place, that is the day on which the new one was made.",
                )
                return


def _reaches_further(form: forms.ModelForm) -> bool:
    """Whether it is new, or covers more than before; to be cancelled earlier is always right."""
    if form.instance.pk is None or {"scope", "made_on"} & set(form.changed_data):
        return True
    before = form.initial.get("cancelled_on")
    return before is not None and (form.instance.cancelled_on or date.max) > before


def _overlap(one: GiftAidDeclaration, other: GiftAidDeclaration) -> bool:
    """Whether both are about gifts to come, at one time. One for a single gift stands beside any other."""
    if GiftAidScope.THIS in (one.scope, other.scope):
        return False
    ends = [each.cancelled_on or date.max for each in (one, other)]
    return one.made_on < ends[1] and other.made_on < ends[0]

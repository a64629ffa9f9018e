"""Forms of the membership desk. They check and ask; what happens is in `membership.actions`."""

import uuid
from datetime import date
from typing import Any

from django import forms
from django.db.models import Q
from django.utils import timezone
from django.utils.formats import date_format

from membership import postcodes
from membership.actions.collected import may_take_details
from membership.actions.merging import CHOOSABLE
from membership.actions.payments import Money
from membership.forms import LineField, PoundsField, one_line
from membership.models import Application, Checkout, ClosedMonth, Payment, Person, Price, Subscription
from membership.models.payments import OFFLINE_METHODS
from membership.money import MAXIMUM_PENCE, pounds
from membership.standing import main_membership


def date_input() -> forms.DateInput:
    """The browser's own calendar."""
    return forms.DateInput(format="%Y-%m-%d", attrs={"type": "date"})


class PersonForm(forms.ModelForm):
    """A person's record. Whoever ticks the box vouches that the address is theirs."""

    email_is_theirs = forms.BooleanField(
        label="This address is theirs",
        required=False,
        help_text="Tick it if you know: they wrote to you from it, or confirmed it. One address belongs to one record.",
    )

    class Meta:
        model = Person
        fields = "__all__"  # noqa: DJ007  # the admin's fieldsets name them

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.initial["email_is_theirs"] = self.instance.email_verified_at is not None

    def clean_email(self) -> str:
        return self.cleaned_data["email"].lower()

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        for name in ("first_name", "last_name", "organisation_name"):
            cleaned[name] = one_line(cleaned.get(name) or "")
        if postcodes.is_uk(cleaned.get("country") or ""):
            cleaned["postcode"] = postcodes.normalised(cleaned.get("postcode") or "")
        if not any(cleaned.get(name) for name in ("first_name", "last_name", "organisation_name", "email")):
            self.add_error("last_name", "Give at least a name or an e-mail address.")
        self._check_ownership(cleaned)
        return cleaned

    def _check_ownership(self, cleaned: dict[str, Any]) -> None:
        email = cleaned.get("email") or ""
        if not cleaned.get("email_is_theirs"):
            return
        owner = Person.objects.with_verified_email(email).exclude(pk=self.instance.pk).first()
        if not email:
            self.add_error("email_is_theirs", "There is no address.")
        elif owner is not None:
            self.add_error("email_is_theirs", f"This address belongs to the record of {owner}. Merge the two first.")


class RecordPaymentForm(forms.Form):
    """Money that came by post, bank or hand. Odd amounts are asked about, not refused."""

    whose = forms.ChoiceField(label="Whose membership is it?", widget=forms.RadioSelect)
    take_details = forms.BooleanField(
        label="Take over name and address from the form that was filled in", required=False
    )
    price = forms.ModelChoiceField(Price.objects.none(), label="For", empty_label=None)
    amount = PoundsField(label="Amount in pounds")
    method = forms.ChoiceField(choices=[(method.value, method.label) for method in OFFLINE_METHODS], label="Paid by")
    received_on = forms.DateField(label="Received on", widget=date_input())
    bank_reference = LineField(
        label="Bank or cheque reference", required=False, max_length=100, help_text="As on the statement or the cheque."
    )
    unusual = forms.BooleanField(required=False)
    twice = forms.BooleanField(required=False, label="Yes, record this payment as well")
    token = forms.UUIDField(widget=forms.HiddenInput)
    last_seen = forms.IntegerField(widget=forms.HiddenInput)

    def __init__(self, data: Any, *, person: Person, application: Application | None) -> None:
        super().__init__(data, initial=_suggested(person, application))
        self.person, self.application = person, application
        wanted = Q(retired_at__isnull=True)
        if application:
            wanted |= Q(pk=application.price_id)  # whoever was promised a price pays it
        prices = Price.objects.filter(wanted).select_related("plan").order_by("plan__position", "plan", "-interval")
        self.fields["price"].queryset = prices  # type: ignore[attr-defined]
        self.candidates = list(Person.objects.alike(application)) if application else []
        self._offer_people()
        if application is None:
            del self.fields["take_details"]
        self.asks_about_amount = False
        self.pays_already = paying_already(person)

    def _offer_people(self) -> None:
        """Where other records look like the one who applied, staff say whose payment it is."""
        others = [each for each in self.candidates if each != self.person]
        if not others:
            del self.fields["whose"]
            return
        everybody = [self.person, *others]
        self.fields["whose"].choices = [(each.pk, _describe(each)) for each in everybody]  # type: ignore[attr-defined]

    def clean_received_on(self) -> Any:
        day = self.cleaned_data["received_on"]
        if day > timezone.localdate():
            raise forms.ValidationError("This day has not come yet.")
        if ClosedMonth.objects.filter(month=day.replace(day=1)).exists():
            raise forms.ValidationError(month_is_closed(day))
        return day

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        amount, price = cleaned.get("amount"), cleaned.get("price")
        self.pays_already = paying_already(self.chosen_person)
        if self.pays_already and not cleaned.get("twice"):
            self.add_error("twice", self.pays_already)
        if amount is None or price is None:
            return cleaned
        if amount <= 0:
            self.add_error("amount", "Money that came is more than nothing. To take a payment back, use “Take back”.")
        elif odd := self._what_is_odd(amount, price):
            self.asks_about_amount = True
            self.fields["unusual"].label = f"Yes, record {pounds(amount)}"
            if not cleaned.get("unusual"):
                self.add_error("unusual", odd)
        return cleaned

    def _what_is_odd(self, amount: int, price: Price) -> str:
        if amount < price.amount_pence:
            short = pounds(price.amount_pence - amount)
            return f"{pounds(amount)} is {short} less than the price. Tick to record a membership payment all the same."
        agreed = self.application.amount_pence if self.application else 0
        if amount > max(MAXIMUM_PENCE, agreed):
            return f"{pounds(amount)} is very much for a membership. Tick if it is right."
        return ""

    @property
    def chosen_person(self) -> Person:
        """Whose payment it is, as staff said."""
        chosen = self.cleaned_data.get("whose")
        return next((each for each in self.candidates if str(each.pk) == chosen), self.person)

    def money(self) -> Money:
        """The checked form, as `payments.record` takes it."""
        cleaned = self.cleaned_data
        return Money(
            gross_pence=cleaned["amount"],
            method=cleaned["method"],
            received_on=cleaned["received_on"],
            token=str(cleaned["token"]),
            bank_reference=cleaned["bank_reference"],
        )

    def tell_of(self, payment: Payment) -> None:
        """Somebody was quicker; pressing again is a decision."""
        by = payment.recorded_by or "Somebody else"
        self.data = {**dict(self.data.items()), "last_seen": str(payment.pk)}
        self.add_error(
            None,
            f"{by} recorded {payment} for {payment.person} after you had opened this page. If yours is another "
            "payment, press the button again.",
        )


def month_is_closed(day: date) -> str:
    """What to do about money of a closed month."""
    return (
        f"{date_format(day, 'F Y')} is closed. Give the day on which you record it, and the true day as the reference; "
        "or ask an Administrator to open the month again."
    )


def paying_already(person: Person) -> str:
    """What would make a payment by hand the second one, in words; empty if nothing does."""
    renewing = Subscription.objects.of_person(person).renewing().filter(unpaid_invoice_id="").first()
    if renewing is not None:
        day = date_format(timezone.localdate(renewing.period_ends_at), "j F Y")
        return (
            f"Their membership renews by itself: Stripe takes {pounds(renewing.amount_pence)} by {renewing.paid_by} on "
            f"{day}. With this payment they pay twice."
        )
    under_way = Checkout.objects.pending().filter(application__person=person).select_related("application").first()
    if under_way is not None:
        return (
            f"A payment of {pounds(under_way.application.amount_pence)} by "
            f"{under_way.application.get_method_display()} is on its way. With this payment they pay twice."
        )
    return ""


def _describe(person: Person) -> str:
    parts = [person.name, person.email, person.postcode]
    return f"{' · '.join(part for part in parts if part)} (record {person.pk})"


def _suggested(person: Person, application: Application | None) -> dict[str, Any]:
    """What a payment will most likely be: as the form says, or as the last time at today's price."""
    newest = person.payments.order_by("-pk").first()
    suggested: dict[str, Any] = {
        "token": uuid.uuid4(),
        "last_seen": newest.pk if newest else 0,
        "received_on": timezone.localdate(),
        "whose": person.pk,
        "method": OFFLINE_METHODS[0],
    }
    if application is not None:
        return suggested | {
            "price": application.price_id,
            "amount": application.amount_pence,
            "method": application.method,
            "bank_reference": application.reference,
            "take_details": may_take_details(person, application),
        }
    membership = main_membership(person)
    if membership is None or membership.last_term is None:
        return suggested
    interval = membership.last_term.price.interval
    price = Price.objects.current().filter(plan=membership.plan, interval=interval).first()
    before = newest.gross_pence if newest and newest.gross_pence > 0 else 0
    return suggested | {
        "price": price.pk if price else None,
        "amount": max(before, price.amount_pence) if price else None,
        "method": membership.method if membership.method in OFFLINE_METHODS else OFFLINE_METHODS[0],
        "bank_reference": membership.reference,
    }


class ReasonForm(forms.Form):
    """Why: asked once, kept with what happens."""

    reason = LineField(max_length=200, widget=forms.TextInput(attrs={"class": "vTextField"}))
    token = forms.UUIDField(widget=forms.HiddenInput, initial=uuid.uuid4)


class CoverForm(forms.Form):
    """Another person of the household."""

    name = LineField(label="First and last name", max_length=200)


class MergeForm(forms.Form):
    """For each column in which two records differ: which of the two is right."""

    def __init__(self, data: Any, *, keep: Person, drop: Person) -> None:
        super().__init__(data)
        for name in CHOOSABLE:
            mine, other = (_shown(person, name) for person in (keep, drop))
            if mine == other:
                continue
            choices = [("keep", mine or "(empty)"), ("drop", other or "(empty)")]
            label = str(Person._meta.get_field(name).verbose_name).capitalize()  # type: ignore[union-attr]
            initial = "keep" if mine else "drop"
            self.fields[name] = forms.ChoiceField(
                label=label, choices=choices, initial=initial, widget=forms.RadioSelect
            )


def _shown(person: Person, name: str) -> str:
    value = str(getattr(person, name))
    if name == "email" and person.email_verified_at:
        return f"{value} (verified)"
    return value

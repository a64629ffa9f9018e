"""The form on which staff write down a donation that came by post, bank or hand."""

import uuid
from typing import Any

from django import forms
from django.utils import timezone

from membership import postcodes
from membership.actions import recording_gifts
from membership.actions.payments import Money
from membership.admin.forms import date_input, month_is_closed
from membership.forms import LineField, PoundsField
from membership.models import (
    Appeal,
    Channel,
    CheckoutState,
    ClosedMonth,
    Dedication,
    Donation,
    GiftAidScope,
    Payment,
    Person,
)
from membership.models.details import DETAIL_FIELDS
from membership.models.payments import OFFLINE_METHODS
from membership.money import MAXIMUM_PENCE, pounds

MOST_PENCE = 1_000_000_000  # what a column holds is twice that
CHANNELS = [Channel.POST, Channel.IN_PERSON, Channel.PHONE]
LOOK_ALIKES_SHOWN = 10


def _line(name: str) -> LineField:
    """A line for a column of `ContactDetails`."""
    column: Any = Donation._meta.get_field(name)
    label = str(column.verbose_name).capitalize()
    # The browser knows the address of who sits at the desk, not of who gave.
    widget = forms.TextInput(attrs={"autocomplete": "off"})
    return LineField(label=label, required=False, max_length=column.max_length, widget=widget)


class MoneyForm(forms.Form):
    """The money of a gift. Odd amounts are asked about, not refused."""

    amount = PoundsField(label="Amount in pounds")
    method = forms.ChoiceField(choices=[(method.value, method.label) for method in OFFLINE_METHODS], label="Given by")
    received_on = forms.DateField(label="Received on", widget=date_input())
    bank_reference = LineField(
        label="Bank or cheque reference", required=False, max_length=100, help_text="As on the statement or the cheque."
    )
    unusual = forms.BooleanField(required=False)
    token = forms.UUIDField(widget=forms.HiddenInput)
    asks_about_amount = False
    expected_pence = 0  # so much is not odd

    def clean_received_on(self) -> Any:
        day = self.cleaned_data["received_on"]
        if day > timezone.localdate():
            raise forms.ValidationError("This day has not come yet.")
        if ClosedMonth.objects.filter(month=day.replace(day=1)).exists():
            raise forms.ValidationError(month_is_closed(day))
        return day

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        amount = cleaned.get("amount")
        if amount is None:
            return cleaned
        if amount <= 0:
            self.add_error("amount", "Money that came is more than nothing. To take a gift back, use “Take back”.")
        elif amount > MOST_PENCE:
            self.add_error("amount", f"At most {pounds(MOST_PENCE)} can be written down in one go.")
        elif amount > max(MAXIMUM_PENCE, self.expected_pence):
            self.asks_about_amount = True
            self.fields["unusual"].label = f"Yes, record {pounds(amount)}"
            if not cleaned.get("unusual"):
                self.add_error("unusual", f"{pounds(amount)} is very much. Tick if it is right.")
        return cleaned

    def money(self) -> Money:
        """The checked form, as the actions take it."""
        cleaned = self.cleaned_data
        return Money(
            gross_pence=cleaned["amount"],
            method=cleaned["method"],
            received_on=cleaned["received_on"],
            token=str(cleaned["token"]),
            bank_reference=cleaned["bank_reference"],
        )


class ExpectedForm(MoneyForm):
    """The money of a donation that somebody promised on the site."""

    twice = forms.BooleanField(required=False, label="Yes, record this payment as well")

    def __init__(self, data: Any, *, donation: Donation) -> None:
        by_hand = donation.method in OFFLINE_METHODS
        suggested = {
            "token": uuid.uuid4(),
            "amount": donation.amount_pence,
            "method": donation.method if by_hand else OFFLINE_METHODS[0],
            "received_on": timezone.localdate(),
            "bank_reference": donation.reference,
        }
        super().__init__(data, initial=suggested)
        self.expected_pence = donation.amount_pence
        self.pays_already = donation.checkouts.filter(state=CheckoutState.PENDING).exists()
        if not self.pays_already:
            del self.fields["twice"]

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean()
        if self.pays_already and not cleaned.get("twice"):
            self.add_error(
                "twice", "They paid at Stripe, and that payment is on its way. With this one they pay twice."
            )
        return cleaned


class GiftForm(MoneyForm):
    """A gift that nobody promised on the site. Without a `person` the giver is asked for."""

    appeal = forms.ModelChoiceField(Appeal.objects.none(), required=False, empty_label="Our work as a whole")
    dedication = forms.ChoiceField(required=False, choices=[("", "None"), *Dedication.choices])
    dedicated_to = LineField(label="Dedicated to", required=False, max_length=100)
    is_anonymous = forms.BooleanField(label="Do not name them on the site", required=False, initial=True)
    gift_aid = forms.ChoiceField(
        label="Gift Aid declaration", required=False, choices=[("", "None came with it"), *GiftAidScope.choices]
    )
    channel = forms.ChoiceField(
        label="The declaration came", choices=[(each.value, each.label) for each in CHANNELS], required=False
    )
    last_seen = forms.IntegerField(widget=forms.HiddenInput)
    is_organisation = forms.BooleanField(label="An organisation", required=False)
    title, first_name, last_name = _line("title"), _line("first_name"), _line("last_name")
    organisation_name = _line("organisation_name")
    email = forms.EmailField(
        label="E-mail", required=False, max_length=254, widget=forms.EmailInput(attrs={"autocomplete": "off"})
    )
    phone = _line("phone")
    address_line1, address_line2 = _line("address_line1"), _line("address_line2")
    town, postcode, country = _line("town"), _line("postcode"), _line("country")
    somebody_else = forms.BooleanField(required=False, label="This is somebody else: make a new record")

    def __init__(self, data: Any, *, person: Person | None) -> None:
        newest = person.payments.order_by("-pk").first() if person else None
        suggested = {
            "token": uuid.uuid4(),
            "received_on": timezone.localdate(),
            "method": "cheque",
            "channel": Channel.POST,
            "country": "United Kingdom",
            "last_seen": newest.pk if newest else 0,
        }
        super().__init__(data, initial=suggested)
        self.person = person
        self.alike: list[Person] = []
        self.fields["appeal"].queryset = Appeal.objects.all()  # type: ignore[attr-defined]
        if person is not None:
            for name in ["is_organisation", *DETAIL_FIELDS, "somebody_else"]:
                del self.fields[name]

    @property
    def who(self) -> list[forms.BoundField]:
        """Who gave it, where that is asked."""
        return [self[name] for name in ["is_organisation", *DETAIL_FIELDS] if name in self.fields]

    @property
    def what(self) -> list[forms.BoundField]:
        """What was given for, and how."""
        return [self[name] for name in ("appeal", "dedication", "dedicated_to", "is_anonymous")]

    # --- Checks ---

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean()
        if cleaned.get("dedication") and not cleaned.get("dedicated_to") and "dedicated_to" not in self.errors:
            self.add_error("dedicated_to", "Write the name, or choose no dedication.")
        if cleaned.get("dedicated_to") and not cleaned.get("dedication"):
            self.add_error("dedication", "In memory or in honour of them?")
        if self.person is None:
            self._check_who(cleaned)
        self._check_declaration(cleaned)
        return cleaned

    def _check_who(self, cleaned: dict[str, Any]) -> None:
        if cleaned.get("is_organisation"):
            if not cleaned.get("organisation_name"):
                self.add_error("organisation_name", "Write the organisation's name.")
        elif cleaned.get("organisation_name"):
            self.add_error("is_organisation", "Tick this if the gift is the organisation's, or leave its name out.")
        elif not cleaned.get("last_name"):
            self.add_error("last_name", "Write at least a last name. For a gift without a name: “Unknown”.")
        postcode, country = cleaned.get("postcode") or "", cleaned.get("country") or ""
        if postcode and postcodes.is_uk(country):
            if postcodes.is_valid_uk(postcode):
                cleaned["postcode"] = postcodes.normalised(postcode)
            else:
                self.add_error("postcode", "This does not look like a UK postcode. They are written like SW1A 1AA.")
        if not self.errors and not cleaned.get("somebody_else"):
            self.alike = list(Person.objects.alike(Donation(**self.details()))[:LOOK_ALIKES_SHOWN])
            if self.alike:
                self.add_error("somebody_else", "We know somebody like this. Choose them below, or tick.")

    def _check_declaration(self, cleaned: dict[str, Any]) -> None:
        if not cleaned.get("gift_aid"):
            return
        if not cleaned.get("channel"):
            self.add_error("channel", "Say how it came.")
        if self.person.is_organisation if self.person else cleaned.get("is_organisation"):
            self.add_error("gift_aid", "An organisation declares no Gift Aid.")
        given = self.person.details() if self.person else cleaned
        needed = ["first_name", "last_name", "address_line1"]
        if postcodes.is_uk(given.get("country") or ""):
            needed.append("postcode")
        missing = [name for name in needed if not given.get(name) and name not in self.errors]
        if not missing:
            return
        if self.person is None:
            for name in missing:
                self.add_error(name, "A declaration needs first and last name and home address.")
        else:
            self.add_error(
                "gift_aid",
                "A declaration needs first and last name and home address, and their record has no "
                f"{', '.join(name.removesuffix('1').replace('_', ' ') for name in missing)}. Add it there first.",
            )

    # --- What it says ---

    def details(self) -> dict[str, str]:
        """Name and address: as typed, or as on record."""
        if self.person is not None:
            return self.person.details()
        cleaned = self.cleaned_data
        typed = {name: cleaned.get(name) or "" for name in DETAIL_FIELDS}
        return typed | {"email": typed["email"].lower()}

    def gift(self) -> recording_gifts.Gift:
        """The checked form, as `recording_gifts.record` takes it."""
        cleaned = self.cleaned_data
        declares = cleaned["gift_aid"]
        return recording_gifts.Gift(
            details=self.details(),
            is_organisation=bool(cleaned.get("is_organisation")),
            appeal=cleaned["appeal"],
            dedication=cleaned["dedication"],
            dedicated_to=cleaned["dedicated_to"],
            is_anonymous=cleaned["is_anonymous"],
            declaration=recording_gifts.Declaration(declares, cleaned["channel"]) if declares else None,
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

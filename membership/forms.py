"""What is typed on the join page, checked. Messages are said beside the field."""

import unicodedata
import uuid
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

from membership import postcodes, wordings
from membership.actions.joining import Wish
from membership.models import Interval, Method, Plan, Price
from membership.models.details import DETAIL_FIELDS
from membership.money import MAXIMUM_PENCE, parse_pounds, pounds
from membership.paying import CARD_ONCE, ONLINE, choices, read_choice

MAX_NAME = 100


def one_line(text: str) -> str:
    """Without line breaks, control characters, doubled spaces. Whoever types a name into a form means one line."""
    return " ".join("".join(" " if unicodedata.category(each) == "Cc" else each for each in text).split())


class LineField(forms.CharField):
    """One line of text."""

    def to_python(self, value: Any) -> Any:
        return super().to_python(one_line(str(value)) if value not in self.empty_values else value)


class PoundsField(forms.Field):
    """An amount in pounds, as people write it; its value is pence."""

    widget = forms.TextInput(attrs={"inputmode": "decimal", "autocomplete": "off"})

    def to_python(self, value: Any) -> Any:
        text = str(value or "").strip()
        if not text:
            return None
        try:
            return parse_pounds(text)
        except ValueError:
            raise ValidationError(_("Please write an amount in pounds, like 25 or 25.00.")) from None

    def prepare_value(self, value: Any) -> Any:
        return pounds(value).removeprefix("£") if isinstance(value, int) else value


def line(label, *, autocomplete: str, required: bool = True, max_length: int = MAX_NAME, **attrs: str) -> LineField:
    """A line that browsers can fill in by themselves."""
    widget = forms.TextInput(attrs={"autocomplete": autocomplete, **attrs})
    messages = {"required": _("Please fill this in.")}
    return LineField(label=label, required=required, max_length=max_length, widget=widget, error_messages=messages)


OFFLINE_LABELS = {
    Method.TRANSFER.value: _("Bank transfer: we show you the account and your reference"),
    Method.CHEQUE.value: _("Cheque by post"),
}
LABELS = OFFLINE_LABELS | {
    Method.DEBIT.value: _("Direct Debit: renews by itself until you cancel"),
    Method.CARD.value: _("Card: renews by itself until you cancel"),
    CARD_ONCE: _("Card, for this year only: does not renew"),
}
ONCE_LABELS = OFFLINE_LABELS | {
    Method.DEBIT.value: _("Direct Debit, paid once"),
    Method.CARD.value: _("Card, paid once"),
}


class JoinForm(forms.Form):
    """One page for every plan: what a plan does not need is not asked. The plan comes with its current prices."""

    token = forms.Field(widget=forms.HiddenInput, required=False)
    organisation_name = line(_("Name of the organisation"), autocomplete="organization", max_length=150)
    title = line(_("Title"), autocomplete="honorific-prefix", required=False, max_length=20)
    first_name = line(_("First name"), autocomplete="given-name")
    last_name = line(_("Last name"), autocomplete="family-name")
    email = forms.EmailField(
        label=_("Email"), max_length=254, widget=forms.EmailInput(attrs={"autocomplete": "email", "inputmode": "email"})
    )
    phone = line(_("Telephone"), autocomplete="tel", required=False, max_length=40, inputmode="tel")
    address_line1 = line(_("House number or name, and street"), autocomplete="address-line1", max_length=150)
    address_line2 = line(_("Second line of the address"), autocomplete="address-line2", required=False, max_length=150)
    town = line(_("Town or city"), autocomplete="address-level2")
    postcode = line(_("Postcode"), autocomplete="postal-code", max_length=20)
    country = line(_("Country"), autocomplete="country-name", max_length=60)
    concession = forms.BooleanField(error_messages={"required": _("This plan is for those who can tick this.")})
    price = forms.ModelChoiceField(Price.objects.none(), label=_("How often would you like to pay?"), empty_label=None)
    amount = PoundsField(label=_("I would like to pay more"), required=False)
    gift_aid = forms.BooleanField(
        label=_("Yes, claim Gift Aid on what I give"),
        required=False,
        widget=forms.CheckboxInput(attrs={"aria-describedby": "gift-aid-words"}),
    )
    method = forms.ChoiceField(label=_("How would you like to pay?"), widget=forms.RadioSelect)

    def __init__(self, *args: Any, plan: Plan, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.plan = plan
        self.prices = plan.current_prices
        self.fields["token"].initial = uuid.uuid4
        self.fields["country"].initial = "United Kingdom"
        self._ask_price()
        self._ask_method()
        self._add_household()
        for each in wordings.CONSENTS:
            self.fields[f"consent_{each.purpose}"] = forms.BooleanField(label=_(each.words), required=False)
        self.fields["concession"].label = plan.concession_wording
        unneeded = {
            "concession": not plan.is_concession,
            "gift_aid": plan.is_for_organisations,
            "organisation_name": not plan.is_for_organisations,
        }
        for name in (name for name, is_unneeded in unneeded.items() if is_unneeded):
            del self.fields[name]

    def _ask_price(self) -> None:
        """Radio buttons where there is a choice. A single price goes along unseen, to notice when it changes."""
        field = self.fields["price"]
        field.widget = forms.RadioSelect() if len(self.prices) > 1 else forms.HiddenInput()
        field.queryset = Price.objects.current().filter(plan=self.plan).order_by("-interval")  # type: ignore[attr-defined]
        field.label_from_instance = lambda price: price.label  # type: ignore[attr-defined]
        field.initial = self.prices[0].pk
        self.fields["amount"].help_text = _(
            "Leave this empty to pay %(price)s. Whatever you add helps those who can pay less."
        ) % {"price": self.prices[0].label}

    def _ask_method(self) -> None:
        labels = ONCE_LABELS if self.plan.is_life else LABELS
        offered = choices(self.plan, self.prices)
        self.fields["method"].choices = [(each, labels[each]) for each in offered]  # type: ignore[attr-defined]
        self.fields["method"].initial = offered[0]

    def _add_household(self) -> None:
        for number in range(2, self.plan.max_people + 1):
            label = _("Name of person %(number)s") % {"number": number}
            self.fields[f"household_{number}"] = line(label, autocomplete="off", required=False)

    # --- Groups, for the template ---

    def _bound(self, *names: str) -> list[forms.BoundField]:
        return [self[name] for name in names if name in self.fields]

    @property
    def about_you(self) -> list[forms.BoundField]:
        return self._bound("organisation_name", "title", "first_name", "last_name", "email", "phone")

    @property
    def address(self) -> list[forms.BoundField]:
        return self._bound("address_line1", "address_line2", "town", "postcode", "country")

    @property
    def household(self) -> list[forms.BoundField]:
        return [self[name] for name in self.fields if name.startswith("household_")]

    @property
    def pays_online(self) -> bool:
        """Whether card or debit are among the ways to pay."""
        return any(value in ONLINE for value, _label in self.fields["method"].choices)  # type: ignore[attr-defined]

    @property
    def consents(self) -> list[forms.BoundField]:
        return [self[name] for name in self.fields if name.startswith("consent_")]

    # --- Checks ---

    def clean_token(self) -> uuid.UUID:
        """The form's own; a fresh one for who sent none that we made."""
        try:
            return uuid.UUID(self.cleaned_data["token"] or "")
        except ValueError:
            return uuid.uuid4()

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        if "price" in self.errors:
            self._explain_new_price()
        self._check_amount(cleaned)
        self._check_postcode(cleaned)
        self._check_method(cleaned)
        return cleaned

    def _check_method(self, cleaned: dict[str, Any]) -> None:
        price = cleaned.get("price")
        if price is None or price.interval != Interval.MONTH:
            return
        if cleaned.get("method") == Method.CHEQUE:
            self.add_error("method", _("By the month you can pay by standing order; a cheque is for a whole year."))
        elif cleaned.get("method") == CARD_ONCE:
            message = _("“This year only” goes with the yearly price. By the month, a card renews until you cancel.")
            self.add_error("method", message)

    def _explain_new_price(self) -> None:
        """The price that was on the page is not in force any more: say what is, and let them decide again."""
        del self.errors["price"]
        message = _("The price has changed while you filled in this form. It is now %(now)s.")
        self.add_error(None, message % {"now": ", ".join(price.label for price in self.prices)})
        self.data = {**dict(self.data.items()), self.add_prefix("price"): str(self.prices[0].pk)}

    def _check_amount(self, cleaned: dict[str, Any]) -> None:
        price, amount = cleaned.get("price"), cleaned.get("amount")
        if price is None or amount is None:
            return
        if amount < price.amount_pence:
            message = _("The least is %(least)s. Leave this empty to pay just that.")
            self.add_error("amount", message % {"least": price.label})
        elif amount > MAXIMUM_PENCE:
            message = _("Here you can pay at most %(most)s. Please write to us if you would like to give more.")
            self.add_error("amount", message % {"most": pounds(MAXIMUM_PENCE)})

    def _check_postcode(self, cleaned: dict[str, Any]) -> None:
        postcode, country = cleaned.get("postcode", ""), cleaned.get("country", "")
        if not postcodes.is_uk(country):
            if not postcode and not self.data.get(self.add_prefix("postcode"), "").strip():
                self.errors.pop("postcode", None)  # not every country has them
        elif "postcode" in self.errors:
            return
        elif not postcodes.is_valid_uk(postcode):
            self.add_error("postcode", _("This does not look like a UK postcode. They are written like SW1A 1AA."))
        else:
            cleaned["postcode"] = postcodes.normalised(postcode)

    # --- What it says ---

    def wish(self) -> Wish:
        """The checked form, as `apply` takes it."""
        cleaned = self.cleaned_data
        details = {name: cleaned.get(name) or "" for name in DETAIL_FIELDS}
        consents = [
            {"purpose": each.purpose, "wording": str(self.fields[f"consent_{each.purpose}"].label)}
            for each in wordings.CONSENTS
            if cleaned[f"consent_{each.purpose}"]
        ]
        method, renews = read_choice(cleaned["method"], cleaned["price"])
        return Wish(
            plan=self.plan,
            price=cleaned["price"],
            amount_pence=cleaned.get("amount") or cleaned["price"].amount_pence,
            method=method,
            renews=renews,
            details=details,
            household=[name for field in self.household if (name := cleaned[field.name])],
            concession_declared=self.plan.concession_wording if cleaned.get("concession") else "",
            gift_aid_version=wordings.GIFT_AID_VERSION if cleaned.get("gift_aid") else "",
            consents=consents,
        )

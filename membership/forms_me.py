"""The forms of members' own pages."""

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from membership import postcodes, wordings
from membership.forms import PoundsField, line
from membership.models import Interval, Method, Person, PersonKind, Plan, Price, Subscription, SubscriptionStatus
from membership.models.details import DETAIL_FIELDS
from membership.money import MAXIMUM_PENCE, pounds


class DetailsForm(forms.Form):
    """Name, address, telephone. The e-mail address is not changed here."""

    organisation_name = line(_("Name of the organisation"), autocomplete="organization", max_length=150)
    title = line(_("Title"), autocomplete="honorific-prefix", required=False, max_length=20)
    first_name = line(_("First name"), autocomplete="given-name")
    last_name = line(_("Last name"), autocomplete="family-name")
    phone = line(_("Telephone"), autocomplete="tel", required=False, max_length=40, inputmode="tel")
    address_line1 = line(_("House number or name, and street"), autocomplete="address-line1", max_length=150)
    address_line2 = line(_("Second line of the address"), autocomplete="address-line2", required=False, max_length=150)
    town = line(_("Town or city"), autocomplete="address-level2")
    postcode = line(_("Postcode"), autocomplete="postal-code", max_length=20, required=False)
    country = line(_("Country"), autocomplete="country-name", max_length=60)

    def __init__(self, *args: Any, person: Person, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs | {"initial": person.details()})
        if not person.is_organisation:
            del self.fields["organisation_name"]

    def clean(self) -> dict[str, Any]:
        """A UK address has a postcode; not every country has them."""
        cleaned = super().clean() or self.cleaned_data
        postcode = cleaned.get("postcode", "")
        if "postcode" in self.errors or not postcodes.is_uk(cleaned.get("country", "")):
            return cleaned
        if not postcode:
            self.add_error("postcode", _("Please fill this in."))
        elif not postcodes.is_valid_uk(postcode):
            self.add_error("postcode", _("This does not look like a UK postcode. They are written like SW1A 1AA."))
        else:
            cleaned["postcode"] = postcodes.normalised(postcode)
        return cleaned

    def details(self) -> dict[str, str]:
        """The columns of the record that it is about."""
        return {name: self.cleaned_data[name] for name in DETAIL_FIELDS if name in self.fields}


class ConsentsForm(forms.Form):
    """The boxes of the join page; each stands as it was answered last."""

    def __init__(self, *args: Any, given: dict[str, bool], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for each in wordings.CONSENTS:
            self.fields[each.purpose] = forms.BooleanField(
                label=_(each.words), required=False, initial=given[each.purpose]
            )

    def wanted(self) -> dict[str, bool]:
        """Yes or no to each purpose."""
        return dict(self.cleaned_data)


class GiftAidForm(forms.Form):
    """The tick that makes a declaration."""

    declare = forms.BooleanField(
        label=_("Yes, claim Gift Aid on what I give"),
        error_messages={"required": _("Please tick the box if you want to make this declaration.")},
        widget=forms.CheckboxInput(attrs={"aria-describedby": "gift-aid-words"}),
    )


class CancelForm(forms.Form):
    """Why somebody leaves, if they care to say."""

    reason = line(_("Would you tell us why? It helps us."), autocomplete="off", required=False, max_length=200)


class CloseForm(forms.Form):
    """The tick without which nothing is closed."""

    sure = forms.BooleanField(
        label=_("Yes, close my account"),
        error_messages={"required": _("Please tick the box if you really want to close your account.")},
    )


class PlanForm(forms.Form):
    """Another plan, or another amount, for who renews by itself."""

    price = forms.ModelChoiceField(Price.objects.none(), label=_("Plan"), widget=forms.RadioSelect, empty_label=None)
    amount = PoundsField(
        label=_("I would like to pay more"),
        required=False,
        help_text=_("Leave this empty to pay just the price. Whatever you add helps those who can pay less."),
    )
    when = forms.ChoiceField(label=_("From when?"), widget=forms.RadioSelect, initial="renewal")

    def __init__(self, *args: Any, subscription: Subscription, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.subscription = subscription
        field = self.fields["price"]
        field.queryset = prices_open_to(subscription)  # type: ignore[attr-defined]
        field.label_from_instance = _described  # type: ignore[attr-defined]
        mine = [price.pk for price in field.queryset if price.plan_id == subscription.price.plan_id]  # type: ignore[attr-defined]
        field.initial = mine[0] if mine else None
        self.fields["when"].choices = [  # type: ignore[attr-defined]
            ("renewal", _("From my next payment")),
            *([("now", _("Now: I pay the difference for the time until then"))] if self._can_be_now() else []),
        ]

    def _can_be_now(self) -> bool:
        """A debit takes days to be known; and who owes a payment pays that first."""
        return (
            self.subscription.method == Method.CARD
            and self.subscription.status == SubscriptionStatus.ACTIVE
            and not self.subscription.unpaid_invoice_id
        )

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        price, amount = cleaned.get("price"), cleaned.get("amount")
        if price is None or "amount" in self.errors:
            return cleaned
        if amount is not None and amount < price.amount_pence:
            self.add_error(
                "amount", _("The least is %(least)s. Leave this empty to pay just that.") % {"least": price.label}
            )
            return cleaned
        if amount is not None and amount > MAXIMUM_PENCE:
            message = _("Here you can pay at most %(most)s. Please write to us if you would like to give more.")
            self.add_error("amount", message % {"most": pounds(MAXIMUM_PENCE)})
            return cleaned
        now = self.subscription
        if price.plan_id == now.price.plan_id and self.pence == now.amount_pence:
            self.add_error(None, _("This is what you pay already. Nothing needs to change."))
        elif cleaned.get("when") == "now" and self.pence <= now.amount_pence:
            self.add_error("when", _("Only what costs more can begin now. Please choose “From my next payment”."))
        return cleaned

    @property
    def pence(self) -> int:
        """What they want to pay each time."""
        return self.cleaned_data.get("amount") or self.cleaned_data["price"].amount_pence


def prices_open_to(subscription: Subscription):
    """Current prices of plans on offer for the same kind of member, paid as often."""
    plan: Plan = subscription.price.plan
    interval = Interval(subscription.price.interval)
    kind = PersonKind(plan.kind)
    prices = Price.objects.current().filter(interval=interval, plan__is_offered=True, plan__kind=kind)
    return prices.exclude(plan__is_life=True).select_related("plan").order_by("plan__position", "plan_id")


def _described(price: Price) -> str:
    words = [f"{price.plan.name}: {price.label}."]
    if price.plan.is_concession:
        words.append(str(_("By choosing this you declare: “%(words)s”") % {"words": price.plan.concession_wording}))
    return " ".join(words)

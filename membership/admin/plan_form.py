"""The form for another plan of a membership that renews by itself."""

from typing import Any

from django import forms

from membership.actions import subscriptions
from membership.admin.pages import in_words
from membership.forms import PoundsField
from membership.models import Interval, Method, Price, Subscription, SubscriptionStatus
from membership.money import MAXIMUM_PENCE, pounds

LATER, NOW = "later", "now"


class PlanChangeForm(forms.Form):
    """Which plan, how much, from when. Who would not be covered any more is named, and asked about."""

    price = forms.ModelChoiceField(Price.objects.none(), label="Plan", widget=forms.RadioSelect, empty_label=None)
    amount = PoundsField(
        label="Amount in pounds", required=False, help_text="Leave it empty for the plan's price. It can be more."
    )
    when = forms.ChoiceField(label="From when?", widget=forms.RadioSelect, initial=LATER)
    fewer = forms.BooleanField(required=False, label="Yes, they are not covered any more")

    def __init__(self, data: Any, *, subscription: Subscription) -> None:
        super().__init__(data)
        self.subscription = subscription
        before = subscription.price
        prices = Price.objects.current().filter(interval=before.interval, plan__kind=before.plan.kind)
        prices = prices.exclude(interval=Interval.ONCE).select_related("plan").order_by("plan__position", "plan")
        self.fields["price"].queryset = prices  # type: ignore[attr-defined]
        self.fields["price"].initial = next((each.pk for each in prices if each.plan_id == before.plan_id), None)
        self.fields["when"].choices = self._times()  # type: ignore[attr-defined]
        self.asks_about_people = False

    def _times(self) -> list[tuple[str, str]]:
        subscription = self.subscription
        day = subscription.renews_on
        times = [(LATER, f"From the next payment on, {in_words(day)}" if day else "From the next payment on")]
        if subscription.method == Method.CARD and subscription.status == SubscriptionStatus.ACTIVE:
            times.append((NOW, "At once, for a dearer plan: the card pays the difference for the time that is left"))
        return times

    @property
    def is_at_once(self) -> bool:
        return self.cleaned_data["when"] == NOW

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        price = cleaned.get("price")
        if price is None or "amount" in self.errors or "when" in self.errors:
            return cleaned
        cleaned["amount"] = price.amount_pence if cleaned.get("amount") is None else cleaned["amount"]
        if cleaned["amount"] > max(MAXIMUM_PENCE, self.subscription.amount_pence):
            self.add_error("amount", f"At most {pounds(MAXIMUM_PENCE)}.")
            return cleaned
        try:
            subscriptions.check_change(
                self.subscription, price=price, amount_pence=cleaned["amount"], at_once=self.is_at_once
            )
        except subscriptions.NotPossible as reason:
            self.add_error(None, str(reason))
        else:
            self._ask_about_people(price)
        return cleaned

    def _ask_about_people(self, price: Price) -> None:
        membership = self.subscription.membership
        over = subscriptions.not_fitting(membership, price) if membership else []
        if not over:
            return
        self.asks_about_people = True
        if not self.cleaned_data.get("fewer"):
            names = ", ".join(person.name for person in over)
            room = f"{price.plan.name} covers {price.plan.max_people}."
            self.add_error("fewer", f"{room} Not covered any more from then on: {names}.")

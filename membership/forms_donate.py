"""What is typed on the page to give on, checked. Messages are said beside the field."""

import uuid
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from membership import gateway, postcodes, wordings
from membership.actions.giving import Wish
from membership.forms import PoundsField, line
from membership.models import Appeal, Dedication, Frequency, Method
from membership.models.details import DETAIL_FIELDS
from membership.money import pounds
from membership.paying import ONLINE, ways_to_pay

SUGGESTED = [500, 1000, 2500, 5000, 10_000]  # pence
OTHER = "other"
LEAST, MOST = 100, 1_000_000  # pence; more than ten thousand pounds should be talked about
LABELS = {
    Method.CARD.value: _("Card"),
    Method.DEBIT.value: _("Direct Debit"),
    Method.TRANSFER.value: _("Bank transfer: we show you the account and your reference"),
    Method.CHEQUE.value: _("Cheque by post"),
}


class DonateForm(forms.Form):
    """One page for every gift. An address is needed only where Gift Aid is ticked: HMRC asks for it."""

    token = forms.Field(widget=forms.HiddenInput, required=False)
    frequency = forms.ChoiceField(
        label=_("How often would you like to give?"),
        choices=[(Frequency.ONCE.value, _("Once")), (Frequency.MONTH.value, _("Every month, until you stop it"))],
        widget=forms.RadioSelect,
        initial=Frequency.ONCE.value,
    )
    choice = forms.ChoiceField(label=_("How much?"), widget=forms.RadioSelect, required=False, initial="2500")
    amount = PoundsField(
        label=_("Another amount"), required=False, help_text=_("In pounds. Whatever you write here counts.")
    )
    appeal = forms.ModelChoiceField(
        Appeal.objects.none(), label=_("What is it for?"), required=False, empty_label=_("Where it is needed most")
    )
    first_name = line(_("First name"), autocomplete="given-name")
    last_name = line(_("Last name"), autocomplete="family-name")
    email = forms.EmailField(
        label=_("Email"),
        max_length=254,
        widget=forms.EmailInput(attrs={"autocomplete": "email", "inputmode": "email"}),
        help_text=_("For your receipt."),
    )
    dedication = forms.ChoiceField(
        label=_("Would you like to dedicate your gift?"),
        choices=[
            ("", _("No")),
            (Dedication.MEMORY.value, _("In memory of somebody")),
            (Dedication.HONOUR.value, _("In honour of somebody")),
        ],
        widget=forms.RadioSelect,
        required=False,
        initial="",
    )
    dedicated_to = line(_("Their name"), autocomplete="off", required=False)
    message = forms.CharField(
        label=_("A word to us"), max_length=500, required=False, widget=forms.Textarea(attrs={"rows": 3})
    )
    is_named = forms.BooleanField(
        label=_("You may show my name among those who gave"),
        required=False,
        help_text=_("Otherwise your gift is anonymous. The amount is never shown."),
    )
    gift_aid = forms.BooleanField(
        label=_("Yes, claim Gift Aid on what I give"),
        required=False,
        widget=forms.CheckboxInput(attrs={"aria-describedby": "gift-aid-words"}),
    )
    address_line1 = line(
        _("House number or name, and street"), autocomplete="address-line1", max_length=150, required=False
    )
    address_line2 = line(_("Second line of the address"), autocomplete="address-line2", required=False, max_length=150)
    town = line(_("Town or city"), autocomplete="address-level2", required=False)
    postcode = line(_("Postcode"), autocomplete="postal-code", max_length=20, required=False)
    country = line(_("Country"), autocomplete="country-name", max_length=60, required=False)
    method = forms.ChoiceField(label=_("How would you like to give?"), widget=forms.RadioSelect)

    def __init__(self, *args: Any, appeal: Appeal | None = None, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.bound_appeal = appeal
        self.fields["token"].initial = uuid.uuid4
        self.fields["country"].initial = "United Kingdom"
        amounts = [(str(pence), pounds(pence).removesuffix(".00")) for pence in SUGGESTED]
        self.fields["choice"].choices = [*amounts, (OTHER, _("Another amount"))]  # type: ignore[attr-defined]
        online = [Method.CARD.value, Method.DEBIT.value] if gateway.is_ready() else []
        methods = [*online, *ways_to_pay()]
        self.fields["method"].choices = [(each, LABELS[each]) for each in methods]  # type: ignore[attr-defined]
        self.fields["method"].initial = methods[0]
        if not online:
            del self.fields["frequency"]
        running = Appeal.objects.running()
        if appeal is not None or not running.exists():
            del self.fields["appeal"]
        else:
            self.fields["appeal"].queryset = running  # type: ignore[attr-defined]
        for each in wordings.CONSENTS:
            self.fields[f"consent_{each.purpose}"] = forms.BooleanField(label=_(each.words), required=False)

    # --- Groups, for the template ---

    def _bound(self, *names: str) -> list[forms.BoundField]:
        return [self[name] for name in names if name in self.fields]

    @property
    def gift(self) -> list[forms.BoundField]:
        return self._bound("frequency", "choice", "amount", "appeal")

    @property
    def about_you(self) -> list[forms.BoundField]:
        return self._bound("first_name", "last_name", "email", "is_named")

    @property
    def dedicating(self) -> list[forms.BoundField]:
        return self._bound("dedication", "dedicated_to", "message")

    @property
    def address(self) -> list[forms.BoundField]:
        return self._bound("address_line1", "address_line2", "town", "postcode", "country")

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
        self._check_amount(cleaned)
        self._check_dedication(cleaned)
        self._check_address(cleaned)
        if cleaned.get("frequency") == Frequency.MONTH and cleaned.get("method", "") not in (*ONLINE, ""):
            self.add_error(
                "method",
                _("Every month goes by card or Direct Debit. For a standing order, please ask us for our account."),
            )
        return cleaned

    def _check_amount(self, cleaned: dict[str, Any]) -> None:
        if "amount" in self.errors or "choice" in self.errors:
            return
        amount, choice = cleaned.get("amount"), cleaned.get("choice") or OTHER
        if amount is None and choice == OTHER:
            self.add_error("amount", _("Please write how much you would like to give."))
            return
        pence = amount if amount is not None else int(choice)
        if pence < LEAST:
            self.add_error("amount", _("The least is %(least)s.") % {"least": pounds(LEAST)})
        elif pence > MOST:
            message = _("Here you can give at most %(most)s. Please write to us if you would like to give more.")
            self.add_error("amount", message % {"most": pounds(MOST)})
        cleaned["pence"] = pence

    def _check_dedication(self, cleaned: dict[str, Any]) -> None:
        if cleaned.get("dedication") and not cleaned.get("dedicated_to"):
            self.add_error("dedicated_to", _("Please write the name, or choose “No” above."))
        elif cleaned.get("dedicated_to") and not cleaned.get("dedication"):
            self.add_error("dedication", _("Please say whether it is in their memory or in their honour."))

    def _check_address(self, cleaned: dict[str, Any]) -> None:
        postcode, is_uk = cleaned.get("postcode", ""), postcodes.is_uk(cleaned.get("country") or "United Kingdom")
        if postcode and is_uk and not postcodes.is_valid_uk(postcode):
            self.add_error("postcode", _("This does not look like a UK postcode. They are written like SW1A 1AA."))
        elif postcode and is_uk:
            cleaned["postcode"] = postcodes.normalised(postcode)
        if not cleaned.get("gift_aid"):
            return
        needed = ["address_line1", "town", *(["postcode"] if is_uk else [])]
        for name in needed:
            if not cleaned.get(name) and name not in self.errors:
                self.add_error(name, _("Gift Aid needs your home address: please fill this in."))

    # --- What it says ---

    def wish(self) -> Wish:
        """The checked form, as `giving.wish` takes it."""
        cleaned = self.cleaned_data
        details = {name: cleaned.get(name) or "" for name in DETAIL_FIELDS}
        if not details["address_line1"] and not details["postcode"]:
            details["country"] = ""  # filled in by itself
        consents = [
            {"purpose": each.purpose, "wording": str(self.fields[f"consent_{each.purpose}"].label)}
            for each in wordings.CONSENTS
            if cleaned[f"consent_{each.purpose}"]
        ]
        return Wish(
            amount_pence=cleaned["pence"],
            frequency=cleaned.get("frequency") or Frequency.ONCE.value,
            method=cleaned["method"],
            details=details,
            appeal=self.bound_appeal or cleaned.get("appeal"),
            dedication=cleaned.get("dedication") or "",
            dedicated_to=cleaned.get("dedicated_to") or "",
            message=cleaned.get("message") or "",
            is_anonymous=not cleaned.get("is_named"),
            gift_aid_version=wordings.GIFT_AID_VERSION if cleaned.get("gift_aid") else "",
            consents=consents,
        )

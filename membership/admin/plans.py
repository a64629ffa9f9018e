"""Plans and prices. A price is not changed: a new one takes its place."""

from typing import Any, ClassVar

from django import forms
from django.contrib import admin, messages
from django.http import HttpRequest
from django.urls import path, reverse
from django.utils.html import format_html
from simple_history.admin import SimpleHistoryAdmin

from membership.actions import plans, price_changes
from membership.admin import prices
from membership.admin.prices import memberships
from membership.forms import PoundsField
from membership.models import Interval, Plan, Price
from membership.money import MAXIMUM_PENCE, pounds
from psg.backoffice.reading import ReadOnly


class PriceForm(forms.ModelForm):
    """A new price, in pounds."""

    amount = PoundsField(label="Amount in pounds")

    class Meta:
        model = Price
        fields = ["interval"]

    def clean_amount(self) -> int:
        amount = self.cleaned_data["amount"]
        if not 0 < amount <= MAXIMUM_PENCE:
            raise forms.ValidationError(f"A price is more than nothing and at most {pounds(MAXIMUM_PENCE)}.")
        return amount


class PriceFormSet(forms.BaseInlineFormSet):
    """Checks each new price against the kind of plan."""

    def clean(self) -> None:
        super().clean()
        for form in self.forms:
            interval = getattr(form, "cleaned_data", {}).get("interval")
            if form.has_changed() and interval and self.instance.is_life != (interval == Interval.ONCE):
                form.add_error("interval", "A plan for life is paid once; every other plan by the year or the month.")


class NewPriceInline(admin.TabularInline):
    """Add a price: it counts from now on, and retires the one before."""

    model = Price
    form = PriceForm
    formset = PriceFormSet
    extra = 0
    can_delete = False
    fields = ["interval", "amount"]
    verbose_name = "new price"
    verbose_name_plural = "New price: from now on, in place of the one before"

    def get_queryset(self, request: HttpRequest):
        return super().get_queryset(request).none()


class PriceHistoryInline(ReadOnly, admin.TabularInline):
    """Every price there was."""

    model = Price
    extra = 0
    fields: ClassVar[Any] = ["price", "valid_from", "retired_at"]
    readonly_fields = ["price", "valid_from", "retired_at"]
    verbose_name_plural = "Prices, now and before"
    ordering = ["-valid_from"]
    can_delete = False

    def get_queryset(self, request: HttpRequest):
        return super().get_queryset(request).select_related("plan")

    @admin.display(description="price")
    def price(self, price: Price) -> str:
        return price.label


@admin.register(Plan)
class PlanAdmin(SimpleHistoryAdmin):
    """Kinds of membership."""

    change_form_template = "admin/membership/plan/change_form.html"
    list_display = ["name", "prices_now", "max_people", "is_offered", "position"]
    list_filter = ["is_offered"]
    search_fields = ["name"]
    prepopulated_fields = {"slug": ["name"]}
    inlines = [NewPriceInline, PriceHistoryInline]
    fieldsets = [
        (None, {"fields": ["name", "slug", "description", "kind", "max_people", "is_life", "gift_aid_eligible"]}),
        ("Concession", {"fields": ["is_concession", "concession_wording"]}),
        ("On the website", {"fields": ["is_offered", "position"]}),
    ]

    def get_queryset(self, request: HttpRequest):
        return super().get_queryset(request).with_current_prices()

    @admin.display(description="price")
    def prices_now(self, plan: Plan) -> str:
        return ", ".join(price.label for price in plan.current_prices) or "no price: not offered"

    def change_view(self, request: HttpRequest, object_id: str, form_url: str = "", extra_context=None):
        """With a way to tell those who pay less than a price in force."""
        current = Price.objects.current().filter(plan=object_id) if object_id.isdigit() else []
        counted = [(price, price_changes.to_tell(price).count()) for price in current]
        context = {"to_tell": [(price, number) for price, number in counted if number]}
        return super().change_view(request, object_id, form_url, (extra_context or {}) | context)

    def get_urls(self):
        """The page that tells members of a new price, beside the stock ones."""
        tell = self.admin_site.admin_view(prices.tell)
        return [path("prices/<int:pk>/tell/", tell, name="membership_tell_price"), *super().get_urls()]

    def save_related(self, request: HttpRequest, form: Any, formsets: Any, change: bool) -> None:
        """Who pays less than a new price is not told by itself: say so."""
        before = set(form.instance.prices.current().values_list("pk", flat=True))
        super().save_related(request, form, formsets, change)
        for price in form.instance.prices.current().exclude(pk__in=before).select_related("plan"):
            if number := price_changes.to_tell(price).count():
                address = reverse("admin:membership_tell_price", args=[price.pk])
                text = '{} renew by themselves for less than {}. <a href="{}">Tell them of the new price</a>'
                messages.warning(request, format_html(text, memberships(number), price.label, address))

    def save_formset(self, request: HttpRequest, form: Any, formset: Any, change: bool) -> None:
        """Prices are set by the action; the inline of old ones has nothing to save."""
        for row in formset.forms if formset.form is PriceForm or issubclass(formset.form, PriceForm) else []:
            if row.has_changed():
                cleaned = row.cleaned_data
                plans.set_price(plan=form.instance, interval=cleaned["interval"], amount_pence=cleaned["amount"])
        formset.new_objects, formset.changed_objects, formset.deleted_objects = [], [], []

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """A plan is withdrawn: untick “offered”."""
        return False

"""The desk for donations: what was promised and given, to be read; what came by hand is recorded from here."""

from typing import Any, ClassVar

from django.contrib import admin, messages
from django.db.models import Q, Sum
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.urls import path, reverse
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.html import format_html
from django.utils.timezone import localtime
from django.views.decorators.http import require_POST

from membership import references
from membership.actions import recording_gifts
from membership.admin import record_donation
from membership.admin.pages import ADD_DONATION, needs
from membership.admin.stripe_pages import customer_page
from membership.models import Donation, DonationState, Frequency, Person, RegularGift
from membership.models.people import plain
from membership.models.stripe import ENDED
from membership.money import pounds
from psg.backoffice.reading import ReadOnly

CODES = {DonationState.OPEN: "pending", DonationState.GIVEN: "active", DonationState.DISCARDED: "nobody"}


class RegularFilter(admin.SimpleListFilter):
    """What is given every month, and how it fares."""

    title = "regular gift"
    parameter_name = "regular"

    def lookups(self, request, model_admin):
        return [("running", "Running"), ("failing", "Payment failed"), ("ended", "Ended")]

    def queryset(self, request, queryset):
        gifts = {
            "running": lambda: RegularGift.objects.live(),
            "failing": lambda: RegularGift.objects.failing(),
            "ended": lambda: RegularGift.objects.filter(status__in=ENDED),
        }
        chosen = self.value()
        return queryset.filter(pk__in=gifts[chosen]().values("donation")) if chosen in gifts else queryset


@admin.register(Donation)
class DonationAdmin(ReadOnly, admin.ModelAdmin):
    """Each wish to give, with the money that came of it."""

    change_form_template = "admin/membership/donation/change_form.html"
    change_list_template = "admin/membership/donation/change_list.html"
    list_display = ["asked_for", "who", "gift", "for_what", "status"]
    list_filter = ["state", "frequency", RegularFilter, "method", "appeal"]
    list_per_page = 50
    sortable_by = ["asked_for"]
    search_fields = ["reference"]
    search_help_text = "Reference, name or e-mail."
    show_full_result_count = False
    view_on_site = False  # its page is the giver's own
    fields: ClassVar[Any] = [
        "reference", "status", "person_link", "gift", "method", "appeal", "dedicated", "message", "is_anonymous",
        "gift_aid", "ticked", "typed", "recorded_by", "created_at",
    ]  # fmt: skip
    readonly_fields = fields

    class Media:
        css: ClassVar[Any] = {"all": ["css/desk.css", "css/membership-desk.css"]}

    # --- The list ---

    def get_search_results(self, request: HttpRequest, queryset, search_term: str):
        """By reference, however it is written; by words of the person's record, or the address that was typed."""
        reference = references.read(search_term)
        if reference:
            return queryset.filter(reference=reference), False
        words = plain(search_term).split()[:10]
        if not words:
            return queryset, False
        people = Person.objects.all()
        for word in words:
            people = people.filter(search_text__contains=word)
        typed = Donation.objects.filter(email=search_term.strip().lower())
        return queryset.filter(Q(person__in=people.values("pk")) | Q(pk__in=typed.values("pk"))), False

    @admin.display(description="reference", ordering="created_at")
    def asked_for(self, donation: Donation) -> str:
        day = date_format(localtime(donation.created_at), "j M Y")
        return format_html('{}<small class="desk-below">{}</small>', donation.reference, day)

    @admin.display(description="from")
    def who(self, donation: Donation) -> str:
        below = donation.email if donation.email != donation.name else ""
        return format_html('{}<small class="desk-below">{}</small>', donation.name, below)

    @admin.display(description="amount")
    def gift(self, donation: Donation) -> str:
        every = ", every month" if donation.frequency == Frequency.MONTH else ""
        aid = ", Gift Aid" if donation.gift_aid_version else ""
        below = f"{donation.get_method_display()}{aid}"
        return format_html('{}{}<small class="desk-below">{}</small>', pounds(donation.amount_pence), every, below)

    @admin.display(description="for")
    def for_what(self, donation: Donation) -> str:
        return format_html(
            '{}<small class="desk-below">{}</small>', donation.appeal or "our work", self.dedicated(donation)
        )

    @admin.display(description="state")
    def status(self, donation: Donation) -> str:
        """What became of it; of a monthly gift, how it fares."""
        state = DonationState(donation.state)
        regular = getattr(donation, "regular_gift", None)
        below = regular_in_words(regular) if regular else ""
        return format_html(
            '<span class="status standing-{}">{}</span><small class="desk-below">{}</small>',
            CODES[state],
            state.label,
            below,
        )

    # --- The page ---

    @admin.display(description="from")
    def person_link(self, donation: Donation) -> str:
        return donation.person.name

    @admin.display(description="dedication")
    def dedicated(self, donation: Donation) -> str:
        return f"{donation.get_dedication_display()} {donation.dedicated_to}".strip()

    @admin.display(description="Gift Aid")
    def gift_aid(self, donation: Donation) -> str:
        """What was ticked, and whether a declaration stands today."""
        if donation.gift_aid_version:
            return f"Ticked on the form (wording {donation.gift_aid_version})"
        stands = recording_gifts.covering(donation.person, timezone.localdate())
        return "A declaration of theirs is in force" if stands else "No declaration in force"

    @admin.display(description="may be contacted by")
    def ticked(self, donation: Donation) -> str:
        return " ".join(each["wording"] for each in donation.consents) or "-"

    @admin.display(description="name and address, as typed")
    def typed(self, donation: Donation) -> str:
        parts = [f"{donation.title} {donation.contact_name}".strip(), donation.organisation_name, donation.email]
        parts += [donation.phone, *donation.address_lines]
        return ", ".join(part for part in parts if part)

    def change_view(self, request: HttpRequest, object_id: str, form_url: str = "", extra_context=None):
        """With its money, and the buttons that make sense."""
        donation = self.get_object(request, object_id) if object_id.isdecimal() else None
        context = _money_of(donation, request.user) if donation else {}
        return super().change_view(request, object_id, form_url, (extra_context or {}) | context)

    def get_queryset(self, request: HttpRequest):
        """With what list and page show of it."""
        return super().get_queryset(request).select_related("person", "appeal", "regular_gift")

    def changelist_view(self, request: HttpRequest, extra_context=None):
        """With the button for who may."""
        context = {"may_record": request.user.has_perm(ADD_DONATION)}
        return super().changelist_view(request, (extra_context or {}) | context)

    def get_urls(self):
        """The desk's own pages beside the stock ones."""
        wrap = self.admin_site.admin_view
        return [
            path("record/", wrap(record_donation.record), name="membership_record_donation"),
            path("<int:pk>/discard/", wrap(discard), name="membership_discard_donation"),
            *super().get_urls(),
        ]


def regular_in_words(gift: RegularGift) -> str:
    """How a monthly gift fares."""
    if not gift.is_live:
        return f"ended on {date_format(localtime(gift.ended_at), 'j M Y')}" if gift.ended_at else "ended"
    if gift.is_failing:
        return "payment failed"
    if gift.cancel_at is not None:
        return f"ends on {date_format(localtime(gift.cancel_at), 'j M Y')}"
    return f"next on {date_format(localtime(gift.period_ends_at), 'j M Y')}"


def _money_of(donation: Donation, user: Any) -> dict[str, Any]:
    """What the page shows beside its fields."""
    may_record = user.has_perm(ADD_DONATION) and donation.is_open
    regular = getattr(donation, "regular_gift", None)
    return {
        "donation": donation,
        "payments": donation.payments.select_related("recorded_by"),
        "left_pence": donation.payments.aggregate(pence=Sum("gross_pence"))["pence"] or 0,
        "regular": regular,
        "regular_words": regular_in_words(regular) if regular else "",
        "customer_page": customer_page(regular.customer.stripe_id) if regular else "",
        "may_record": may_record,
        "may_open_person": user.has_perm("membership.view_person"),
    }


@needs(ADD_DONATION)
@require_POST
def discard(request: HttpRequest, pk: int) -> HttpResponse:
    """Nobody waits for it any more."""
    donation = get_object_or_404(Donation, pk=pk)
    try:
        recording_gifts.discard(donation)
    except recording_gifts.OnItsWay:
        messages.error(request, "Its payment is on its way: the bank takes its days. Nothing was changed.")
    except recording_gifts.NotOpen:
        messages.warning(request, "It was given meanwhile. Nothing was changed.")
    else:
        messages.success(request, f"Nobody waits for {donation.reference} any more. It can still be found.")
    return redirect(reverse("admin:membership_donation_change", args=[pk]))

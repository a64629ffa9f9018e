"""The list of payments: to be read, never to be changed."""

from typing import Any, ClassVar

from django.contrib import admin
from django.http import HttpRequest
from django.urls import reverse
from django.utils.html import format_html

from membership.models import Payment
from membership.money import pounds


@admin.register(Payment)
class PaymentAdmin(admin.ModelAdmin):
    """Money in and out. Payments are recorded on the person's page; corrections are further rows."""

    list_display = ["received_on", "amount", "person_name", "method", "purpose", "bank_reference", "recorded_by"]
    list_display_links = ["received_on", "amount"]
    list_filter = ["method", "purpose", "received_on"]
    list_select_related = ["person", "recorded_by"]
    list_per_page = 50
    date_hierarchy = "received_on"
    search_fields = ["person__search_text", "bank_reference", "person__memberships__reference"]
    search_help_text = "Name, bank reference, payment reference."
    show_full_result_count = False
    ordering = ["-received_on", "-pk"]
    fields: ClassVar[Any] = [
        "amount",
        "person_name",
        "purpose",
        "method",
        "received_on",
        "bank_reference",
        "fee",
        "reverses",
        "reason",
        "recorded_by",
        "created_at",
    ]
    readonly_fields = fields

    class Media:
        css: ClassVar[Any] = {"all": ["css/membership-desk.css"]}

    @admin.display(description="amount", ordering="gross_pence")
    def amount(self, payment: Payment) -> str:
        return pounds(payment.gross_pence)

    @admin.display(description="fee")
    def fee(self, payment: Payment) -> str:
        return pounds(payment.fee_pence)

    @admin.display(description="from", ordering="person__sort_name")
    def person_name(self, payment: Payment) -> str:
        return payment.person.name

    @admin.display(description="from", ordering="person__sort_name")
    def person_link(self, payment: Payment) -> str:
        address = reverse("admin:membership_person_change", args=[payment.person_id])
        return format_html('<a href="{}">{}</a>', address, payment.person.name)

    def get_list_display(self, request: HttpRequest):
        """With a link to the person for those who may open it."""
        if not request.user.has_perm("membership.view_person"):
            return self.list_display
        return ["person_link" if name == "person_name" else name for name in self.list_display]

    def has_add_permission(self, request: HttpRequest) -> bool:
        """By “Record a payment” on the person’s page only."""
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

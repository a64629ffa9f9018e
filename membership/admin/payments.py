"""The list of payments: to be read, never to be changed."""

from typing import Any, ClassVar

from django.contrib import admin
from django.http import HttpRequest
from django.urls import path, re_path, reverse
from django.utils.html import format_html

from membership.admin import ledger, roll, statements
from membership.models import Payment
from membership.money import pounds
from psg.backoffice.reading import ReadOnly


@admin.register(Payment)
class PaymentAdmin(ReadOnly, admin.ModelAdmin):
    """Money in and out. Payments are recorded on the person's page; corrections are further rows."""

    change_list_template = "admin/membership/payment/change_list.html"
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
        "statement",
        "purpose",
        "method",
        "received_on",
        "booked_on",
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

    @admin.display(description="statement")
    def statement(self, payment: Payment) -> str:
        address = reverse("admin:membership_statement", args=[payment.person_id])
        return format_html('<a href="{}">All payments of {}</a>', address, payment.person.name)

    def get_list_display(self, request: HttpRequest):
        """With a link to the person for those who may open it."""
        if not request.user.has_perm("membership.view_person"):
            return self.list_display
        return ["person_link" if name == "person_name" else name for name in self.list_display]

    def get_urls(self):
        """The treasurer's pages beside the list."""
        wrap = self.admin_site.admin_view
        return [
            path("ledger/", wrap(ledger.month_page), name="membership_ledger"),
            re_path(r"^ledger/rows\.(?P<kind>csv|xlsx)$", wrap(ledger.rows_file), name="membership_ledger_file"),
            path("ledger/<str:month>/close/", wrap(ledger.close), name="membership_ledger_close"),
            path("ledger/<str:month>/reopen/", wrap(ledger.reopen), name="membership_ledger_reopen"),
            path("statement/<int:pk>/", wrap(statements.statement), name="membership_statement"),
            path("statement/<int:pk>.csv", wrap(statements.statement_file), name="membership_statement_file"),
            path("roll/", wrap(roll.roll_page), name="membership_roll"),
            path("roll.csv", wrap(roll.roll_file), name="membership_roll_file"),
            *super().get_urls(),
        ]

"""What was filled in on the join page: who is waited for."""

from typing import Any, ClassVar

from django.contrib import admin
from django.http import HttpRequest
from django.urls import reverse
from django.utils.formats import date_format
from django.utils.html import format_html
from django.utils.timezone import localtime

from membership import references
from membership.models import Application, ApplicationState
from membership.models.people import plain
from membership.money import pounds
from psg.backoffice.reading import ReadOnly


class StateFilter(admin.SimpleListFilter):
    """Those who are waited for come first; the others on demand."""

    title = "state"
    parameter_name = "state"

    def lookups(self, request, model_admin):
        return ApplicationState.choices

    def choices(self, changelist):
        """Without a choice: what waits."""
        chosen = self.value() or ApplicationState.OPEN
        for value, label in [*ApplicationState.choices, ("all", "All")]:
            query = changelist.get_query_string({self.parameter_name: value})
            yield {"selected": chosen == value, "query_string": query, "display": label}

    def queryset(self, request, queryset):
        chosen = self.value() or ApplicationState.OPEN
        return queryset if chosen == "all" or request.GET.get("q") else queryset.filter(state=chosen)


@admin.register(Application)
class ApplicationAdmin(ReadOnly, admin.ModelAdmin):
    """Forms that were filled in, to be read. Payment and discarding are on the person's page."""

    list_display = ["reference", "who", "record_link", "wanted", "asked_on"]
    list_filter = [StateFilter]
    list_select_related = ["plan", "person"]
    list_per_page = 50
    search_fields = ["reference"]
    search_help_text = "Reference, name or e-mail."
    show_full_result_count = False
    fields: ClassVar[Any] = [
        "reference", "state", "person", "plan", "amount", "method", "title", "first_name", "last_name",
        "organisation_name", "email", "email_confirmed_at", "phone", "address_line1", "address_line2", "town",
        "postcode", "country", "others", "concession_declared", "gift_aid_version", "ticked", "created_at",
    ]  # fmt: skip
    readonly_fields = fields

    class Media:
        css = {"all": ["css/desk.css", "css/membership-desk.css"]}

    def get_search_results(self, request: HttpRequest, queryset, search_term: str):
        """By reference, however it is written, or by words of the person's record or the form."""
        reference = references.read(search_term)
        if reference:
            return queryset.filter(reference=reference), False
        for word in plain(search_term).split()[:10]:
            queryset = queryset.filter(person__search_text__contains=word)
        return queryset, False

    @admin.display(description="name", ordering="last_name")
    def who(self, application: Application) -> str:
        return format_html('{}<small class="desk-below">{}</small>', application.name, application.email)

    @admin.display(description="plan", ordering="amount_pence")
    def wanted(self, application: Application) -> str:
        how = f"{pounds(application.amount_pence)}, {application.get_method_display().lower()}"
        return format_html('{}<small class="desk-below">{}</small>', application.plan.name, how)

    @admin.display(description="asked for", ordering="created_at")
    def asked_on(self, application: Application) -> str:
        return date_format(localtime(application.created_at), "j M Y")

    @admin.display(description="amount")
    def amount(self, application: Application) -> str:
        return pounds(application.amount_pence)

    @admin.display(description="others of the household")
    def others(self, application: Application) -> str:
        return ", ".join(application.household) or "-"

    @admin.display(description="may be contacted by")
    def ticked(self, application: Application) -> str:
        return " ".join(each["wording"] for each in application.consents) or "-"

    @admin.display(description="")
    def record_link(self, application: Application) -> str:
        if not application.is_open:
            return application.get_state_display()
        address = reverse("admin:membership_record_payment", args=[application.person_id])
        return format_html(
            '<a class="button desk-small" href="{}?application={}">Record payment'
            '<span class="visually-hidden"> of {}</span></a>',
            address,
            application.pk,
            application.name,
        )

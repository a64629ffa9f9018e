"""The membership desk: find a person, see everything about them, act."""

from datetime import date
from typing import Any

from django import forms
from django.contrib import admin
from django.db.models import Prefetch
from django.http import HttpRequest
from django.urls import path, reverse
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.html import format_html
from simple_history.admin import SimpleHistoryAdmin

from membership import wordings
from membership.actions import people
from membership.admin import mails, renewals, views
from membership.admin.declarations import DeclarationFormSet
from membership.admin.forms import PersonForm, date_input
from membership.admin.overview import overview
from membership.models import Channel, Concern, Consent, GiftAidDeclaration, Payment, Person
from membership.money import pounds
from membership.standing import open_applications, standing

LAPSING_DAYS = 30


class StandingFilter(admin.SimpleListFilter):
    """The questions that are asked every week."""

    title = "membership"
    parameter_name = "standing"

    def lookups(self, request, model_admin):
        return [
            ("members", "Current members"),
            ("joined", "Joined this month"),
            ("lapsing", f"Lapsing in {LAPSING_DAYS} days"),
            ("past_due", "Overdue, in grace"),
            ("failing", "Failing cards and accounts"),
            ("lapsed", "Lapsed"),
            ("pending", "Waiting for payment"),
            ("on_its_way", "Payment on its way"),
            ("renewing", "Renews by itself"),
            ("cancelled", "Cancelled"),
        ]

    def queryset(self, request, queryset):
        today = timezone.localdate()
        questions = {
            "members": queryset.members,
            "joined": lambda: queryset.joined(today.replace(day=1), today),
            "lapsing": lambda: queryset.lapsing(LAPSING_DAYS),
            "past_due": queryset.past_due,
            "lapsed": queryset.lapsed,
            "pending": queryset.pending,
            "cancelled": queryset.cancelled,
            "on_its_way": queryset.on_its_way,
            "renewing": queryset.renewing,
            "failing": queryset.failing,
        }
        return questions[self.value()]() if self.value() in questions else queryset


class DeclarationInline(admin.TabularInline):
    """Gift Aid declarations: a paper one is added here; none is deleted."""

    model = GiftAidDeclaration
    formset = DeclarationFormSet
    extra = 0
    fields = ["scope", "made_on", "channel", "cancelled_on", "declared_name"]
    readonly_fields = ["declared_name"]
    can_delete = False

    def formfield_for_dbfield(self, db_field, request, **kwargs):
        """A paper form came by post; dates by the browser's calendar."""
        if db_field.name in ("made_on", "cancelled_on"):
            kwargs["widget"] = date_input()
            return forms.DateField(
                required=db_field.name == "made_on",
                widget=kwargs["widget"],
                initial=timezone.localdate if db_field.name == "made_on" else None,
                label=db_field.verbose_name,
            )
        return super().formfield_for_dbfield(db_field, request, **kwargs)


class ConsentInline(admin.TabularInline):
    """A new yes or no, by whatever way it came. What was said before stays."""

    model = Consent
    extra = 0
    fields = ["purpose", "given", "wording", "source", "at"]
    readonly_fields = ["at"]
    can_delete = False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def formfield_for_dbfield(self, db_field, request, **kwargs):
        """A form on paper is the likeliest way here."""
        if db_field.name == "source":
            kwargs["initial"] = Channel.POST
        if db_field.name == "wording":
            kwargs["initial"] = wordings.CONSENTS[0].words
        return super().formfield_for_dbfield(db_field, request, **kwargs)


@admin.register(Person)
class PersonAdmin(SimpleHistoryAdmin):
    """People and organisations."""

    form = PersonForm
    change_form_template = "admin/membership/person/change_form.html"
    change_list_template = "admin/membership/person/change_list.html"
    list_display = ["who", "status", "paid", "record_link"]
    list_display_links = ["who"]
    list_filter = [StandingFilter, "kind", "do_not_contact"]
    list_per_page = 50
    search_fields = ["search_text"]
    search_help_text = "Name, e-mail, postcode, telephone or payment reference."
    show_full_result_count = False
    ordering = ["sort_name", "pk"]
    inlines = [DeclarationInline, ConsentInline]
    readonly_fields = ["email_verified_at", "user", "created_at"]
    fieldsets = [
        (None, {"fields": ["kind", "title", "first_name", "last_name", "organisation_name"]}),
        ("How to reach them", {"fields": ["email", "email_is_theirs", "phone", "language", "do_not_contact"]}),
        ("Address", {"fields": ["address_line1", "address_line2", "town", "postcode", "country"]}),
        ("For staff", {"fields": ["notes", "email_verified_at", "user", "created_at"]}),
    ]

    class Media:
        css = {"all": ["css/desk.css", "css/membership-desk.css"]}

    # --- The list ---

    def get_queryset(self, request: HttpRequest):
        """Each with the last payment that came, fetched for those of the page alone: a deep page skips thousands."""
        came = Payment.objects.filter(gross_pence__gt=0, reverses__isnull=True)
        newest = came.order_by("person_id", "-received_on", "-pk").distinct("person_id")
        people = super().get_queryset(request).with_standing()
        return people.prefetch_related(Prefetch("payments", newest, to_attr="newest_payment"))

    def get_search_results(self, request: HttpRequest, queryset, search_term: str):
        """By parts of words in an indexed column, or by reference."""
        return (queryset.search(search_term) if search_term.strip() else queryset), False

    @admin.display(description="name", ordering="sort_name")
    def who(self, person: Person) -> str:
        contact = person.contact_name if person.organisation_name else ""
        below = " · ".join(part for part in (contact, person.email or "by post", person.postcode) if part)
        return format_html('{}<small class="desk-below">{}</small>', person.name, below)

    @admin.display(description="membership")
    def status(self, person: Person) -> str:
        found = standing(person)
        plan = found.membership.plan.name if found.membership else ""
        if any(each.is_failing for own in person.memberships.all() for each in own.subscriptions.all()):
            plan = f"{plan}, payment failed"
        return format_html(
            '<span class="status standing-{}">{}</span><small class="desk-below">{}</small>',
            found.code,
            found.label,
            found.through or plan,
        )

    @admin.display(description="paid until")
    def paid(self, person: Person) -> str:
        """Until when, and below it the last payment."""
        found = standing(person)
        until = "for life" if found.membership and found.membership.is_for_life else _day(found.until)
        newest: list[Payment] = person.newest_payment  # type: ignore[attr-defined]
        last = f"{pounds(newest[0].gross_pence)} on {_day(newest[0].received_on)}" if newest else "paid nothing"
        return format_html('{}<small class="desk-below">{}</small>', until, last)

    @admin.display(description="")
    def record_link(self, person: Person) -> str:
        waiting = open_applications(person)
        address = reverse("admin:membership_record_payment", args=[person.pk])
        query = f"?application={waiting[0].pk}" if waiting else ""
        return format_html(
            '<a class="button desk-small" href="{}{}">Record payment<span class="visually-hidden"> of {}</span></a>',
            address,
            query,
            person.name,
        )

    def get_list_display(self, request: HttpRequest):
        """No button for who may not."""
        may_record = request.user.has_perm("membership.add_payment")
        return [name for name in self.list_display if may_record or name != "record_link"]

    def changelist_view(self, request: HttpRequest, extra_context=None):
        """With the number of things to look at, for those who may."""
        may_look = request.user.has_perm("membership.view_concern")
        context = {"may_look": may_look, "concerns_open": Concern.objects.open().count() if may_look else 0}
        return super().changelist_view(request, (extra_context or {}) | context)

    # --- The page ---

    def change_view(self, request: HttpRequest, object_id: str, form_url: str = "", extra_context=None):
        """Everything about one human above the form."""
        person = Person.objects.with_standing().filter(pk=object_id).first() if object_id.isdigit() else None
        context = {"overview": overview(person, request.user)} if person else {}
        return super().change_view(request, object_id, form_url, (extra_context or {}) | context)

    def get_inlines(self, request: HttpRequest, obj: Person | None):
        """A new record gets them once it is there; organisations declare no Gift Aid."""
        if obj is None:
            return []
        return [inline for inline in self.inlines if inline is not DeclarationInline or not obj.is_organisation]

    def has_delete_permission(self, request: HttpRequest, obj: Person | None = None) -> bool:
        """Nobody vanishes by a click: records that are the same human are merged."""
        return False

    def save_model(self, request: HttpRequest, obj: Person, form, change: bool) -> None:
        """An address that changed is verified anew, by whoever ticks that it is theirs."""
        if "email" in form.changed_data or not form.cleaned_data["email_is_theirs"]:
            obj.email_verified_at = None
        if form.cleaned_data["email_is_theirs"]:
            obj.email_verified_at = obj.email_verified_at or timezone.now()
        super().save_model(request, obj, form, change)

    def save_formset(self, request: HttpRequest, form, formset, change: bool) -> None:
        """Declarations and consents are made by the actions, with the words that go with them."""
        for row in formset.save(commit=False):
            if isinstance(row, GiftAidDeclaration) and row.pk is None:
                people.declare_gift_aid(
                    form.instance,
                    declared=form.instance,
                    scope=row.scope,
                    channel=row.channel,
                    made_on=row.made_on,
                    cancelled_on=row.cancelled_on,
                )
            elif isinstance(row, Consent):
                row.recorded_by_id = request.user.pk
                row.save()
            else:
                row.save()

    def get_urls(self):
        """The desk's own pages beside the stock ones."""
        wrap = self.admin_site.admin_view
        return [
            path("mails/", wrap(mails.mails), name="membership_mails"),
            path("mails/<slug:name>/", wrap(mails.mail_html), name="membership_mail_html"),
            path("duplicates/", wrap(views.duplicates), name="membership_duplicates"),
            path("<int:pk>/record/", wrap(views.record_payment), name="membership_record_payment"),
            path("<int:pk>/household/", wrap(views.household), name="membership_household"),
            path("<int:pk>/merge/<int:other>/", wrap(views.merge), name="membership_merge"),
            path("memberships/<int:pk>/cancel/", wrap(renewals.cancel), name="membership_cancel"),
            path("memberships/<int:pk>/resume/", wrap(renewals.resume), name="membership_resume"),
            path("subscriptions/<int:pk>/plan/", wrap(renewals.change_plan), name="membership_change_plan"),
            path("concerns/<int:pk>/settle/", wrap(renewals.settle), name="membership_settle"),
            path("payments/<int:pk>/reverse/", wrap(views.reverse_payment), name="membership_reverse"),
            path("applications/<int:pk>/discard/", wrap(views.discard), name="membership_discard"),
            *super().get_urls(),
        ]


def _day(day: date | None) -> str:
    return date_format(day, "j M Y") if day else ""

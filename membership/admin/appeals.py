"""The desk for appeals: their words and dates, what each has raised."""

from collections.abc import Iterator
from typing import Any, ClassVar, cast

from django import forms
from django.contrib import admin, messages
from django.contrib.admin.views.main import ChangeList
from django.core.exceptions import PermissionDenied
from django.core.paginator import Paginator
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import path, reverse
from django.utils.formats import date_format
from django.utils.html import format_html
from django.utils.timezone import localtime
from django.views.decorators.http import require_POST
from simple_history.admin import SimpleHistoryAdmin

from membership import appeals
from membership.actions import appeals as actions
from membership.admin.forms import date_input
from membership.admin.ledger_files import AT_ONCE, csv_file, pounds_of
from membership.admin.pages import in_words, needs, page
from membership.forms import PoundsField
from membership.models import Appeal, Payment
from membership.money import round_pounds
from psg.publishing.views import Preview, as_preview
from psg.richtext import RichTextAdminMixin

VIEW_MONEY = "membership.view_donation"
CHANGE = "membership.change_appeal"
ROWS_SHOWN = 100
MAXIMUM_TARGET_PENCE = 1_000_000_000
GIFT_AID_UP_TO = 5_000  # payments that are judged while somebody waits for the page
TAKEN = {"thanks"}  # addresses of other pages under /donate/
HEADINGS = [
    "Day", "From", "Amount", "Method", "How often", "Dedication", "Anonymous to the public", "Reference",
    "Bank reference", "Row", "Takes back row", "Reason",
]  # fmt: skip


class AppealForm(forms.ModelForm):
    """The words of an appeal; knows which save it was opened on, and never writes over a newer one unseen."""

    target_pence = PoundsField(
        label="Target in pounds", required=False, help_text="Shown as a bar. Empty: the page says only what was raised."
    )
    seen = forms.IntegerField(widget=forms.HiddenInput, required=False)
    is_preview = False

    class Meta:
        model = Appeal
        fields = ("title", "slug", "standfirst", "body", "target_pence", "starts_on", "ends_on", "is_public")
        widgets: ClassVar[Any] = {"starts_on": date_input(), "ends_on": date_input()}
        error_messages: ClassVar[Any] = {"slug": {"unique": "There is an appeal at this address already."}}

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if self.instance.pk:
            self.initial["seen"] = actions.version_of(self.instance)

    def clean_slug(self) -> str:
        slug = self.cleaned_data["slug"].lower()
        if slug in TAKEN:
            raise forms.ValidationError("Another page has this address. Choose another.")
        return slug

    def clean_target_pence(self) -> int | None:
        pence = self.cleaned_data["target_pence"]
        if pence is not None and not 0 < pence <= MAXIMUM_TARGET_PENCE:
            most = round_pounds(MAXIMUM_TARGET_PENCE)
            raise forms.ValidationError(f"A target is more than nothing and at most {most}. Leave it empty for none.")
        return pence

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        if self.instance.pk and not self.is_preview:
            self._refuse_conflict(cleaned.get("seen"))
        return cleaned

    def _refuse_conflict(self, seen: int | None) -> None:
        try:
            actions.lock(self.instance, seen=seen)
        except actions.ChangedMeanwhile as changed:
            data = cast(QueryDict, self.data).copy()
            data["seen"] = str(changed.version)  # the next save is made knowing this, so it goes through
            self.data = data
            at = date_format(localtime(changed.at), "j F, H:i")
            self.add_error(
                None,
                f"{changed.by or 'Somebody else'} saved this at {at}, after you had opened it. Nothing is lost: your "
                "text is below, theirs is in the history. Compare the two, then save again to put yours in its place.",
            )


class AppealList(ChangeList):
    """The list with what each appeal has raised: one query for a page of them."""

    def get_results(self, request: HttpRequest) -> None:
        super().get_results(request)
        self.result_list = list(self.result_list)
        sums = appeals.raised_by(self.result_list)
        for appeal in self.result_list:
            appeal.raised = sums[appeal.pk]


@admin.register(Appeal)
class AppealAdmin(RichTextAdminMixin, SimpleHistoryAdmin):
    """Appeals are never deleted here: unticked, they are on no page of the site."""

    form = AppealForm
    change_form_template = "admin/membership/appeal/change_form.html"
    list_display = ["title", "state", "raised_of_target", "days"]
    list_filter = ["is_public"]
    list_per_page = 50
    show_full_result_count = False
    search_fields = ["title"]
    prepopulated_fields: ClassVar[Any] = {"slug": ["title"]}
    fieldsets: ClassVar[Any] = [
        (None, {"fields": ["title", "slug", "standfirst", "body"]}),
        ("Target and days", {"fields": ["target_pence", "starts_on", "ends_on", "is_public", "seen"]}),
    ]

    class Media:
        css: ClassVar[Any] = {"all": ["css/desk.css", "css/membership-desk.css"]}

    # --- The list ---

    def get_changelist(self, request: HttpRequest, **kwargs: Any) -> type[ChangeList]:
        return AppealList

    @admin.display(description="state")
    def state(self, appeal: Appeal) -> str:
        code, label = state_of(appeal)
        return format_html('<span class="status standing-{}">{}</span>', code, label)

    @admin.display(description="raised")
    def raised_of_target(self, appeal: Appeal) -> str:
        found: appeals.Raised = appeal.raised  # type: ignore[attr-defined]
        target = f"of {round_pounds(found.target_pence)} ({found.share} %)" if found.target_pence else "no target"
        return format_html('{}<small class="desk-below">{}</small>', round_pounds(found.pence), target)

    @admin.display(description="days", ordering="starts_on")
    def days(self, appeal: Appeal) -> str:
        until = f"to {appeal.ends_on:%d/%m/%Y}" if appeal.ends_on else "until it is ended"
        return f"{appeal.starts_on:%d/%m/%Y} {until}"

    # --- The form ---

    def save_model(self, request: HttpRequest, obj: Appeal, form: Any, change: bool) -> None:
        actions.save(obj, by=request.user)

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def get_view_on_site_url(self, obj: Appeal | None = None) -> str | None:
        """Only what the public sees has a page to view."""
        return obj.get_absolute_url() if obj is not None and obj.pk and obj.is_public and obj.has_begun else None

    def render_change_form(self, request, context, add=False, change=False, form_url="", obj=None):
        """With what it has raised, and the buttons that make sense."""
        may = self.has_change_permission(request, obj) if change else self.has_add_permission(request)
        context |= {"may_edit": may, "preview_url": reverse("admin:membership_appeal_preview")}
        if obj is not None and obj.pk:
            context |= {
                "raised": appeals.raised(obj),
                "appeal_state": state_of(obj),
                "may_see_money": request.user.has_perm(VIEW_MONEY),
                "may_end": may and obj.has_begun and not obj.is_over and obj.days_left != 0,
            }
        return super().render_change_form(request, context, add, change, form_url, obj)

    def get_urls(self):
        """The desk's own pages beside the stock ones."""
        wrap = self.admin_site.admin_view
        return [
            path("preview/", wrap(require_POST(self.preview)), name="membership_appeal_preview"),
            path("<int:pk>/end/", wrap(end), name="membership_appeal_end"),
            path("<int:pk>/raised/", wrap(raised_page), name="membership_appeal_raised"),
            path("<int:pk>/raised.csv", wrap(raised_file), name="membership_appeal_raised_file"),
            *super().get_urls(),
        ]

    def preview(self, request: HttpRequest) -> HttpResponse:
        """What the form says as visitors would see it, with what was raised so far. Saves nothing."""
        if not (self.has_change_permission(request) or self.has_add_permission(request)):
            raise PermissionDenied
        number = request.POST.get("number", "")
        appeal = Appeal.objects.filter(pk=int(number)).first() if number.isdecimal() and len(number) < 19 else None
        form = self.get_form(request, appeal, change=appeal is not None)(request.POST, instance=appeal)
        form.is_preview = True
        form.is_valid()  # what is valid is on the instance now; what is not keeps its old value
        shown = appeals.page_of(form.instance)
        return as_preview(render(request, "donate/appeal_preview.html", {"page": shown, "preview": Preview()}))


def state_of(appeal: Appeal) -> tuple[str, str]:
    """For its colour, and in words."""
    if not appeal.is_public:
        return "nobody", "Not shown"
    if not appeal.has_begun:
        return "pending", f"From {in_words(appeal.starts_on)}"
    return ("nobody", "Over") if appeal.is_over else ("active", "Running")


@needs(CHANGE)
def end(request: HttpRequest, pk: int) -> HttpResponse:
    """Asks once; then today is its last day."""
    appeal = get_object_or_404(Appeal, pk=pk)
    if request.method == "POST":
        try:
            actions.end(appeal, by=request.user)
        except actions.NotRunning:
            messages.warning(request, "It does not run. Nothing was changed.")
        else:
            messages.success(
                request, f"Today is the last day of “{appeal}”. Its page stays, and says so from tomorrow on."
            )
        return redirect("admin:membership_appeal_change", pk)
    return page(request, "appeal/end", f"End “{appeal}”", about=Appeal, appeal=appeal)


# --- What it raised ---


@needs(VIEW_MONEY)
def raised_page(request: HttpRequest, pk: int) -> HttpResponse:
    """Every payment for the appeal, and what they come to."""
    appeal = get_object_or_404(Appeal, pk=pk)
    payments = appeals.payments_of(appeal)
    rows = Paginator(payments, ROWS_SHOWN)
    few = rows.count <= GIFT_AID_UP_TO
    return page(
        request,
        "appeal/raised",
        f"What “{appeal}” has raised",
        about=Appeal,
        appeal=appeal,
        raised=appeals.raised(appeal),
        gift_aid_pence=appeals.gift_aid_of(payments) if few else None,
        rows=rows.get_page(request.GET.get("page")),
        may_open_people=request.user.has_perm("membership.view_person"),
        may_change=request.user.has_perm("membership.view_appeal"),
    )


@needs(VIEW_MONEY)
def raised_file(request: HttpRequest, pk: int) -> HttpResponse:
    """The same rows as CSV."""
    appeal = get_object_or_404(Appeal, pk=pk)
    return csv_file(f"appeal-{appeal.slug}", _table(appeals.payments_of(appeal)))


def _table(rows: "QuerySet[Payment]") -> Iterator[list[Any]]:
    yield HEADINGS
    for payment in rows.iterator(AT_ONCE):
        donation: Any = payment.donation
        yield [
            payment.received_on,
            payment.person.name,
            pounds_of(payment.gross_pence),
            payment.get_method_display(),
            donation.get_frequency_display(),
            f"{donation.get_dedication_display()} {donation.dedicated_to}".strip(),
            "yes" if donation.is_anonymous else "no",
            donation.reference,
            payment.bank_reference,
            payment.pk,
            payment.reverses_id,
            payment.reason,
        ]

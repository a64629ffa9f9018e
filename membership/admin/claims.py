"""The treasurer's Gift Aid: what a claim would hold, the claim, its schedule for HMRC."""

import uuid
from datetime import date
from typing import Any, ClassVar

from django import forms
from django.contrib import admin, messages
from django.core.paginator import Paginator
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.urls import path, reverse
from django.utils import timezone

from membership.actions import claims
from membership.admin.forms import date_input
from membership.admin.pages import CLAIM, SEE_CLAIMS, needs, page
from membership.dates import ONE_DAY
from membership.gift_aid import Why, earliest_claimable
from membership.gift_aid.schedule import MAX_LINES, as_csv, as_ods, lines_of, parts_of
from membership.models import Claim
from membership.money import pounds

LINES_SHOWN = 100
REFUSED_SHOWN = 20  # for each reason
TYPES = {
    "ods": "application/vnd.oasis.opendocument.spreadsheet",
    "csv": "text/csv; charset=utf-8",
}


class DaysForm(forms.Form):
    """Of which days the gifts are looked at. Days that are over: today's may still be cancelled today."""

    first = forms.DateField(label="Given from", widget=date_input())
    last = forms.DateField(label="until", widget=date_input())

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        first, last = cleaned.get("first"), cleaned.get("last")
        if last and last >= timezone.localdate():
            self.add_error("last", "Only days that are over: yesterday at the latest.")
        elif first and last and first > last:
            self.add_error("last", "This day is before the first.")
        return cleaned


class ClaimForm(DaysForm):
    """What was shown, and that it is wanted."""

    shown = forms.CharField(max_length=64)
    token = forms.UUIDField()


@needs(CLAIM)
def new(request: HttpRequest) -> HttpResponse:
    """What a claim would hold and what not, with reasons; one button makes it."""
    if request.method == "POST":
        made = _made(request)
        if made is not None:
            return redirect(reverse("admin:membership_claim_change", args=[made.pk]))
    given = request.POST if request.method == "POST" else request.GET
    form = DaysForm(given if "first" in given else _usual_days())
    if not form.is_valid():
        return page(request, "claim/new", "A new Gift Aid claim", about=Claim, form=form)
    found = claims.preview(form.cleaned_data["first"], form.cleaned_data["last"])
    return page(
        request,
        "claim/new",
        "A new Gift Aid claim",
        about=Claim,
        form=form,
        preview=found,
        token=uuid.uuid4(),
        may_open=request.user.has_perm("membership.view_person"),
        **_shown(found),
    )


def _usual_days() -> dict[str, date]:
    """Everything that can still be claimed: what was claimed before is left out by itself."""
    today = timezone.localdate()
    return {"first": earliest_claimable(today), "last": today - ONE_DAY}


def _made(request: HttpRequest) -> Claim | None:
    """The claim that was asked for; none, with a message, if it is not any more what was shown."""
    form = ClaimForm(request.POST)
    if not form.is_valid():
        messages.error(request, "Nothing was claimed: please look at the claim again.")
        return None
    try:
        made = claims.make_claim(**form.cleaned_data, by=request.user)
    except claims.ChangedMeanwhile:
        messages.error(request, "Nothing was claimed: things changed after you had opened this page. See what is new.")
    except claims.NothingToClaim:
        messages.warning(request, "There is nothing to claim.")
    else:
        messages.success(request, f"The claim {made.reference} is made. Now hand its schedule in to HMRC.")
        return made
    return None


def _shown(found: claims.Preview) -> dict[str, Any]:
    """The beginnings of long lists, and how long they are."""
    given = [line for line in found.lines if line.amount_pence > 0]
    rows = [{"line": line, "remark": found.remarks.get(line.payment_id, "")} for line in given]
    remarked = [row for row in rows if row["remark"]]
    groups = [
        {
            "why": why,
            "number": len(group),
            "pence": sum(each.gift.payment.gross_pence for each in group),
            "shown": [] if why == Why.CLAIMED else group[:REFUSED_SHOWN],
        }
        for why, group in found.by_reason().items()
    ]
    return {
        "rows": rows[:LINES_SHOWN],
        "rows_count": len(rows),
        "remarked": remarked[:LINES_SHOWN],
        "remarked_count": len(remarked),
        "groups": groups,
        "adjusted": [line for line in found.lines if line.amount_pence < 0][:LINES_SHOWN],
    }


@needs(SEE_CLAIMS)
def one(request: HttpRequest, pk: int) -> HttpResponse:
    """A claim: the numbers for HMRC's form, its schedules, its lines."""
    claim = get_object_or_404(Claim.objects.select_related("made_by"), pk=pk)
    lines = Paginator(claim.lines.select_related("payment").order_by("pk"), LINES_SHOWN)
    return page(
        request,
        "claim/claim",
        f"Gift Aid claim {claim.reference}",
        about=Claim,
        claim=claim,
        parts=parts_of(claim),
        max_lines=MAX_LINES,
        earliest=lines_of(claim).order_by("given_on").values_list("given_on", flat=True).first(),
        lines=lines.get_page(request.GET.get("page")),
    )


@needs(SEE_CLAIMS)
def schedule(request: HttpRequest, pk: int, part: int, kind: str) -> HttpResponse:
    """One schedule as a file."""
    claim = get_object_or_404(Claim, pk=pk)
    if part not in parts_of(claim):
        raise Http404
    content = as_ods(claim, part) if kind == "ods" else as_csv(claim, part)
    name = f"gift-aid-{claim.reference}-{part}.{kind}"
    return HttpResponse(
        content, content_type=TYPES[kind], headers={"Content-Disposition": f'attachment; filename="{name}"'}
    )


@admin.register(Claim)
class ClaimAdmin(admin.ModelAdmin):
    """The list of claims. Nothing in it is changed or deleted."""

    list_display = ["reference", "made_at", "days", "lines_count", "gifts", "adjustments", "tax", "made_by"]
    list_select_related = ["made_by"]
    list_per_page = 50
    show_full_result_count = False
    search_fields: ClassVar[Any] = ["reference"]

    @admin.display(description="given")
    def days(self, claim: Claim) -> str:
        return f"{claim.first_day:%d/%m/%Y} to {claim.last_day:%d/%m/%Y}"

    @admin.display(description="gifts", ordering="gifts_pence")
    def gifts(self, claim: Claim) -> str:
        return pounds(claim.gifts_pence)

    @admin.display(description="went back", ordering="adjustments_pence")
    def adjustments(self, claim: Claim) -> str:
        return pounds(claim.adjustments_pence) if claim.adjustments_pence else ""

    @admin.display(description="tax claimed")
    def tax(self, claim: Claim) -> str:
        return pounds(claim.tax_pence)

    def get_urls(self):
        """The pages in place of the stock ones, and the files."""
        wrap = self.admin_site.admin_view
        return [
            path("add/", wrap(new), name="membership_claim_add"),
            path("<int:pk>/change/", wrap(one), name="membership_claim_change"),
            *(
                path(f"<int:pk>/schedule-<int:part>.{kind}", wrap(schedule), {"kind": kind}, name=f"membership_{kind}")
                for kind in TYPES
            ),
            *super().get_urls(),
        ]

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

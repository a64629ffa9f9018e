"""What appeals have raised, and from whom: always added up by the database. Amounts in pence, days in London."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from django.contrib.postgres.expressions import ArraySubquery
from django.db.models import BigIntegerField, Exists, Func, IntegerField, OuterRef, QuerySet, Subquery, Sum
from django.db.models.functions import Coalesce, JSONObject
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from membership import gift_aid
from membership.models import Appeal, ClaimLine, Donation, DonationState, Payment
from membership.money import gift_aid_on, round_pounds
from psg.library.in_text import Pictures, pictures_in

NAMES_SHOWN = 12


@dataclass(frozen=True)
class Raised:
    """What an appeal has raised: the gross sum of what was given to it, less what went back."""

    pence: int = 0
    donors: int = 0
    target_pence: int | None = None

    @property
    def is_reached(self) -> bool:
        """Whether it is as much as was hoped for."""
        return self.target_pence is not None and self.pence >= self.target_pence

    @property
    def share(self) -> int | None:
        """Percent of the target, rounded down, as many as there are; None without a target."""
        return max(self.pence, 0) * 100 // self.target_pence if self.target_pence else None

    @property
    def percent(self) -> int | None:
        """How full the bar is, 0 to 100: the first penny can be seen. None without a target."""
        return None if self.share is None else min(max(self.share, int(self.pence > 0)), 100)

    @property
    def words(self) -> str:
        """ "£1,250 of £2,000 raised by 31 people"; empty without a target if nothing came yet."""
        raised = {"raised": round_pounds(max(self.pence, 0)), "number": f"{self.donors:,}"}
        if self.target_pence is None:
            return self._by(raised) if self.donors else ""
        raised["target"] = round_pounds(self.target_pence)
        if not self.donors:
            return _("%(raised)s of %(target)s raised") % raised
        if not self.is_reached:
            one = "%(raised)s of %(target)s raised by one person"
            return ngettext(one, "%(raised)s of %(target)s raised by %(number)s people", self.donors) % raised
        if self.pence == self.target_pence:
            return f"{self._by(raised)}: {_('all that we hoped for. Thank you!')}"
        return f"{self._by(raised)}: {_('more than the %(target)s that we hoped for. Thank you!') % raised}"

    def _by(self, raised: dict[str, str]) -> str:
        one, many = "%(raised)s raised by one person", "%(raised)s raised by %(number)s people"
        return ngettext(one, many, self.donors) % raised


@dataclass(frozen=True)
class AppealPage:
    """What an appeal's page shows above its form: see templates/donate/appeal_header.html."""

    appeal: Appeal
    raised: Raised
    names: list[str] = field(default_factory=list)
    pictures: Pictures = field(default_factory=dict)


def raised(appeal: Appeal) -> Raised:
    """What the appeal has raised. One query."""
    return raised_by([appeal])[appeal.pk]


def raised_by(appeals: Iterable[Appeal]) -> dict[int, Raised]:
    """What each of the appeals has raised, by its number. One query, however many they are."""
    targets = {appeal.pk: appeal.target_pence for appeal in appeals}
    rows = with_raised(Appeal.objects.filter(pk__in=targets)).order_by().values_list("pk", "pence", "donors")
    return {number: Raised(pence, donors, targets[number]) for number, pence, donors in rows}


def with_raised(appeals: "QuerySet[Appeal]") -> "QuerySet[Any]":
    """Each with `pence`, what came less what went back, and `donors`, the people of whose money something is left."""
    rows = Payment.objects.filter(appeal=OuterRef("pk")).order_by()
    total = rows.values("appeal").annotate(sum=Sum("gross_pence")).values("sum")
    givers = rows.values("person").annotate(sum=Sum("gross_pence")).filter(sum__gt=0).values("person")
    number = Func(ArraySubquery(givers), function="cardinality", output_field=IntegerField())
    return appeals.annotate(pence=Coalesce(Subquery(total, BigIntegerField()), 0), donors=number)


# --- On the home page ---

SHOWN = ["title", "slug", "standfirst", "target_pence", "starts_on", "ends_on", "pence", "donors"]


def look_up_running() -> Subquery:
    """As JSON: the appeal that the home page shows, of those that run the one that began last, and what it raised."""
    found = JSONObject(**{name: name for name in SHOWN})
    return Subquery(with_raised(Appeal.objects.running()).values(found=found)[:1])


def read_running(found: dict[str, Any]) -> AppealPage:
    """What `look_up_running` found."""
    days = {name: date.fromisoformat(found[name]) if found[name] else None for name in ("starts_on", "ends_on")}
    words = {name: found[name] for name in ("title", "slug", "standfirst", "target_pence")}
    appeal = Appeal(**words, **days, is_public=True)
    return AppealPage(appeal, Raised(found["pence"], found["donors"], found["target_pence"]))


# --- On its own page ---


def names(appeal: Appeal, *, most: int = NAMES_SHOWN) -> list[str]:
    """The last who agreed to be named, each once, as they typed their name; not those whose money went back."""
    kept = Payment.objects.filter(donation=OuterRef("pk")).order_by().values("donation")
    kept = kept.annotate(left_pence=Sum("gross_pence")).filter(left_pence__gt=0)
    given = Donation.objects.filter(Exists(kept), appeal=appeal, is_anonymous=False, state=DonationState.GIVEN)
    newest = given.order_by("-created_at", "-pk").only("first_name", "last_name", "organisation_name")
    found: dict[str, str] = {}
    for donation in newest[: most * 3]:  # room for those who gave several times
        name = donation.organisation_name or donation.contact_name  # never the address, which `name` may be
        if name:
            found.setdefault(name.casefold(), name)
    return list(found.values())[:most]


def page_of(appeal: Appeal) -> AppealPage:
    """Everything above the form of an appeal's page. Two queries, and one for pictures if the text has any.

    One that is not saved yet, for a preview, has raised nothing.
    """
    pictures = pictures_in(appeal.body)
    if appeal.pk is None:
        return AppealPage(appeal, Raised(target_pence=appeal.target_pence), pictures=pictures)
    return AppealPage(appeal, raised(appeal), names(appeal), pictures)


def payments_of(appeal: Appeal) -> "QuerySet[Payment]":
    """Every row of money for the appeal, the newest first."""
    rows = Payment.objects.filter(appeal=appeal).select_related("person", "donation")
    return rows.order_by("-received_on", "-pk")


def gift_aid_of(rows: "QuerySet[Payment]") -> int:
    """The tax on what was claimed, and on what a claim of today would hold, in pence. Looks at each gift."""
    today = timezone.localdate()
    gifts = gift_aid.gather(rows)
    left = sum(gift.left_pence for gift in gifts if gift_aid.judge(gift, on=today).qualifies)
    lines = ClaimLine.objects.filter(payment__in=[gift.payment.pk for gift in gifts])
    claimed = lines.aggregate(pence=Sum("amount_pence"))["pence"] or 0
    return gift_aid_on(left) + gift_aid_on(claimed)

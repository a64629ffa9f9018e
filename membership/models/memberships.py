"""Memberships and the terms that were paid for. Who is a member on a date follows from the terms alone."""

from datetime import date

from django.contrib.postgres.constraints import ExclusionConstraint
from django.contrib.postgres.fields import DateRangeField, RangeOperators
from django.db import models
from django.db.models import Exists, F, Func, OuterRef, Q, Value
from django.utils import timezone
from simple_history.models import HistoricalRecords

from membership.dates import ONE_DAY
from membership.models.payments import Method, Payment
from membership.models.people import Person
from membership.models.plans import Plan, Price


class Status(models.TextChoices):
    """What is true of a membership on a day. Never stored: dates say it."""

    ACTIVE = "active", "Member"
    LEAVING = "leaving", "Cancelled, still runs"
    PAST_DUE = "past_due", "Overdue"
    LAPSED = "lapsed", "Lapsed"
    CANCELLED = "cancelled", "Cancelled"
    NONE = "none", "Not yet"


class Membership(models.Model):
    """A person's membership, from the first payment on, through gaps and changes of plan.

    `reference` stays the same for life, so that a standing order can carry it.
    """

    person = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="memberships")
    plan = models.ForeignKey(Plan, on_delete=models.PROTECT, related_name="memberships")
    method = models.CharField("usually paid by", max_length=14, choices=Method)
    reference = models.CharField(max_length=12, unique=True)
    cancelled_on = models.DateField(null=True, blank=True)
    cancel_reason = models.CharField("reason", max_length=200, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)
    covers: "models.ManyToManyField[Person, Cover]" = models.ManyToManyField(
        Person, through="Cover", related_name="covered_by"
    )
    history = HistoricalRecords()

    def __str__(self) -> str:
        return f"{self.reference} ({self.plan.name})"

    # The terms of one membership are few: these look at them in memory, so that lists can prefetch.

    def counted_terms(self) -> list["Term"]:
        """Its terms in order, without those whose payment was taken back before they began."""
        kept = [term for term in self.terms.all() if term.cut_on is None or term.cut_on > term.starts_on]
        return sorted(kept, key=lambda term: term.starts_on)

    @property
    def last_term(self) -> "Term | None":
        """The term that ends last."""
        return max(self.counted_terms(), key=lambda term: term.paid_until or date.max, default=None)

    @property
    def is_for_life(self) -> bool:
        last = self.last_term
        return last is not None and last.ends_on is None and last.cut_on is None

    @property
    def paid_until(self) -> date | None:
        """The last day paid for; None where nothing was paid or it is for life."""
        last = self.last_term
        return last.paid_until if last else None

    @property
    def reach(self) -> tuple[bool, date, int]:
        """How far it runs, to tell the longest of several."""
        return self.is_for_life, self.paid_until or date.min, self.pk

    def status_on(self, day: date | None = None) -> Status:
        """What is true on that London date (today without one)."""
        day = day or timezone.localdate()
        begun = [term for term in self.counted_terms() if term.starts_on <= day]
        if any(term.paid_on(day) for term in begun):
            return Status.LEAVING if self.cancelled_on else Status.ACTIVE
        if any(term.counts_on(day) for term in begun):
            return Status.PAST_DUE
        if not begun:
            return Status.NONE
        return Status.CANCELLED if self.cancelled_on else Status.LAPSED

    @property
    def status(self) -> Status:
        return self.status_on()


class TermQuerySet(models.QuerySet["Term"]):
    """Questions about terms. Days are London dates; both ends are included."""

    def uncut(self, on: date):
        """Those whose payment was not taken back by that day."""
        return self.filter(Q(cut_on__isnull=True) | Q(cut_on__gt=on))

    def paid(self, on: date):
        """Those that pay for that day."""
        return self.uncut(on).filter(Q(ends_on__isnull=True) | Q(ends_on__gte=on), starts_on__lte=on)

    def counting(self, on: date):
        """Those that make somebody a member on that day: paid, or in grace."""
        return self.uncut(on).filter(Q(grace_until__isnull=True) | Q(grace_until__gte=on), starts_on__lte=on)

    def ending(self, first: date, last: date):
        """Last terms of their membership that end within these days."""
        later = Term.objects.filter(membership=OuterRef("membership"), cut_on__isnull=True).filter(
            Q(ends_on__isnull=True) | Q(ends_on__gt=OuterRef("ends_on"))
        )
        return self.filter(cut_on__isnull=True, ends_on__range=(first, last)).filter(~Exists(later))


class Term(models.Model):
    """A stretch of time that was paid for. Both days are included; no last day means: for life.

    `grace_until` is fixed when the term is made, so that a later change of the setting changes no past answer.
    `invoice_id` is Stripe's, where an invoice paid for it.
    `cut_on` is the day on which the payment was taken back: from then on the term counts for nothing.
    """

    membership = models.ForeignKey(Membership, on_delete=models.PROTECT, related_name="terms")
    price = models.ForeignKey(Price, on_delete=models.PROTECT, related_name="terms")
    payment = models.OneToOneField(Payment, null=True, blank=True, on_delete=models.PROTECT, related_name="term")
    starts_on = models.DateField()
    ends_on = models.DateField(null=True, blank=True)
    grace_until = models.DateField(null=True, blank=True)
    cut_on = models.DateField(null=True, blank=True)
    invoice_id = models.CharField(max_length=100, blank=True, editable=False)
    created_at = models.DateTimeField(auto_now_add=True)
    history = HistoricalRecords()

    objects = TermQuerySet.as_manager()

    class Meta:
        ordering = ["starts_on"]
        constraints = [
            models.CheckConstraint(
                name="term_ends_after_it_starts", condition=Q(ends_on__isnull=True) | Q(ends_on__gte=F("starts_on"))
            ),
            models.CheckConstraint(
                name="term_grace_follows_its_end",
                condition=Q(ends_on__isnull=True, grace_until__isnull=True) | Q(grace_until__gte=F("ends_on")),
            ),
            models.UniqueConstraint(name="term_once_per_invoice", fields=["invoice_id"], condition=~Q(invoice_id="")),
            ExclusionConstraint(
                name="terms_do_not_overlap",
                expressions=[
                    ("membership", RangeOperators.EQUAL),
                    (
                        Func(
                            "starts_on",
                            "ends_on",
                            Value("[]"),
                            function="daterange",
                            output_field=DateRangeField(),
                        ),
                        RangeOperators.OVERLAPS,
                    ),
                ],
                condition=Q(cut_on__isnull=True),
            ),
        ]
        indexes = [
            models.Index(fields=["ends_on"], name="term_ends"),
            models.Index(fields=["starts_on"], name="term_starts"),
        ]

    def __str__(self) -> str:
        return f"{self.starts_on:%d/%m/%Y} to {f'{self.ends_on:%d/%m/%Y}' if self.ends_on else 'life'}"

    @property
    def paid_until(self) -> date | None:
        """The last day that it pays for; None for life."""
        if self.cut_on is None:
            return self.ends_on
        return min(self.cut_on - ONE_DAY, self.ends_on or date.max)

    def _uncut(self, day: date) -> bool:
        return self.cut_on is None or self.cut_on > day

    def paid_on(self, day: date) -> bool:
        """Whether it pays for that day."""
        return self.starts_on <= day and self._uncut(day) and (self.ends_on is None or day <= self.ends_on)

    def counts_on(self, day: date) -> bool:
        """Whether it makes its holder a member on that day, grace included."""
        return self.starts_on <= day and self._uncut(day) and (self.grace_until is None or day <= self.grace_until)


class CoverQuerySet(models.QuerySet["Cover"]):
    """Questions about who is covered."""

    def on(self, day: date):
        """Those in force on that London date."""
        return self.filter(Q(until__isnull=True) | Q(until__gte=day), since__lte=day)


class Cover(models.Model):
    """That a membership covers another person of the household, from a day on. Both days are included."""

    membership = models.ForeignKey(Membership, on_delete=models.PROTECT, related_name="cover_set")
    person = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="cover_set")
    since = models.DateField(default=timezone.localdate)
    until = models.DateField(null=True, blank=True)

    objects = CoverQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                name="cover_once", fields=["membership", "person"], condition=Q(until__isnull=True)
            ),
        ]

    def __str__(self) -> str:
        return f"{self.person_id} through {self.membership_id}"

"""Donations: what somebody wished to give, what they give every month, and the appeals that ask for it."""

from datetime import date

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Lower
from django.urls import reverse
from django.utils import timezone
from simple_history.models import HistoricalRecords

from membership.models.applications import new_secret
from membership.models.details import ContactDetails
from membership.models.payments import Method
from membership.models.people import Person
from membership.models.stripe import PageToPay, StripeSubscription, StripeSubscriptionQuerySet
from psg.richtext import RichTextField


class AppealQuerySet(models.QuerySet["Appeal"]):
    """Questions about appeals. Days are London dates."""

    def public(self):
        """Those with a page: shown to everybody, running or over."""
        return self.filter(is_public=True, starts_on__lte=timezone.localdate())

    def running(self, on: date | None = None):
        """Those that one can give to."""
        on = on or timezone.localdate()
        return self.filter(Q(ends_on__isnull=True) | Q(ends_on__gte=on), is_public=True, starts_on__lte=on)


class Appeal(models.Model):
    """Something that donations are asked for, with a target in pence or without one."""

    title = models.CharField(max_length=120)
    slug = models.SlugField(max_length=80, unique=True)
    standfirst = models.CharField(max_length=300, help_text="One or two sentences: what the money does.")
    body = RichTextField("text", blank=True)
    target_pence = models.PositiveIntegerField("target", null=True, blank=True)
    starts_on = models.DateField(default=timezone.localdate)
    ends_on = models.DateField(null=True, blank=True, help_text="The last day. Empty: until you end it.")
    is_public = models.BooleanField("shown on the site", default=False)
    created_at = models.DateTimeField(auto_now_add=True)
    history = HistoricalRecords()

    objects = AppealQuerySet.as_manager()

    class Meta:
        ordering = ["-starts_on", "-pk"]
        constraints = [
            models.CheckConstraint(
                name="appeal_days_in_order",
                condition=Q(ends_on__isnull=True) | Q(ends_on__gte=F("starts_on")),
                violation_error_message="It cannot end before it starts.",
            ),
            models.CheckConstraint(
                name="appeal_target_above_zero", condition=Q(target_pence__isnull=True) | Q(target_pence__gt=0)
            ),
        ]

    def __str__(self) -> str:
        return self.title

    def get_absolute_url(self) -> str:
        """Its page, on which one gives to it."""
        return reverse("donate:appeal", args=[self.slug])

    @property
    def has_begun(self) -> bool:
        """Whether its first day has come."""
        return self.starts_on <= timezone.localdate()

    @property
    def is_over(self) -> bool:
        """Whether its last day has passed."""
        return self.ends_on is not None and self.ends_on < timezone.localdate()

    @property
    def is_running(self) -> bool:
        """As `AppealQuerySet.running` asks it: whether one can give to it today."""
        return self.is_public and self.has_begun and not self.is_over

    @property
    def days_left(self) -> int | None:
        """Days to come after today; 0 on the last one, None if nobody set it."""
        return (self.ends_on - timezone.localdate()).days if self.ends_on else None


class Frequency(models.TextChoices):
    """How often somebody gives."""

    ONCE = "once", "Once"
    MONTH = "month", "Every month"


class Dedication(models.TextChoices):
    """For whose sake somebody gives."""

    MEMORY = "memory", "In memory of"
    HONOUR = "honour", "In honour of"


class DonationState(models.TextChoices):
    """What became of it."""

    OPEN = "open", "Waiting for payment"
    GIVEN = "given", "Given"
    DISCARDED = "discarded", "Discarded"


class DonationQuerySet(models.QuerySet["Donation"]):
    """Questions about donations."""

    def open(self):
        """Those whose first payment has not come."""
        return self.filter(state=DonationState.OPEN)


class Donation(ContactDetails):
    """A wish to give, as it was typed; each payment that comes of it refers to it. Amounts in pence.

    Nothing of it touches anybody's record before the money comes. `token` is the form's own: a form that is sent twice
    is one donation. `secret` opens the thank-you page; `reference` is what a transfer or cheque should carry.
    `person` is whom it seems to be. A donation that staff record from a cheque or envelope has no page to pay on.
    """

    token = models.UUIDField(unique=True, editable=False)
    secret = models.CharField(max_length=40, unique=True, default=new_secret, editable=False)
    reference = models.CharField(max_length=12, unique=True, editable=False)
    state = models.CharField(max_length=10, choices=DonationState, default=DonationState.OPEN)
    person = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="donations")
    appeal = models.ForeignKey(Appeal, null=True, blank=True, on_delete=models.PROTECT, related_name="donations")
    amount_pence = models.PositiveIntegerField("amount")
    frequency = models.CharField(max_length=5, choices=Frequency, default=Frequency.ONCE)
    method = models.CharField(max_length=14, choices=Method)
    dedication = models.CharField(max_length=6, choices=Dedication, blank=True)
    dedicated_to = models.CharField(max_length=100, blank=True)
    message = models.CharField(max_length=500, blank=True, help_text="What they wrote to us.")
    is_proven = models.BooleanField(
        default=False,
        db_default=False,
        editable=False,
        help_text="Signed in as whom it says: what was typed may change their record.",
    )
    is_anonymous = models.BooleanField("anonymous to the public", default=True)
    gift_aid_version = models.CharField(max_length=20, blank=True, help_text="Of the declaration that was ticked.")
    consents = models.JSONField(default=list, help_text="Purpose and words of each box ticked.")
    recorded_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, editable=False, on_delete=models.PROTECT, related_name="+"
    )
    created_at = models.DateTimeField(auto_now_add=True)

    objects = DonationQuerySet.as_manager()

    class Meta:
        ordering = ["-created_at", "-pk"]
        constraints = [
            models.CheckConstraint(name="donation_above_zero", condition=Q(amount_pence__gt=0)),
            models.CheckConstraint(name="donation_email_is_lower_case", condition=Q(email=Lower(F("email")))),
            models.CheckConstraint(
                name="donation_dedicated_to_somebody",
                condition=Q(dedication="", dedicated_to="") | (~Q(dedication="") & ~Q(dedicated_to="")),
            ),
            models.CheckConstraint(
                name="donation_monthly_through_stripe",
                condition=Q(frequency="once") | Q(method__in=["card", "debit"]),
            ),
        ]
        indexes = [
            models.Index(fields=["-created_at", "-id"], name="donation_created"),
            models.Index(fields=["email", "-created_at"], name="donation_email"),
            # The names that an appeal's page shows.
            models.Index(
                fields=["appeal", "-created_at"],
                name="donation_named",
                condition=Q(is_anonymous=False, state="given"),
            ),
        ]

    def get_absolute_url(self) -> str:
        """The secret address of its thank-you page."""
        return reverse("donate:thanks", args=[self.secret])

    @property
    def is_open(self) -> bool:
        """Whether it still waits for its first payment."""
        return self.state == DonationState.OPEN


class DonationCheckout(PageToPay):
    """Stripe's page on which a donation is paid, or made monthly. One at a time."""

    donation = models.ForeignKey(Donation, on_delete=models.PROTECT, related_name="checkouts")

    class Meta(PageToPay.Meta):
        constraints = [
            models.UniqueConstraint(
                name="donation_checkout_one_at_a_time",
                fields=["donation"],
                condition=Q(state__in=["new", "open", "pending"]),
            ),
        ]
        indexes = [models.Index(fields=["payment_intent_id"], name="donation_checkout_intent")]


class RegularGift(StripeSubscription):
    """A donation that Stripe collects every month."""

    donation = models.OneToOneField(Donation, on_delete=models.PROTECT, related_name="regular_gift")

    objects = StripeSubscriptionQuerySet.as_manager()

    class Meta(StripeSubscription.Meta):
        indexes = [models.Index(fields=["status", "period_ends_at"], name="regular_gift_status")]

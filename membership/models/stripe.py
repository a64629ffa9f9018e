"""What Stripe holds for us, as last read back. Stripe decides; these rows remember, so that pages need not ask."""

import uuid
from datetime import date

from django.db import models
from django.db.models import Q
from django.utils import timezone

from membership.models.applications import Application
from membership.models.memberships import Membership
from membership.models.payments import Method, Payment
from membership.models.people import Person
from membership.models.plans import Price


class StripeCustomer(models.Model):
    """Who somebody is at Stripe. `key` is the idempotency key of asking for it; the id comes with the answer.

    A person has one, or several after a merge; the newest that lives is used. `address` is as last seen at Stripe.
    """

    person = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="stripe_customers")
    key = models.UUIDField(unique=True, default=uuid.uuid4, editable=False)
    stripe_id = models.CharField(max_length=100, unique=True, null=True, blank=True)
    address = models.JSONField(default=dict, editable=False)
    deleted_at = models.DateTimeField(null=True, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["-pk"]

    def __str__(self) -> str:
        return self.stripe_id or "not yet at Stripe"


class StripePrice(models.Model):
    """A price of ours at Stripe, once for each amount that somebody wished to pay. Only these count as ours."""

    price = models.ForeignKey(Price, on_delete=models.PROTECT, related_name="stripe_prices")
    amount_pence = models.PositiveIntegerField()
    key = models.UUIDField(unique=True, default=uuid.uuid4, editable=False)
    stripe_id = models.CharField(max_length=100, unique=True, null=True, blank=True)

    class Meta:
        constraints = [models.UniqueConstraint(name="stripe_price_once", fields=["price", "amount_pence"])]

    def __str__(self) -> str:
        return self.stripe_id or "not yet at Stripe"


class CheckoutState(models.TextChoices):
    """What became of a page to pay on."""

    NEW = "new", "Being made"
    OPEN = "open", "Can be paid"
    PENDING = "pending", "Payment on its way"
    PAID = "paid", "Paid"
    FAILED = "failed", "Payment failed"
    EXPIRED = "expired", "Not used"


class CheckoutQuerySet(models.QuerySet["Checkout"]):
    """Questions about pages to pay on."""

    def payable(self):
        """Those on which somebody could still pay."""
        return self.filter(state__in=[CheckoutState.NEW, CheckoutState.OPEN])

    def pending(self):
        """Those that were used, and whose money has not come yet."""
        return self.filter(state=CheckoutState.PENDING)


class PageToPay(models.Model):
    """A page of Stripe's on which something is paid.

    `key` goes along as idempotency key and in the metadata, so that a page is known again even if we were killed before
    its id could be kept. `expires_at` is Stripe's answer, and a guess before.
    """

    customer = models.ForeignKey(StripeCustomer, on_delete=models.PROTECT, related_name="%(class)ss")
    key = models.UUIDField(unique=True, default=uuid.uuid4, editable=False)
    state = models.CharField(max_length=8, choices=CheckoutState, default=CheckoutState.NEW)
    stripe_id = models.CharField(max_length=100, unique=True, null=True, blank=True)
    url = models.TextField(blank=True)
    expires_at = models.DateTimeField()
    subscription_id = models.CharField(max_length=100, blank=True)
    payment_intent_id = models.CharField(max_length=100, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)

    objects = CheckoutQuerySet.as_manager()

    class Meta:
        abstract = True
        ordering = ["-pk"]

    def __str__(self) -> str:
        return self.stripe_id or str(self.key)


class Checkout(PageToPay):
    """Stripe's page on which an application is paid. One at a time: a second click gets the same.

    The same request must be the same to the letter: so price, method and `renews` are kept here, as an application may
    be changed while its page is open.
    """

    application = models.ForeignKey(Application, on_delete=models.PROTECT, related_name="checkouts")
    stripe_price = models.ForeignKey(StripePrice, on_delete=models.PROTECT, related_name="checkouts")
    method = models.CharField(max_length=14, choices=Method)
    renews = models.BooleanField()

    class Meta(PageToPay.Meta):
        constraints = [
            models.UniqueConstraint(
                name="checkout_one_at_a_time",
                fields=["application"],
                condition=Q(state__in=["new", "open", "pending"]),
            ),
        ]
        indexes = [models.Index(fields=["payment_intent_id"], name="checkout_intent")]


class SubscriptionStatus(models.TextChoices):
    """Stripe's word for it."""

    INCOMPLETE = "incomplete", "Not paid yet"
    INCOMPLETE_EXPIRED = "incomplete_expired", "Never paid"
    TRIALING = "trialing", "Trial"
    ACTIVE = "active", "Renews by itself"
    PAST_DUE = "past_due", "Payment failed, tried again"
    UNPAID = "unpaid", "Payment failed"
    CANCELED = "canceled", "Ended"
    PAUSED = "paused", "Paused"


ENDED = [SubscriptionStatus.CANCELED, SubscriptionStatus.INCOMPLETE_EXPIRED]


class StripeSubscriptionQuerySet(models.QuerySet):
    """Questions about whatever Stripe collects again and again."""

    def live(self):
        """Those that may still ask for money."""
        return self.exclude(status__in=ENDED)

    def of_person(self, person: Person):
        """Those of one person, the newest first."""
        return self.filter(customer__person=person)

    def failing(self):
        """Those whose last payment failed, or whose way to pay does not work any more."""
        return self.live().filter(
            Q(status__in=[SubscriptionStatus.PAST_DUE, SubscriptionStatus.UNPAID])
            | ~Q(unpaid_invoice_id="")
            | Q(needs_new_method=True)
        )


class StripeSubscription(models.Model):
    """What Stripe collects again and again, as last read back. Moments are UTC, amounts pence.

    `unpaid_*` tell of the invoice that Stripe failed to collect.
    """

    stripe_id = models.CharField(max_length=100, unique=True)
    customer = models.ForeignKey(StripeCustomer, on_delete=models.PROTECT, related_name="%(class)ss")
    amount_pence = models.PositiveIntegerField("amount")
    item_id = models.CharField(max_length=100)
    status = models.CharField(max_length=18, choices=SubscriptionStatus)
    started_at = models.DateTimeField()
    period_ends_at = models.DateTimeField("next payment")
    cancel_at = models.DateTimeField("ends", null=True, blank=True)
    cancelled_at = models.DateTimeField(null=True, blank=True)
    ended_at = models.DateTimeField(null=True, blank=True)
    end_reason = models.CharField(max_length=30, blank=True)
    method = models.CharField(max_length=14, choices=Method)
    payment_method_id = models.CharField(max_length=100, blank=True)
    card_brand = models.CharField(max_length=20, blank=True)
    last4 = models.CharField("last digits", max_length=4, blank=True)
    card_expires_on = models.DateField(null=True, blank=True)
    needs_new_method = models.BooleanField(default=False)
    unpaid_invoice_id = models.CharField(max_length=100, blank=True)
    unpaid_pence = models.PositiveIntegerField(default=0)
    unpaid_attempts = models.PositiveSmallIntegerField(default=0)
    unpaid_url = models.TextField(blank=True)
    next_attempt_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        abstract = True
        ordering = ["-started_at", "-pk"]

    def __str__(self) -> str:
        return self.stripe_id

    @property
    def is_live(self) -> bool:
        """Whether it may still ask for money."""
        return self.status not in ENDED

    @property
    def is_ending(self) -> bool:
        """Whether it runs to the end of what was paid, and then ends."""
        return self.is_live and self.cancel_at is not None

    @property
    def is_failing(self) -> bool:
        """As `StripeSubscriptionQuerySet.failing` asks it."""
        is_behind = self.status in (SubscriptionStatus.PAST_DUE, SubscriptionStatus.UNPAID)
        return self.is_live and (is_behind or self.unpaid_invoice_id != "" or self.needs_new_method)

    @property
    def renews_on(self) -> date | None:
        """The London day on which Stripe takes the next payment; None if it takes none."""
        if not self.is_live or self.cancel_at is not None:
            return None
        return timezone.localdate(self.period_ends_at)

    @property
    def paid_by(self) -> str:
        """ "Visa card ending in 4242", "Direct Debit, account ending in 2345"."""
        if self.method == Method.DEBIT:
            return f"Direct Debit, account ending in {self.last4}" if self.last4 else "Direct Debit"
        brand = self.card_brand.capitalize() if self.card_brand else ""
        return f"{brand} card ending in {self.last4}".strip() if self.last4 else "Card"


class SubscriptionQuerySet(StripeSubscriptionQuerySet):
    """Questions about memberships that Stripe renews."""

    def renewing(self):
        """Those that renew by themselves, so that nobody needs to be reminded."""
        goes_on = self.live().filter(cancel_at__isnull=True).exclude(status=SubscriptionStatus.UNPAID)
        return goes_on.exclude(~Q(unpaid_invoice_id=""), membership__isnull=True)

    def bounced(self):
        """Those whose first payment bounced, so that they never began; Stripe may go on trying."""
        return self.live().filter(~Q(unpaid_invoice_id=""), membership__isnull=True)


class Subscription(StripeSubscription):
    """A membership that Stripe renews by itself. `membership` is empty until the first money has come."""

    application = models.ForeignKey(Application, on_delete=models.PROTECT, related_name="subscriptions")
    membership = models.ForeignKey(
        Membership, null=True, blank=True, on_delete=models.PROTECT, related_name="subscriptions"
    )
    price = models.ForeignKey(Price, on_delete=models.PROTECT, related_name="subscriptions")

    objects = SubscriptionQuerySet.as_manager()

    class Meta(StripeSubscription.Meta):
        indexes = [
            models.Index(fields=["status", "period_ends_at"], name="subscription_status"),
            models.Index(fields=["payment_method_id"], name="subscription_method"),
        ]


class PriceChange(models.Model):
    """That a subscription will cost another amount from a renewal on: announced, and later carried out at Stripe."""

    subscription = models.ForeignKey(Subscription, on_delete=models.PROTECT, related_name="price_changes")
    price = models.ForeignKey(Price, on_delete=models.PROTECT, related_name="+")
    amount_before_pence = models.PositiveIntegerField()
    amount_pence = models.PositiveIntegerField()
    effective_on = models.DateField(help_text="The first renewal at the new price.")
    told_at = models.DateTimeField(auto_now_add=True)
    applied_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["-told_at"]
        constraints = [models.UniqueConstraint(name="price_change_once", fields=["subscription", "price"])]

    def __str__(self) -> str:
        return f"{self.subscription_id}: {self.amount_pence} from {self.effective_on}"


SETTLED_DISPUTES = ("won", "lost", "warning_closed", "prevented")


class Dispute(models.Model):
    """That somebody told their bank not to pay us. `due_at`: until when evidence can be handed in at Stripe."""

    stripe_id = models.CharField(max_length=100, unique=True)
    payment = models.ForeignKey(Payment, on_delete=models.PROTECT, related_name="disputes")
    amount_pence = models.PositiveIntegerField("amount")
    reason = models.CharField(max_length=60)
    status = models.CharField(max_length=40)
    opened_at = models.DateTimeField()
    due_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["-opened_at"]

    def __str__(self) -> str:
        return self.stripe_id

    @property
    def is_open(self) -> bool:
        return self.status not in SETTLED_DISPUTES


class EventState(models.TextChoices):
    """What became of an event."""

    APPLIED = "applied", "Applied"
    IGNORED = "ignored", "Not ours"
    FAILED = "failed", "Failed, will be tried again"


class StripeEvent(models.Model):
    """That Stripe told us something: once each. What it said is not kept, since the object itself is read back.

    `parent_id` is the subscription or payment intent that the object belongs to, where the object itself is none.
    """

    stripe_id = models.CharField(max_length=100, unique=True)
    type = models.CharField(max_length=80)
    object_id = models.CharField(max_length=100)
    parent_id = models.CharField(max_length=100, blank=True)
    happened_at = models.DateTimeField()
    received_at = models.DateTimeField(auto_now_add=True)
    state = models.CharField(max_length=8, choices=EventState)
    tries = models.PositiveSmallIntegerField(default=0)
    error = models.CharField(max_length=300, blank=True)

    class Meta:
        verbose_name = "Stripe event"
        ordering = ["-happened_at", "-pk"]
        indexes = [
            models.Index(fields=["-happened_at", "-id"], name="stripe_event_happened"),
            models.Index(fields=["state"], name="stripe_event_failed", condition=Q(state="failed")),
        ]

    def __str__(self) -> str:
        return f"{self.type} ({self.stripe_id})"

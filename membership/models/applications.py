"""What somebody filled in on the join page and has not paid for yet."""

import hashlib
import secrets

from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Lower
from django.urls import reverse

from membership.models.details import ContactDetails
from membership.models.payments import Method, Payment
from membership.models.people import Person, plain
from membership.models.plans import Plan, Price


def new_secret() -> str:
    """A secret that nobody guesses, for an address."""
    return secrets.token_urlsafe(24)


class ApplicationState(models.TextChoices):
    """What became of it."""

    OPEN = "open", "Waiting for payment"
    ACCEPTED = "accepted", "Paid"
    REPLACED = "replaced", "Filled in again"
    DISCARDED = "discarded", "Discarded"


class ApplicationQuerySet(models.QuerySet["Application"]):
    """Questions about applications."""

    def open(self):
        """Those whose payment has not come."""
        return self.filter(state=ApplicationState.OPEN)


class Application(ContactDetails):
    """A wish to join or renew, as it was typed. Nothing of it touches anybody's record before the payment comes.

    `token` is the form's own: a form that is sent twice is one application. `identity` says who it is from, so that one
    human has one open application, in however many tabs. `person` is whom it seems to be. `secret` opens the thank-you
    page; `confirm_secret` is known only to who reads the mail.
    """

    token = models.UUIDField(unique=True, editable=False)
    secret = models.CharField(max_length=40, unique=True, default=new_secret, editable=False)
    confirm_secret = models.CharField(max_length=40, unique=True, default=new_secret, editable=False)
    mails_sent = models.PositiveSmallIntegerField(default=0, editable=False)
    reference = models.CharField(max_length=12, unique=True)
    identity = models.CharField(max_length=64, editable=False)
    state = models.CharField(max_length=10, choices=ApplicationState, default=ApplicationState.OPEN)
    person = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="applications")
    payment = models.OneToOneField(Payment, null=True, blank=True, on_delete=models.PROTECT, related_name="application")
    plan = models.ForeignKey(Plan, on_delete=models.PROTECT, related_name="+")
    price = models.ForeignKey(Price, on_delete=models.PROTECT, related_name="+")
    amount_pence = models.PositiveIntegerField("amount")
    method = models.CharField(max_length=14, choices=Method)
    renews = models.BooleanField("renews by itself", default=False)
    household = models.JSONField("others of the household", default=list, help_text="Their names, as typed.")
    concession_declared = models.CharField(max_length=250, blank=True, help_text="The words that were ticked.")
    gift_aid_version = models.CharField(max_length=20, blank=True, help_text="Of the declaration that was ticked.")
    consents = models.JSONField(default=list, help_text="Purpose and words of each box ticked.")
    email_confirmed_at = models.DateTimeField(null=True, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)

    objects = ApplicationQuerySet.as_manager()

    class Meta:
        ordering = ["-created_at", "-pk"]
        constraints = [
            models.UniqueConstraint(name="application_open_once", fields=["identity"], condition=Q(state="open")),
            models.CheckConstraint(
                name="application_accepted_is_paid",
                condition=Q(state="accepted", payment__isnull=False) | (~Q(state="accepted") & Q(payment__isnull=True)),
            ),
            models.CheckConstraint(name="application_pays_the_price", condition=Q(amount_pence__gt=0)),
            models.CheckConstraint(name="application_email_is_lower_case", condition=Q(email=Lower(F("email")))),
        ]
        indexes = [models.Index(fields=["email", "-created_at"], name="application_email")]

    def get_absolute_url(self) -> str:
        """The secret address of its thank-you page."""
        return reverse("membership:thanks", args=[self.secret])

    @property
    def is_open(self) -> bool:
        return self.state == ApplicationState.OPEN

    def identify(self) -> str:
        """Who this is from, as far as one can tell from what was typed."""
        typed = [self.email, self.organisation_name, self.first_name, self.last_name, self.postcode]
        return hashlib.sha256("\n".join(plain(each) for each in typed).encode()).hexdigest()

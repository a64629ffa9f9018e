"""People and organisations: one record for each human, found by verified e-mail."""

import unicodedata
from datetime import date, timedelta
from typing import Any

from django.conf import settings
from django.contrib.postgres.indexes import GinIndex, OpClass
from django.db import models
from django.db.models import Count, Exists, F, OuterRef, Q
from django.db.models.functions import Lower
from django.utils import timezone
from simple_history.models import HistoricalRecords

from membership import models as membership_models  # by name at run time: they import this module
from membership import references
from membership.models.details import ContactDetails


def plain(text: str) -> str:
    """Lower case without accents: what is searched, and what is searched for."""
    decomposed = unicodedata.normalize("NFKD", text.casefold())
    return "".join(each for each in decomposed if not unicodedata.combining(each))


class PersonKind(models.TextChoices):
    """Whether it is a human or a body of humans."""

    PERSON = "person", "Person"
    ORGANISATION = "organisation", "Organisation"


class PersonQuerySet(models.QuerySet["Person"]):
    """Questions about people. `on` is a London date; without it, today."""

    def with_verified_email(self, email: str):
        """The one whose verified address this is, in any case of letters."""
        return self.filter(email=email.strip().lower(), email_verified_at__isnull=False)

    def members(self, on: date | None = None):
        """Members on that day, by what was paid until when, with grace; people covered by a household included.

        This is the one answer to "is a member on this date"; `is_member` and every list ask here.
        """
        on = on or timezone.localdate()
        counting = membership_models.Term.objects.counting(on)
        own = counting.filter(membership__person=OuterRef("pk"))
        through = (
            membership_models.Cover.objects.on(on)
            .filter(person=OuterRef("pk"))
            .filter(Exists(counting.filter(membership=OuterRef("membership"))))
        )
        return self.filter(Exists(own) | Exists(through))

    def joined(self, first: date, last: date):
        """Those whose very first term starts within these days."""
        terms = self._terms().filter(cut_on__isnull=True)
        return self.filter(
            Exists(terms.filter(starts_on__range=(first, last))), ~Exists(terms.filter(starts_on__lt=first))
        )

    def lapsing(self, days: int, on: date | None = None):
        """Members whose paid time ends within so many days, with nothing paid beyond and nothing cancelled.

        Not those whose membership renews by itself.
        """
        on = on or timezone.localdate()
        ending = self._terms().ending(on, on + timedelta(days=days)).filter(membership__cancelled_on__isnull=True)
        renewing = membership_models.Subscription.objects.renewing().filter(membership=OuterRef("membership"))
        return self.filter(Exists(ending.filter(~Exists(renewing))))

    def past_due(self, on: date | None = None):
        """Members in grace: what they paid for has ended, and they are still waited for.

        Not those whose renewal is on its way, as far as is known today.
        """
        return self._in_grace(on or timezone.localdate()).filter(~Exists(self._renewals_under_way()))

    def _in_grace(self, on: date):
        ended = self._terms().filter(starts_on__lte=on, ends_on__lt=on).counting(on)
        return self.members(on).filter(Exists(ended)).exclude(Exists(self._terms().paid(on)))

    def lapsed(self, on: date | None = None):
        """Were members by a membership of their own, did not cancel, and are not members any more."""
        on = on or timezone.localdate()
        ended = self._terms().filter(starts_on__lte=on, membership__cancelled_on__isnull=True)
        return self.filter(Exists(ended)).exclude(pk__in=self.model.objects.members(on))

    def cancelled(self):
        """Those who ended a membership, whether or not its paid time still runs."""
        return self.filter(
            Exists(membership_models.Membership.objects.filter(person=OuterRef("pk"), cancelled_on__isnull=False))
        )

    def pending(self):
        """Those who filled in the form and have not paid. Not those whose payment is on its way."""
        under_way = membership_models.Checkout.objects.pending().filter(application=OuterRef("pk"))
        waiting = membership_models.Application.objects.open().filter(~Exists(under_way), person=OuterRef("pk"))
        return self.filter(Exists(waiting))

    def on_its_way(self):
        """Those who paid, and whose bank takes its days: on a page to pay on, or by a renewal that has not failed."""
        checkouts = membership_models.Checkout.objects.pending().filter(application__person=OuterRef("pk"))
        renewed = self._in_grace(timezone.localdate()).filter(Exists(self._renewals_under_way())).values("pk")
        return self.filter(Q(Exists(checkouts)) | Q(pk__in=renewed))

    @staticmethod
    def _renewals_under_way():
        """A new period has begun at Stripe and nothing has failed: a debit takes days until it is paid."""
        renewing = membership_models.Subscription.objects.renewing()
        return renewing.filter(
            membership__person=OuterRef("pk"),
            status="active",
            unpaid_invoice_id="",
            period_ends_at__gt=timezone.now(),
        )

    def renewing(self):
        """Those whose membership renews by itself."""
        return self.filter(Exists(self._subscriptions().renewing()))

    def failing(self):
        """Those whose card or account does not pay: Stripe tries again, or waits for another way to pay."""
        return self.filter(Exists(self._subscriptions().failing()))

    def with_standing(self):
        """Each with what `membership.standing` looks at."""
        return self.prefetch_related(
            "applications__checkouts",
            "memberships__plan",
            "memberships__terms",
            "memberships__subscriptions",
            "cover_set__membership__person",
            "cover_set__membership__terms",
        )

    @staticmethod
    def _subscriptions():
        return membership_models.Subscription.objects.filter(customer__person=OuterRef("pk"))

    @staticmethod
    def _terms():
        return membership_models.Term.objects.filter(membership__person=OuterRef("pk"))

    def search(self, text: str):
        """Those whose name, e-mail, postcode, telephone or reference matches every word of the text."""
        by_words = self
        for word in plain(text).split()[:10]:
            by_words = by_words.filter(search_text__contains=word)
        reference = references.read(text)
        if reference is None:
            return by_words
        holders = membership_models.Membership.objects.filter(reference=reference).values("person")
        applicants = membership_models.Application.objects.filter(reference=reference).values("person")
        donors = membership_models.Donation.objects.filter(reference=reference).values("person")
        known = Q(pk__in=holders) | Q(pk__in=applicants) | Q(pk__in=donors)
        return self.filter(known | Q(search_text__contains=plain(text)))

    def sharing_email(self):
        """Groups of records with one e-mail address: dictionaries with `email` and `number`."""
        shared = self.exclude(email="").values("email").annotate(number=Count("pk"))
        return shared.filter(number__gt=1).order_by("email")

    def sharing_name_and_postcode(self):
        """Groups of records with one name and one postcode: dictionaries with `sort_name`, `postcode`, `number`."""
        shared = self.exclude(postcode="").values("sort_name", "postcode").annotate(number=Count("pk"))
        return shared.filter(number__gt=1).order_by("sort_name")

    def alike(self, person: ContactDetails):
        """Records that may be the same human: one e-mail address, or one name and one postcode."""
        same = Q(pk__in=[])
        if person.email:
            same |= Q(email=person.email)
        if person.postcode:
            same |= Q(sort_name=sort_name(person), postcode=person.postcode)
        return self.filter(same).exclude(pk=person.pk if isinstance(person, Person) else None).order_by("pk")


def sort_name(details: ContactDetails) -> str:
    """How somebody is filed: the organisation, or last name first; lower case, without accents."""
    name = details.organisation_name or f"{details.last_name} {details.first_name}".strip() or details.email
    return plain(name)[:260]  # some characters unfold into many


class Person(ContactDetails):
    """One human, or one organisation with its named contact.

    An address counts as somebody's own once it is verified, and then it is theirs alone. Until then several records
    may carry it, since anybody can type it.
    """

    kind = models.CharField(max_length=12, choices=PersonKind, default=PersonKind.PERSON)
    email_verified_at = models.DateTimeField("e-mail verified", null=True, blank=True, editable=False)
    language = models.CharField(max_length=2, choices=settings.LANGUAGES, default="en")
    do_not_contact = models.BooleanField(
        default=False, help_text="They died, or asked never to be written to: no reminder, no receipt, nothing."
    )
    notes = models.TextField(blank=True, help_text="Seen by staff only. The person may ask to read them.")
    user = models.OneToOneField(
        settings.AUTH_USER_MODEL,
        null=True,
        blank=True,
        editable=False,
        on_delete=models.SET_NULL,
        related_name="person",
        verbose_name="sign-in account",
    )
    created_at = models.DateTimeField(auto_now_add=True)
    sort_name = models.CharField(max_length=260, editable=False)
    search_text = models.TextField(editable=False)
    history = HistoricalRecords(excluded_fields=["sort_name", "search_text"])

    objects = PersonQuerySet.as_manager()

    class Meta:
        verbose_name_plural = "people"
        ordering = ["sort_name", "pk"]
        constraints = [
            models.UniqueConstraint(
                Lower("email"), name="person_verified_email_once", condition=Q(email_verified_at__isnull=False)
            ),
            models.CheckConstraint(name="person_email_is_lower_case", condition=Q(email=Lower("email"))),
            models.CheckConstraint(
                name="person_verified_has_email", condition=Q(email_verified_at__isnull=True) | ~Q(email="")
            ),
        ]
        indexes = [
            models.Index(fields=["email"], name="person_email"),
            models.Index(fields=["sort_name", "postcode"], name="person_name_postcode"),
            models.Index(fields=["sort_name", "id"], name="person_sorted"),
            GinIndex(OpClass(F("search_text"), name="gin_trgm_ops"), name="person_search"),
        ]

    def save(self, *args: Any, **kwargs: Any) -> None:
        """Keep the columns that lists sort and search by in line with the name."""
        self.email = self.email.strip().lower()
        self.sort_name = sort_name(self)
        bare_postcode = self.postcode.replace(" ", "")
        words = [self.organisation_name, self.contact_name, self.email, self.postcode, bare_postcode, self.phone]
        self.search_text = plain(" ".join(word for word in words if word))
        super().save(*args, **kwargs)

    @property
    def is_organisation(self) -> bool:
        return self.kind == PersonKind.ORGANISATION

    @property
    def may_be_mailed(self) -> bool:
        """Whether the site may send them mail at all."""
        return bool(self.email) and not self.do_not_contact

    def is_member(self, on: date | None = None) -> bool:
        """Whether they are a member on that London date (today without one)."""
        return Person.objects.filter(pk=self.pk).members(on).exists()


class MergeRecord(models.Model):
    """That two records were one human: what the record that went held, and what was moved."""

    kept = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="merges")
    dropped_id = models.BigIntegerField("number of the record that went")
    dropped = models.JSONField("what it held")
    moved = models.JSONField("rows moved, by kind")
    by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+")
    at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["-at"]

    def __str__(self) -> str:
        return f"{self.dropped_id} into {self.kept_id}"

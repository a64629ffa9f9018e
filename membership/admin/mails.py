"""What members are told, as it looks: every mail with made-up facts. Nothing is sent, and no row is made or shown."""

import hashlib
import re
from base64 import b64encode
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from django.contrib import admin
from django.http import Http404, HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.utils import timezone

from membership import mails as kinds
from membership import mails_giving as giving
from membership.admin.views import needs
from membership.models import (
    Application,
    Checkout,
    Concern,
    ConcernKind,
    Dedication,
    Donation,
    Frequency,
    Membership,
    Method,
    NoticeKind,
    Payment,
    Person,
    Plan,
    Price,
    PriceChange,
    RegularGift,
    StripeCustomer,
    Subscription,
    SubscriptionStatus,
    Term,
)

SEE = "membership.view_person"
STYLE = re.compile(r"<style>(.*?)</style>", re.DOTALL)


@dataclass(frozen=True)
class Sample:
    """One mail with made-up facts. `name` is its address here, `when` says when it is sent."""

    name: str
    when: str
    mail: kinds.Mail


@needs(SEE)
def mails(request: HttpRequest) -> HttpResponse:
    """Every mail, its subject and its text."""
    context = admin.site.each_context(request) | {
        "title": "What our mails say",
        "opts": Person._meta,
        "samples": samples(),
    }
    return TemplateResponse(request, "admin/membership/mails.html", context)


@needs(SEE)
def mail_html(request: HttpRequest, name: str) -> HttpResponse:
    """One mail's HTML, as a mail program would show it: no script, nothing fetched, no style but its own."""
    found = next((sample for sample in samples() if sample.name == name), None)
    if found is None:
        raise Http404("There is no such mail.")
    html = found.mail.html
    hashes = [b64encode(hashlib.sha256(style.encode()).digest()).decode() for style in STYLE.findall(html)]
    allowed = " ".join(f"'sha256-{each}'" for each in hashes) or "'none'"
    response = HttpResponse(html)
    response["Content-Security-Policy"] = (
        f"default-src 'none'; style-src {allowed}; base-uri 'none'; form-action 'none'; "
        "frame-ancestors 'self'; sandbox allow-popups"
    )
    response["X-Frame-Options"] = "SAMEORIGIN"
    return response


def samples() -> list[Sample]:
    """All of them, in the order of a membership's life."""
    made = Made()
    return [
        *_of_joining(made),
        *_of_money(made),
        *_of_the_course(made),
        *_of_failures(made),
        *_of_gifts(made),
        *_to_staff(made),
    ]


class Made:
    """Somebody who does not exist and what belongs to them, in memory only. Number 0 is never a row's."""

    def __init__(self) -> None:
        self.today = timezone.localdate()
        self.later = self.today + timedelta(days=13)
        self.person = Person(pk=0, first_name="Demo", last_name="Member", email="demo@people.example")
        self.plan = Plan(pk=0, name="Individual", slug="individual")
        self.price = Price(pk=0, plan=self.plan, amount_pence=2500)
        self.membership, self.term = self.paid_for(self.later)
        self.customer = StripeCustomer(pk=0, person=self.person)

    def paid_for(self, until: date, **changes: Any) -> tuple[Membership, Term]:
        """A membership with one term."""
        membership = Membership(pk=0, person=self.person, plan=self.plan, method=Method.CARD, reference="DEMO-0000")
        days = {"starts_on": until - timedelta(days=364), "ends_on": until, "grace_until": until + timedelta(days=30)}
        term = Term(pk=0, membership=membership, price=self.price, **days | changes)
        # As if prefetched: there is nothing in the database to ask for.
        terms = Term.objects.none()
        terms._result_cache = [term]
        membership._prefetched_objects_cache = {"terms": terms}  # type: ignore[attr-defined]
        return membership, term

    def application(self, method: str) -> Application:
        """What somebody filled in."""
        return Application(
            pk=0,
            person=self.person,
            plan=self.plan,
            price=self.price,
            amount_pence=2500,
            method=method,
            first_name="Demo",
            last_name="Member",
            email=self.person.email,
            reference="DEMO-0000",
        )

    def subscription(self, **changes: Any) -> Subscription:
        """One that renews by itself, by card."""
        facts = {
            "stripe_id": "sub_sample",
            "customer": self.customer,
            "membership": self.membership,
            "price": self.price,
            "amount_pence": 2500,
            "status": SubscriptionStatus.ACTIVE,
            "period_ends_at": timezone.now() + timedelta(days=14),
            "method": Method.CARD,
            "card_brand": "visa",
            "last4": "4242",
            "card_expires_on": self.today + timedelta(days=7),
        }
        return Subscription(pk=0, **facts | changes)

    def failing(self, attempts: int, *, retry_days: int | None) -> Subscription:
        """One whose invoice could not be collected."""
        again = timezone.now() + timedelta(days=retry_days) if retry_days else None
        return self.subscription(
            status=SubscriptionStatus.PAST_DUE,
            unpaid_invoice_id="in_sample",
            unpaid_pence=2500,
            unpaid_attempts=attempts,
            unpaid_url="https://invoice.stripe.com/i/sample",
            next_attempt_at=again,
        )

    def payment(self, method: str, pence: int = 2500, **changes: Any) -> Payment:
        """Money that came today."""
        return Payment(pk=0, person=self.person, method=method, gross_pence=pence, **changes)


def _of_joining(made: Made) -> list[Sample]:
    by_transfer = kinds.application_received.compose(made.application(Method.TRANSFER))
    by_card = kinds.application_received.compose(made.application(Method.CARD))
    bounced = kinds.first_payment_failed.compose(Checkout(application=made.application(Method.DEBIT)))
    return [
        Sample("application", "Somebody filled in the join page, to pay by transfer or cheque.", by_transfer),
        Sample("application-online", "The same, to pay by card or Direct Debit.", by_card),
        Sample("first-payment-failed", "The first payment of an application bounced.", bounced),
    ]


def _of_money(made: Made) -> list[Sample]:
    membership, term = made.paid_for(made.today + timedelta(days=364))
    renewed = made.subscription(membership=membership, period_ends_at=timezone.now() + timedelta(days=365))
    online = made.payment(Method.CARD, subscription=renewed)
    term.payment = online
    by_hand = made.payment(Method.CHEQUE)
    _, bought = made.paid_for(made.today + timedelta(days=364))
    bought.payment = by_hand
    difference = made.payment(Method.CARD, 1000, subscription=made.subscription())
    _, cut = made.paid_for(made.later, cut_on=made.today)
    whole = made.payment(Method.CARD, -2500, reverses=made.payment(Method.CARD))
    part = made.payment(Method.CARD, -1000, reverses=made.payment(Method.CARD))
    return [
        Sample("receipt", "A payment came; the next is taken by itself.", kinds.receipt.compose(online)),
        Sample("receipt-by-hand", "A payment came that does not renew by itself.", kinds.receipt.compose(by_hand)),
        Sample("receipt-difference", "The difference for a change of plan came.", kinds.receipt.compose(difference)),
        Sample("refunded", "A payment was given back.", kinds.refunded.compose(whole, term=cut)),
        Sample("refunded-part", "Part of a payment was given back.", kinds.refunded.compose(part, term=made.term)),
    ]


def _of_the_course(made: Made) -> list[Sample]:
    _, over = made.paid_for(made.today - timedelta(days=31))
    subscription = made.subscription()
    change = PriceChange(
        subscription=subscription,
        price=Price(plan=made.plan, amount_pence=3000),
        amount_before_pence=2500,
        amount_pence=3000,
        effective_on=made.later,
    )
    reminder = kinds.notice.compose(made.term, NoticeKind.REMINDER_30, made.price)
    lapsed = kinds.notice.compose(over, NoticeKind.LAPSED, made.price)
    return [
        Sample("reminder", "30 and 7 days before the end, to those who pay each time.", reminder),
        Sample("lapsed", "The days of grace are over.", lapsed),
        Sample(
            "renewal-coming",
            "14 days before a year renews by itself.",
            kinds.renewal_coming.compose(subscription, None),
        ),
        Sample("renewal-coming-price", "The same, at a new price.", kinds.renewal_coming.compose(subscription, change)),
        Sample("price-change", "A new price is announced.", kinds.price_change.compose(change)),
        Sample("cancelled", "A membership was cancelled.", kinds.cancelled.compose(made.membership)),
        Sample(
            "account-closed",
            "A member closed their account.",
            kinds.account_closed.compose(made.person, made.membership),
        ),
    ]


def _of_failures(made: Made) -> list[Sample]:
    until = made.later + timedelta(days=30)
    failures = [("first", made.failing(1, retry_days=3)), ("again", made.failing(2, retry_days=5))]
    failures.append(("last", made.failing(4, retry_days=None)))
    ended = made.subscription(status=SubscriptionStatus.CANCELED)
    debit = made.subscription(method=Method.DEBIT, last4="2345")
    return [
        *(
            Sample(
                f"payment-failed-{stage}",
                f"A payment failed: the {stage} time." if stage != "again" else "A payment failed again.",
                kinds.payment_failed.compose(failing, stays_until=until),
            )
            for stage, failing in failures
        ),
        Sample(
            "ended-unpaid",
            "Stripe has given up trying.",
            kinds.ended_unpaid.compose(ended, stays_until=until),
        ),
        Sample("new-method", "A Direct Debit was cancelled at the bank.", kinds.new_method.compose(debit)),
        Sample(
            "new-method-card", "No card or account is left to pay by.", kinds.new_method.compose(made.subscription())
        ),
        Sample(
            "card-expires", "A card runs out before the next payment.", kinds.card_expires.compose(made.subscription())
        ),
    ]


def _of_gifts(made: Made) -> list[Sample]:
    donation = Donation(
        pk=0, person=made.person, first_name="Demo", last_name="Member", email=made.person.email, amount_pence=2500
    )
    donation.reference, donation.secret, donation.method = "DEMO-0000", "sample", Method.TRANSFER
    donation.dedication, donation.dedicated_to = Dedication.MEMORY, "Somebody Dear"
    monthly = Donation(pk=0, person=made.person, first_name="Demo", frequency=Frequency.MONTH, reference="DEMO-0001")
    shared = {"stripe_id": "sub_sample", "customer": made.customer, "donation": monthly, "amount_pence": 1000}
    failing = RegularGift(pk=0, **shared, status=SubscriptionStatus.PAST_DUE, unpaid_pence=1000, unpaid_url="https://x")
    failing.next_attempt_at = timezone.now() + timedelta(days=3)
    ended = RegularGift(pk=0, **shared, status=SubscriptionStatus.CANCELED, end_reason="cancellation_requested")
    once, every = made.payment(Method.CARD, donation=donation), made.payment(Method.DEBIT, 1000, donation=monthly)
    thanks = giving.thank_you.compose
    return [
        Sample("gift-how", "Somebody wishes to give by transfer or cheque.", giving.how_to_give.compose(donation)),
        Sample("gift-thanks", "A gift came, with Gift Aid.", thanks(once, has_declared=True)),
        Sample("gift-thanks-monthly", "A monthly gift came once more.", thanks(every, is_first=False)),
        Sample("gift-failed", "A Direct Debit for a gift bounced.", giving.gift_failed.compose(donation)),
        Sample("gift-failed-monthly", "A month could not be taken.", giving.monthly_failed.compose(failing)),
        Sample("gift-ended", "A monthly gift has ended.", giving.monthly_ended.compose(ended)),
    ]


def _to_staff(made: Made) -> list[Sample]:
    text = "Demo Member pays by two subscriptions. Cancel one of them, and give back what it took."
    concern = Concern(kind=ConcernKind.TWO_SUBSCRIPTIONS, about="sample", text=text)
    return [Sample("concern", "To us: something to look at.", kinds.concern.compose(concern))]

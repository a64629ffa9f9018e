"""Every mail that membership sends. Subject, text and HTML of each are templates in membership/mail/.

Each function below is a `MailKind`: called, it queues the mail in the caller's transaction; its `compose` only makes
it, for the admin's preview. Whoever must not be written to, or has no address, gets nothing.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from functools import update_wrapper
from typing import Any, Generic, ParamSpec

from django.conf import settings
from django.core.mail import EmailMultiAlternatives
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils import timezone

from membership import gateway
from membership.models import (
    Application,
    Checkout,
    Concern,
    Interval,
    Membership,
    Method,
    NoticeKind,
    Payment,
    Person,
    Price,
    PriceChange,
    Subscription,
    Term,
)
from membership.paying import is_online, owner_to_ask, way_to_pay, ways_to_pay
from membership.standing import RUNNING, main_membership

BY_STRIPE = [Method.CARD, Method.DEBIT]
P = ParamSpec("P")


@dataclass(frozen=True)
class Mail:
    """One mail, not sent yet. An empty `to`: nobody may be written to."""

    template: str
    to: str
    context: dict[str, Any]

    def _render(self, ending: str) -> str:
        own_page = _link("membership:me")
        everywhere = {"site_url": settings.SITE_URL, "site_name": settings.SITE_NAME, "own_page": own_page}
        return render_to_string(f"membership/mail/{self.template}{ending}", everywhere | self.context)

    @property
    def subject(self) -> str:
        """One line, whatever it holds."""
        return " ".join(self._render("_subject.txt").split())

    @property
    def text(self) -> str:
        return self._render(".txt")

    @property
    def html(self) -> str:
        return self._render(".html")

    def send(self) -> None:
        """Queue it. Only the bare address goes into a header, so that no name can add one."""
        if not self.to:
            return
        message = EmailMultiAlternatives(self.subject, self.text, to=[self.to])
        message.attach_alternative(self.html, "text/html")
        message.send()


class MailKind(Generic[P]):
    """A kind of mail: call it to send one; `compose` makes one without sending it."""

    def __init__(self, compose: Callable[P, Mail]) -> None:
        self.compose = compose
        update_wrapper(self, compose)

    def __call__(self, *args: P.args, **kwargs: P.kwargs) -> None:
        self.compose(*args, **kwargs).send()


def _to(person: Person, template: str, **context: Any) -> Mail:
    """A mail to somebody's own address."""
    name = person.contact_name or person.name
    return Mail(template, person.email if person.may_be_mailed else "", context | {"name": name, "person": person})


def _link(name: str, *args: Any) -> str:
    return settings.SITE_URL + reverse(name, args=args)


# --- Joining ---


@MailKind
def application_received(application: Application) -> Mail:
    """How to pay, and the button that confirms the address. A member is told so here, and only here."""
    person = application.person
    context = {
        "application": application,
        "name": application.contact_name,
        "way": way_to_pay(application.method),
        "is_online": is_online(application),
        "owner_pays": is_online(application) and owner_to_ask(application) is not None,
        "pay_url": settings.SITE_URL + application.get_absolute_url(),
        "confirm_url": _link("membership:confirm", application.confirm_secret),
        "is_confirmed": application.email_confirmed_at is not None or person.email_verified_at is not None,
        "current": _membership_of_owner(application),
    }
    return Mail("application", application.email, context)


def _membership_of_owner(application: Application) -> Membership | None:
    """The running membership of whom the address verifiably belongs to."""
    person = application.person
    is_theirs = person.email_verified_at is not None and person.email == application.email
    if not is_theirs or not person.is_member():
        return None
    return main_membership(Person.objects.with_standing().get(pk=person.pk))


@MailKind
def first_payment_failed(checkout: Checkout) -> Mail:
    """The bank did not pay what an application asked for. To the address that was typed: nothing is verified."""
    application = checkout.application
    # Who has verified the address meanwhile is asked first: the thank-you page alone would not let them pay.
    owner_pays = owner_to_ask(application) is not None
    thanks = settings.SITE_URL + application.get_absolute_url()
    context = {
        "application": application,
        "name": application.contact_name or application.name,
        "method": Method(application.method).label,
        "pay_url": _link("membership:confirm", application.confirm_secret) if owner_pays else thanks,
    }
    to = "" if application.person.do_not_contact else application.email
    return Mail("first_payment_failed", to, context)


# --- Money that came, or went back ---


@MailKind
def receipt(payment: Payment) -> Mail:
    """What came, what it is for, and until when it pays. A change of plan's difference buys no time of its own."""
    term = getattr(payment, "term", None)
    subscription = payment.subscription
    membership = term.membership if term else subscription.membership if subscription else None
    live = subscription or Subscription.objects.live().filter(membership=membership).first()
    plan = term.price.plan if term else membership.plan if membership else None
    by_hand = payment.method != Method.STANDING_ORDER and (live is None or live.renews_on is None)
    return _to(
        payment.person,
        "receipt",
        payment=payment,
        term=term,
        membership=membership,
        plan=plan,
        paid_by=_paid_by(payment),
        renews_on=live.renews_on if live else None,
        must_renew=term is not None and term.price.interval == Interval.YEAR and by_hand,
    )


def _paid_by(payment: Payment) -> str:
    """With the last digits, where the subscription still pays by the same."""
    subscription = payment.subscription
    if subscription is not None and subscription.method == payment.method:
        return subscription.paid_by
    return Method(payment.method).label


@MailKind
def refunded(payment_back: Payment, *, term: Term | None = None) -> Mail:
    """What went back of which payment, and what that means for the membership.

    `term`: what the payment had bought, as it is now; looked up where it is not given. Raises ValueError for a payment
    that takes none back.
    """
    payment = payment_back.reverses
    if payment is None:
        raise ValueError("only a payment that takes another back is a refund")
    term = term or Term.objects.filter(payment=payment).select_related("membership").first()
    membership = term.membership if term else None
    return _to(
        payment_back.person,
        "refunded",
        payment=payment,
        back_pence=-payment_back.gross_pence,
        on=payment_back.received_on,
        is_whole=payment_back.gross_pence == -payment.gross_pence,
        by_stripe=payment.method in BY_STRIPE,
        **_what_a_refund_means(term, membership),
    )


def _what_a_refund_means(term: Term | None, membership: Membership | None) -> dict[str, Any]:
    """Whether the membership runs all the same, and until when it ran."""
    return {
        "membership": membership,
        "is_cut": term is not None and term.cut_on is not None,
        "runs": membership is not None and membership.status in RUNNING,
        "until": membership.paid_until if membership else None,
    }


# --- The membership's course ---


@MailKind
def cancelled(membership: Membership) -> Mail:
    """That it ends, when, and how to take that back."""
    until = membership.paid_until
    may_resume = until is not None and until >= timezone.localdate()
    return _to(membership.person, "cancelled", membership=membership, until=until, may_resume=may_resume)


@MailKind
def account_closed(person: Person, membership: Membership | None) -> Mail:
    """That the sign-in account is gone, what was ended with it, and what we must keep."""
    return _to(person, "account_closed", membership=membership)


@MailKind
def notice(term: Term, kind: str, price: Price | None) -> Mail:
    """A reminder before the end, or a word after it. `price`: what a renewal costs; None if it is not offered."""
    return _to(
        term.membership.person,
        "lapsed" if kind == NoticeKind.LAPSED else "reminder",
        term=term,
        membership=term.membership,
        price=price,
        ways=ways_to_pay(),
        online_url=_renew_online(price) if gateway.is_ready() else "",
        join_url=_join(),
    )


def _renew_online(price: Price | None) -> str:
    """Where the same plan is paid by card or Direct Debit; where another is chosen if it is not offered any more."""
    return settings.SITE_URL + price.plan.get_absolute_url() if price and price.plan.is_offered else _join()


@MailKind
def renewal_coming(subscription: Subscription, change: PriceChange | None) -> Mail:
    """That it renews by itself: when, what is taken, and how to stop it. `change`: a new price, announced before."""
    return _of(
        subscription,
        "renewal_coming",
        change=change,
        amount_pence=change.amount_pence if change else subscription.amount_pence,
    )


@MailKind
def price_change(change: PriceChange) -> Mail:
    """That it will cost another amount from a renewal on."""
    return _of(change.subscription, "price_change", change=change, price=change.price)


# --- Payments by Stripe that do not work ---


@MailKind
def payment_failed(subscription: Subscription, *, stays_until: date | None) -> Mail:
    """What failed, what happens next and what to do. `stays_until`: their last day of grace; None without one."""
    stage = "first" if subscription.unpaid_attempts <= 1 else "again"
    membership = subscription.membership
    return _of(
        subscription,
        "payment_failed",
        stage="last" if subscription.next_attempt_at is None else stage,
        stays_until=stays_until,
        has_ended=membership is not None and membership.status not in RUNNING,
    )


@MailKind
def ended_unpaid(subscription: Subscription, *, stays_until: date | None) -> Mail:
    """Stripe has given up: the membership ends with its days of grace unless they pay.

    What is open is paid while the subscription lives, since nobody with one can join; later they join again.
    """
    is_open = subscription.is_live and bool(subscription.unpaid_url)
    return _of(subscription, "ended_unpaid", stays_until=stays_until, is_open=is_open, join_url=_join())


@MailKind
def new_method(subscription: Subscription) -> Mail:
    """The bank takes no more debits, or no card is left: another way to pay is needed."""
    membership = subscription.membership
    return _of(
        subscription,
        "new_method",
        is_debit=subscription.method == Method.DEBIT,
        until=membership.paid_until if membership else None,
    )


@MailKind
def card_expires(subscription: Subscription) -> Mail:
    """The card runs out before the next payment."""
    expires_on = subscription.card_expires_on
    return _of(subscription, "card_expires", has_run_out=expires_on is not None and expires_on < timezone.localdate())


def _of(subscription: Subscription, template: str, **context: Any) -> Mail:
    """A mail about a subscription, to whose it is."""
    return _to(subscription.customer.person, template, subscription=subscription, **context)


def _join() -> str:
    return _link("membership:why_join")


# --- To staff ---


@MailKind
def concern(concern: Concern) -> Mail:
    """Something that the site noticed and a human should look at."""
    link = _link("admin:membership_person_change", concern.person_id) if concern.person_id else ""
    return Mail("concern", settings.CONTACT_EMAIL, {"concern": concern, "person": concern.person, "link": link})

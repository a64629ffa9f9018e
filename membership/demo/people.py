"""Made-up people, one in every state that a member can be in. No mail is sent for any of them."""

import uuid
from dataclasses import dataclass, field
from datetime import date, timedelta

from django.db import transaction
from django.utils import timezone

from membership import references, wordings
from membership.actions.memberships import grace_end
from membership.actions.people import declare_gift_aid
from membership.dates import last_day, months_later
from membership.models import (
    Application,
    Consent,
    Cover,
    Interval,
    Membership,
    Method,
    Payment,
    Person,
    PersonKind,
    Plan,
    Price,
    Term,
)


@dataclass(frozen=True)
class Sample:
    """One person. `paid` are runs of years: how many days ago it began, how many years; none: waiting for payment."""

    number: int
    plan: str
    paid: tuple[tuple[int, int], ...] = ()
    cancelled: int | None = None  # days ago
    gift_aid: bool = False
    by_post: bool = False
    others: tuple[str, ...] = field(default=())


SAMPLES = [
    *(Sample(n, "individual", ((40 * n + 735, 3),), gift_aid=n % 2 == 0) for n in range(1, 9)),
    Sample(9, "individual", ((2, 1),)),  # joined this month, most of the time
    Sample(10, "unwaged", ((1, 1),)),
    Sample(11, "unwaged", ((500, 2),)),
    Sample(12, "unwaged", ((300, 1),), by_post=True),
    Sample(13, "household", ((200, 1),), others=("Demo Partner 13", "Demo Child 13")),
    Sample(14, "household", ((700, 2),), others=("Demo Partner 14",), gift_aid=True),
    Sample(15, "organisation", ((90, 1),)),
    Sample(16, "organisation", ((400, 2),)),
    Sample(17, "life", ((2000, 1),), gift_aid=True),
    Sample(18, "life", ((4000, 1),), by_post=True),
    Sample(19, "individual", ((345, 1),)),  # ends within a month
    Sample(20, "individual", ((710, 2),)),
    Sample(21, "unwaged", ((360, 1),)),
    Sample(22, "individual", ((380, 1),)),  # in grace
    Sample(23, "individual", ((385, 1),), by_post=True),
    Sample(24, "individual", ((500, 1),)),  # lapsed
    Sample(25, "unwaged", ((900, 1),)),
    Sample(26, "household", ((800, 1),), others=("Demo Partner 26",)),
    Sample(27, "individual", ((100, 1),), cancelled=20),  # cancelled, still runs
    Sample(28, "individual", ((600, 1),), cancelled=300),  # cancelled, over
    Sample(29, "individual", ((1500, 1), (50, 1))),  # came back after a gap
    Sample(30, "individual"),  # waiting for payment
    Sample(31, "household", others=("Demo Partner 31",)),
    Sample(32, "organisation"),
    Sample(33, "unwaged"),
]
DOUBLED = 5  # once more with another name for the same address, to be merged


def load_people() -> int:
    """Make those who are missing; the number of records made."""
    before = Person.objects.count()
    prices = {price.plan.slug: price for price in Price.objects.current().select_related("plan").order_by("interval")}
    known = set(Person.objects.filter(first_name="Demo").values_list("last_name", flat=True))
    for sample in SAMPLES:
        if sample.plan in prices and _last_name(sample.number) not in known:
            _make(sample, prices[sample.plan])
    if Person.objects.filter(email=_email(DOUBLED)).count() == 1:
        Person.objects.create(first_name="D.", last_name=_last_name(DOUBLED), email=_email(DOUBLED), notes="Demo.")
    return Person.objects.count() - before


def _email(number: int) -> str:
    return f"member{number:02}@demo.example"


def _last_name(number: int) -> str:
    return f"Member {number:02}"


@transaction.atomic
def _make(sample: Sample, price: Price) -> None:
    person = _person(sample, price.plan)
    if not sample.paid:
        _application(person, sample, price)
        return
    method = Method.CHEQUE if sample.by_post else Method.STANDING_ORDER
    membership = Membership.objects.create(
        person=person, plan=price.plan, method=method, reference=references.new_reference()
    )
    first_day = timezone.localdate() - timedelta(days=sample.paid[0][0])
    for days, years in sample.paid:
        start = timezone.localdate() - timedelta(days=days)
        for _ in range(years):
            start = _term(membership, price, start)
    for name in sample.others:
        first, _, last = name.partition(" ")
        other = Person.objects.create(first_name=first, last_name=last, postcode=person.postcode, notes="Demo.")
        Cover.objects.create(membership=membership, person=other, since=first_day)
    if sample.cancelled is not None:
        _cancel(membership, timezone.localdate() - timedelta(days=sample.cancelled))
    if sample.gift_aid:
        declare_gift_aid(person, declared=person, made_on=first_day)
    if not sample.by_post:
        words = wordings.CONSENTS[0]
        Consent.objects.create(person=person, purpose=words.purpose, wording=words.words)


def _person(sample: Sample, plan: Plan) -> Person:
    is_body = plan.is_for_organisations
    return Person.objects.create(
        kind=PersonKind.ORGANISATION if is_body else PersonKind.PERSON,
        first_name="Demo",
        last_name=_last_name(sample.number),
        organisation_name=f"Demo Organisation {sample.number:02}" if is_body else "",
        email="" if sample.by_post else _email(sample.number),
        email_verified_at=timezone.now() if sample.paid and not sample.by_post else None,
        address_line1=f"{sample.number} Demo Street",
        town="London",
        postcode=f"N{sample.number % 9 + 1} 9XX",
        notes="Demo." if sample.paid else "",
    )


def _term(membership: Membership, price: Price, start: date) -> date:
    """One payment and what it paid for; the day on which the next begins."""
    months = Interval(price.interval).months
    ends_on = last_day(start, months) if months else None
    payment = Payment.objects.create(
        person=membership.person,
        method=membership.method,
        gross_pence=price.amount_pence,
        received_on=start,
        bank_reference=membership.reference,
        token=f"demo {uuid.uuid4()}",
    )
    Term.objects.create(
        membership=membership,
        price=price,
        payment=payment,
        starts_on=start,
        ends_on=ends_on,
        grace_until=grace_end(ends_on),
    )
    return months_later(start, months or 12)


def _cancel(membership: Membership, day: date) -> None:
    membership.cancelled_on, membership.cancel_reason = day, "Demo: moved abroad"
    membership.save()
    for term in membership.terms.all():
        term.grace_until = term.ends_on
        term.save()


def _application(person: Person, sample: Sample, price: Price) -> None:
    application = Application(
        token=uuid.uuid4(), reference=references.new_reference(), person=person, plan=price.plan, price=price,
        amount_pence=price.amount_pence, method=Method.TRANSFER, household=list(sample.others),
        concession_declared=price.plan.concession_wording, **person.details(),
    )  # fmt: skip
    application.identity = application.identify()
    application.save()

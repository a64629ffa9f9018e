"""Sample appeals, plainly called so, and gifts of the demo people to them. No mail is sent for any of them."""

import uuid
from datetime import timedelta

from django.db import transaction
from django.utils import timezone

from membership import references
from membership.actions import appeals
from membership.models import Appeal, Donation, DonationState, Method, Payment, Person, Purpose
from psg.demo import administrator, sample

DAY = timedelta(days=1)
# Slug, title, standfirst, text, target in pounds, days from today on which it begins and ends.
APPEALS: list[tuple[str, str, str, str, int | None, int, int | None]] = [
    (
        "sample-water-testing",
        "Sample appeal: testing water in the highlands",
        "A sample: it would pay for testing kits, and for people who know how to read them.",
        (
            "<p>Here stands what the money is for, whom it reaches, and what happens if more comes than is needed.</p>"
            "<h2>What your gift does</h2><ul><li>£10: what one kit would cost</li><li>£50: a day of training</li></ul>"
        ),
        2000,
        -40,
        45,
    ),
    (
        "sample-speaking-tour",
        "Sample appeal: a speaking tour",
        "A sample of an appeal that is over and has reached its target.",
        "<p>Here stands what became of it.</p>",
        500,
        -200,
        -100,
    ),
]
# Number of the demo person, pounds, days after the appeal began, anonymous, dedicated to.
GIFTS: dict[str, list[tuple[int, int, int, bool, str]]] = {
    "sample-water-testing": [
        (1, 50, 1, False, ""),
        (2, 25, 3, True, ""),
        (4, 100, 8, False, "Demo Aunt"),
        (6, 20, 15, False, ""),
        (13, 250, 21, True, ""),
        (15, 500, 30, False, ""),
        (17, 40, 38, False, ""),
    ],
    "sample-speaking-tour": [(3, 150, 2, False, ""), (14, 300, 10, True, ""), (16, 100, 20, False, "")],
}


def load_appeals() -> int:
    """Make those that are missing, with their gifts; the number made."""
    return sum(_make(*each) for each in APPEALS)


@transaction.atomic
def _make(slug: str, title: str, standfirst: str, body: str, target: int | None, begins: int, ends: int | None) -> bool:
    if Appeal.objects.filter(slug=slug).exists():
        return False
    today = timezone.localdate()
    appeal = Appeal(
        slug=slug,
        title=title,
        standfirst=standfirst,
        body=sample(body),
        target_pence=target * 100 if target else None,
        starts_on=today + begins * DAY,
        ends_on=today + ends * DAY if ends is not None else None,
        is_public=True,
    )
    appeals.save(appeal, by=administrator())
    numbers = [number for number, *_rest in GIFTS[slug]]
    people = {p.last_name: p for p in Person.objects.filter(first_name="Demo", last_name__in=map(_last_name, numbers))}
    for number, pounds, days, is_anonymous, dedicated_to in GIFTS[slug]:
        if person := people.get(_last_name(number)):
            _give(appeal, person, pounds, days, is_anonymous, dedicated_to)
    return True


def _last_name(number: int) -> str:
    return f"Member {number:02}"


def _give(appeal: Appeal, person: Person, pounds: int, days: int, is_anonymous: bool, dedicated_to: str) -> None:
    day = min(appeal.starts_on + days * DAY, timezone.localdate())
    donation = Donation.objects.create(
        token=uuid.uuid4(),
        reference=references.new_reference(),
        state=DonationState.GIVEN,
        person=person,
        appeal=appeal,
        amount_pence=pounds * 100,
        method=Method.CHEQUE,
        dedication="memory" if dedicated_to else "",
        dedicated_to=dedicated_to,
        is_anonymous=is_anonymous,
        **person.details(),
    )
    Payment.objects.create(
        person=person,
        purpose=Purpose.DONATION,
        method=donation.method,
        gross_pence=donation.amount_pence,
        received_on=day,
        bank_reference=donation.reference,
        donation=donation,
        token=f"demo {uuid.uuid4()}",
    )

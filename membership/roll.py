"""Who could vote on a given day: the roll of an annual general meeting.

It answers from what was recorded by the end of that day, so it is the same on the next morning and in two years: what
is paid, cancelled, given back or corrected later changes nothing. One human has one vote, by a membership of their own
or through a household, whose covered people have one each. An organisation has one vote, cast by its contact; others
whom its membership covers have none. Two records that turn out to be one human have one vote from then on. People are
called as they are called now.
"""

from dataclasses import dataclass
from datetime import date, datetime, time
from typing import Any

from django.db.models import Q
from django.utils import timezone

from membership.dates import ONE_DAY
from membership.models import Cover, Membership, Person, PersonKind, Term


@dataclass(frozen=True)
class Voter:
    """One vote. `through` is who holds the membership, where that is somebody else."""

    person: Person
    plan: str
    through: str = ""

    @property
    def contact(self) -> str:
        """Who casts the vote of an organisation."""
        return self.person.contact_name if self.person.is_organisation else ""


def roll(on: date) -> list[Voter]:
    """Every vote on that London date, by name. Three queries."""
    terms = _terms_as_known(on)
    plans = dict(terms.order_by("starts_on").values_list("membership_id", "price__plan__name"))
    memberships = Membership.objects.filter(pk__in=terms.values("membership_id")).select_related("person")
    voters = {each.person_id: Voter(each.person, plans[each.pk]) for each in memberships.order_by("pk")}
    covers = Cover.objects.on(on).filter(
        membership__in=terms.values("membership_id"), membership__person__kind=PersonKind.PERSON
    )
    for cover in covers.select_related("person", "membership__person").order_by("pk"):
        through = Voter(cover.person, plans[cover.membership_id], through=cover.membership.person.name)
        voters.setdefault(cover.person_id, through)
    return sorted(voters.values(), key=lambda voter: (voter.person.sort_name, voter.person.pk))


def _terms_as_known(on: date) -> Any:
    """Each term as it stood at the end of that day, of those that made somebody a member on it."""
    end = timezone.make_aware(datetime.combine(on + ONE_DAY, time.min))
    saved = Term.history.filter(history_date__lt=end).order_by("id", "-history_date", "-history_id").distinct("id")
    return (
        Term.history.filter(history_id__in=saved.values("history_id"), starts_on__lte=on)
        .exclude(history_type="-")
        .filter(Q(cut_on__isnull=True) | Q(cut_on__gt=on))
        .filter(Q(grace_until__isnull=True) | Q(grace_until__gte=on))
    )

"""Who may read what is for members."""

from membership.models import Person
from psg.access import members_are
from psg.models import User


@members_are
def is_member(user: User) -> bool:
    """Whether the person who signs in with this account is a member today, by their own membership or a household's.

    One query.
    """
    return Person.objects.filter(user=user).members().exists()

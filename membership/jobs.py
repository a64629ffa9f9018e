"""What membership does by itself each day. Nobody lapses by a job: dates say who is a member."""

from membership.actions import notices
from psg.jobs import scheduled


@scheduled("Remind members before their year ends", every="day")
def send_reminders() -> None:
    """A month and a week before."""
    notices.send_reminders()


@scheduled("Tell members that their membership has ended", every="day")
def send_lapsed() -> None:
    """After the days of grace."""
    notices.send_lapsed()


@scheduled("Tell members before their membership renews by itself", every="day")
def send_renewals_coming() -> None:
    """Two weeks before; those who pay by the year."""
    notices.send_renewals_coming()


@scheduled("Ask members for another card before theirs runs out", every="day")
def send_card_expiries() -> None:
    """Once for each card."""
    notices.send_card_expiries()

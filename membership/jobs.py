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

"""What membership does by itself each day. Nobody lapses by a job: dates say who is a member."""

from datetime import timedelta

from django.utils import timezone

from membership import gateway
from membership.actions import events, notices, price_changes, syncing
from membership.models import Price
from psg.jobs import scheduled


@scheduled("Remind members before their year ends", every="day")
def send_reminders() -> None:
    """A month and a week before."""
    notices.send_reminders()


@scheduled("Tell members that their membership has ended", every="day")
def send_lapsed() -> None:
    """After the days of grace."""
    notices.send_lapsed()


@scheduled("Try again what Stripe told us and went wrong", every="hour")
def retry_stripe_events() -> None:
    """An event that failed is tried again for about a day."""
    events.retry_failed()


@scheduled("Make payments agree with Stripe", every="day")
def sync_with_stripe() -> None:
    """Whatever was missed is healed. Raises what could not be, so that the admin lists the job as failed."""
    if not gateway.is_ready():
        return
    report = syncing.sync(since=timezone.now() - timedelta(days=syncing.NIGHTLY_DAYS))
    if report.problems:
        raise syncing.NotAllHealed("; ".join(report.problems))


@scheduled("Tell members before their membership renews by itself", every="day")
def send_renewals_coming() -> None:
    """Two weeks before; those who pay by the year."""
    notices.send_renewals_coming()


@scheduled("Ask members for another card before theirs runs out", every="day")
def send_card_expiries() -> None:
    """Once for each card."""
    notices.send_card_expiries()


@scheduled("Carry out announced price changes at Stripe", every="day")
def apply_price_changes() -> None:
    """So that the renewal for which they were announced costs the new amount."""
    price_changes.apply_price_changes()


def announce_price(pk: int) -> None:
    """Tell members of a new price. Each is a transaction of its own: if it breaks off, the next run goes on."""
    price_changes.announce_price(Price.objects.get(pk=pk))

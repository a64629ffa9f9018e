"""Housekeeping of the contact form."""

from pages.contact import actions, guard
from psg.jobs import scheduled


@scheduled("Forget how often contact messages were sent", every="hour")
def forget_contact_counts() -> None:
    """The hashes by which senders are counted are gone an hour after they stop counting: a day later at most."""
    guard.forget()


@scheduled("Delete contact messages answered two years ago", every="day")
def delete_outdated_contact_messages() -> None:
    """There is no reason to keep them longer (`KEPT_AFTER_ANSWER`). Open ones stay until somebody sees to them."""
    actions.delete_outdated()

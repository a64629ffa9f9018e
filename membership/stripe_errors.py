"""What can go wrong when Stripe is asked, in our words. Others name them through `gateway`, which raises them."""


class Unavailable(Exception):
    """Stripe cannot be reached, is too busy, or our key does not open it: the same may work later.

    `is_replayed`: it repeats an answer that it keeps under this idempotency key, or knows the key with other words;
    only another key gets another answer.
    """

    is_replayed = False


class Refused(Exception):
    """Stripe does not do this, now or later. `code` is its word for why."""

    def __init__(self, message: str, code: str = "") -> None:
        super().__init__(message)
        self.code = code


class Declined(Refused):
    """The bank said no. The message is for the card's owner."""


class Missing(Refused):
    """There is no such thing at Stripe."""


class BadEvent(Exception):
    """Not an event from Stripe for this site; the message says why, for the log."""

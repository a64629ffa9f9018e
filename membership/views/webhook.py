"""The address that Stripe calls."""

import logging

from django.http import HttpRequest, HttpResponse
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST

from membership import gateway
from membership.actions import events

logger = logging.getLogger("psg.stripe")

MOST_BYTES = 64 * 1024  # Stripe's events are a few KB; what is refused here comes in by the nightly sync


@csrf_exempt
@require_POST
def webhook(request: HttpRequest) -> HttpResponse:
    """Check the signature before anything else, then apply once. 200 also for what is known, or none of our business.

    400 for what is not a good event (nothing is asked of the database), 503 if Stripe cannot be asked: it tells again.
    """
    if len(payload := request.read(MOST_BYTES + 1)) > MOST_BYTES:
        return _answer("too large", 413)
    try:
        event = gateway.read_event(payload, request.headers.get("Stripe-Signature", ""))
    except gateway.BadEvent as reason:
        logger.warning("An event for Stripe's webhook was refused: %s.", reason)
        return _answer("refused", 400)
    try:
        return _answer(events.receive(event).value)
    except gateway.Unavailable:
        return _answer("try again", 503)


def _answer(text: str, status: int = 200) -> HttpResponse:
    return HttpResponse(text, status=status, content_type="text/plain")

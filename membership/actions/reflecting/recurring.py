"""What memberships and monthly gifts have in common: what is kept of them, and the money that paid an invoice."""

from typing import Any

from django.utils import timezone

from membership import gateway
from membership.actions.payments import Money
from membership.facts import InvoiceFacts, SubscriptionFacts
from membership.models import Method
from membership.models.stripe import StripeSubscription


def money_of(invoice: InvoiceFacts) -> Money | None:
    """The money that paid an invoice through Stripe, with Stripe's fee. None if none did."""
    through_stripe = invoice.paid_pence - invoice.elsewhere_pence
    if through_stripe <= 0 or invoice.paid_at is None:
        return None
    intents = [gateway.intent(each) for each in invoice.intents]
    return Money(
        gross_pence=through_stripe,
        method=intents[0].method if intents else Method.CARD,
        received_on=timezone.localdate(invoice.paid_at),
        token=invoice.id,
        fee_pence=sum(each.fee_pence for each in intents),
        stripe_invoice_id=invoice.id,
        stripe_payment_intent_id=intents[0].id if intents else "",
        stripe_charge_id=intents[0].charge_id if intents else "",
    )


def columns_of(facts: SubscriptionFacts, before: StripeSubscription | None) -> dict[str, Any]:
    """What is kept of it."""
    method, invoice = facts.method, facts.latest_invoice
    same_method = before is not None and (method is None or before.payment_method_id == method.id)
    columns: dict[str, Any] = {
        "amount_pence": facts.amount_pence,
        "item_id": facts.item_id,
        "status": facts.status,
        "started_at": facts.started_at,
        "period_ends_at": facts.period_ends_at,
        "cancel_at": facts.cancel_at,
        "cancelled_at": facts.cancelled_at,
        "ended_at": facts.ended_at,
        "end_reason": facts.end_reason,
        "needs_new_method": before.needs_new_method if before is not None and same_method else False,
    }
    if method is not None:
        columns |= {
            "method": method.method,
            "payment_method_id": method.id,
            "card_brand": method.brand,
            "last4": method.last4,
            "card_expires_on": method.expires_on,
        }
    return columns | _unpaid(invoice, before)


def _unpaid(invoice: InvoiceFacts | None, before: StripeSubscription | None) -> dict[str, Any]:
    """What Stripe failed to collect. While another try is on its way, what is known of the last one stands."""
    if invoice is not None and invoice.is_under_way:
        if before is not None and before.unpaid_invoice_id == invoice.id:
            return {}
        invoice = None
    if invoice is None or invoice.status != "open" or not (invoice.attempts and invoice.due_pence):
        blank = {"unpaid_invoice_id": "", "unpaid_pence": 0, "unpaid_attempts": 0, "unpaid_url": ""}
        return blank | {"next_attempt_at": None}
    return {
        "unpaid_invoice_id": invoice.id,
        "unpaid_pence": invoice.due_pence,
        "unpaid_attempts": invoice.attempts,
        "unpaid_url": invoice.url,
        "next_attempt_at": invoice.next_attempt_at,
    }

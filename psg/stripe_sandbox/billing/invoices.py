"""An invoice's life: draft → open → paid, void or uncollectible."""

from typing import Any

from .. import charging
from ..account import Account, blank, new_id, page_of
from ..store import Doc


def line(
    *, amount: int, description: str, period: tuple[int, int], price: Doc, quantity: int, item: Doc, proration: bool
) -> Doc:
    """One line. A proration is an item of its own, put on the subscription's next invoice."""
    details: Doc = {"proration": proration, "proration_details": None, "subscription": item["subscription"]}
    if proration:
        kind, details = "invoice_item_details", details | {"invoice_item": new_id("ii")}
        details["proration_details"] = {"credited_items": None}
    else:
        kind, details = "subscription_item_details", details | {"invoice_item": None, "subscription_item": item["id"]}
    return {
        "id": new_id("il"),
        "object": "line_item",
        "amount": amount,
        "currency": "gbp",
        "description": description,
        "discount_amounts": [],
        "discountable": not proration,
        "discounts": [],
        "invoice": None,
        "livemode": False,
        "metadata": {},
        "parent": {"type": kind, "invoice_item_details": None, "subscription_item_details": None} | {kind: details},
        "period": {"start": period[0], "end": period[1]},
        "pretax_credit_amounts": [],
        "pricing": {
            "type": "price_details",
            "price_details": {"price": price["id"], "product": price["product"]},
            "unit_amount_decimal": str(price["unit_amount"]),
        },
        "quantity": quantity,
        "subscription": item["subscription"],
        "subtotal": amount,
        "taxes": [],
    }


def item_line(account: Account, item: Doc, *, fraction: float = 1, credit: bool = False) -> Doc:
    """The line for a subscription's item in its present period; for a fraction of it if that is below 1."""
    price, quantity = item["price"], item["quantity"]
    amount = price["unit_amount"] * quantity
    name = account.store.get(price["product"])["name"]
    start, end = item["current_period_start"], item["current_period_end"]
    if fraction == 1 and not credit:
        every = price["recurring"]["interval"]
        description = f"{quantity} × {name} (at £{price['unit_amount'] / 100:.2f} / {every})"
        return line(
            amount=amount,
            description=description,
            period=(start, end),
            price=price,
            quantity=quantity,
            item=item,
            proration=False,
        )
    part = int(amount * fraction + 0.5)
    words = "Unused time on" if credit else "Remaining time on"
    return line(
        amount=-part if credit else part,
        description=f"{words} {name}",
        period=(account.now(), end),
        price=price,
        quantity=quantity,
        item=item,
        proration=True,
    )


def one_time_line(account: Account, price: Doc, quantity: int) -> Doc:
    """The line for something that is bought once, beside a subscription."""
    now, amount = account.now(), price["unit_amount"] * quantity
    made = line(
        amount=amount,
        description=account.store.get(price["product"])["name"],
        period=(now, now),
        price=price,
        quantity=quantity,
        item={"subscription": None},
        proration=True,
    )
    made["parent"]["invoice_item_details"]["proration"] = False
    return made | {"discountable": True}


def _parent(subscription: Doc | None) -> Doc | None:
    if subscription is None:
        return None
    details = {"metadata": subscription["metadata"], "subscription": subscription["id"]}
    return {"type": "subscription_details", "quote_details": None, "subscription_details": details}


def unsaved(account: Account, customer: Doc, lines: list[Doc], reason: str, subscription: Doc | None) -> Doc:
    """An invoice as it would be, told to nobody. (Long, as Stripe's object is.)"""
    identifier, now = new_id("in"), account.now()
    total = sum(one["amount"] for one in lines)
    lines = [one | {"invoice": identifier} for one in lines]
    due = max(0, total + customer["balance"])
    nothing = {"amount_overpaid": 0, "amount_paid": 0, "amount_paid_off_stripe": 0, "amount_shipping": 0}
    return {
        "id": identifier,
        "object": "invoice",
        "account_country": "GB",
        "account_name": "Stripe sandbox",
        "amount_due": due,
        "amount_remaining": due,
        "attempt_count": 0,
        "attempted": False,
        "auto_advance": True,
        "automatic_tax": {"enabled": False} | blank("disabled_reason", "liability", "provider", "status"),
        "billing_reason": reason,
        "collection_method": "charge_automatically",
        "created": now,
        "currency": "gbp",
        "customer": customer["id"],
        "customer_tax_ids": [],
        "default_tax_rates": [],
        "discounts": [],
        "issuer": {"type": "self"},
        "lines": page_of(f"/v1/invoices/{identifier}/lines", lines),
        "livemode": False,
        "metadata": {},
        "parent": _parent(subscription),
        "payment_settings": blank("default_mandate", "payment_method_options", "payment_method_types"),
        "period_end": now,
        "period_start": now,
        "post_payment_credit_notes_amount": 0,
        "pre_payment_credit_notes_amount": 0,
        "starting_balance": customer["balance"],
        "status": "draft",
        "status_transitions": blank("finalized_at", "marked_uncollectible_at", "paid_at", "voided_at"),
        "subtotal": total,
        "subtotal_excluding_tax": total,
        "total": total,
        "total_discount_amounts": [],
        "total_excluding_tax": total,
        "total_pretax_credit_amounts": [],
        "total_taxes": [],
        **nothing,
        **{f"customer_{name}": customer[name] for name in ("address", "email", "name", "phone", "shipping")},
        "customer_tax_exempt": customer["tax_exempt"],
        **blank(
            *("account_tax_ids", "application", "automatically_finalizes_at", "custom_fields", "customer_account"),
            *("default_payment_method", "default_source", "description", "due_date", "effective_at", "ending_balance"),
            *("footer", "from_invoice", "hosted_invoice_url", "invoice_pdf", "last_finalization_error"),
            *("latest_revision", "next_payment_attempt", "number", "on_behalf_of", "receipt_number", "rendering"),
            *("shipping_cost", "shipping_details", "statement_descriptor", "test_clock", "webhooks_delivered_at"),
        ),
        "_sandbox": {"intent": None, "automatic_attempts": 0},
    }


def draft(account: Account, customer: Doc, lines: list[Doc], reason: str, subscription: Doc | None) -> Doc:
    """A new invoice, still a draft."""
    invoice = unsaved(account, customer, lines, reason, subscription)
    return account.save(invoice, "invoice.created")


def finalize(account: Account, invoice: Doc) -> Doc:
    """Draft → open; paid at once if nothing is due. The customer's balance is used up first."""
    customer = account.store.get(invoice["customer"])
    balance, sequence = customer["balance"], customer["next_invoice_sequence"]
    due = max(0, invoice["total"] + balance)
    ending = balance + invoice["total"] - due
    account.store.save(customer | {"balance": ending, "next_invoice_sequence": sequence + 1})
    invoice |= {
        "status": "open",
        "number": f"{customer['invoice_prefix']}-{sequence:04d}",
        "amount_due": due,
        "amount_remaining": due,
        "starting_balance": balance,
        "ending_balance": ending,
        "effective_at": account.now(),
        "automatically_finalizes_at": None,
        "hosted_invoice_url": f"{account.public_url}/invoice/{invoice['id']}",
        "invoice_pdf": f"{account.public_url}/invoice/{invoice['id']}/pdf",
    }
    invoice["status_transitions"]["finalized_at"] = account.now()
    if due:
        invoice["_sandbox"]["intent"] = _expect_payment(account, invoice)
    account.save(invoice, "invoice.finalized")
    return invoice if due else paid(account, invoice)


def _expect_payment(account: Account, invoice: Doc) -> str:
    """Make the payment intent of an invoice and what ties the two; the intent's id."""
    intent = charging.new_intent(
        account,
        amount=invoice["amount_due"],
        currency=invoice["currency"],
        customer=invoice["customer"],
        owner={"invoice": invoice["id"]},
        description=f"Invoice {invoice['number']}",
        payment_method_types=["bacs_debit", "card"],
        receipt_email=invoice["customer_email"],
        setup_future_usage="off_session",
    )
    account.save(
        {
            "id": new_id("inpay"),
            "object": "invoice_payment",
            "amount_paid": None,
            "amount_requested": invoice["amount_due"],
            "created": account.now(),
            "currency": invoice["currency"],
            "invoice": invoice["id"],
            "is_default": True,
            "livemode": False,
            "payment": {"type": "payment_intent", "payment_intent": intent["id"]},
            "status": "open",
            "status_transitions": blank("canceled_at", "paid_at"),
        }
    )
    return intent["id"]


def paid(account: Account, invoice: Doc, *, elsewhere: bool = False) -> Doc:
    """Open → paid, by its payment intent or `elsewhere` (a cheque)."""
    due = invoice["amount_due"]
    invoice |= {"status": "paid", "amount_paid": due, "amount_remaining": 0, "attempted": True}
    invoice |= {"auto_advance": False, "next_payment_attempt": None}
    invoice |= {"amount_paid_off_stripe": due} if elsewhere else {}
    invoice["status_transitions"]["paid_at"] = account.now()
    account.store.unschedule(invoice["id"])
    _close_payments(account, invoice, "canceled" if elsewhere else "paid")
    return account.save(invoice, "invoice.paid", "invoice.payment_succeeded")


def _close_payments(account: Account, invoice: Doc, status: str) -> None:
    for payment in account.store.all("invoice_payment", invoice=invoice["id"]):
        payment["status"] = status
        payment["status_transitions"][f"{status}_at"] = account.now()
        if status == "paid":
            payment["amount_paid"] = payment["amount_requested"]
        account.save(payment, *(["invoice_payment.paid"] if status == "paid" else []))
    intent = invoice["_sandbox"]["intent"]
    if status == "canceled" and intent:
        found = account.store.get(intent)
        if found["status"] not in ("succeeded", "canceled", "processing"):
            found |= {"status": "canceled", "canceled_at": account.now(), "cancellation_reason": "void_invoice"}
            account.save(found, "payment_intent.canceled")


def close(account: Account, invoice: Doc, status: str) -> Doc:
    """Open → void or uncollectible: nobody asks for it any more."""
    event, moment = {
        "void": ("invoice.voided", "voided_at"),
        "uncollectible": ("invoice.marked_uncollectible", "marked_uncollectible_at"),
    }[status]
    invoice |= {"status": status, "auto_advance": False, "next_payment_attempt": None}
    invoice["status_transitions"][moment] = account.now()
    account.store.unschedule(invoice["id"])
    if status == "void":
        invoice |= {"amount_remaining": 0}
        _close_payments(account, invoice, "canceled")
    return account.save(invoice, event)


def stop_collecting(account: Account, invoice: Doc) -> None:
    """Try no more by itself."""
    account.store.unschedule(invoice["id"])
    if invoice["auto_advance"] or invoice["next_payment_attempt"]:
        invoice |= {"auto_advance": False, "next_payment_attempt": None}
        account.save(invoice, "invoice.updated")


def subscription_of(invoice: Doc) -> str | None:
    """The id of the subscription that an invoice is for."""
    return invoice["parent"]["subscription_details"]["subscription"] if invoice["parent"] else None


def preview(account: Account, subscription: Doc, items: list[Doc], **fields: Any) -> Doc:
    """The invoice that the next renewal will make."""
    customer = account.store.get(subscription["customer"])
    lines = [*subscription["_sandbox"]["pending_lines"], *(item_line(account, item) for item in items)]
    invoice = unsaved(account, customer, lines, "upcoming", subscription) | fields
    return invoice | {"id": new_id("upcoming_in"), "auto_advance": False}

"""Our plans and prices at Stripe: made there when somebody first pays them, once each."""

import uuid

from membership import gateway
from membership.models import Price, StripePrice


def stripe_price(price: Price, amount_pence: int) -> str:
    """The id at Stripe of paying this price with that amount; made there if it is new. Raises gateway.Unavailable.

    The row with its key comes first, so that whoever was killed half way, or came second, gets the same price.
    Nothing may be locked.
    """
    row, _ = StripePrice.objects.get_or_create(price=price, amount_pence=amount_pence)
    if row.stripe_id:
        return row.stripe_id
    product = f"psg-plan-{price.plan_id}"
    gateway.ensure_product(product, name=f"{price.plan.name} membership")
    try:
        made = gateway.create_price(
            key=row.key,
            product=product,
            amount_pence=amount_pence,
            interval=price.interval,
            metadata={"price": str(price.pk)},
        )
    except gateway.Unavailable as problem:
        if problem.is_replayed:  # it would repeat that answer for a day
            StripePrice.objects.filter(pk=row.pk, key=row.key).update(key=uuid.uuid4())
        raise
    StripePrice.objects.filter(pk=row.pk).update(stripe_id=made)
    return made

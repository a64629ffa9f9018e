"""Our plans and prices at Stripe: made there when somebody first pays them, once each."""

from membership import gateway
from membership.actions.asking import id_of
from membership.models import Plan, Price, StripePrice


def product(plan: Plan) -> str:
    """The id of the plan's product at Stripe, made there if it is new. Raises gateway.Unavailable."""
    identifier = f"psg-plan-{plan.pk}"
    gateway.ensure_product(identifier, name=plan.name)
    return identifier


def price_id(row: StripePrice) -> str:
    """The id of a price at Stripe, made there if it is new. Nothing may be locked. Raises gateway.Unavailable."""
    return id_of(
        row,
        lambda key: gateway.create_price(
            key=key,
            product=product(row.price.plan),
            amount_pence=row.amount_pence,
            interval=row.price.interval,
            metadata={"psg_price": str(row.price_id)},
        ),
    )


def stripe_price(price: Price, amount_pence: int) -> str:
    """The id at Stripe of paying this price with that amount, made there if it is new. Nothing may be locked.

    Raises gateway.Unavailable.
    """
    row, _ = StripePrice.objects.get_or_create(price=price, amount_pence=amount_pence)
    return price_id(row)

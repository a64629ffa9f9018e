"""Sample plans. Their prices are samples too, and say so."""

from typing import Any

from membership.actions import plans
from membership.models import Interval, Plan

# Slug, name, what it says, pence, what differs from a plan for one person by the year.
PLANS: list[tuple[str, str, str, int, dict[str, Any]]] = [
    ("individual", "Individual", "For one person. Sample price.", 2500, {}),
    (
        "unwaged",
        "Unwaged",
        "For one person without a wage. Sample price.",
        1000,
        {
            "is_concession": True,
            "concession_wording": "I am a student, retired, out of work or on a low income.",
        },
    ),
    ("household", "Household", "For up to four people at one address. Sample price.", 3500, {"max_people": 4}),
    (
        "organisation",
        "Organisation",
        "For a group or a library. Sample price.",
        6000,
        {"kind": "organisation"},
    ),
    ("life", "Life", "For one person, paid once. Sample price.", 40_000, {"is_life": True}),
]


def load_plans() -> int:
    """Make those that are missing, with their price; the number made."""
    added = 0
    for position, (slug, name, description, pence, special) in enumerate(PLANS, start=1):
        defaults = {"name": name, "description": description, "position": position, **special}
        plan, is_new = Plan.objects.get_or_create(slug=slug, defaults=defaults)
        if is_new:
            plans.set_price(plan=plan, interval=Interval.ONCE if plan.is_life else Interval.YEAR, amount_pence=pence)
        added += is_new
    return added

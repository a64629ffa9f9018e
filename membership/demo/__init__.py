"""Membership in the demonstration: sample plans, and plainly made-up people in every state."""

from membership.demo.giving import load_appeals
from membership.demo.people import load_people
from membership.demo.plans import load_plans


def load() -> dict[str, int]:
    """Add what is missing; the number added of each kind."""
    return {"plans": load_plans(), "demo people": load_people(), "sample appeals": load_appeals()}

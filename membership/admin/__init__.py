from membership.admin.appeals import AppealAdmin
from membership.admin.applications import ApplicationAdmin
from membership.admin.claims import ClaimAdmin
from membership.admin.concerns import ConcernAdmin
from membership.admin.donations import DonationAdmin
from membership.admin.events import StripeEventAdmin
from membership.admin.payments import PaymentAdmin
from membership.admin.people import PersonAdmin
from membership.admin.plans import PlanAdmin

__all__ = [
    "AppealAdmin",
    "ApplicationAdmin",
    "ClaimAdmin",
    "ConcernAdmin",
    "DonationAdmin",
    "PaymentAdmin",
    "PersonAdmin",
    "PlanAdmin",
    "StripeEventAdmin",
]

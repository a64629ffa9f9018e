"""People, plans, memberships, payments: one file a subject."""

from membership.models.applications import Application, ApplicationState
from membership.models.concerns import Concern, ConcernKind
from membership.models.gift_aid import Claim, ClaimLine, LineKind
from membership.models.ledger import ClosedMonth
from membership.models.memberships import Cover, Membership, Status, Term
from membership.models.notices import Notice, NoticeKind
from membership.models.payments import Method, Payment, Purpose
from membership.models.people import MergeRecord, Person, PersonKind
from membership.models.permissions import Channel, Consent, ConsentPurpose, GiftAidDeclaration, GiftAidScope
from membership.models.plans import Interval, Plan, Price
from membership.models.stripe import (
    Checkout,
    CheckoutState,
    Dispute,
    EventState,
    PriceChange,
    StripeCustomer,
    StripeEvent,
    StripePrice,
    Subscription,
    SubscriptionStatus,
)

__all__ = [
    "Application",
    "ApplicationState",
    "Channel",
    "Checkout",
    "CheckoutState",
    "Claim",
    "ClaimLine",
    "ClosedMonth",
    "Concern",
    "ConcernKind",
    "Consent",
    "ConsentPurpose",
    "Cover",
    "Dispute",
    "EventState",
    "GiftAidDeclaration",
    "GiftAidScope",
    "Interval",
    "LineKind",
    "Membership",
    "MergeRecord",
    "Method",
    "Notice",
    "NoticeKind",
    "Payment",
    "Person",
    "PersonKind",
    "Plan",
    "Price",
    "PriceChange",
    "Purpose",
    "Status",
    "StripeCustomer",
    "StripeEvent",
    "StripePrice",
    "Subscription",
    "SubscriptionStatus",
    "Term",
]

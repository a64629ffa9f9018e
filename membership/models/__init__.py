"""People, plans, memberships, payments: one file a subject."""

from membership.models.applications import Application, ApplicationState
from membership.models.concerns import Concern, ConcernKind
from membership.models.gift_aid import Claim, ClaimLine, LineKind
from membership.models.giving import (
    Appeal,
    Dedication,
    Donation,
    DonationCheckout,
    DonationState,
    Frequency,
    RegularGift,
)
from membership.models.ledger import ClosedMonth
from membership.models.memberships import Cover, Membership, Status, Term
from membership.models.notices import Notice, NoticeKind
from membership.models.payments import Method, Payment, Purpose
from membership.models.payouts import Payout, PayoutEntry
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
    "Appeal",
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
    "Dedication",
    "Dispute",
    "Donation",
    "DonationCheckout",
    "DonationState",
    "EventState",
    "Frequency",
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
    "Payout",
    "PayoutEntry",
    "Person",
    "PersonKind",
    "Plan",
    "Price",
    "PriceChange",
    "Purpose",
    "RegularGift",
    "Status",
    "StripeCustomer",
    "StripeEvent",
    "StripePrice",
    "Subscription",
    "SubscriptionStatus",
    "Term",
]

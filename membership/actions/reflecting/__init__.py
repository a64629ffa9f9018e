"""Our rows are made to agree with Stripe: whatever happened, in whatever order, the object is read back and written.

Each function takes its turn first (an advisory lock for the object, so that an older answer is never written over a
newer one), then asks Stripe, and only then locks rows and writes. So the end is the same however often and in whichever
order they are called. Each gives what changed, in plain words; nothing, if all agreed. Each raises NotOurs for what
belongs to another product on the same account, and gateway.Unavailable.
"""

from membership.actions.reflecting.customers import customer, mandate
from membership.actions.reflecting.money_back import dispute, refunds
from membership.actions.reflecting.sessions import session
from membership.actions.reflecting.subscriptions import subscription
from membership.actions.reflecting.turns import NotOurs

__all__ = ["NotOurs", "customer", "dispute", "mandate", "refunds", "session", "subscription"]

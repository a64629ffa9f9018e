"""Which gifts the charity may claim tax back on, and why or why not.

Sources: HMRC's detailed guidance notes for charities, chapter 3, and "Schedule spreadsheet to claim back tax on Gift
Aid donations" (gov.uk). Where they leave room the stricter reading is taken; the treasurer decides.
"""

from membership.gift_aid.donors import Donor, donor_of
from membership.gift_aid.gathering import Adjustment, adjustments, gather
from membership.gift_aid.judging import Gift, Verdict, Why, claimable_until, earliest_claimable, judge

__all__ = [
    "Adjustment",
    "Donor",
    "Gift",
    "Verdict",
    "Why",
    "adjustments",
    "claimable_until",
    "donor_of",
    "earliest_claimable",
    "gather",
    "judge",
]

"""Words that people agree to. A wording that was used is never changed: a new version is added, and the old one stays.

The Gift Aid declaration is HMRC's model for several donations (gov.uk, "Gift Aid declarations: claim tax back on
donations"), with the charity's name in it.
"""

from dataclasses import dataclass

from django.utils.translation import gettext_lazy as _

GIFT_AID_VERSION = "2026-11"
GIFT_AID = {
    "2026-11": (
        "I want to Gift Aid my donation and any donations I make in the future or have made in the past 4 years to the "
        "Peru Support Group. I am a UK taxpayer and understand that if I pay less Income Tax and/or Capital Gains Tax "
        "than the amount of Gift Aid claimed on all my donations in that tax year it is my responsibility to pay any "
        "difference."
    ),
}
GIFT_AID_NOTES = [
    _("you want to cancel this declaration"),
    _("you change your name or home address"),
    _("you no longer pay sufficient tax on your income and/or capital gains"),
]


@dataclass(frozen=True)
class ConsentWording:
    """One way to be written to, and the words beside its box."""

    purpose: str
    words: str


CONSENTS = [
    ConsentWording("email_news", "Send me news and appeals by email."),
    ConsentWording("post", "Send me news and appeals by post."),
    ConsentWording("phone", "You may telephone me."),
]

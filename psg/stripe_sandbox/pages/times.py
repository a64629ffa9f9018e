"""Times in words, in London."""

from datetime import datetime
from zoneinfo import ZoneInfo

LONDON = ZoneInfo("Europe/London")


def day(moment: int) -> str:
    """24 November 2026"""
    at = datetime.fromtimestamp(moment, LONDON)
    return f"{at.day} {at:%B %Y}"


def minute(moment: int) -> str:
    """24 November 2026, 13:05"""
    return f"{day(moment)}, {datetime.fromtimestamp(moment, LONDON):%H:%M}"

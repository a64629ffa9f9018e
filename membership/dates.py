"""Days on the London calendar. A term is paid by the year or month; its last day is included."""

from datetime import date, timedelta

ONE_DAY = timedelta(days=1)


def months_later(day: date, months: int) -> date:
    """The same day so many months on; the first of the next month where that day does not exist.

    So a year from 29 February ends with 28 February, and nobody is short of a day.
    """
    year, month = divmod(day.year * 12 + day.month - 1 + months, 12)
    try:
        return date(year, month + 1, day.day)
    except ValueError:
        return date(year + (month + 1) // 12, (month + 1) % 12 + 1, 1)


def last_day(start: date, months: int) -> date:
    """The last day of a term of so many months that starts on `start`."""
    return months_later(start, months) - ONE_DAY

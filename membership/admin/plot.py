"""A bar plot, worked out here so that the page needs no script. The table beside it has the same figures."""

from dataclasses import dataclass

from membership.ledger import Sums

WIDTH, TOP, BARS, BELOW = 480, 20, 150, 26  # in units of the picture: above the bars, the bars, their months
STEPS = (10, 15, 20, 30, 40, 50, 60, 80)  # what a scale may end with, and a nought or more
ROOM = 3  # bars that the figures of a year need


@dataclass(frozen=True)
class Bar:
    """One month."""

    x: int
    y: int
    width: int
    height: int
    sums: Sums
    is_chosen: bool
    letter: str
    year: str
    middle: int


@dataclass(frozen=True)
class Line:
    """A line across, with its amount in pence."""

    y: int
    pence: int


@dataclass(frozen=True)
class Plot:
    """All of it. Zero is at `zero`: months in which more went than came hang below."""

    bars: list[Bar]
    lines: list[Line]
    zero: int
    letters_y: int
    years_y: int
    width: int = WIDTH
    height: int = TOP + BARS + BELOW + 14


def plot(months: list[Sums], *, chosen: object) -> Plot:
    """A bar for each month's net sum."""
    nets = [month.net_pence for month in months]
    top, bottom = _nice(max(0, *nets)), -_nice(-min(0, *nets))
    span = max(top - bottom, 100)

    def height(pence: int) -> int:
        return round(pence * BARS / span)

    zero = TOP + height(top)
    step = WIDTH // len(months)
    bars = []
    for number, month in enumerate(months):
        tall = height(abs(month.net_pence))
        is_first = month.key.month == 1 or (number == 0 and month.key.month <= 13 - ROOM)
        bars.append(
            Bar(
                x=number * step + 2,
                y=zero - tall if month.net_pence > 0 else zero,
                width=step - 4,
                height=tall,
                sums=month,
                is_chosen=month.key == chosen,
                letter=f"{month.key:%b}"[0],
                year=f"{month.key:%Y}" if is_first else "",
                middle=number * step + step // 2,
            )
        )
    marks = sorted({top, bottom} - {0})
    lines = [Line(zero - height(pence) if pence > 0 else zero + height(-pence), pence) for pence in marks]
    return Plot(bars, lines, zero, letters_y=TOP + BARS + 16, years_y=TOP + BARS + 34)


def _nice(pence: int) -> int:
    """The next round amount, in pence of whole pounds."""
    if pence <= 0:
        return 0
    unit = 10
    while True:
        for step in STEPS:
            if step * unit >= pence:
                return step * unit
        unit *= 10

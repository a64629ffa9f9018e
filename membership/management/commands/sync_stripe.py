"""Make payments and memberships agree with Stripe, whatever was missed."""

import sys
from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone
from tqdm import tqdm

from membership import gateway
from membership.actions.syncing import NIGHTLY_DAYS, Report, sync

LONDON = ZoneInfo("Europe/London")


def london_day(text: str) -> datetime:
    """The first moment of a London day like 2026-11-01, in UTC. Raises ValueError."""
    return datetime.combine(datetime.strptime(text, "%Y-%m-%d").date(), time(), LONDON).astimezone(UTC)


class Command(BaseCommand):
    """Reads through Stripe and heals what differs; says in plain words what it did. A second run finds nothing."""

    help = __doc__

    def add_arguments(self, parser) -> None:
        parser.add_argument(
            "--since",
            metavar="YYYY-MM-DD",
            help=f"Look at payments, refunds and disputes from this day on (without it: the last {NIGHTLY_DAYS} days).",
        )
        parser.add_argument("--dry-run", action="store_true", help="Say what would be done, and do nothing.")

    def handle(self, *, since: str | None, dry_run: bool, **options) -> None:
        try:
            start = london_day(since) if since else timezone.now() - timedelta(days=NIGHTLY_DAYS)
        except ValueError:
            raise CommandError(f"--since is a day like 2026-11-01, not “{since}”.") from None
        if not gateway.is_ready():
            raise CommandError("There is no Stripe to ask: STRIPE_SECRET_KEY is not set.")
        with tqdm(unit=" looked at", file=sys.stderr, disable=None, leave=False) as bar:

            def step(stage: str, looked_at: int) -> None:
                bar.set_description(stage, refresh=False)
                bar.update(looked_at - bar.n)

            try:
                report = sync(since=start, dry_run=dry_run, step=step)
            except gateway.Unavailable as problem:
                raise CommandError(
                    f"Stripe does not answer ({problem}). What was done until now stays; run it again."
                ) from None
        self._say(report, dry_run=dry_run)

    def _say(self, report: Report, *, dry_run: bool) -> None:
        for line in report.changes:
            self.stdout.write(f"  {line}")
        done = "would be made" if dry_run else "made"
        number = len(report.changes)
        if number:
            self.stdout.write(f"{number} {'change' if number == 1 else 'changes'} {done}.")
        else:
            self.stdout.write("Everything agrees with Stripe. Nothing was changed.")
        self.stdout.write(f"Looked at {report.looked_at}; {report.foreign} of them are not of this site and were left.")
        for line in report.problems:
            self.stderr.write(f"  {line}")
        if report.problems:
            raise CommandError(f"{len(report.problems)} could not be made to agree; see above. The others were.")

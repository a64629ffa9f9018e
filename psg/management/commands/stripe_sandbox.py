"""A local stand-in for Stripe, for development and tests; see docs/stripe-sandbox.md."""

from pathlib import Path

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError


class Command(BaseCommand):
    """Run the sandbox until a signal comes."""

    help = __doc__
    requires_system_checks = []

    def add_arguments(self, parser) -> None:
        parser.add_argument("--port", type=int, default=8100)
        parser.add_argument("--state", type=Path, default=settings.VAR_DIR / "stripe_sandbox.sqlite3")
        parser.add_argument("--webhook-url", default="", help="Where events go; nowhere if empty.")
        parser.add_argument("--key", default=settings.STRIPE_SECRET_KEY, help="The API key it accepts.")
        parser.add_argument("--secret", default=settings.STRIPE_WEBHOOK_SECRET, help="What it signs webhooks with.")

    def handle(self, *, port: int, state: Path, webhook_url: str, key: str, secret: str, **options) -> None:
        if not settings.DEBUG:
            raise CommandError("The Stripe sandbox is for development and tests. It does not start with DEBUG off.")
        # Imported here: production never loads it.
        from psg.stripe_sandbox.server import serve

        try:
            serve(port=port, state=state, key=key, secret=secret, webhook_url=webhook_url)
        except OSError as error:
            raise CommandError(f"The sandbox cannot start on port {port}: {error.strerror or error}.") from error

"""`manage.py load_demo`: fill an empty site with something to look at."""

from importlib import import_module
from types import ModuleType

from django.apps import apps
from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import transaction
from django.utils.module_loading import module_has_submodule

from psg import demo


class Command(BaseCommand):
    help = "Load the demonstration content. What is there already is left alone, so it can be run again."

    def add_arguments(self, parser: CommandParser) -> None:
        about = "also make an archive of N sample articles, from 2003 up to today"
        parser.add_argument("--articles", type=int, default=0, metavar="N", help=about)

    def handle(self, *, articles: int, verbosity: int, **options) -> None:
        if not settings.DEBUG:
            raise CommandError(
                "The demo has staff with published passwords, so it loads in development only (DEBUG=1)."
            )
        if articles < 0:
            raise CommandError("--articles takes a number of articles, 0 or more.")
        modules = _demo_modules()
        added: dict[str, int] = {}
        with transaction.atomic():  # all of it or nothing: a load that was broken off starts afresh
            for module in modules:
                added |= module.load()
        for module in modules:
            if articles and hasattr(module, "load_archive"):
                added |= module.load_archive(count=articles, progress=self._progress)
        if verbosity:
            self._report(added)

    def _progress(self, done: int, total: int) -> None:
        """One line that counts up on a terminal; nothing in a log."""
        if self.stdout.isatty():
            self.stdout.write(f"\rArchive: {done:,} of {total:,}", ending="\n" if done == total else "")
            self.stdout.flush()

    def _report(self, added: dict[str, int]) -> None:
        counts = ", ".join(
            f"{number:,} {kind if number > 1 else kind.removesuffix('s')}" for kind, number in added.items() if number
        )
        self.stdout.write(f"Demo content: added {counts}." if counts else "Demo content: nothing to add.")
        self.stdout.write("Staff who can sign in (e-mail, password):")
        for line in demo.staff_logins():
            self.stdout.write(f"  {line}")


def _demo_modules() -> list[ModuleType]:
    """The `demo` module of each installed app that has one: found by name, as this package imports no app."""
    configs = [config for config in apps.get_app_configs() if module_has_submodule(config.module, "demo")]
    return [import_module(f"{config.name}.demo") for config in configs]

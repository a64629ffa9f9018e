from django.apps import AppConfig
from django.db.models.signals import post_migrate
from django.utils.module_loading import autodiscover_modules


class PsgConfig(AppConfig):
    """The project: accounts, home page, search, jobs, and what the apps share."""

    name = "psg"
    label = "psg"

    def ready(self) -> None:
        from psg.jobs import ensure_schedules

        # Each app offers its home-page panels, jobs, search entries, accounts, and who is a member, in modules of these
        # names.
        autodiscover_modules("panels", "jobs", "search_entries", "accounts", "access")
        post_migrate.connect(ensure_schedules, sender=self)

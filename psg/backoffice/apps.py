from django.apps import AppConfig
from django.db.models.signals import post_migrate


class BackofficeConfig(AppConfig):
    """The admin site, its roles, and the staff accounts."""

    name = "psg.backoffice"
    label = "backoffice"

    def ready(self) -> None:
        from psg.backoffice.roles import grant_permissions

        post_migrate.connect(grant_permissions)

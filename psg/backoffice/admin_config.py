from django.contrib.admin.apps import AdminConfig


class BackofficeAdminConfig(AdminConfig):
    """Django's admin, with our site object."""

    default_site = "psg.backoffice.site.BackofficeSite"

from django.apps import AppConfig


class MembershipConfig(AppConfig):
    """Why join, and (later) the members."""

    name = "membership"

"""Housekeeping of the publishing tables."""

from datetime import timedelta

from django.utils import timezone

from psg.jobs import scheduled
from psg.publishing.models import OpenForm, PreviewLink


@scheduled("Delete expired preview links", every="day")
def delete_expired_preview_links() -> None:
    """Links that no longer open, and forms that nobody has open any more."""
    PreviewLink.objects.filter(expires_at__lt=timezone.now() - timedelta(days=30)).delete()
    OpenForm.objects.filter(seen_at__lt=timezone.now() - timedelta(days=1)).delete()

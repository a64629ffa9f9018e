"""What happens to the things that news is filed under. What happens to articles is in `psg.publishing.actions`."""

from collections.abc import Iterable

from django.db import transaction

from news.models import Topic
from psg import search


@transaction.atomic
def save_topic(topic: Topic) -> None:
    """Add or rename a topic: what is filed under it is found under its new name at once."""
    before = Topic.objects.select_for_update().filter(pk=topic.pk).first() if topic.pk else None
    topic.save()
    if before and (before.slug, before.name) != (topic.slug, topic.name):
        search.replace_topic((before.slug, before.name), (topic.slug, topic.name))


@transaction.atomic
def delete_topics(topics: Iterable[Topic]) -> None:
    """Delete topics; their articles stay, filed under one less."""
    for topic in topics:
        search.replace_topic((topic.slug, topic.name), None)
        topic.delete()

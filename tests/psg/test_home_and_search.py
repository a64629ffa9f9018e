"""The home page after the real one of October 2019."""

from datetime import timedelta

import pytest
from django.core.management import call_command
from django.utils import timezone

from tests.factories import ArticleFactory, EventFactory

pytestmark = pytest.mark.django_db


def test_the_newest_featured_article_leads_and_is_not_repeated_below(client):
    now = timezone.now()
    ArticleFactory(title="Old feature", featured=True, published_at=now - timedelta(days=9))
    ArticleFactory(title="New feature", featured=True, published_at=now - timedelta(days=5))
    ArticleFactory(title="Newest", published_at=now - timedelta(days=1))
    panels = {panel.name: panel.context for panel in client.get("/").context["panels"]}
    assert panels["lead"]["article"].title == "New feature"
    assert [article.title for article in panels["latest"]["articles"]] == ["Newest", "Old feature"]


def test_without_a_feature_the_newest_leads(client):
    ArticleFactory(title="Older", published_at=timezone.now() - timedelta(days=9))
    ArticleFactory(title="Newest")
    panels = {panel.name: panel.context for panel in client.get("/").context["panels"]}
    assert panels["lead"]["article"].title == "Newest"


def test_the_next_event_is_shown_and_where_none_is_ahead_the_latest(client):
    EventFactory(title="Last year", starts_at=timezone.now() - timedelta(days=300))
    assert "Last year" in client.get("/").content.decode()
    EventFactory(title="Next month", starts_at=timezone.now() + timedelta(days=30))
    EventFactory(title="Next year", starts_at=timezone.now() + timedelta(days=300))
    html = client.get("/").content.decode()
    assert "Next month" in html
    assert "Last year" not in html


def test_an_empty_site_has_a_home_page_with_a_way_on(client):
    html = client.get("/").content.decode()
    assert "Become a member" in html
    assert "<h1" in html


def test_the_demo_home_page_has_every_part_of_the_real_one(client, settings):
    settings.DEBUG = True  # the demo loads in development only
    call_command("load_demo", verbosity=0)
    html = client.get("/").content.decode()
    parts = [
        "Unrest in the mining corridor",
        "SAVE THE DATE - PSG Annual Conference - 16 November 2019",
        "Confiep shows its true colours",
        "PSG Aims",
        "Historical Overview",
        "Human Rights",
        "Keep up to date with latest news and developments in Peru",
        "PSG Annual Conference",
    ]
    assert [part for part in parts if part not in html] == []

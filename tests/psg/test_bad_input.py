"""Addresses that no browser makes, answered politely and without touching anything."""

import pytest
from django.db import OperationalError, connection
from django.test import Client

pytestmark = pytest.mark.django_db

PATHS = [
    "/", "/news/", "/news/2019/", "/search/", "/events/", "/about/", "/contact/", "/news/feed/", "/accounts/login/",
]  # fmt: skip


@pytest.mark.parametrize("path", PATHS)
def test_a_nul_byte_in_the_query_is_a_400(client, path):
    response = client.get(path, QUERY_STRING="q=%00&page=1")
    assert response.status_code == 400


def test_a_nul_byte_in_the_path_is_a_400(client):
    assert client.get("/news/a%00b/").status_code == 400


@pytest.mark.parametrize("path", PATHS)
def test_a_huge_query_string_is_no_error(client, path):
    assert client.get(path, {"q": "x" * 100_000}).status_code in (200, 404)


@pytest.mark.parametrize(
    "query",
    ['"unclosed', "-", "%", "🐑", "مرحبا", "'; DROP TABLE x;--", "<b>x</b>", "& | !", "\\", "a" * 10_000, ":*", "OR"],
)
def test_any_search_is_answered(client, query):
    response = client.get("/search/", {"q": query})
    assert response.status_code == 200
    assert "<b>x</b>" not in response.content.decode()


def test_bytes_that_are_no_utf8_are_no_error(client):
    assert client.get("/search/", QUERY_STRING="q=%ff%fe").status_code == 200
    assert client.get("/news/%ff%fe/").status_code == 404


def test_a_deep_or_odd_path_is_a_404(client):
    for path in [
        "/" + "a/" * 500,
        "/../../etc/passwd",
        "/news/2019/10/",
        "/events/none/",
        "/weave/.svg",
        "/preview/x/",
    ]:
        assert client.get(path, follow=True).status_code == 404, path


def test_an_unknown_host_is_a_400():
    assert Client(headers={"host": "evil.example"}).get("/").status_code == 400


class TestErrorPages:
    """Errors look like the site and say what to do next."""

    def test_404_offers_a_search_and_ways_on(self, client):
        html = client.get("/no/such/page/").content.decode()
        assert 'action="/search/"' in html
        assert 'href="/news/"' in html

    @pytest.fixture
    def database_away(self, monkeypatch):
        def away(*args, **kwargs):
            raise OperationalError("could not connect to db.internal")

        monkeypatch.setattr(connection, "ensure_connection", away)
        monkeypatch.setattr(connection, "cursor", away)

    def test_while_the_database_is_away_readers_are_told_when_to_come_back(self, client, database_away):
        response = client.get("/news/")
        assert (response.status_code, response["Retry-After"]) == (503, "30")
        html = response.content.decode()
        assert "Peru Support Group" in html
        assert "db.internal" not in html

    def test_an_error_of_ours_needs_no_database_for_its_page_and_leaks_nothing(
        self, client, database_away, monkeypatch
    ):
        monkeypatch.setattr("psg.home._panels", None)  # the home page cannot be made
        client.raise_request_exception = False
        response = client.get("/")
        assert response.status_code == 500
        html = response.content.decode()
        assert "Peru Support Group" in html
        assert "KeyError" not in html
        assert "Traceback" not in html

    def test_a_bad_request_needs_no_database_for_its_page(self, client, database_away):
        assert client.get("/", QUERY_STRING="a=%00").status_code == 400

    def test_readiness_tells_a_missing_database_from_a_missing_migration(self, client, monkeypatch):
        assert client.get("/readyz/").status_code == 200
        assert client.get("/healthz/").content == b"ok"

        def away(*args, **kwargs):
            raise OperationalError("the database is away")

        monkeypatch.setattr("psg.views.MigrationExecutor", away)
        response = client.get("/readyz/")
        assert (response.status_code, response.content) == (503, b"database away")

    def test_a_form_without_its_token_gets_a_page_that_explains(self, settings):
        client = Client(enforce_csrf_checks=True)
        response = client.post("/accounts/login/", {"login": "x"})
        assert response.status_code == 403
        assert "Peru Support Group" in response.content.decode()

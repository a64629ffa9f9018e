"""What all tests share: people, a browser, and a worker on demand."""

import os
from collections.abc import Callable, Iterator
from importlib import import_module

# Playwright's synchronous API runs an event loop in this thread; Django's guard is about views, not about tests.
os.environ.setdefault("DJANGO_ALLOW_ASYNC_UNSAFE", "true")

import pytest
import stripe
from django.conf import settings as django_settings
from django.contrib.auth.models import Group
from django.core.cache import cache
from django.db import connection
from django.test import Client
from playwright.sync_api import Browser, BrowserContext, Page, sync_playwright
from pytest_django.plugin import blocking_manager_key
from zeal.constants import initialize_app_registry
from zeal.patch import patch

from psg.accounts import vouch_for_address
from psg.models import User
from tests import chromium, flushing, stripe_description
from tests.stripe_sandbox import StripeSandbox


def pytest_configure(config: pytest.Config) -> None:
    """Every request that a test makes fails if it asks the database the same thing for each of many rows (N+1)."""
    flushing.install()
    initialize_app_registry()
    patch()
    django_settings.MIDDLEWARE.insert(0, "tests.n_plus_one.watch")
    # A slow hash is right for people and wrong for a thousand tests that make one.
    django_settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
    # Stripe's library waits before it asks again: right for Stripe, and minutes for the tests of its faults.
    stripe.HTTPClient.INITIAL_DELAY, stripe.HTTPClient.MAX_DELAY = 0.01, 0.02
    # Signing in reads the one address and session several times, in allauth's own code: no number of rows changes it.
    django_settings.ZEAL_ALLOWLIST = [{"model": "account.EmailAddress"}, {"model": "sessions.Session"}]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The longest come first, so that no process is left alone with one at the end."""
    items.sort(key=lambda item: item.get_closest_marker("long") is None)


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_teardown(item: pytest.Item) -> Iterator[None]:
    """Sweep up after tests of great numbers: rows that were rolled back still lie in every later test's way."""
    yield
    if item.get_closest_marker("great_numbers"):
        with item.config.stash[blocking_manager_key].unblock():
            connection.close()
            with connection.cursor() as cursor:
                cursor.execute("VACUUM ANALYZE")
            connection.close()


@pytest.fixture(autouse=True)
def _own_files(settings, tmp_path) -> None:
    """No test writes into the checkout's var/."""
    settings.MEDIA_ROOT = tmp_path / "media"
    settings.DEVELOPMENT_MAIL_DIR = tmp_path / "mail"


@pytest.fixture(autouse=True)
def _nobody_asked_before() -> None:
    """Limits on signing in are counted in the cache, by network address, and all tests come from the same one."""
    cache.clear()


@pytest.fixture
def staff(db) -> Callable[[str], User]:
    """Make (or get) the staff member of a role: staff("Editor"). "Superuser" may do everything."""

    def make(role: str = "Editor") -> User:
        email = f"{role.lower()}@staff.example"
        user = User.objects.filter(email=email).first()
        if user is None:
            user = User.objects.create_user(email, "a-long-password", name=f"Test {role}", is_staff=True)
            if role == "Superuser":
                user.is_superuser = True
                user.save()
            else:
                user.groups.add(Group.objects.get(name=role))
            vouch_for_address(user)
        return user

    return make


@pytest.fixture
def client_as(staff) -> Callable[[str], Client]:
    """A client signed in as the staff member of a role: client_as("Writer")."""

    def make(role: str = "Editor") -> Client:
        client = Client()
        client.force_login(staff(role))
        return client

    return make


@pytest.fixture
def run_jobs(db) -> Callable[[], int]:
    """Do what the worker would: run every queued job once, now; the number run."""

    def run() -> int:
        from django_q.models import OrmQ

        done = 0
        while (queued := OrmQ.objects.order_by("pk").first()) is not None:
            task = queued.task
            queued.delete()
            module, _, name = task["func"].rpartition(".")
            getattr(import_module(module), name)(*task["args"], **task["kwargs"])
            done += 1
        return done

    return run


# --- Stripe ----------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="session")
def _stripe_process(tmp_path_factory) -> Iterator[StripeSandbox]:
    """One sandbox for each process that runs tests."""
    running = StripeSandbox(tmp_path_factory.mktemp("stripe") / "state.sqlite3")
    running.start()
    yield running
    running.stop()


@pytest.fixture
def stripe_sandbox(_stripe_process: StripeSandbox) -> Iterator[StripeSandbox]:
    """An empty sandbox. What it was asked, answered and told is checked against Stripe's description at the end."""
    _stripe_process.reset()
    yield _stripe_process
    stripe_description.check_everything(_stripe_process)


# --- Browser ---------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """One Chromium for the whole run. It talks to this machine only."""
    with sync_playwright() as playwright:
        running = playwright.chromium.launch(executable_path=chromium.ensure(), args=chromium.ARGUMENTS)
        yield running
        running.close()


@pytest.fixture
def context(browser: Browser) -> Iterator[BrowserContext]:
    """A fresh visitor on a laptop, with a London clock."""
    made = browser.new_context(viewport={"width": 1280, "height": 900}, locale="en-GB", timezone_id="Europe/London")
    made.set_default_timeout(10_000)
    yield made
    made.close()


@pytest.fixture
def page(context: BrowserContext) -> Page:
    """A fresh tab. A script error on any page fails the test at its end."""
    return context.new_page()


@pytest.fixture
def sign_in(live_server, staff) -> Callable[[BrowserContext, str], None]:
    """Give a browser the session of a staff member: sign_in(context, "Editor")."""

    def give(context: BrowserContext, role: str = "Editor") -> None:
        client = Client()
        client.force_login(staff(role))
        cookie = client.cookies[django_settings.SESSION_COOKIE_NAME]
        context.add_cookies([{"name": cookie.key, "value": cookie.value, "url": live_server.url}])

    return give

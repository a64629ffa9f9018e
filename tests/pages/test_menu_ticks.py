"""A page is put into menus, and taken out, by ticks on its own form."""

import pytest
from django.contrib.admin.models import LogEntry
from django.contrib.auth.models import Permission
from django.utils import timezone

from pages import menus
from pages.models import MenuItem
from psg.publishing.models import State
from tests.factories import ArticleFactory, PageFactory
from tests.pages.menu_forms import MAIN, form_of, menu, save, shown

pytestmark = pytest.mark.django_db


def page_form(page, *ticked: str, opened: tuple[str, ...] | None = None) -> dict:
    page.refresh_from_db()
    before = menus.slots_of(page) if opened is None else opened
    return {
        "title": page.title, "slug": page.slug, "summary": page.summary, "body": page.body, "is_listed": "on",
        "published_at_0": "", "published_at_1": "", "seen_version": page.version,
        "menus": list(ticked), "initial-menus": list(before),
    }  # fmt: skip


def save_page(client, page, data: dict) -> None:
    local = timezone.localtime(page.published_at)
    data |= {"published_at_0": f"{local:%d/%m/%Y}", "published_at_1": f"{local:%H:%M:%S}"}
    response = client.post(f"/admin/pages/page/{page.pk}/change/", data)
    assert response.status_code == 302, response.context["adminform"].form.errors


def test_a_tick_puts_a_page_into_the_menu_before_the_button_and_taking_it_off_takes_it_out(client, client_as):
    page, editor = PageFactory(title="Who we are"), client_as("Editor")
    save_page(editor, page, page_form(page, "main", "foot_2"))
    assert shown(client) == [*MAIN[:-1], "Who we are", "Join"]
    assert menus.slots_of(page) == ["main", "foot_2"]
    save_page(editor, page, page_form(page, "foot_2"))
    assert menus.slots_of(page) == ["foot_2"]
    assert LogEntry.objects.filter(change_message__contains="“Who we are”").count() == 3


def test_a_form_that_was_open_does_not_undo_what_somebody_else_ticked(client_as, staff):
    page = PageFactory()
    opened = page_form(page)
    menus.set_menus(page, ["main"], by=staff("Editor"))
    save_page(client_as("Administrator"), page, opened)
    assert menus.slots_of(page) == ["main"]


def test_ticks_raise_the_menus_version_so_that_an_open_menu_is_told(client_as, staff):
    opened = form_of()
    menus.set_menus(PageFactory(), ["main"], by=staff("Administrator"))
    assert "Test Administrator saved this" in save(client_as("Editor"), opened).content.decode()


def test_a_page_made_where_a_line_leads_becomes_that_line_and_is_followed(client_as):
    data = {"title": "About us", "slug": "about", "is_listed": "on", "_publish": "", "menus": []}
    client_as("Editor").post("/admin/pages/page/add/", data)
    assert menu().items.get(label="About").page.path == "about"


def test_ticks_are_offered_to_those_alone_who_may_change_menus(client_as, staff):
    page = PageFactory(state=State.DRAFT, first_public_at=None)
    address = f"/admin/pages/page/{page.pk}/change/"
    assert 'name="menus"' in client_as("Editor").get(address).content.decode()
    assert 'name="menus"' in client_as("Editor").get("/admin/pages/page/add/").content.decode()
    writer = staff("Writer")
    writer.user_permissions.add(*Permission.objects.filter(codename__in=["view_page", "change_page"]))
    client = client_as("Writer")
    assert client.get(address).status_code == 200
    assert 'name="menus"' not in client.get(address).content.decode()
    client.post(address, page_form(page, "main"))
    assert menus.slots_of(page) == []


def test_deleting_a_draft_takes_its_line_out(client):
    page = PageFactory(state=State.DRAFT, first_public_at=None)
    MenuItem.objects.create(menu=menu(), page=page)
    page.delete()
    assert shown(client) == MAIN


def test_an_article_page_in_spanish_keeps_its_english_menu_marked(client):
    article = ArticleFactory(language="es")
    html = client.get(article.get_absolute_url()).content.decode()
    assert '<header lang="en">' in html
    assert '<footer class="foot" lang="en">' in html

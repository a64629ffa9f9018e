"""Where redirects may lead: readers are sent to another site only where staff typed its address."""

import re

import pytest
from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction

from psg.publishing import redirects
from psg.publishing.models import Redirect
from tests.factories import PageFactory

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize(
    "path",
    [
        "//evil.example/", "/\\evil.example/", "//2019/12/evil.example/", "/2019/12//evil.example/",
        "/news.php?next=//evil.example", "/2019/12/x/?u=https://evil.example", "/2019/12/..%2f..%2fevil/",
        "/%2f%2fevil.example/",
    ],
)  # fmt: skip
def test_no_made_up_address_leads_away(client, path):
    response = client.get(path)
    if response.status_code in (301, 302):
        assert re.match(r"/(?![/\\])", response["Location"]), response["Location"]


@pytest.mark.parametrize("new", ["https://evil.example/", "//evil.example/", "/\\evil.example", "/\t/evil.example"])
def test_what_is_left_by_itself_never_leaves_the_site(new):
    with pytest.raises(ValidationError, match=r"another site|full address"):
        redirects.add("/old/", new, automatic=True)
    assert not Redirect.objects.exists()


@pytest.mark.parametrize("new", ["//evil.example", "/\\evil.example", "/\t/evil.example", "evil", "javascript:x"])
def test_the_database_refuses_what_only_looks_like_a_path(new):
    with pytest.raises(IntegrityError, match="redirect_new_is_an_address"), transaction.atomic():
        Redirect.objects.create(old_path="/old/", new_path=new)


@pytest.mark.parametrize("new", ["/\\evil.example/", "/\t/evil.example/", "https://good.example\\@evil.example/"])
def test_the_form_refuses_it_too(client_as, new):
    values = {"old_path": "/old/", "new_path": new}
    html = client_as("Editor").post("/admin/publishing/redirect/add/", values).content.decode()
    assert "full address" in html
    assert not Redirect.objects.exists()


def test_an_older_redirect_from_a_living_page_is_no_step_on_the_way(client):
    redirects.add("/about/", "/elsewhere/")
    PageFactory(slug="about")
    redirects.add("/old/", "/about/")
    assert client.get("/old/")["Location"] == "/about/"


def test_an_address_with_encoded_letters_is_found(client):
    redirects.add("/a%C3%B1o%20viejo.html", "/news/")
    assert client.get("/a%C3%B1o%20viejo.html")["Location"] == "/news/"

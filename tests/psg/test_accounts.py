"""Signing in at /accounts/, and the admin behind it."""

import re

import pytest
from django.core import mail
from django.test import Client

from psg.models import User

pytestmark = pytest.mark.django_db


def code_in(message) -> str:
    return re.search(r"^\s*([A-Z0-9]{3,}-?[A-Z0-9]{3,})\s*$", message.body, re.MULTILINE).group(1)


def test_staff_sign_in_with_a_mailed_code(client, staff):
    user = staff("Editor")
    asked = client.post("/accounts/login/code/", {"email": user.email}, follow=True)
    assert asked.status_code == 200
    (message,) = mail.outbox
    assert message.to == [user.email]
    client.post("/accounts/login/code/confirm/", {"code": code_in(message)})
    assert client.get("/admin/").status_code == 200


def test_a_wrong_code_lets_nobody_in(client, staff):
    client.post("/accounts/login/code/", {"email": staff("Editor").email})
    response = client.post("/accounts/login/code/confirm/", {"code": "WRONG-CODE"})
    assert response.status_code == 200
    assert client.get("/admin/").status_code == 302


def test_staff_sign_in_with_a_password_whatever_the_case_of_the_address(client, staff):
    user = staff("Editor")
    client.post("/accounts/login/", {"login": user.email.upper(), "password": "a-long-password"})
    assert client.get("/admin/").status_code == 200


def test_the_admin_sends_visitors_to_the_one_sign_in_and_back(client):
    response = client.get("/admin/news/article/", follow=True)
    path, query = response.redirect_chain[-1][0].split("?")
    assert path == "/accounts/login/"
    assert query == "next=/admin/news/article/"


def test_the_return_address_never_leads_off_the_site(client, staff):
    user = staff("Editor")
    target = "/accounts/login/?next=https://evil.example/"
    response = client.post(
        target, {"login": user.email, "password": "a-long-password", "next": "https://evil.example/"}
    )
    assert "evil.example" not in response["Location"]


def test_somebody_who_is_not_staff_gets_403_and_no_second_sign_in(client):
    client.force_login(User.objects.create_user("member@example.org", "a-long-password"))
    response = client.get("/admin/", follow=True)
    assert response.status_code == 403
    assert "password" not in response.content.decode().lower()


def test_known_and_unknown_addresses_get_the_same_answer(staff):
    known, unknown = (
        Client().post("/accounts/login/code/", {"email": email}, follow=True)
        for email in (staff("Editor").email, "nobody@example.org")
    )
    assert known.redirect_chain == unknown.redirect_chain

    def without_address(response) -> str:
        return re.sub(r"\S+@\S+|csrfmiddlewaretoken[^>]+", "", response.content.decode())

    assert without_address(known) == without_address(unknown)


def test_nobody_signs_up_by_themselves(client):
    client.post(
        "/accounts/signup/",
        {"email": "new@example.org", "password1": "a-long-password", "password2": "a-long-password"},
    )
    assert not User.objects.filter(email="new@example.org").exists()


def test_one_address_is_one_user_whatever_its_case():
    assert User.objects.create_user("Ana@Example.ORG").email == "ana@example.org"
    assert User.objects.get_by_natural_key("ana@example.org")


def test_the_database_refuses_an_address_in_capitals():
    from django.db import IntegrityError, transaction

    with pytest.raises(IntegrityError, match="user_email_is_lower_case"), transaction.atomic():
        User.objects.bulk_create([User(email="Ana@example.org")])


def test_an_administrator_adds_a_colleague_who_needs_no_password(client_as):
    from django.contrib.auth.models import Group

    writer = Group.objects.get(name="Writer")
    values = {"email": "New@Example.org", "name": "New Colleague", "is_staff": "on", "groups": [writer.pk]}
    response = client_as("Superuser").post("/admin/psg/user/add/", values)
    user = User.objects.get(email="new@example.org")
    assert response.status_code == 302
    assert not user.has_usable_password()
    assert list(user.groups.all()) == [writer]
    theirs = Client()
    theirs.post("/accounts/login/code/", {"email": "new@example.org"})
    theirs.post("/accounts/login/code/confirm/", {"code": code_in(mail.outbox[0])})
    assert theirs.get("/admin/").status_code == 200


@pytest.mark.parametrize("path", ["/accounts/login/", "/accounts/login/code/", "/accounts/password/reset/"])
def test_the_sign_in_pages_open(client, path):
    assert client.get(path).status_code == 200


def test_the_account_page_leads_on(client, staff):
    client.force_login(staff("Editor"))
    html = client.get("/accounts/").content.decode()
    assert "/admin/" in html
    assert "/accounts/logout/" in html
    assert Client().get("/accounts/").status_code == 302

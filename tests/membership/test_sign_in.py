"""Members sign in with a mailed code or its link; the account is made from the record when it is first used."""

import re
from datetime import timedelta

import pytest
import time_machine
from allauth.account.models import EmailAddress
from django.core import mail
from django.test import Client
from django.utils import timezone

from membership.actions.merging import merge
from membership.models import Person
from psg.accounts import vouch_for_address
from psg.models import User
from tests.at_once import at_once
from tests.factories import PersonFactory
from tests.membership.conftest import pay

pytestmark = pytest.mark.django_db
CODE = "/accounts/login/code/"
ME = "/membership/me/"


@pytest.fixture
def ana(individual) -> Person:
    """A member with a verified address, who has never signed in."""
    person = PersonFactory(
        first_name="Ana", last_name="Quispe", email="ana@people.example", email_verified_at=timezone.now()
    )
    pay(person, individual)
    mail.outbox.clear()
    return person


def ask(client: Client, email: str, **more: str):
    return client.post(CODE, {"email": email, **more}, follow=True)


def code() -> str:
    found = re.search(r"^\s*([A-Z0-9]{3,}-?[A-Z0-9]{3,})\s*$", mail.outbox[-1].body, re.MULTILINE)
    assert found
    return found.group(1)


def link() -> str:
    """The path of the link in the last mail."""
    found = re.search(r"https?://[^/\s]+(/accounts/login/link/\S+)", mail.outbox[-1].body)
    assert found, mail.outbox[-1].body
    return found.group(1)


def enter(client: Client, **more: str):
    return client.post("/accounts/login/code/confirm/", {"code": code(), **more})


def is_in(client: Client) -> bool:
    return client.get(ME).status_code == 200


# --- By code ---


def test_a_member_who_never_signed_in_gets_in_with_a_code(client, ana):
    ask(client, "ANA@people.example")
    assert enter(client)["Location"] == ME
    page = client.get(ME)
    assert "Ana Quispe" in page.content.decode()
    ana.refresh_from_db()
    assert ana.user.email == "ana@people.example"
    assert (ana.user.name, ana.user.is_staff, ana.user.has_usable_password()) == ("Ana Quispe", False, False)


def test_asking_alone_proves_nothing(client, individual):
    person = PersonFactory(email="bea@people.example")
    pay(person, individual)
    ask(client, "bea@people.example")
    person.refresh_from_db()
    assert (person.user, person.email_verified_at) == (None, None)
    enter(client)
    person.refresh_from_db()
    assert person.user is not None
    assert person.email_verified_at is not None


def test_signing_in_again_makes_no_second_account(client, ana):
    for each in (client, Client()):
        ask(each, ana.email)
        enter(each)
    assert User.objects.count() == 1


def test_a_page_that_was_asked_for_is_what_one_gets(client, ana):
    asked = client.get("/membership/me/card/", follow=True)
    address = asked.redirect_chain[-1][0]
    assert address == f"{CODE}?next=/membership/me/card/"
    client.post(address, {"email": ana.email, "next": "/membership/me/card/"})
    assert enter(client, next="/membership/me/card/")["Location"] == "/membership/me/card/"


def test_somebody_who_must_not_be_written_to_can_sign_in(client, ana):
    ana.do_not_contact = True
    ana.save()
    ask(client, ana.email)
    enter(client)
    assert is_in(client)


@pytest.mark.parametrize("verified", [True, False])
def test_known_and_unknown_addresses_get_the_same_answer(ana, verified):
    PersonFactory(email="bea@people.example")
    email = ana.email if verified else "bea@people.example"
    known, unknown = (ask(Client(), each) for each in (email, "nobody@people.example"))

    def without_address(response) -> str:
        return re.sub(r"\S+@\S+|csrfmiddlewaretoken[^>]+", "", response.content.decode())

    assert known.redirect_chain == unknown.redirect_chain
    assert without_address(known) == without_address(unknown)
    assert not User.objects.filter(email="nobody@people.example").exists()


def test_staff_whose_account_was_shut_are_not_let_in_through_their_record(client, ana):
    User.objects.create_user(ana.email, is_active=False)
    ask(client, ana.email)
    assert "/accounts/login/link/" not in mail.outbox[-1].body
    assert not re.search(r"^[A-Z0-9]{3}-?[A-Z0-9]{3}$", mail.outbox[-1].body, re.MULTILINE)


@pytest.mark.django_db(transaction=True)
def test_two_who_ask_at_once_get_one_account(ana):
    answers = at_once(*[lambda: Client().post(CODE, {"email": ana.email}).status_code] * 4)
    assert set(answers) <= {302, 200}
    assert User.objects.filter(email=ana.email).count() == 1


def test_a_mail_that_does_not_come_is_sent_again(client, ana):
    ask(client, ana.email)
    first = code()
    client.post("/accounts/login/code/confirm/", {"action": "resend"})
    assert len(mail.outbox) == 2
    assert code() != first
    enter(client)
    assert is_in(client)


# --- By link ---


def test_the_link_works_in_another_browser(client, ana):
    ask(client, ana.email)
    other = Client()
    assert ana.email in other.get(link()).content.decode()
    assert other.post(link())["Location"] == ME
    assert is_in(other)
    assert not is_in(client)


def test_opening_the_link_changes_nothing(client, ana):
    ask(client, ana.email)
    scanner = Client()
    for _ in range(3):
        answer = scanner.get(link())
        assert answer.status_code == 200
        assert answer["Cache-Control"] == "no-store, private"
    scanner.head(link())
    ana.refresh_from_db()
    assert ana.user is None
    assert User.objects.get().last_login is None
    assert not is_in(scanner)
    assert Client().post(link()).status_code == 302


def test_a_link_works_once(client, ana):
    ask(client, ana.email)
    assert Client().post(link()).status_code == 302
    second = Client()
    answer = second.post(link())
    assert answer.status_code == 410
    assert "good no more" in answer.content.decode()
    assert not is_in(second)


@pytest.mark.django_db(transaction=True)
def test_of_two_buttons_pressed_at_once_one_signs_in(client, ana):
    ask(client, ana.email)
    path = link()
    assert sorted(at_once(*[lambda: Client().post(path).status_code] * 4)) == [302, 410, 410, 410]


def test_a_link_is_of_no_use_after_its_code_was_entered(client, ana):
    ask(client, ana.email)
    path = link()
    enter(client)
    assert Client().post(path).status_code == 410


def test_a_link_is_good_as_long_as_the_code(client, ana):
    ask(client, ana.email)
    path = link()
    with time_machine.travel(timezone.now() + timedelta(minutes=14)):
        assert Client().get(path).status_code == 200
    with time_machine.travel(timezone.now() + timedelta(minutes=16)):
        assert Client().get(path).status_code == 410
        assert Client().post(path).status_code == 410


@pytest.mark.parametrize("token", ["x", "eyJ1c2VyIjoxfQ:1:forged", "a" * 500])
def test_a_made_up_link_is_refused(client, token):
    assert client.get(f"/accounts/login/link/{token}/").status_code == 410
    assert client.post(f"/accounts/login/link/{token}/").status_code == 410


def test_the_link_leads_to_the_page_that_was_asked_for_if_it_is_ours(client, ana):
    ask(client, ana.email, next="/membership/me/card/")
    assert Client().post(link())["Location"] == "/membership/me/card/"
    ask(Client(), ana.email, next="https://evil.example/")
    assert Client().post(link())["Location"] == ME


def test_the_button_needs_the_page_it_stands_on(client, ana):
    ask(client, ana.email)
    assert Client(enforce_csrf_checks=True).post(link()).status_code == 403


def test_staff_get_no_link(client, staff):
    user = staff("Editor")
    ask(client, user.email)
    assert "/accounts/login/link/" not in mail.outbox[-1].body
    assert enter(client)["Location"] == "/accounts/"


def test_a_link_of_somebody_who_became_staff_is_refused(client, ana):
    ask(client, ana.email)
    path = link()
    User.objects.update(is_staff=True)
    assert Client().post(path).status_code == 410


# --- Whose record it is ---


def sign_in(email: str) -> Client:
    client = Client()
    ask(client, email)
    enter(client)
    return client


def test_of_several_unverified_records_the_one_that_paid_is_theirs(individual):
    typed = [PersonFactory(email="bea@people.example") for _ in range(3)]
    pay(typed[1], individual)
    sign_in("bea@people.example")
    linked = Person.objects.get(user__isnull=False)
    assert linked == typed[1]
    assert Person.objects.filter(email_verified_at__isnull=False).get() == linked
    assert [group["number"] for group in Person.objects.sharing_email()] == [3]


def test_of_several_that_never_paid_the_oldest_is_theirs(db):
    oldest, _ = PersonFactory(email="bea@people.example"), PersonFactory(email="bea@people.example")
    sign_in("bea@people.example")
    assert Person.objects.get(user__isnull=False) == oldest


def test_a_verified_record_comes_before_an_unverified_one_that_paid(individual):
    verified = PersonFactory(email="bea@people.example", email_verified_at=timezone.now())
    pay(PersonFactory(email="bea@people.example"), individual)
    sign_in("bea@people.example")
    assert Person.objects.get(user__isnull=False) == verified


def test_staff_are_linked_to_their_own_verified_record_however_they_sign_in(client, staff):
    user = staff("Editor")
    person = PersonFactory(email=user.email, email_verified_at=timezone.now())
    client.post("/accounts/login/", {"login": user.email, "password": "a-long-password"})
    person.refresh_from_db()
    assert person.user == user


def test_a_password_proves_no_address_of_a_record(client, staff):
    user = staff("Editor")
    person = PersonFactory(email=user.email)
    client.post("/accounts/login/", {"login": user.email, "password": "a-long-password"})
    person.refresh_from_db()
    assert (person.user, person.email_verified_at) == (None, None)


def test_after_a_merge_the_account_shows_the_kept_record(client_as, ana, individual):
    kept = PersonFactory(first_name="Ana María", last_name="Quispe", email="other@people.example")
    client = sign_in(ana.email)
    merge(keep=kept, drop=ana, chosen={"email": "drop"}, by=None)
    assert "Ana María Quispe" in client.get(ME).content.decode()
    assert "Ana María Quispe" in sign_in("ana@people.example").get(ME).content.decode()


def test_a_member_whose_address_staff_changed_signs_in_with_the_new_one(ana):
    sign_in(ana.email)
    Person.objects.filter(pk=ana.pk).update(email="new@people.example", email_verified_at=None)
    client = sign_in("new@people.example")
    assert is_in(client)
    ana.refresh_from_db()
    assert ana.user.email == "new@people.example"
    assert ana.email_verified_at is not None
    assert list(EmailAddress.objects.values_list("email", flat=True)) == ["new@people.example"]


def test_nobody_becomes_staff_by_changing_the_address_of_their_record(client, staff):
    user = staff("Superuser")
    PersonFactory(email="mine@people.example", email_verified_at=timezone.now(), user=user)
    ask(client, "mine@people.example")
    assert "/accounts/login/link/" not in mail.outbox[-1].body
    assert "no account" in mail.outbox[-1].body


def test_somebody_without_a_record_reads_how_to_join(client, db):
    user = User.objects.create_user("new@people.example")
    vouch_for_address(user)
    ask(client, user.email)
    enter(client)
    answer = client.get(ME)
    assert answer.status_code == 200
    assert 'href="/membership/"' in answer.content.decode()
    assert "no-store" in answer["Cache-Control"]


def test_the_membership_page_and_the_account_lead_there(client, ana, individual):
    assert f'href="{ME}"' in client.get("/membership/").content.decode()
    client.force_login(User.objects.create_user("x@people.example"))
    assert f'href="{ME}"' in client.get("/accounts/").content.decode()

"""What members change, take along and close by themselves at /membership/me/."""

import json

import pytest
from django.core import mail
from django.test import Client
from django.utils import timezone

from membership import wordings
from membership.actions.people import declare_gift_aid
from membership.export import everything_about
from membership.models import Consent, GiftAidDeclaration, Payment, Person
from psg.models import User
from tests.factories import PersonFactory
from tests.membership.conftest import pay
from tests.membership.member import DETAILS, account_of, words

pytestmark = pytest.mark.django_db
ME = "/membership/me/"


@pytest.fixture
def ana(individual) -> Person:
    """A member who pays by cheque."""
    person = PersonFactory(first_name="Ana", last_name="Quispe", email_verified_at=timezone.now())
    pay(person, individual)
    mail.outbox.clear()
    return person


@pytest.fixture
def hers(ana) -> Client:
    return account_of(ana)


# --- Details ---


def test_a_member_changes_name_and_address(hers, ana):
    assert 'value="1 Test Street"' in words(hers.get(f"{ME}details/"))
    assert "your details are saved" in words(hers.post(f"{ME}details/", DETAILS, follow=True))
    ana.refresh_from_db()
    assert (ana.name, ana.postcode, ana.town, ana.title) == ("Ana María Quispe", "LS1 4AP", "Leeds", "Dr")
    assert ana.history.first().history_user == ana.user


def test_the_address_for_mail_is_not_changed_there(hers, ana):
    before = ana.email
    hers.post(f"{ME}details/", DETAILS | {"email": "thief@people.example", "notes": "x", "organisation_name": "y"})
    ana.refresh_from_db()
    assert (ana.email, ana.notes, ana.organisation_name) == (before, "", "")
    assert "write to us" in words(hers.get(f"{ME}details/"))


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"postcode": "nonsense"}, "does not look like a UK postcode"),
        ({"postcode": ""}, "Please fill this in"),
        ({"last_name": " "}, "Please fill this in"),
        ({"first_name": "x" * 101}, "at most 100"),
        ({"postcode": "x" * 30}, "at most 20"),
    ],
)
def test_what_cannot_be_right_is_asked_again(hers, ana, change, said):
    html = words(hers.post(f"{ME}details/", DETAILS | change))
    assert said in html
    assert "Please look at this again" in html
    ana.refresh_from_db()
    assert ana.town == "London"


def test_not_every_country_has_postcodes(hers, ana):
    hers.post(f"{ME}details/", DETAILS | {"postcode": "", "country": "Ireland"})
    ana.refresh_from_db()
    assert (ana.country, ana.postcode) == ("Ireland", "")


# --- What they allow ---


def test_consents_are_rows_that_say_what_changed(hers, ana):
    Consent.objects.create(person=ana, purpose="email_news", wording="Old words.")
    assert "You said yes to one thing" in words(hers.get(ME))
    assert words(hers.get(f"{ME}consents/")).count("checked") == 1
    hers.post(f"{ME}consents/", {"post": "on"})
    rows = [(each.purpose, each.given, each.wording, each.source) for each in Consent.objects.order_by("pk")[1:]]
    said = {each.purpose: each.words for each in wordings.CONSENTS}
    assert rows == [("email_news", False, said["email_news"], "web"), ("post", True, said["post"], "web")]
    hers.post(f"{ME}consents/", {"post": "on"})
    assert Consent.objects.count() == 3


def test_gift_aid_is_declared_and_cancelled(hers, ana):
    html = words(hers.get(f"{ME}gift-aid/"))
    assert wordings.GIFT_AID[wordings.GIFT_AID_VERSION][:60] in html
    assert "Please tick the box" in words(hers.post(f"{ME}gift-aid/", {}))
    for _ in range(2):
        hers.post(f"{ME}gift-aid/", {"declare": "on"})
    declaration = GiftAidDeclaration.objects.get()
    assert (declaration.declared_name, declaration.channel, declaration.scope) == ("Ana Quispe", "web", "all")
    assert "has been in force since" in words(hers.get(f"{ME}gift-aid/"))
    hers.post(f"{ME}gift-aid/", {"cancel": "1"})
    declaration.refresh_from_db()
    assert declaration.cancelled_on == timezone.localdate()
    assert "Not declared" in words(hers.get(ME))


def test_a_declaration_needs_name_and_address(hers, ana):
    Person.objects.update(address_line1="")
    assert "needs your full name and home address" in words(hers.post(f"{ME}gift-aid/", {"declare": "on"}))
    assert not GiftAidDeclaration.objects.exists()


# --- All of it ---


def test_everything_is_downloaded_and_nothing_of_others(hers, ana, join, individual):
    Person.objects.filter(pk=ana.pk).update(notes="Met in Lima.")
    declare_gift_aid(ana, declared=ana)
    Consent.objects.create(person=ana, purpose="post", wording="Words.")
    join(individual, email=ana.email, last_name="Other")
    pay(PersonFactory(last_name="Secreto"), individual)
    answer = hers.get(f"{ME}data/")
    assert answer["Content-Disposition"].startswith("attachment; filename=")
    assert "no-store" in answer["Cache-Control"]
    text = answer.content.decode()
    held = json.loads(text)
    assert held["about"] == "Ana Quispe"
    assert held["sign_in_account"]["email"] == ana.user.email
    records = held["records"]
    assert {"people", "memberships", "terms", "payments", "consents", "Gift Aid declarations"} <= set(records)
    assert records["people"][0]["notes"] == "Met in Lima."
    assert records["memberships"][0]["plan"] == "Individual"
    assert records["payments"][0]["gross_pence"] == 2500
    assert "Secreto" not in text
    for secret in ("secret", "token", "password"):
        assert f'"{secret}' not in text


def test_what_is_downloaded_has_every_table_that_refers_to_people(hers, ana):
    Consent.objects.create(person=ana, purpose="post", wording="Words.")
    with_rows = {
        str(each.related_model._meta.verbose_name_plural)
        for each in Person._meta.related_objects
        if not each.many_to_many and each.related_model._base_manager.filter(**{each.field.name: ana}).exists()
    }
    assert with_rows <= set(everything_about(ana)["records"])
    assert len(with_rows) >= 3


# --- Good bye ---


def test_closing_asks_first(hers, ana):
    html = words(hers.get(f"{ME}close/"))
    assert "what tax law asks us to keep" in html
    assert "Please tick the box" in words(hers.post(f"{ME}close/", {}))
    assert User.objects.filter(pk=ana.user_id).exists()


def test_closing_ends_the_membership_consents_and_account_and_says_so(hers, ana):
    Consent.objects.create(person=ana, purpose="post", wording="Words.")
    answer = hers.post(f"{ME}close/", {"sure": "on"}, follow=True)
    assert "Your account is closed" in words(answer)
    ana.refresh_from_db()
    assert ana.user is None
    assert not User.objects.exists()
    assert ana.memberships.get().cancelled_on
    assert ana.is_member()
    assert list(Consent.objects.latest().values_list("purpose", "given")) == [("post", False)]
    assert "Your account is closed" in [message.subject for message in mail.outbox]
    assert "until" in mail.outbox[-1].body
    assert ana.payments.count() == 1
    assert hers.get(ME).status_code == 302


def test_closing_twice_at_once_is_closing_once(hers, ana):
    again = account_of(ana)
    hers.post(f"{ME}close/", {"sure": "on"})
    assert again.post(f"{ME}close/", {"sure": "on"}).status_code == 302
    assert [message.subject for message in mail.outbox].count("Your account is closed") == 1


def test_staff_are_sent_to_an_administrator(staff, ana):
    ana.user = staff("Editor")
    ana.save()
    assert "ask an administrator" in words(account_of(ana).post(f"{ME}close/", {"sure": "on"}, follow=True))
    assert User.objects.filter(email="editor@staff.example").exists()
    assert ana.memberships.get().cancelled_on is None


def test_who_once_recorded_payments_is_shut_out_instead(hers, ana, individual):
    pay(PersonFactory(), individual)
    Payment.objects.create(person=PersonFactory(), method="cash", gross_pence=1, token="x", recorded_by=ana.user)
    hers.post(f"{ME}close/", {"sure": "on"})
    assert not User.objects.get(pk=ana.user_id).is_active
    assert hers.get(ME).status_code == 302


def test_a_life_member_who_closes_stays_one(life):
    person = PersonFactory()
    pay(person, life)
    account_of(person).post(f"{ME}close/", {"sure": "on"})
    assert person.memberships.get().cancelled_on is None
    assert person.is_member()

"""Two records that are one human become one, and nothing is lost."""

from datetime import date
from html import unescape

import pytest
from django.db import IntegrityError, connection, models, transaction
from django.utils import timezone

from membership.actions import memberships, merging
from membership.models import Cover, Membership, MergeRecord, Payment, Person
from psg.models import User
from tests.factories import PersonFactory
from tests.membership.conftest import pay

pytestmark = pytest.mark.django_db
LIST = "/admin/membership/person/"

# Every table that refers to people, with how a merge treats it. A new one has to be thought about, and added here.
KNOWN = {
    "membership.membership.person": "moves",
    "membership.payment.person": "moves",
    "membership.consent.person": "moves",
    "membership.giftaiddeclaration.person": "moves",
    "membership.application.person": "moves",
    "membership.donation.person": "moves",
    "membership.mergerecord.kept": "moves",
    "membership.notice.person": "moves",
    "membership.concern.person": "moves",
    "membership.stripecustomer.person": "moves; both go on being charged where they are",
    "membership.cover.person": "moves, after what is doubled has ended",
    "membership.membership.covers": "through cover",
}


@pytest.fixture
def pair() -> tuple[Person, Person]:
    keep = PersonFactory(first_name="Ana", last_name="Quispe", email="ana@people.example", phone="1")
    drop = PersonFactory(first_name="Anna", last_name="Quispe", email="ana@people.example", notes="Met in Lima.")
    return keep, drop


def merge(keep, drop, **chosen) -> MergeRecord:
    return merging.merge(keep=keep, drop=drop, chosen=chosen, by=None)


def test_every_table_that_refers_to_people_is_known():
    found = {
        f"{relation.related_model._meta.label_lower}.{relation.field.name}" for relation in Person._meta.related_objects
    }
    ours = {name for name in found if name.startswith("membership.")}
    assert ours == set(KNOWN)


def test_everything_moves(pair, individual, join, client):
    keep, drop = pair
    payment = pay(drop, individual)
    application = join(individual, first_name="Anna", last_name="Q")
    type(application).objects.update(person=drop)
    drop.consents.create(purpose="post", wording="Write.")
    drop.gift_aid_declarations.create(wording_version="x", wording="x", declared_name="x", declared_address="x")
    record = merge(keep, drop)
    for relation in Person._meta.related_objects:
        rows = relation.related_model._base_manager
        if not relation.many_to_many:
            assert not rows.filter(**{relation.field.name: record.dropped_id}).exists(), relation
    payment.refresh_from_db()
    assert payment.person == keep
    assert keep.is_member()
    assert record.dropped["first_name"] == "Anna"
    assert record.moved == {
        "payments": 1,
        "memberships": 1,
        "applications": 1,
        "consents": 1,
        "Gift Aid declarations": 1,
    }
    assert Person.history.filter(id=record.dropped_id, history_type="-").exists()


def test_a_table_of_the_future_moves_too_and_one_that_refuses_ends_the_merge(pair):
    keep, drop = pair

    class Badge(models.Model):
        person = models.OneToOneField(Person, on_delete=models.PROTECT)

        class Meta:
            app_label = "membership"

        def __str__(self) -> str:
            return f"badge of {self.person}"

    try:
        with connection.schema_editor() as editor:
            editor.create_model(Badge)
        Person._meta._expire_cache()
        badge = Badge.objects.create(person=drop)
        merge(keep, drop)
        badge.refresh_from_db()
        assert badge.person == keep
        other = PersonFactory()
        Badge.objects.create(person=other)
        with pytest.raises(merging.MergeRefused, match="only one"):
            merge(keep, other)
        assert Person.objects.filter(pk=other.pk).exists()
    finally:
        from django.apps import apps

        apps.all_models["membership"].pop("badge", None)
        apps.clear_cache()


def test_columns_are_kept_as_chosen_and_notes_are_joined(pair):
    keep, drop = pair
    Person.objects.filter(pk=keep.pk).update(notes="First.")
    merge(keep, drop, first_name="drop", phone="keep")
    keep.refresh_from_db()
    assert (keep.first_name, keep.phone, keep.notes) == ("Anna", "1", "First.\n\nMet in Lima.")


def test_a_verified_address_stays_verified_whichever_record_had_it(pair):
    keep, drop = pair
    Person.objects.filter(pk=drop.pk).update(email_verified_at=timezone.now())
    merge(keep, drop)
    keep.refresh_from_db()
    assert keep.email_verified_at
    other = PersonFactory(email="new@people.example")
    merge(keep, other, email="drop")
    keep.refresh_from_db()
    assert (keep.email, keep.email_verified_at) == ("new@people.example", None)


def test_who_asked_not_to_be_written_to_is_not_written_to(pair):
    keep, drop = pair
    Person.objects.filter(pk=drop.pk).update(do_not_contact=True)
    merge(keep, drop)
    keep.refresh_from_db()
    assert keep.do_not_contact


def test_two_who_both_paid_keep_both_memberships(pair, individual):
    keep, drop = pair
    pay(keep, individual), pay(drop, individual)
    merge(keep, drop)
    assert Membership.objects.filter(person=keep).count() == 2
    assert Payment.objects.filter(person=keep).count() == 2
    pay(keep, individual)
    assert sorted(each.terms.count() for each in Membership.objects.all()) == [1, 2]


def test_nobody_is_covered_twice_nor_by_their_own_membership(household):
    holder, twin = PersonFactory(), PersonFactory()
    membership = pay(holder, household).term.membership
    first = memberships.cover_by_name(membership, name="Luis Quispe").person
    second = memberships.cover(membership, person=twin).person
    record = merge(first, second)
    assert record.moved["covers ended"] == 1
    assert Cover.objects.filter(person=first, until=None).count() == 1
    merge(holder, first)
    assert not Cover.objects.filter(until=None).exists()
    assert holder.is_member()


def test_a_sign_in_account_goes_over_and_two_are_refused(pair):
    keep, drop = pair
    user = User.objects.create_user("ana@people.example")
    Person.objects.filter(pk=drop.pk).update(user=user)
    merge(keep, drop)
    keep.refresh_from_db()
    assert keep.user == user
    other = PersonFactory(user=User.objects.create_user("other@people.example"))
    with pytest.raises(merging.MergeRefused, match="Both can sign in"):
        merge(keep, other)


def test_a_record_that_is_gone_is_said_so(pair):
    keep, drop = pair
    merge(keep, drop)
    with pytest.raises(merging.MergeRefused, match="a moment ago"):
        merge(keep, drop)


class TestTheDesk:
    def test_lists_the_same_email_and_the_same_name_and_postcode(self, client_as, pair):
        PersonFactory(first_name="Rosa", last_name="Flóres", postcode="E1 1AA")
        PersonFactory(first_name="rosa", last_name="flores", postcode="E1 1AA")
        PersonFactory(first_name="Rosa", last_name="Flores", postcode="E1 1AB")
        PersonFactory(email=""), PersonFactory(email="")
        groups = client_as("Membership").get(f"{LIST}duplicates/").context["groups"]
        assert [(group["why"], len(group["people"])) for group in groups] == [
            ("the same e-mail", 2),
            ("the same name and postcode", 2),
        ]

    def test_shows_both_asks_once_and_says_what_it_did(self, client_as, pair, individual):
        keep, drop = pair
        pay(drop, individual)
        desk = client_as("Membership")
        path = f"{LIST}{keep.pk}/merge/{drop.pk}/"
        form = desk.get(path).context["form"]
        assert set(form.fields) == {"first_name", "phone"}
        assert Person.objects.count() == 2
        response = desk.post(path, {"first_name": "drop", "phone": "keep"}, follow=True)
        message = unescape(" ".join(str(each) for each in response.context["messages"]))
        assert f"Record {drop.pk} is now part of Anna Quispe" in message
        assert "1 payments" in message
        assert MergeRecord.objects.get().by.email == "membership@staff.example"
        assert f"record {drop.pk} merged" in response.content.decode()
        assert desk.get(path).status_code == 404

    def test_an_unknown_choice_is_refused_and_oneself_is_no_duplicate(self, client_as, pair):
        keep, drop = pair
        desk = client_as("Membership")
        assert desk.post(f"{LIST}{keep.pk}/merge/{drop.pk}/", {"first_name": "x"}).status_code == 200
        assert desk.post(f"{LIST}{keep.pk}/merge/{keep.pk}/").status_code == 302
        assert Person.objects.count() == 2


def test_one_verified_address_belongs_to_one_record_in_any_case_of_letters():
    PersonFactory(email="ana@people.example", email_verified_at=timezone.now())
    PersonFactory(email="ana@people.example")
    with pytest.raises(IntegrityError, match="person_verified_email_once"), transaction.atomic():
        PersonFactory(email="ANA@people.example", email_verified_at=timezone.now())
    assert Person.objects.with_verified_email("Ana@People.Example").count() == 1
    with pytest.raises(IntegrityError, match="lower_case"), transaction.atomic():
        Person.objects.update(email="Ana@people.example")


def test_the_day_of_the_older_record_stays(pair):
    keep, drop = pair
    Person.objects.filter(pk=drop.pk).update(created_at=timezone.make_aware(timezone.datetime(2010, 1, 1)))
    merge(keep, drop)
    keep.refresh_from_db()
    assert keep.created_at.date() == date(2010, 1, 1)

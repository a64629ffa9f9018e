"""Joining from the page: what is asked, what is kept, what is mailed, what is refused."""

import uuid
from datetime import timedelta

import pytest
import time_machine
from django.core import mail
from django.utils import timezone

from membership import references
from membership.models import Application, ApplicationState, Interval, Membership, Payment, Person
from tests.factories import PersonFactory, PlanFactory, PriceFactory
from tests.membership.conftest import pay, price_of, typed

pytestmark = pytest.mark.django_db


def errors(client, plan, **changes) -> dict[str, list[str]]:
    response = client.post(plan.get_absolute_url(), typed(plan, **changes))
    assert response.status_code == 200
    assert not Application.objects.exists()
    return response.context["form"].errors


class TestThePage:
    def test_asks_only_what_the_plan_needs(self, client, individual, household):
        unwaged = PlanFactory(is_concession=True, concession_wording="I am out of work.")
        body = PlanFactory(kind="organisation")
        for plan in (unwaged, body):
            PriceFactory(plan=plan)
        asked = {}
        for plan in (individual, household, unwaged, body):
            html = client.get(plan.get_absolute_url()).content.decode()
            asked[plan.pk] = {name for name in ASKED if ASKED[name] in html}
        assert asked == {
            individual.pk: {"gift aid"},
            household.pk: {"gift aid", "household"},
            unwaged.pk: {"gift aid", "concession"},
            body.pk: {"organisation"},
        }

    def test_says_what_gift_aid_adds_and_shows_hmrcs_words(self, client, individual):
        html = client.get(individual.get_absolute_url()).content.decode()
        assert "£25.00 becomes £31.25 at no cost to you." in html
        assert "it is my responsibility to pay any difference" in html
        assert "in the past 4 years to the Peru Support Group" in html

    def test_offers_transfers_only_where_there_is_an_account(self, client, join, individual, settings):
        assert 'value="transfer"' in client.get(individual.get_absolute_url()).content.decode()
        waiting = join(individual, method="transfer")
        settings.BANK_ACCOUNT_NUMBER = ""
        assert "Pay by cheque" in client.get(waiting.get_absolute_url()).content.decode()
        html = client.get(individual.get_absolute_url()).content.decode()
        assert 'value="transfer"' not in html
        assert 'value="cheque"' in html

    def test_an_unknown_plan_is_not_found(self, client, individual):
        assert client.get("/membership/join/gold/").status_code == 404

    def test_a_withdrawn_plan_leads_to_those_that_are_offered(self, client, individual):
        gone = PlanFactory(slug="gone", is_offered=False)
        PriceFactory(plan=gone)
        for plan in (gone, PlanFactory(slug="no-price")):
            response = client.get(plan.get_absolute_url())
            assert response.status_code == 410
            assert 'href="/membership/join/individual/"' in response.content.decode()

    def test_is_never_kept_by_a_cache(self, client, individual):
        assert "no-store" in client.get(individual.get_absolute_url())["Cache-Control"]


ASKED = {
    "gift aid": 'name="gift_aid"',
    "household": 'name="household_4"',
    "concession": 'name="concession"',
    "organisation": 'name="organisation_name"',
}


class TestJoining:
    def test_makes_a_pending_application_and_nobody_a_member(self, join, individual):
        application = join(individual, email="Ana@People.example", amount="£30", gift_aid="on")
        assert application.state == ApplicationState.OPEN
        assert application.amount_pence == 3000
        assert (application.email, application.postcode) == ("ana@people.example", "N1 9GU")
        assert not application.person.is_member()
        assert not Membership.objects.exists()
        assert list(Person.objects.pending()) == [application.person]

    def test_mails_reference_and_account_and_shows_them_at_a_secret_address(self, client, join, individual, mailoutbox):
        application = join(individual, method="transfer")
        page = client.get(application.get_absolute_url())
        (message,) = mailoutbox
        assert message.to == ["ana@people.example"]
        html = message.alternatives[0].content
        for text in (page.content.decode(), message.body, html):
            for fact in (application.reference, "00-00-00", "00000000", "£25.00"):
                assert fact in text
        assert application.reference in message.subject
        assert page["X-Robots-Tag"] == "noindex"
        assert "Quispe" not in page.content.decode()
        assert client.get("/membership/thanks/guessed/").status_code == 404

    def test_a_cheque_gets_where_to_post_it(self, client, join, individual, settings):
        page = client.get(join(individual, method="cheque").get_absolute_url()).content.decode()
        assert "Demo address, do not post" in page
        settings.CHEQUE_ADDRESS = ""
        application = Application.objects.get()
        assert 'href="/contact/"' in client.get(application.get_absolute_url()).content.decode()

    def test_when_the_payment_comes_what_was_ticked_comes_true(self, join, household):
        names = {"household_2": "Luis Quispe", "household_3": "María José Quispe"}
        application = join(household, gift_aid="on", consent_post="on", title="Dr", **names)
        pay(application.person, household, application=application, take_details=True)
        person = application.person
        declaration = person.gift_aid_declarations.get()
        assert declaration.declared_name == "Dr Ana Quispe"
        assert "1 Test Street" in declaration.declared_address
        assert "past 4 years" in declaration.wording
        assert [(each.purpose, each.given) for each in person.consents.all()] == [("post", True)]
        assert "by post" in person.consents.get().wording
        others = Person.objects.filter(covered_by__person=person)
        assert {(each.first_name, each.last_name) for each in others} == {("Luis", "Quispe"), ("María José", "Quispe")}
        assert all(each.is_member() for each in [person, *others])

    def test_nothing_ticked_is_no_consent_and_no_declaration(self, join, individual):
        application = join(individual)
        pay(application.person, individual, application=application)
        assert not application.person.consents.exists()
        assert not application.person.gift_aid_declarations.exists()

    def test_monthly_by_standing_order_not_by_cheque(self, client, join, individual):
        monthly = PriceFactory(plan=individual, amount_pence=250, interval=Interval.MONTH)
        html = client.get(individual.get_absolute_url()).content.decode()
        assert 'type="radio" name="price"' in html
        assert "method" in errors(client, individual, price=monthly.pk, method="cheque")
        application = join(individual, price=monthly.pk, method="transfer")
        assert application.amount_pence == 250
        assert "each month, by standing order" in client.get(application.get_absolute_url()).content.decode()


class TestBadInput:
    @pytest.mark.parametrize(
        ("amount", "says"),
        [
            ("0", "The least is £25.00"),
            ("-5", "The least is £25.00"),
            ("24.99", "The least is £25.00"),
            ("£1,000,000", "at most £5,000.00"),
            ("5000.01", "at most £5,000.00"),
            ("a lot", "amount in pounds"),
            ("1e3", "amount in pounds"),
            ("٢٥", "amount in pounds"),
            ("25.001", "amount in pounds"),
            ("NaN", "amount in pounds"),
        ],
    )
    def test_amounts_that_are_refused_say_why_beside_the_field(self, client, individual, amount, says):
        assert says in errors(client, individual, amount=amount)["amount"][0]

    @pytest.mark.parametrize(
        ("amount", "pence"),
        [("", 2500), ("25", 2500), ("25,00", 2500), ("£25", 2500), (" £ 30.5 ", 3050), ("1,000", 100_000)],
    )
    def test_amounts_are_read_as_people_write_them(self, join, individual, amount, pence):
        assert join(individual, amount=amount).amount_pence == pence

    @pytest.mark.parametrize("postcode", ["sw1a1aa", "SW1A 1AA", " sw1a  1aa ", "Sw1A-1aA"])
    def test_postcodes_are_put_in_order(self, join, individual, postcode):
        assert join(individual, postcode=postcode).postcode == "SW1A 1AA"

    @pytest.mark.parametrize("postcode", ["", "12345", "SW1A", "SW1A 1A", "x" * 15])
    def test_what_is_no_postcode_is_refused_in_the_uk(self, client, individual, postcode):
        assert "postcode" in errors(client, individual, postcode=postcode, country="UK")

    @pytest.mark.parametrize("postcode", ["", "15074", "LIMA 1"])
    def test_elsewhere_any_or_none_will_do(self, join, individual, postcode):
        assert join(individual, postcode=postcode, country="Perú").postcode == postcode

    def test_names_with_emoji_and_html_are_kept_and_shown_as_text(self, join, individual, mailoutbox, client_as):
        name = "<script>alert(1)</script> 🦙 O’Brien & Söhne"
        application = join(individual, last_name=name)
        assert application.last_name == name
        html = mailoutbox[0].alternatives[0].content
        assert "<script>" not in html
        assert "&lt;script&gt;" in html
        assert "O’Brien & Söhne" in mailoutbox[0].body
        page = client_as("Membership").get(f"/admin/membership/person/{application.person_id}/change/").content.decode()
        assert "<script>alert" not in page

    @pytest.mark.parametrize("field", ["first_name", "last_name", "town", "address_line1"])
    def test_300_characters_are_refused_beside_the_field(self, client, individual, field):
        found = errors(client, individual, **{field: "x" * 300})
        assert set(found) == {field}

    def test_letters_that_unfold_into_many_do_no_harm(self, join, individual):
        assert join(individual, first_name="ﷺ" * 100, last_name="ﬃ" * 100).person.pk

    def test_line_breaks_in_a_name_become_spaces_and_add_no_header(self, join, individual, mailoutbox):
        application = join(individual, first_name="Ana\r\nBcc: all@people.example", last_name="Quispe\tx")
        assert application.first_name == "Ana Bcc: all@people.example"
        assert application.last_name == "Quispe x"
        message = mailoutbox[0].message()
        assert message["Bcc"] is None
        assert message["To"] == "ana@people.example"

    def test_a_nul_byte_is_taken_out(self, join, individual):
        assert join(individual, first_name="A\0na").first_name == "A na"

    @pytest.mark.parametrize("email", ["", "x", "a@b", "ana@people.example\r\nBcc: x@y.example", "a\0@b.example"])
    def test_what_is_no_address_is_refused(self, client, individual, email):
        assert set(errors(client, individual, email=email)) == {"email"}

    def test_what_was_typed_is_kept_beside_the_error(self, client, individual):
        html = client.post(individual.get_absolute_url(), typed(individual, email="x", town="Cusco")).content.decode()
        assert 'value="Cusco"' in html
        assert "Enter a valid email address" in html

    def test_a_concession_is_by_declaration(self, client, join):
        unwaged = PlanFactory(is_concession=True, concession_wording="I am out of work.")
        PriceFactory(plan=unwaged, amount_pence=1000)
        assert set(errors(client, unwaged)) == {"concession"}
        assert join(unwaged, concession="on").concession_declared == "I am out of work."

    @pytest.mark.parametrize("token", ["", "abc", "x" * 1000, "a\0b", "{", None])
    def test_a_form_without_a_proper_token_is_no_error(self, client, individual, token):
        response = client.post(individual.get_absolute_url(), typed(individual, token=token))
        assert response.status_code == 302

    @pytest.mark.parametrize("price", ["", "0", "abc", "999999"])
    def test_a_price_that_is_not_one_of_the_plans_is_asked_again(self, client, individual, price):
        other = PriceFactory(plan=PlanFactory(), amount_pence=1)
        for wrong in (price, other.pk):
            response = client.post(individual.get_absolute_url(), typed(individual, price=wrong))
            assert "It is now £25.00 a year" in response.context["form"].non_field_errors()[0]
        assert not Application.objects.exists()

    def test_other_verbs_are_refused(self, client, individual):
        assert client.put(individual.get_absolute_url()).status_code == 405


class TestWhileTheFormIsOpen:
    def test_a_new_price_is_said_and_asked_again(self, client, join, individual):
        from membership.actions.plans import set_price

        sent = typed(individual)
        set_price(plan=individual, interval="year", amount_pence=3000)
        response = client.post(individual.get_absolute_url(), sent)
        assert "It is now £30.00 a year" in response.content.decode()
        assert not Application.objects.exists()
        page = response.context["form"]
        sent["price"] = page["price"].value()
        assert client.post(individual.get_absolute_url(), sent).status_code == 302
        assert Application.objects.get().amount_pence == 3000

    def test_a_plan_that_is_withdrawn_keeps_what_was_typed_for_another(self, client, individual, household):
        sent = typed(individual, consent_post="on", first_name='Ana "la"')
        individual.is_offered = False
        individual.save()
        response = client.post(individual.get_absolute_url(), sent)
        assert response.status_code == 410
        assert "Go on as Household" in response.content.decode()
        carried = dict(response.context["typed"])
        page = client.post(household.get_absolute_url(), {**carried, "_carried": "1"})
        assert page.status_code == 200
        html = page.content.decode()
        assert 'value="Ana &quot;la&quot;"' in html
        assert 'value="N1 9GU"' in html or 'value="n1 9gu"' in html
        assert "error-summary" not in html
        assert not Application.objects.exists()


class TestTwice:
    def test_the_same_form_sent_again_is_one_application_and_one_mail(self, client, individual, mailoutbox):
        sent = typed(individual)
        places = {client.post(individual.get_absolute_url(), sent)["Location"] for _ in range(3)}
        assert len(places) == 1
        assert Application.objects.count() == Person.objects.count() == len(mailoutbox) == 1

    def test_back_and_a_correction_change_the_application_and_keep_its_reference(self, join, individual, mailoutbox):
        token = uuid.uuid4()
        first = join(individual, token=token, last_name="Quispr", email="anna@people.example")
        second = join(individual, token=token, last_name="Quispe", email="ana@people.example")
        assert second.pk == first.pk
        assert (second.last_name, second.reference) == ("Quispe", first.reference)
        assert [message.to for message in mailoutbox] == [["anna@people.example"], ["ana@people.example"]]
        assert Person.objects.get().last_name == "Quispe"

    def test_the_same_words_from_another_tab_are_the_same_application(self, join, individual, mailoutbox):
        assert join(individual).pk == join(individual, email="ANA@people.example").pk
        assert len(mailoutbox) == 1

    def test_another_plan_from_another_tab_replaces_the_first(self, join, individual, household):
        first, second = join(individual), join(household)
        first.refresh_from_db()
        assert (first.state, second.state) == (ApplicationState.REPLACED, ApplicationState.OPEN)
        assert Person.objects.count() == 1
        # The first cheque comes all the same: it counts, and nobody waits any more.
        pay(first.person, individual, application=first)
        second.refresh_from_db()
        assert second.state == ApplicationState.REPLACED

    def test_a_form_whose_payment_came_is_not_changed_by_the_back_button(self, client, join, individual):
        token = uuid.uuid4()
        application = join(individual, token=token)
        pay(application.person, individual, application=application)
        again = join(individual, token=token, town="Lima")
        assert again.pk == application.pk
        assert again.town == "London"
        assert "Your payment has come" in client.get(again.get_absolute_url()).content.decode()

    def test_an_address_gets_at_most_five_mails_a_day(self, join, individual, mailoutbox):
        token = uuid.uuid4()
        for number in range(9):
            join(individual, token=token if number % 2 else uuid.uuid4(), last_name=f"Number {number}")
        assert len(mailoutbox) == 5


class TestSomebodyElsesAddress:
    @pytest.fixture
    def member(self, individual) -> Person:
        person = PersonFactory(
            first_name="Ana", last_name="Quispe", email="ana@people.example", email_verified_at=timezone.now()
        )
        pay(person, individual)
        mail.outbox.clear()
        return person

    def test_changes_nothing_of_theirs_and_shows_nothing(self, client, join, individual, member):
        before = Person.objects.values().get(pk=member.pk)
        application = join(individual, first_name="Mallory", address_line1="6 Evil Road", gift_aid="on", phone="000")
        assert Person.objects.values().get(pk=member.pk) == before
        assert not member.gift_aid_declarations.exists()
        known = client.get(application.get_absolute_url()).content.decode()
        stranger = client.get(join(individual, email="new@people.example").get_absolute_url()).content.decode()
        unlike = Application.objects.exclude(pk=application.pk).get().reference
        assert known.replace(application.reference, "R") == stranger.replace(unlike, "R")

    def test_the_owner_is_told_by_mail_that_they_are_a_member(self, join, individual, member, mailoutbox):
        join(individual)
        until = timezone.localdate() + timedelta(days=364)
        assert "You are a member already, until" in mailoutbox[0].body
        assert f"{until.day} {until:%B %Y}" in mailoutbox[0].body
        assert "renews your membership" in mailoutbox[0].alternatives[0].content

    def test_an_address_that_is_not_verified_says_nothing(self, join, individual, member, mailoutbox):
        Person.objects.filter(pk=member.pk).update(email_verified_at=None)
        join(individual)
        assert "already" not in mailoutbox[0].body
        assert Person.objects.count() == 2

    def test_what_was_typed_is_taken_over_when_staff_say_so(self, join, individual, member):
        application = join(individual, address_line1="2 New Road")
        pay(member, individual, application=application, take_details=True)
        member.refresh_from_db()
        assert member.address_line1 == "2 New Road"
        assert member.email_verified_at

    def test_a_life_member_is_told_that_nothing_is_to_renew(self, join, individual, life, mailoutbox):
        person = PersonFactory(email="ana@people.example", email_verified_at=timezone.now())
        pay(person, life)
        mail.outbox.clear()
        join(individual)
        assert "for life" in mailoutbox[0].body


class TestConfirmingTheAddress:
    def test_opening_the_link_changes_nothing_and_the_button_confirms(self, client, join, individual, mailoutbox):
        application = join(individual)
        path = f"/membership/confirm/{application.confirm_secret}/"
        assert path in mailoutbox[0].body
        assert path in mailoutbox[0].alternatives[0].content
        assert "ana@people.example" in client.get(path).content.decode()
        assert client.head(path).status_code == 200
        application.person.refresh_from_db()
        assert application.person.email_verified_at is None
        assert client.post(path, follow=True).status_code == 200
        application.person.refresh_from_db()
        assert application.person.email_verified_at
        assert "is confirmed" in client.get(path).content.decode()
        client.post(path)

    def test_the_thank_you_page_does_not_give_the_confirming_link_away(self, client, join, individual):
        application = join(individual)
        assert application.confirm_secret not in client.get(application.get_absolute_url()).content.decode()
        assert client.post(f"/membership/confirm/{application.secret}/").status_code == 404

    def test_one_address_becomes_one_persons_own(self, client, join, individual):
        first = join(individual, first_name="Ana")
        second = join(individual, first_name="Luis")
        for application in (first, second):
            client.post(f"/membership/confirm/{application.confirm_secret}/")
        assert Person.objects.filter(email_verified_at__isnull=False).count() == 1
        assert Application.objects.filter(email_confirmed_at__isnull=True).count() == 0

    def test_an_unknown_link_is_not_found(self, client):
        assert client.get("/membership/confirm/x/").status_code == 404
        assert client.post("/membership/confirm/x/").status_code == 404


class TestReferences:
    def test_no_two_are_the_same_and_no_character_is_mistaken_for_another(self):
        made = [references.encode(number) for number in range(5000)]
        assert len(set(made)) == 5000
        used = set("".join(each.removeprefix("PSG") for each in made))
        alike = ["0O", "1IL", "2Z", "5S", "8B", "UV"]
        assert [pair for pair in alike if len(used & set(pair)) > 1] == []
        assert not used & set("AEIOU")

    def test_every_wrong_character_and_every_swap_is_noticed(self):
        reference = references.encode(4711)
        bare = reference.removeprefix("PSG")
        for place, right in enumerate(bare):
            for wrong in set(references.ALPHABET) - {right}:
                assert references.read(bare[:place] + wrong + bare[place + 1 :]) is None
        for place in range(len(bare) - 1):
            swapped = bare[:place] + bare[place + 1] + bare[place] + bare[place + 2 :]
            assert swapped == bare or references.read(swapped) is None

    @pytest.mark.parametrize("written", ["{0}", " {1} ", "psg {1}", "PSG-{1}", "psg{1}"])
    def test_it_is_read_however_it_is_written(self, written):
        reference = references.encode(99)
        assert references.read(written.format(reference, reference.removeprefix("PSG").lower())) == reference


def test_a_night_in_summer_belongs_to_the_london_day(join, individual):
    with time_machine.travel("2027-06-30T23:30:00Z", tick=False):  # half past midnight in London
        application = join(individual)
        payment = pay(application.person, individual, application=application)
    assert str(payment.received_on) == "2027-07-01"
    assert (str(payment.term.starts_on), str(payment.term.ends_on)) == ("2027-07-01", "2028-06-30")


def test_no_payment_row_comes_of_joining(join, individual):
    join(individual)
    assert not Payment.objects.exists()
    assert price_of(individual).amount_pence == 2500

"""The desk for appeals: words, days, what was raised; who may."""

import csv
from datetime import timedelta
from io import StringIO

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from membership.models import Appeal, Donation, Payment
from psg.library.models import Use
from psg.publishing.models import Redirect
from tests.at_once import at_once
from tests.factories import AppealFactory, PersonFactory
from tests.membership.desk_pages import said
from tests.membership.gifts import back, given
from tests.psg.library import add, made

pytestmark = pytest.mark.django_db
LIST = "/admin/membership/appeal/"


@pytest.fixture
def desk(client_as):
    return client_as("Editor")


def page(appeal: Appeal, name: str = "change/") -> str:
    return f"{LIST}{appeal.pk}/{name}"


def typed(**changes) -> dict[str, object]:
    data = {
        "title": "Water for all",
        "slug": "water",
        "standfirst": "Testing kits for the highlands.",
        "body": "<p>Why</p>",
        "target_pence": "2,000",
        "starts_on": timezone.localdate().isoformat(),
        "ends_on": "",
        "is_public": "on",
    } | changes
    return {name: value for name, value in data.items() if value is not None}


def opened(desk, appeal: Appeal) -> dict[str, object]:
    form = desk.get(page(appeal)).context["adminform"].form
    data = {name: form[name].value() for name in form.fields}
    return {name: value for name, value in data.items() if value is not None and value is not False}


class TestWords:
    def test_an_editor_makes_an_appeal_that_visitors_see_at_once(self, desk, client):
        response = desk.post(f"{LIST}add/", typed())
        assert response.status_code == 302, response.context["adminform"].form.errors
        appeal = Appeal.objects.get()
        assert (appeal.target_pence, appeal.is_running) == (200_000, True)
        assert appeal.history.get().history_user.email == "editor@staff.example"
        assert "Water for all" in client.get("/donate/water/").content.decode()

    @pytest.mark.parametrize(
        ("field", "bad", "message"),
        [
            ("target_pence", "0", "more than nothing"),
            ("target_pence", "-5", "more than nothing"),
            ("target_pence", "lots", "amount in pounds"),
            ("target_pence", "100,000,000,000", "at most £10,000,000"),
            ("ends_on", "2001-01-01", "cannot end before it starts"),
            ("ends_on", "soon", "valid date"),
            ("slug", "two words", "valid"),
            ("slug", "Thanks", "Another page"),
            ("title", "", "required"),
            ("title", "x" * 121, "120"),
            ("standfirst", "x" * 301, "300"),
        ],
    )
    def test_bad_input_is_said_and_what_was_typed_stays(self, desk, field, bad, message):
        response = desk.post(f"{LIST}add/", typed(**{field: bad}))
        assert response.status_code == 200
        assert message in str(response.context["adminform"].form.errors)
        assert 'value="Water for all"' in response.content.decode() or field == "title"
        assert not Appeal.objects.exists()

    def test_two_appeals_have_two_addresses(self, desk):
        AppealFactory(slug="water")
        response = desk.post(f"{LIST}add/", typed())
        assert "There is an appeal at this address already." in response.content.decode()

    def test_a_changed_address_leads_on_if_it_was_public(self, desk, client):
        appeal = AppealFactory(slug="old")
        desk.post(page(appeal), opened(desk, appeal) | {"slug": "new"})
        assert client.get("/donate/old/")["Location"] == "/donate/new/"
        desk.post(page(appeal), opened(desk, appeal) | {"slug": "newest"})
        assert client.get("/donate/old/")["Location"] == "/donate/newest/"
        desk.post(page(appeal), opened(desk, appeal) | {"slug": "old"})
        assert client.get("/donate/old/").status_code == 200
        assert client.get("/donate/new/")["Location"] == "/donate/old/"

    def test_a_changed_address_that_nobody_saw_leaves_nothing(self, desk):
        tomorrow = timezone.localdate() + timedelta(days=1)
        for appeal in (AppealFactory(is_public=False), AppealFactory(starts_on=tomorrow)):
            desk.post(page(appeal), opened(desk, appeal) | {"slug": f"new-{appeal.pk}"})
        assert not Redirect.objects.exists()

    def test_two_who_edit_at_once_overwrite_nothing_unseen(self, desk, client_as):
        appeal = AppealFactory(title="First")
        mine, other = opened(desk, appeal), client_as("Superuser")
        other.post(page(appeal), opened(other, appeal) | {"title": "Theirs"})
        response = desk.post(page(appeal), mine | {"title": "Mine"})
        html = response.content.decode()
        assert "Test Superuser saved this at" in html
        assert 'value="Mine"' in html
        assert Appeal.objects.get().title == "Theirs"
        again = mine | {"title": "Mine", "seen": response.context["adminform"].form["seen"].value()}
        assert desk.post(page(appeal), again).status_code == 302
        assert Appeal.objects.get().title == "Mine"

    def test_the_library_knows_which_pictures_an_appeal_shows(self, desk):
        image = made(add())
        desk.post(f"{LIST}add/", typed(body=f'<p><img alt="A well" src="{image.file.url}"></p>'))
        assert Use.objects.get().image == image
        appeal = Appeal.objects.get()
        desk.post(page(appeal), opened(desk, appeal) | {"body": "<p>None</p>"})
        assert not Use.objects.exists()

    def test_a_preview_shows_what_is_typed_and_saves_nothing(self, desk):
        response = desk.post(f"{LIST}preview/", typed(title="Not saved", target_pence="what"))
        html = response.content.decode()
        assert "Not saved" in html
        assert "Preview: not public yet." in html
        assert "noindex" in response["X-Robots-Tag"]
        assert not Appeal.objects.exists()
        appeal = AppealFactory(title="Saved", is_public=False, target_pence=10_000)
        given(2500, appeal=appeal)
        html = desk.post(f"{LIST}preview/", typed(title="Not saved", number=appeal.pk)).content.decode()
        assert "Not saved" in html
        assert "£25 of £2,000 raised by one person" in html
        appeal.refresh_from_db()
        assert (appeal.title, appeal.is_public) == ("Saved", False)

    @pytest.mark.parametrize("number", ["", "x", "9" * 30, "-1"])
    def test_a_preview_of_what_is_not_there_is_one_of_something_new(self, desk, number):
        assert desk.post(f"{LIST}preview/", typed(number=number)).status_code == 200

    def test_nobody_deletes_an_appeal(self, client_as):
        appeal = AppealFactory()
        assert client_as("Superuser").post(page(appeal, "delete/"), {"post": "yes"}).status_code == 403


class TestEnding:
    def test_today_becomes_the_last_day(self, desk, client):
        appeal = AppealFactory()
        assert "Today will be its last day" in desk.get(page(appeal, "end/")).content.decode()
        response = desk.post(page(appeal, "end/"), follow=True)
        assert "Today is the last day" in said(response)
        appeal.refresh_from_db()
        assert appeal.ends_on == timezone.localdate()
        assert appeal.history.first().history_user.email == "editor@staff.example"
        assert "Today is the last day." in client.get(appeal.get_absolute_url()).content.decode()

    @pytest.mark.parametrize("days", [{"starts_on": 3}, {"ends_on": -3}])
    def test_what_does_not_run_is_not_ended(self, desk, days):
        appeal = AppealFactory(**{name: timezone.localdate() + timedelta(days=each) for name, each in days.items()})
        before = appeal.ends_on
        assert "It does not run" in said(desk.post(page(appeal, "end/"), follow=True))
        appeal.refresh_from_db()
        assert appeal.ends_on == before


class TestWhatItRaised:
    def test_the_list_says_what_each_raised_in_one_query_for_all(self, desk):
        appeal = AppealFactory(target_pence=10_000)
        given(2500, appeal=appeal)
        few = cost(desk, LIST)
        for _ in range(10):
            given(100, appeal=AppealFactory())
        html = desk.get(LIST).content.decode()
        assert "£25" in html
        assert "of £100 (25 %)" in html
        assert cost(desk, LIST) == few

    def test_the_treasurer_sees_every_payment_and_gift_aid(self, client_as, individual):
        from membership.actions.people import declare_gift_aid

        treasurer = client_as("Treasurer")
        appeal = AppealFactory(target_pence=20_000)
        ana = PersonFactory(first_name="Ana", last_name="Quispe")
        declare_gift_aid(ana, declared=ana)
        given(10_000, appeal=appeal, person=ana, dedication="memory", dedicated_to="Luz")
        back(given(5000, appeal=appeal))
        html = treasurer.get(page(appeal, "raised/")).content.decode()
        for words in ("£100.00", "(50 %)", "1 person", "£25.00", "Ana Quispe", "In memory of Luz", "−£50.00"):
            assert words in html
        assert "/admin/membership/person/" not in html

    def test_the_rows_come_as_a_file_without_formulas(self, client_as):
        appeal = AppealFactory(slug="water")
        person = PersonFactory(first_name="=1+1", last_name="")
        payment = given(123_456, appeal=appeal, person=person, is_anonymous=False)
        back(payment, 456)
        response = client_as("Treasurer").get(page(appeal, "raised.csv"))
        assert response["Content-Disposition"] == 'attachment; filename="appeal-water.csv"'
        rows = list(csv.DictReader(StringIO(response.getvalue().decode("utf-8-sig"))))
        assert [(row["From"], row["Amount"], row["Anonymous to the public"]) for row in rows] == [
            ("'=1+1", "-4.56", "no"),
            ("'=1+1", "1234.56", "no"),
        ]
        assert rows[0]["Takes back row"] == rows[1]["Row"] == str(payment.pk)

    def test_more_payments_than_fit_a_page_have_pages(self, client_as, monkeypatch):
        monkeypatch.setattr("membership.admin.appeals.ROWS_SHOWN", 2)
        appeal = AppealFactory()
        for number in range(3):
            given(100 + number, appeal=appeal)
        treasurer = client_as("Treasurer")
        first = treasurer.get(page(appeal, "raised/")).content.decode()
        assert "£1.02" in first
        assert "£1.00" not in first
        assert "£1.00" in treasurer.get(page(appeal, "raised/"), {"page": "2"}).content.decode()
        assert treasurer.get(page(appeal, "raised/"), {"page": "x"}).status_code == 200

    def test_an_appeal_without_money_says_so(self, client_as):
        assert "No money has come yet." in client_as("Treasurer").get(page(AppealFactory(), "raised/")).content.decode()

    def test_the_ledger_adds_donations_up_by_appeal(self, client_as):
        treasurer = client_as("Treasurer")
        water, roads = AppealFactory(title="Water"), AppealFactory(title="Roads")
        back(given(5000, appeal=water), 1000)
        given(300, appeal=roads)
        given(70)
        response = treasurer.get("/admin/membership/payment/ledger/")
        found = [(each.label, each.number, each.gross_pence) for each in response.context["appeals"]]
        assert found == [("Water", 2, 4000), ("Roads", 1, 300), ("No appeal", 1, 70)]
        assert "Donations by appeal" in response.content.decode()
        lines = treasurer.get("/admin/membership/payment/ledger/rows.csv").getvalue().decode("utf-8-sig")
        assert [row["Appeal"] for row in csv.DictReader(StringIO(lines))] == ["Water", "Water", "Roads", ""]

    def test_a_month_without_donations_has_no_such_table(self, client_as, individual):
        html = client_as("Treasurer").get("/admin/membership/payment/ledger/").content.decode()
        assert "Donations by appeal" not in html


def cost(desk, path: str) -> int:
    with CaptureQueriesContext(connection) as captured:
        assert desk.get(path).status_code == 200
    return len(captured)


class TestWhoMay:
    @pytest.mark.parametrize(
        ("role", "words", "money"),
        [
            ("Editor", True, False),
            ("Treasurer", True, True),
            ("Administrator", True, True),
            ("Membership", False, True),
            ("Writer", False, False),
            ("Events", False, False),
        ],
    )
    def test_each_role(self, client_as, role, words, money):
        client, appeal = client_as(role), AppealFactory()
        expected = {True: 200, False: 403}
        assert client.get(page(appeal, "raised/")).status_code == expected[money]
        assert client.get(page(appeal, "raised.csv")).status_code == expected[money]
        assert client.get(f"{LIST}add/").status_code == expected[words]
        assert client.get(page(appeal, "end/")).status_code == expected[words]
        assert client.post(f"{LIST}preview/", typed()).status_code == expected[words]
        assert client.get(page(appeal)).status_code == expected[words or money]
        if not words:
            assert client.post(page(appeal, "end/")).status_code == 403
            assert client.post(page(appeal), typed(title="Forged")).status_code == 403
            appeal.refresh_from_db()
            assert (appeal.ends_on, appeal.title == "Forged") == (None, False)

    def test_an_editor_sees_no_way_to_who_gave(self, desk):
        appeal = AppealFactory()
        given(appeal=appeal)
        html = desk.get(page(appeal)).content.decode()
        assert "£25.00</strong> raised by 1 person" in html
        assert "What it has raised" not in html


@pytest.mark.django_db(transaction=True)
def test_two_who_save_at_the_same_moment_leave_one_save_and_one_question(client_as, staff):
    appeal = AppealFactory(title="First")
    clients = [client_as("Editor"), client_as("Superuser")]
    forms = [opened(client, appeal) | {"title": f"Title {number}"} for number, client in enumerate(clients)]
    acts = [
        lambda client=client, form=form: client.post(page(appeal), form)
        for client, form in zip(clients, forms, strict=True)
    ]
    statuses = [response.status_code for response in at_once(*acts)]
    assert sorted(statuses) == [200, 302]
    assert Appeal.objects.get().title == f"Title {statuses.index(302)}"


def test_an_appeal_that_was_given_to_cannot_vanish_from_the_table():
    from django.db.models import ProtectedError

    appeal = AppealFactory()
    given(appeal=appeal)
    with pytest.raises(ProtectedError):
        appeal.delete()
    assert (Donation.objects.count(), Payment.objects.count()) == (1, 1)

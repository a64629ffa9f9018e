"""The treasurer's pages for Gift Aid: see what a claim would hold, make it, take its schedule to HMRC."""

import csv
import io
import re
import uuid
from datetime import date

import pytest
from python_calamine import CalamineWorkbook

from membership.actions.claims import make_claim, preview
from membership.actions.people import declare_gift_aid
from membership.gift_aid import schedule
from membership.models import Claim, ClaimLine, Payment, Person
from tests.factories import PersonFactory
from tests.membership.conftest import pay
from tests.membership.desk_pages import said

pytestmark = pytest.mark.django_db
LIST = "/admin/membership/claim/"
NEW = f"{LIST}add/"
FIRST, LAST = date(2022, 4, 6), date(2026, 11, 19)


@pytest.fixture(autouse=True)
def _today(time_machine) -> None:
    time_machine.move_to("2026-11-20 12:00+00:00")


@pytest.fixture
def treasurer(client_as):
    return client_as("Treasurer")


@pytest.fixture
def payment(individual) -> Payment:
    """Dr Ana Quispe, £25 on 1 March, with a declaration."""
    return _given(individual, title="Dr.", first_name="Ana", last_name="Quispe")


def _given(plan, declared=True, on=date(2026, 3, 1), **person) -> Payment:
    who = PersonFactory(**person)
    if declared:
        declare_gift_aid(who, declared=who, made_on=date(2026, 1, 1))
    return pay(who, plan, received_on=on)


def _hidden(response) -> dict[str, str]:
    """What the button sends."""
    return dict(re.findall(r'<input type="hidden" name="(first|last|shown|token)" value="([^"]+)"', response.text))


@pytest.fixture
def made(payment, staff) -> Claim:
    shown = preview(FIRST, LAST).fingerprint
    return make_claim(first=FIRST, last=LAST, shown=shown, token=uuid.uuid4(), by=staff("Treasurer"))


class TestNewClaim:
    def test_shows_totals_lines_warnings_and_what_is_left_out_with_reasons(self, treasurer, individual, payment):
        _given(individual, first_name="J.", last_name="Initial")
        _given(individual, declared=False, last_name="Undeclared")
        html = treasurer.get(NEW).text
        for text in ("£50.00", "£12.50", "Dr Ana Quispe", "initials only", "Undeclared", "No declaration for that day"):
            assert text in html
        assert html.index("Look at these") < html.index("Left out") < html.index("In the schedule")

    def test_begins_with_everything_that_can_still_be_claimed(self, treasurer, payment):
        form = treasurer.get(NEW).context["form"]
        assert (form["first"].value(), form["last"].value()) == (date(2022, 4, 6), date(2026, 11, 19))

    def test_links_to_people_only_for_who_may_open_them(self, treasurer, client_as, payment):
        link = f"/admin/membership/person/{payment.person_id}/change/"
        assert link not in treasurer.get(NEW).text
        assert link in client_as("Administrator").get(NEW).text

    def test_long_lists_are_cut_and_say_so(self, treasurer, individual):
        for _ in range(21):
            _given(individual, declared=False)
        html = treasurer.get(NEW).text
        assert "21 payments, £525.00" in html
        assert "The first 20 of 21 are shown." in html

    def test_one_click_claims_what_was_shown(self, treasurer, payment):
        response = treasurer.post(NEW, _hidden(treasurer.get(NEW)), follow=True)
        claim = Claim.objects.get()
        assert response.redirect_chain[-1][0] == f"{LIST}{claim.pk}/change/"
        assert "The claim GA0001 is made." in said(response)
        assert claim.lines.get().payment == payment
        assert claim.made_by.email == "treasurer@staff.example"

    def test_two_clicks_make_one_claim(self, treasurer, payment):
        sent = _hidden(treasurer.get(NEW))
        for _ in range(2):
            assert treasurer.post(NEW, sent).status_code == 302
        assert Claim.objects.count() == ClaimLine.objects.count() == 1

    def test_nothing_is_claimed_if_things_changed_and_the_page_shows_what_is_new(self, treasurer, individual, payment):
        sent = _hidden(treasurer.get(NEW))
        _given(individual, last_name="Later")
        response = treasurer.post(NEW, sent)
        assert "things changed after you had opened this page" in said(response)
        assert "Later" in response.text
        assert Claim.objects.count() == 0
        assert treasurer.post(NEW, _hidden(response)).status_code == 302

    @pytest.mark.parametrize(
        ("first", "last", "message"),
        [
            ("2026-03-01", "2026-02-01", "This day is before the first."),
            ("2026-03-01", "2026-11-20", "Only days that are over"),
            ("2026-02-30", "2026-11-19", "Enter a valid date."),
            ("", "2026-11-19", "This field is required."),
        ],
    )
    def test_days_that_make_no_sense_are_refused(self, treasurer, payment, first, last, message):
        response = treasurer.get(NEW, {"first": first, "last": last})
        assert message in response.text
        assert "Make this claim" not in response.text

    def test_a_forged_request_claims_nothing(self, treasurer, payment):
        response = treasurer.post(NEW, {"first": "2026-03-01", "last": "x", "shown": "x", "token": "x"})
        assert "Nothing was claimed" in said(response)
        response = treasurer.post(
            NEW, {"first": "2026-03-01", "last": "2026-11-19", "shown": "x", "token": uuid.uuid4()}
        )
        assert "Nothing was claimed" in said(response)
        assert Claim.objects.count() == 0

    def test_says_if_there_is_nothing_to_claim(self, treasurer, made):
        html = treasurer.get(NEW).text
        assert "There is nothing to claim for these days." in html
        assert "Make this claim" not in html
        assert "Claimed before: 1 payment, £25.00" in html
        empty = preview(FIRST, LAST)
        sent = {"first": FIRST, "last": LAST, "shown": empty.fingerprint, "token": uuid.uuid4()}
        assert "There is nothing to claim." in said(treasurer.post(NEW, sent))


class TestClaim:
    def test_the_list_shows_each_with_its_totals(self, treasurer, made):
        html = treasurer.get(LIST).text
        for text in ("GA0001", "06/04/2022 to 19/11/2026", "£25.00", "£6.25"):
            assert text in html

    def test_its_page_says_what_hmrc_asks_for_and_how_long_it_is_kept(self, treasurer, made):
        html = treasurer.get(f"{LIST}{made.pk}/change/").text
        for text in (
            "£6.25",
            "The earliest gift is of 1 March 2026",
            "schedule-1.ods",
            "six years",
            "Quispe",
            "N1 9GU",
        ):
            assert text in html

    def test_one_that_only_gives_back_has_no_schedule_and_names_the_adjustment(self, treasurer, made, payment, staff):
        Payment.objects.create(person=payment.person, method="card", gross_pence=-1000, reverses=payment, token="back")
        assert "Went back since it was claimed" in treasurer.get(NEW).text
        response = treasurer.post(NEW, _hidden(treasurer.get(NEW)), follow=True)
        assert "There is no schedule" in response.text
        assert "Write <strong>£2.50</strong> into the field for adjustments" in response.text
        assert treasurer.get(response.request["PATH_INFO"].replace("change/", "schedule-1.csv")).status_code == 404

    def test_the_csv_has_hmrcs_columns_and_forms(self, treasurer, made):
        response = treasurer.get(f"{LIST}{made.pk}/schedule-1.csv")
        assert response["Content-Disposition"] == 'attachment; filename="gift-aid-GA0001-1.csv"'
        assert list(csv.reader(io.StringIO(response.text))) == [
            [
                *("Item", "Title", "First name", "Last name", "House name or number", "Postcode"),
                *("Aggregated donations", "Sponsored event", "Donation date", "Amount"),
            ],
            ["1", "Dr", "Ana", "Quispe", "1", "N1 9GU", "", "", "01/03/26", "25.00"],
        ]

    def test_another_reader_finds_days_and_numbers_in_the_ods(self, treasurer, made):
        response = treasurer.get(f"{LIST}{made.pk}/schedule-1.ods")
        assert response["Content-Type"] == "application/vnd.oasis.opendocument.spreadsheet"
        book = CalamineWorkbook.from_filelike(io.BytesIO(response.content))
        assert book.sheet_names == ["GA0001 part 1"]
        header, line = book.get_sheet_by_index(0).to_python()
        assert header == schedule.COLUMNS
        assert line == [1.0, "Dr", "Ana", "Quispe", "1", "N1 9GU", "", "", date(2026, 3, 1), 25.0]
        assert [type(cell) for cell in (line[0], line[8], line[9])] == [float, date, float]

    @pytest.mark.parametrize("name", ["=1+1", "+44", "@SUM(A1)", "-1"])
    def test_no_name_becomes_a_formula(self, treasurer, individual, staff, name):
        _given(individual, first_name=f"{name}a", last_name="Quispe")
        treasurer.post(NEW, _hidden(treasurer.get(NEW)))
        claim = Claim.objects.get()
        line = list(csv.reader(io.StringIO(treasurer.get(f"{LIST}{claim.pk}/schedule-1.csv").text)))[1]
        assert line[2] == f"'{name}a"
        content = treasurer.get(f"{LIST}{claim.pk}/schedule-1.ods").content
        book = CalamineWorkbook.from_filelike(io.BytesIO(content))
        assert book.get_sheet_by_index(0).to_python()[1][2] == f"'{name}a"

    def test_a_long_claim_is_several_schedules(self, treasurer, individual, monkeypatch, payment):
        _given(individual, last_name="Second", on=date(2026, 4, 1))
        _given(individual, last_name="Third", on=date(2026, 5, 1))
        treasurer.post(NEW, _hidden(treasurer.get(NEW)))
        monkeypatch.setattr(schedule, "MAX_LINES", 2)
        path = f"{LIST}{Claim.objects.get().pk}/"
        assert "Schedule 2 of 2" in treasurer.get(f"{path}change/").text
        parts = [list(csv.reader(io.StringIO(treasurer.get(f"{path}schedule-{n}.csv").text))) for n in (1, 2)]
        assert [[(line[0], line[3]) for line in part[1:]] for part in parts] == [
            [("1", "Quispe"), ("2", "Second")],
            [("1", "Third")],
        ]
        assert treasurer.get(f"{path}schedule-3.csv").status_code == 404

    def test_the_person_sees_it_among_what_we_hold(self, made, payment):
        from membership.export import everything_about

        records = everything_about(payment.person)["records"]
        assert records["lines of Gift Aid claims"][0]["last_name"] == "Quispe"


class TestWhoMay:
    @pytest.fixture
    def paths(self, made) -> list[str]:
        one = f"{LIST}{made.pk}/"
        return [LIST, NEW, f"{one}change/", f"{one}schedule-1.ods", f"{one}schedule-1.csv"]

    @pytest.mark.parametrize(
        ("role", "status"),
        [
            ("Treasurer", 200),
            ("Administrator", 200),
            ("Membership", 403),
            ("Editor", 403),
            ("Writer", 403),
            ("Events", 403),
        ],
    )
    def test_claims_are_for_the_treasurer(self, client_as, paths, role, status):
        client = client_as(role)
        assert {client.get(path).status_code for path in paths} == {status}

    @pytest.mark.parametrize("role", ["Membership", "Editor"])
    def test_nobody_else_makes_one(self, client_as, individual, payment, role):
        found = preview(FIRST, LAST)
        sent = {"first": FIRST, "last": LAST, "shown": found.fingerprint, "token": uuid.uuid4()}
        assert client_as(role).post(NEW, sent).status_code == 403
        assert Claim.objects.count() == 0

    def test_the_membership_role_sees_declarations(self, client_as, payment):
        html = client_as("Membership").get(f"/admin/membership/person/{payment.person_id}/change/").text
        assert "gift_aid_declarations-0-scope" in html

    def test_nobody_changes_or_deletes_a_claim(self, client_as, made):
        client = client_as("Superuser")
        assert client.post(f"{LIST}{made.pk}/delete/", {"post": "yes"}).status_code == 403
        client.post(f"{LIST}{made.pk}/change/", {"gifts_pence": 1})
        assert Claim.objects.get().gifts_pence == 2500

    def test_a_visitor_is_asked_to_sign_in(self, client, paths):
        assert {client.get(path).status_code for path in paths} == {302}

    def test_pages_allow_no_inline_script_or_style(self, treasurer, paths):
        for path in paths[1:3]:
            response = treasurer.get(path)
            assert "unsafe" not in response["Content-Security-Policy"]
            assert " style=" not in response.text


class TestPlans:
    @pytest.mark.parametrize(("chosen", "counts"), [("True", True), ("False", False), ("", False)])
    def test_staff_say_whether_a_plan_counts(self, treasurer, household, chosen, counts):
        path = f"/admin/membership/plan/{household.pk}/change/"
        form = treasurer.get(path).context["adminform"].form
        data = {name: form[name].value() or "" for name in form.fields if form[name].value() is not False}
        for prefix in ("prices", "prices-2"):
            data |= {f"{prefix}-TOTAL_FORMS": 0, f"{prefix}-INITIAL_FORMS": 0}
        response = treasurer.post(path, data | {"gift_aid_eligible": chosen})
        assert response.status_code == 302, response.context["errors"]
        household.refresh_from_db()
        assert household.counts_for_gift_aid is counts
        assert Person.objects.count() == 0

"""Redirects from a file: shown first, then done exactly as shown; and back into a file."""

import csv
import io
import re
import time

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test.utils import CaptureQueriesContext

from psg.backoffice.exports import defused
from psg.publishing import redirects
from psg.publishing.models import Redirect, State
from tests.factories import ArticleFactory, PageFactory

pytestmark = pytest.mark.django_db

IMPORT = "/admin/publishing/redirect/import/"
EXPORT = "/admin/publishing/redirect/export/"
HEAD = "old,new\n"


def table() -> dict[str, str]:
    return dict(Redirect.objects.values_list("old_path", "new_path"))


class Desk:
    """An editor who imports."""

    def __init__(self, client) -> None:
        self.client = client

    def show(self, content: str | bytes, name: str = "redirects.csv"):
        """The dry run of a file."""
        content = content.encode() if isinstance(content, str) else content
        return self.client.post(IMPORT, {"file": SimpleUploadedFile(name, content)})

    def confirm(self, shown):
        """Press the button on the page of a dry run."""
        sealed = re.search(r'name="shown" value="([^"]+)"', shown.content.decode())[1]
        return self.client.post(IMPORT, {"_confirm": "", "shown": sealed}, follow=True)

    def outcome(self, content: str | bytes) -> list[tuple[str, str, str]]:
        """Old, new and fate of each row in a dry run."""
        lines = self.show(content).context["plan"].lines
        return [(line.old or line.row.old, line.target or line.row.new, line.verdict.name) for line in lines]

    def note(self, row: str) -> str:
        """What a dry run says of one row."""
        return self.show(HEAD + row).context["plan"].lines[0].note

    def error(self, content: str | bytes) -> str:
        """Why a file is not taken."""
        response = self.show(content)
        assert response.status_code == 200
        assert response.context["plan"] is None
        (error,) = response.context["form"].errors["file"]
        assert error in response.content.decode().replace("&amp;", "&")
        return error


@pytest.fixture(autouse=True)
def _quick_passwords(settings) -> None:
    """Nobody signs in with one here, and each test makes staff."""
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]


@pytest.fixture
def desk(client_as) -> Desk:
    return Desk(client_as("Editor"))


class TestDryRun:
    def test_it_says_what_each_row_would_do_and_changes_nothing(self, desk):
        redirects.add("/same/", "/news/")
        redirects.add("/changes/", "/news/")
        response = desk.show(HEAD + "/new/,/news/\n/changes/,/events/\n/same/,/news/\nno-slash,/news/\n")
        plan = response.context["plan"]
        assert [line.verdict.name for line in plan.lines] == ["ADD", "CHANGE", "SAME", "REFUSED"]
        html = response.content.decode()
        assert "Import 2 rows" in html
        assert "led to /news/" in html
        assert "Start with a slash" in html
        assert table() == {"/same/": "/news/", "/changes/": "/news/"}

    def test_what_was_shown_is_done_and_said(self, desk, client, staff):
        redirects.add("/changes/", "/news/", automatic=True)
        done = desk.confirm(desk.show(HEAD + "/new/,/news/\n/changes/,/events/\nno-slash,/news/\n"))
        assert "Imported: 1 added, 1 changed." in done.content.decode()
        assert table() == {"/new/": "/news/", "/changes/": "/events/"}
        assert set(Redirect.objects.values_list("is_automatic", "created_by")) == {(False, staff("Editor").pk)}
        assert client.get("/new/")["Location"] == "/news/"
        history = desk.client.get(f"/admin/publishing/redirect/{Redirect.objects.first().pk}/history/")
        assert "Imported from a file." in history.content.decode()

    def test_a_file_with_nothing_to_do_offers_no_button(self, desk):
        redirects.add("/same/", "/news/")
        html = desk.show(HEAD + "/same/,/news/\n").content.decode()
        assert "There is nothing to import." in html
        assert "_confirm" not in html

    def test_words_of_the_file_are_shown_as_words(self, desk):
        html = desk.show(HEAD + "<script>alert(1)</script>,<b>x</b>\n").content.decode()
        assert "<script>alert(1)" not in html
        assert "<b>x" not in html


class TestRules:
    @pytest.mark.parametrize(
        ("row", "reason"),
        [
            ("old,/news/", "Start with a slash"),
            (",/news/", "Start with a slash"),
            ("//evil.example/,/news/", "Start with a slash"),
            ("/old/,", "Write /a/path/ or a full address"),
            ("/old/,news", "Write /a/path/ or a full address"),
            ("/old/,//evil.example/", "Write /a/path/ or a full address"),
            ("/old/,/\\evil.example/", "Write /a/path/ or a full address"),
            ("/old/,/\t/evil.example/", "Write /a/path/ or a full address"),
            ("/old/,javascript:alert(1)", "Write /a/path/ or a full address"),
            ("/old/,ftp://files.example/", "Write /a/path/ or a full address"),
            ("/old/,https://[broken/", "Write /a/path/ or a full address"),
            ("http://[broken/,/news/", "is not an address"),
            ("/old/,/old/", "in a circle"),
            ("/a/,/b/", "in a circle"),
            ("/news/,/events/", "A page lives at the old address"),
            ("/about/,/events/", "A page lives at the old address"),
            ("/about/?from=mail,/events/", "A page lives at the old address"),
            ("/admin/x/,/events/", "A page lives at the old address"),
            ("/old/", "1 cell instead of 2"),
            ("/old/,/news/,x", "3 cells instead of 2"),
            (f"/{'x' * 400},/news/", "at most 400 characters"),
            (f"/old/,/{'x' * 400}", "at most 400 characters"),
            ("/a%00b/,/news/", "at most 400 characters, all of them visible"),
        ],
    )
    def test_what_cannot_be_is_refused_with_the_reason(self, desk, row, reason):
        redirects.add("/b/", "/a/")
        PageFactory(slug="about")
        assert reason in desk.note(row)
        assert desk.show(HEAD + row).context["plan"].to_do == 0

    def test_a_draft_or_a_page_to_come_does_not_live_yet(self, desk):
        PageFactory(slug="draft", state=State.DRAFT, published_at=None)
        assert desk.outcome(HEAD + "/draft/,/news/") == [("/draft/", "/news/", "ADD")]

    def test_another_site_is_allowed_and_shown_clearly(self, desk):
        response = desk.show(HEAD + "/shop/,https://shop.example/psg\n")
        assert "to another site: shop.example" in response.content.decode()
        desk.confirm(response)
        assert table() == {"/shop/": "https://shop.example/psg"}

    def test_the_sites_own_name_is_no_part_of_either_address(self, desk, settings):
        row = f"https://old.example/a%C3%B1os.html,{settings.SITE_URL}/news/"
        assert desk.outcome(HEAD + row) == [("/años.html", "/news/", "ADD")]
        assert "circle" in desk.note(f"/old/,{settings.SITE_URL}/old/")

    def test_chains_are_flattened_within_the_file_and_with_what_is_there(self, desk):
        redirects.add("/first/", "/a/")
        redirects.add("/c/", "/events/")
        response = desk.show(HEAD + "/a/,/b/\n/b/,/c/\n")
        assert [line.note for line in response.context["plan"].lines] == [
            "/b/ leads on to /events/.",
            "/c/ leads on to /events/.",
        ]
        assert "1 other redirect that led to an old address" in response.content.decode()
        desk.confirm(response)
        assert table() == {"/first/": "/events/", "/a/": "/events/", "/b/": "/events/", "/c/": "/events/"}

    def test_a_circle_within_the_file_is_refused_where_it_closes(self, desk):
        fates = desk.outcome(HEAD + "/a/,/b/\n/b/,/c/\n/c/,/a/\n")
        assert [fate for *_, fate in fates] == ["ADD", "ADD", "REFUSED"]

    def test_an_address_twice_in_the_file_is_taken_once(self, desk):
        plan = desk.show(HEAD + "/a/,/b/\n/a/,/b/\n/a/,/c/\n").context["plan"]
        assert [line.verdict.name for line in plan.lines] == ["ADD", "REFUSED", "REFUSED"]
        assert plan.lines[1].note == "The old address is in line 2 already."
        assert plan.lines[2].note == "The old address is in line 2 already, with another new one."

    def test_a_living_page_ends_a_chain(self, desk):
        redirects.add("/about/", "/elsewhere/")
        PageFactory(slug="about")
        assert desk.outcome(HEAD + "/old/,/about/") == [("/old/", "/about/", "ADD")]

    @pytest.mark.parametrize("seed", range(30))
    def test_a_file_does_what_entering_its_rows_one_by_one_would(self, desk, seed):
        """The plan is made in memory: it has to agree with `redirects.add` on any tangle of addresses."""
        import random

        dice = random.Random(seed)
        names = [f"/{letter}/" for letter in "abcdefg"]
        start = [(dice.choice(names), dice.choice(names)) for _ in range(4)]
        rows = [(old, dice.choice(names)) for old in dice.sample(names, 5)]
        for old, new in start:
            add_if_possible(old, new)
        before = table()
        for old, new in rows:
            add_if_possible(old, new)
        expected = table()
        Redirect.objects.all().delete()
        Redirect.objects.bulk_create(Redirect(old_path=old, new_path=new) for old, new in before.items())
        shown = desk.show(HEAD + "".join(f"{old},{new}\n" for old, new in rows))
        if shown.context["plan"].to_do:
            desk.confirm(shown)
        assert table() == expected


def add_if_possible(old: str, new: str) -> None:
    try:
        redirects.add(old, new)
    except redirects.RedirectLoop:
        return


class TestConfirming:
    def test_a_table_that_changed_in_between_is_shown_again(self, desk):
        shown = desk.show(HEAD + "/old/,/news/\n")
        redirects.add("/old/", "/events/")
        again = desk.confirm(shown)
        html = again.content.decode()
        assert "Nothing was imported; please look again" in html
        assert "led to /events/" in html
        assert table() == {"/old/": "/events/"}
        desk.confirm(again)
        assert table() == {"/old/": "/news/"}

    def test_a_page_that_came_to_life_in_between_counts_too(self, desk):
        shown = desk.show(HEAD + "/old/,/news/\n")
        PageFactory(slug="old")
        assert "A page lives at the old address" in desk.confirm(shown).content.decode()
        assert table() == {}

    def test_a_change_that_has_nothing_to_do_with_it_is_no_matter(self, desk):
        shown = desk.show(HEAD + "/old/,/news/\n")
        redirects.add("/other/", "/events/")
        assert "Imported: 1 added" in desk.confirm(shown).content.decode()

    def test_a_double_click_imports_once(self, desk):
        shown = desk.show(HEAD + "/old/,/news/\n")
        desk.confirm(shown)
        assert "There is nothing to import." in desk.confirm(shown).content.decode()
        assert table() == {"/old/": "/news/"}

    @pytest.mark.parametrize("sealed", ["", "x", "a:b:c", "é"])
    def test_what_nobody_was_shown_is_not_imported(self, desk, sealed):
        response = desk.client.post(IMPORT, {"_confirm": "", "shown": sealed}, follow=True)
        assert "choose the file again" in response.content.decode()
        assert table() == {}

    def test_what_a_colleague_was_shown_is_not_imported(self, desk, client_as):
        shown = desk.show(HEAD + "/old/,/news/\n")
        Desk(client_as("Administrator")).confirm(shown)
        assert table() == {}

    def test_all_of_it_or_nothing(self, desk, monkeypatch):
        redirects.add("/changes/", "/news/")
        shown = desk.show(HEAD + "/new/,/news/\n/changes/,/events/\n")

        def fail(*args, **kwargs):
            raise RuntimeError("no")

        monkeypatch.setattr("psg.backoffice.admin.redirects.messages.success", fail)
        monkeypatch.setattr(Redirect.objects.__class__, "bulk_create", fail)
        desk.client.raise_request_exception = False
        assert desk.confirm(shown).status_code == 500
        assert table() == {"/changes/": "/news/"}


class TestFiles:
    PLAIN = [("/old/", "/news/", "ADD"), ("/años/", "/events/", "ADD")]

    @pytest.mark.parametrize("delimiter", [",", ";", "\t"])
    @pytest.mark.parametrize("head", ["old,new", "old_path,new_path", '"old address","new address"', "From,To", ""])
    @pytest.mark.parametrize("ending", ["\n", "\r\n", "\r"])
    def test_columns_by_comma_semicolon_or_tab_with_or_without_their_names(self, desk, delimiter, head, ending):
        lines = [*([head] if head else []), "/old/,/news/", "", '"/años/","/events/"', ",", ""]
        assert desk.outcome(ending.join(lines).replace(",", delimiter)) == self.PLAIN

    def test_the_order_of_the_columns_is_that_of_their_names_and_others_are_left_out(self, desk):
        response = desk.show("id,new,old,hits\n1,/news/,/old/,7\n2,/events/,/años/,\n")
        assert "the others were left out" in response.content.decode()
        assert desk.outcome("id,new,old,hits\n1,/news/,/old/,7\n2,/events/,/años/,\n") == self.PLAIN

    @pytest.mark.parametrize(
        ("encoding", "note"),
        [
            ("utf-8", None),
            ("utf-8-sig", None),
            ("latin-1", "read as Windows-1252 (Latin-1)"),
            ("cp1252", "read as Windows-1252 (Latin-1)"),
            ("utf-16", "read as UTF-16"),
        ],
    )
    def test_letters_with_accents_survive_and_guesses_are_said(self, desk, encoding, note):
        content = (HEAD + "/old/,/news/\n/años/,/events/\n").encode(encoding)
        assert desk.outcome(content) == self.PLAIN
        assert (note or "") in desk.show(content).content.decode()
        assert bool(desk.show(content).context["notes"]) is (note is not None)

    @pytest.mark.parametrize(
        ("content", "message"),
        [
            ("", "The file is empty."),
            ("\n \n", "The file is empty."),
            ("\ufeff", "The file is empty."),
            (HEAD, "nothing below it"),
            ("just words\nmore words\n", "needs two columns"),
            ("name,email\nAna,ana@example.org\n", "needs two columns"),
            ("/a/,/b/,/c/\n", "needs two columns"),
            ("old,old\n/a/,/b/\n", "needs two columns"),
            (b"PK\x03\x04 and so on", "This is a workbook"),
            (b"\x89PNG\r\n\x1a\n\x00\x00", "The file is no text"),
            (b"\x00\x01\x02" * 100, "The file is no text"),
            (b"\xff\xfe\x00\xd8\x00\x00", "The file is no text"),
            ("old,new\n" + "/a/,/b/\n" * 5_001, "The file has 5,001 rows. Up to 5,000"),
            ("/a/,/b/\n" * 100_000, "The file has 100,000 rows. Up to 5,000"),
            ("x" * (2 * 1024 * 1024 + 1), "larger than 2 MB"),
            ('old,new\n/a/,"/b/' + "x" * 140_000, "Is a quotation mark left open?"),
        ],
    )  # fmt: skip
    def test_what_is_no_such_file_is_said_plainly(self, desk, content, message):
        assert message in desk.error(content)

    def test_no_file_at_all(self, desk):
        assert "Choose a file." in desk.client.post(IMPORT, {}).content.decode()

    def test_quotation_marks_hold_what_has_a_comma(self, desk):
        assert desk.outcome(HEAD + '"/a,b/","/news/"\n') == [("/a,b/", "/news/", "ADD")]

    def test_lines_are_counted_as_in_the_file(self, desk):
        plan = desk.show("old,new\n\n/a/,/news/\n/b/\n").context["plan"]
        assert [line.row.number for line in plan.lines] == [3, 4]


class TestExport:
    def rows(self, response) -> list[list[str]]:
        return list(csv.reader(io.StringIO(response.content.decode("utf-8-sig"))))

    def test_the_list_as_it_is_filtered_comes_as_a_file(self, desk, client):
        redirects.add("/años/", "/news/")
        redirects.add("/other/", "/events/", automatic=True)
        client.get("/a%C3%B1os/")
        response = desk.client.get(EXPORT)
        assert response["Content-Type"] == "text/csv; charset=utf-8"
        head, first, second = self.rows(response)
        assert head[:2] == ["old address", "new address"]
        assert (first[:3], first[4]) == (["/años/", "/news/", "1"], "no")
        assert second == ["/other/", "/events/", "0", "", "yes"]
        assert len(self.rows(desk.client.get(EXPORT, {"is_automatic__exact": "1"}))) == 2

    def test_it_can_be_imported_again(self, desk):
        for old, new in [("/años/", "/news/"), ("/a,b/", "https://shop.example/?a=1,2")]:
            redirects.add(old, new)
        exported, before = desk.client.get(EXPORT).content, table()
        assert {fate for *_, fate in desk.outcome(exported)} == {"SAME"}
        Redirect.objects.all().delete()
        desk.confirm(desk.show(exported))
        assert table() == before

    @pytest.mark.parametrize("cell", ["=1+1", "+1", "-1", "@x", "\tx", "\rx"])
    def test_nothing_in_it_is_a_formula(self, cell):
        assert defused(cell) == f"'{cell}"
        assert defused("/path/") == "/path/"
        assert defused(-3) == -3


class TestWho:
    @pytest.mark.parametrize("role", ["Writer", "Events", "Membership"])
    def test_others_than_editors_neither_import_nor_export(self, client_as, role):
        client = client_as(role)
        assert client.get(IMPORT).status_code == client.get(EXPORT).status_code == 403
        assert Desk(client).show(HEAD + "/old/,/news/").status_code == 403

    def test_visitors_are_asked_to_sign_in(self, client):
        assert client.get(IMPORT).status_code == client.get(EXPORT).status_code == 302

    def test_the_list_has_the_buttons(self, desk):
        html = desk.client.get("/admin/publishing/redirect/?is_automatic__exact=1").content.decode()
        assert f'href="{IMPORT}"' in html
        assert f'href="{EXPORT}?is_automatic__exact=1"' in html

    def test_the_policy_allows_no_inline_style_or_script(self, desk):
        response = desk.show(HEAD + "/old/,/news/")
        assert "unsafe" not in response["Content-Security-Policy"]
        assert "style=" not in response.content.decode().split('id="content-main"')[1]


def test_a_thousand_rows_cost_a_handful_of_queries_and_no_minutes(desk):
    ArticleFactory()
    content = HEAD + "".join(f"/2012/03/story-{number}/,/news/2012/03/story-{number}/\n" for number in range(1000))
    started = time.perf_counter()
    with CaptureQueriesContext(connection) as captured:
        desk.confirm(desk.show(content))
    assert Redirect.objects.count() == 1000
    assert len(captured) < 40
    assert time.perf_counter() - started < 20

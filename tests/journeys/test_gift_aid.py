"""The treasurer claims Gift Aid in a browser and takes the schedule along."""

from datetime import timedelta

import pytest
from django.utils import timezone
from python_calamine import CalamineWorkbook

from membership.actions.people import declare_gift_aid
from membership.models import Claim
from tests.factories import PersonFactory, PriceFactory
from tests.membership.conftest import pay

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


def test_look_claim_and_take_the_schedule(live_server, context, page, sign_in):
    plan, day = PriceFactory().plan, timezone.localdate() - timedelta(days=30)
    ana = PersonFactory(first_name="Ana", last_name="Quispe", address_line1="12a Test Street")
    declare_gift_aid(ana, declared=ana)
    pay(ana, plan, received_on=day)
    pay(PersonFactory(last_name="Undeclared"), plan, received_on=day)
    sign_in(context, "Treasurer")
    page.goto(f"{live_server.url}/admin/")
    page.get_by_role("link", name="Gift Aid claims").first.click()
    page.get_by_role("link", name="Add Gift Aid claim").click()
    page.get_by_text("No declaration for that day: 1 payment").wait_for()
    page.get_by_role("button", name="Make this claim").click()
    page.get_by_text("The claim GA0001 is made.").wait_for()
    with page.expect_download() as waiting:
        page.get_by_role("link", name="spreadsheet (ODS)").click()
    assert waiting.value.suggested_filename == "gift-aid-GA0001-1.ods"
    lines = CalamineWorkbook.from_path(waiting.value.path()).get_sheet_by_index(0).to_python()
    assert lines[1][2:6] == ["Ana", "Quispe", "12a", "N1 9GU"]
    assert Claim.objects.get().tax_pence == 625
    page.get_by_role("link", name="Gift Aid claims").first.click()
    page.get_by_role("link", name="Add Gift Aid claim").click()
    page.get_by_text("There is nothing to claim for these days.").wait_for()

"""The membership page, before joining online opens."""

import pytest

from membership.reasons import REASONS

pytestmark = pytest.mark.django_db


def test_the_page_gives_every_reason_and_says_what_to_do_next(client):
    html = client.get("/membership/").content.decode()
    assert [reason for reason in REASONS if reason not in html] == []
    assert "not open" in html
    assert 'href="/news/"' in html

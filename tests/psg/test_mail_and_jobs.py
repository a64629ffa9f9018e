"""Mail goes through the worker; jobs live in the database; failures are seen."""

from smtplib import SMTPServerDisconnected

import pytest
from django.core.mail import EmailMultiAlternatives, send_mail
from django.db import transaction
from django_q.models import Failure, OrmQ, Schedule, Success

from psg import jobs

QUEUE = "psg.mail.QueueBackend"


@pytest.fixture
def queued(settings):
    """Mail as the site really sends it, not Django's test mailbox."""
    settings.EMAIL_BACKEND = QUEUE


@pytest.fixture
def worker(db, settings):
    """Run the queue as the real cluster's worker does, failures included; returns nothing."""
    from multiprocessing import Queue, Value

    from django_q.brokers import get_broker
    from django_q.monitor import monitor
    from django_q.worker import worker as work

    def run() -> None:
        broker = get_broker()
        tasks, results = Queue(), Queue()
        from django_q.signing import SignedPackage

        fetched = [SignedPackage.loads(package) | {"ack_id": key} for key, package in iter_queue(broker)]
        for task in fetched:
            tasks.put(task)
        tasks.put("STOP")
        work(tasks, results, Value("f", -1))
        results.put("STOP")
        monitor(results, broker)

    return run


def iter_queue(broker):
    while tasks := broker.dequeue():
        yield from tasks


@pytest.mark.django_db
def test_a_mail_is_sent_by_the_worker_and_can_be_read_in_the_browser(client, queued, run_jobs, caplog):
    message = EmailMultiAlternatives("Años y niños", "In words.", "psg@example.org", ["ana@example.org"])
    message.attach_alternative("<p>In colour.</p><script>alert(1)</script>", "text/html")
    message.send()
    assert "Años y niños" not in client.get("/dev/mail/").content.decode()
    with caplog.at_level("INFO", logger="psg.mail"):
        assert run_jobs() == 1
    listed = client.get("/dev/mail/").content.decode()
    assert "Años y niños" in listed
    assert "ana@example.org" in listed


@pytest.mark.django_db
def test_each_mail_is_named_in_the_terminal_with_the_address_where_it_can_be_read(
    client, queued, run_jobs, capsys, monkeypatch
):
    lines = []
    monkeypatch.setattr("psg.mail.logger.info", lambda message, *values: lines.append(message % values))
    send_mail("Hello", "In words.", None, ["ana@example.org"])
    run_jobs()
    (line,) = lines
    assert line.startswith("Mail to ana@example.org: “Hello” → http://127.0.0.1:8000/dev/mail/")
    html = client.get(line.split("8000")[1]).content.decode()
    assert "In words." in html


@pytest.mark.django_db
def test_the_html_part_is_shown_in_a_frame_where_nothing_runs(client, queued, run_jobs):
    message = EmailMultiAlternatives("Hello", "In words.", None, ["ana@example.org"])
    message.attach_alternative("<p>In colour.</p>", "text/html")
    message.send()
    run_jobs()
    name = client.get("/dev/mail/").context["messages_"][0]["id"]
    assert f"/dev/mail/{name}/html/" in client.get(f"/dev/mail/{name}/").content.decode()
    part = client.get(f"/dev/mail/{name}/html/")
    assert "<p>In colour.</p>" in part.content.decode()
    assert "sandbox" in part["Content-Security-Policy"]
    assert "script-src" not in part["Content-Security-Policy"]
    assert client.get("/dev/mail/no-such/").status_code == client.get("/dev/mail/no-such/html/").status_code == 404


@pytest.mark.django_db
def test_a_mail_of_a_change_that_was_rolled_back_is_never_sent(queued):
    with transaction.atomic():
        send_mail("Hello", "In words.", None, ["ana@example.org"])
        assert OrmQ.objects.count() == 1
        transaction.set_rollback(True)
    assert OrmQ.objects.count() == 0


@pytest.mark.django_db
def test_a_line_break_in_a_subject_is_refused_and_adds_no_header(queued):
    with pytest.raises(ValueError, match="newline"):
        send_mail("Hello\nBcc: all@example.org", "In words.", None, ["ana@example.org"])
    assert OrmQ.objects.count() == 0


@pytest.mark.django_db(transaction=True)
def test_a_mail_that_was_sent_leaves_no_copy_among_the_finished_jobs(queued, worker):
    send_mail("Hello", "In words.", None, ["ana@example.org"])
    jobs.enqueue("psg.jobs.delete_expired_sessions")
    worker()
    assert OrmQ.objects.count() == 0
    assert [task.func for task in Success.objects.all()] == ["psg.jobs.delete_expired_sessions"]


class AwayBackend:
    """A mail server that cannot be reached."""

    def __init__(self, *args, **kwargs) -> None:
        """Takes what a mail backend is given."""

    def send_messages(self, messages) -> int:
        raise SMTPServerDisconnected("please run connect() first")


@pytest.mark.django_db(transaction=True)
def test_while_the_mail_server_is_away_mail_waits_and_the_failure_shows_in_the_admin(
    client_as, queued, worker, settings
):
    settings.MAIL_TRANSPORT = f"{__name__}.AwayBackend"
    send_mail("Hello", "In words.", None, ["ana@example.org"])
    worker()
    assert Failure.objects.get().func == "psg.mail.deliver"
    assert OrmQ.objects.count() == 1, "it stays queued, to be tried again"
    page = client_as("Superuser").get("/admin/django_q/failure/")
    assert "psg.mail.deliver" in page.content.decode()


@pytest.mark.django_db
def test_schedules_are_made_by_migrate_and_follow_the_code(monkeypatch):
    jobs.ensure_schedules()
    paths = set(Schedule.objects.values_list("func", flat=True))
    assert {"psg.jobs.delete_expired_sessions", "psg.publishing.jobs.delete_expired_preview_links"} <= paths
    monkeypatch.setattr(jobs, "_scheduled", jobs._scheduled[:1])
    jobs.ensure_schedules()
    assert Schedule.objects.count() == 1


@pytest.mark.django_db
def test_every_scheduled_job_runs(stripe_sandbox, settings):
    from django.utils.module_loading import import_string

    settings.STRIPE_SECRET_KEY, settings.STRIPE_API_BASE = stripe_sandbox.key, stripe_sandbox.url
    for job in jobs._scheduled:
        import_string(job.path)()


@pytest.mark.django_db
def test_expired_sessions_and_preview_links_are_deleted(client, staff):
    from datetime import timedelta

    from django.contrib.sessions.models import Session
    from django.utils import timezone

    from psg.publishing.actions import make_preview_link
    from psg.publishing.jobs import delete_expired_preview_links
    from psg.publishing.models import PreviewLink
    from tests.factories import ArticleFactory

    client.force_login(staff("Editor"))
    Session.objects.update(expire_date=timezone.now() - timedelta(days=1))
    jobs.delete_expired_sessions()
    assert not Session.objects.exists()
    article = ArticleFactory()
    old, new = (make_preview_link(article, by=staff("Editor")) for _ in range(2))
    PreviewLink.objects.filter(pk=old.pk).update(expires_at=timezone.now() - timedelta(days=31))
    delete_expired_preview_links()
    assert list(PreviewLink.objects.all()) == [new]

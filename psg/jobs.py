"""Work that the worker does: jobs queued in the database, and schedules.

A job is a row written in the caller's own transaction: it runs if, and only if, that transaction commits. A job that
fails is tried again; when it has failed for good the admin lists it under Jobs → Failed tasks.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta

from django.core.management import call_command
from django.utils import timezone


@dataclass(frozen=True)
class ScheduledJob:
    """A function that runs at regular times, under a name that the admin shows."""

    name: str
    path: str
    schedule_type: str  # one of django_q.models.Schedule.TYPE


_scheduled: list[ScheduledJob] = []


def enqueue(path: str, *args) -> None:
    """Have the worker call the function at the dotted `path` with `args`, once this transaction commits."""
    from django_q.tasks import async_task  # needs the app registry

    async_task(path, *args)


def scheduled(name: str, *, every: str) -> Callable[[Callable[[], None]], Callable[[], None]]:
    """Mark a function as a scheduled job: `every` is "hour" or "day"."""
    types = {"hour": "H", "day": "D"}

    def decorate(function: Callable[[], None]) -> Callable[[], None]:
        path = f"{function.__module__}.{function.__qualname__}"
        _scheduled.append(ScheduledJob(name=name, path=path, schedule_type=types[every]))
        return function

    return decorate


def ensure_schedules(**_signal) -> None:
    """Bring the schedules in the database in line with the code. Runs after each migrate."""
    from django_q.models import Schedule

    for job in _scheduled:
        Schedule.objects.update_or_create(
            name=job.name,
            defaults={"func": job.path, "schedule_type": job.schedule_type, "repeats": -1},
            create_defaults={
                "func": job.path,
                "schedule_type": job.schedule_type,
                "repeats": -1,
                "next_run": timezone.now() + timedelta(minutes=1),
            },
        )
    # Every app keeps its jobs in a module of that name; whatever else staff scheduled is theirs.
    ours = Schedule.objects.filter(func__regex=r"(^|\.)jobs\.")
    ours.exclude(func__in=[job.path for job in _scheduled]).delete()


@scheduled("Delete expired sessions", every="day")
def delete_expired_sessions() -> None:
    """Sessions that ran out are of no use to anyone and are personal data."""
    call_command("clearsessions")

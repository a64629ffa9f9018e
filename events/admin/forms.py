"""The forms of the events desk: hours are typed as they stand on the wall of the place."""

from datetime import date, datetime, time
from typing import Any
from zoneinfo import ZoneInfo

from django import forms
from django.core.exceptions import ValidationError
from django.utils import timezone

from events.models import Event, Outlook, timezones
from events.models.events import LONDON
from psg.publishing.admin import PublishableForm


def on_the_clock(day: date, hour: time, zone: ZoneInfo) -> datetime:
    """The moment at which it is that hour on that day in the zone.

    Raises ValidationError for an hour that the change of clocks skips or gives twice.
    """
    moment = datetime.combine(day, hour, tzinfo=zone)
    back = moment.astimezone(ZoneInfo("UTC")).astimezone(zone)
    if back.replace(tzinfo=None) != moment.replace(tzinfo=None):
        raise ValidationError(f"{hour:%H:%M} does not exist on that day: the clocks go forward.")
    if moment.utcoffset() != moment.replace(fold=1).utcoffset():
        raise ValidationError(f"{hour:%H:%M} comes twice on that day: the clocks go back. Choose another time.")
    return moment


class DayAndHourField(forms.SplitDateTimeField):
    """A day and, if there is one, an hour: (day, hour or None). The form knows in which zone that is."""

    def __init__(self, *, label: str, **kwargs: Any) -> None:
        widget = forms.SplitDateTimeWidget(
            date_attrs={"type": "date", "aria-label": f"{label}: day"},
            date_format="%Y-%m-%d",
            time_attrs={"type": "time", "aria-label": f"{label}: hour"},
            time_format="%H:%M",
        )
        super().__init__(require_all_fields=False, widget=widget, label=label, **kwargs)
        self.fields[0].required, self.fields[1].required = True, False
        self.fields[0].error_messages["incomplete"] = "Enter a day."

    def compress(self, data_list: Any) -> Any:
        return (data_list[0], data_list[1]) if data_list else None


class EventForm(PublishableForm):
    """An event. What is typed is kept as a moment; what is shown is the hour in the event's own zone."""

    starts_at = DayAndHourField(label="Starts")
    ends_at = DayAndHourField(label="Ends")
    doors = forms.TimeField(
        label="Doors open",
        required=False,
        widget=forms.TimeInput(attrs={"type": "time"}, format="%H:%M"),
        help_text="On the first day. Leave empty if it is the start.",
    )

    class Meta:
        error_messages = {"slug": {"unique": "There is an event at this address already. Choose another."}}

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        event = self.instance
        if event.starts_at and event.ends_at and event.timezone in timezones():
            self.initial.update(
                {
                    "starts_at": event.local_start.replace(tzinfo=None),
                    "ends_at": event.local_end.replace(tzinfo=None),
                    "doors": event.local_doors.time() if event.local_doors else None,
                }
            )

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean()
        # Taken out first: what stays in is put on the event, and these are no moments yet.
        starts, ends, doors = (cleaned.pop(name, None) for name in ("starts_at", "ends_at", "doors"))
        # A zone that is none is said beside it; the hours are checked all the same.
        name, whole = cleaned.get("timezone"), cleaned.get("is_all_day", False)
        zone = ZoneInfo(name) if name in timezones() else LONDON
        if starts:
            self._take(cleaned, "starts_at", starts, time(0) if whole else None, zone)
        if ends:
            self._take(cleaned, "ends_at", ends, time(23, 59) if whole else None, zone)
        if starts:
            self._take_doors(cleaned, starts[0], doors, zone)
        return cleaned

    def _take(
        self, cleaned: dict[str, Any], name: str, typed: tuple[date, time | None], whole: time | None, zone: ZoneInfo
    ) -> None:
        """The moment of a field; `whole` is the hour of an event that has only days."""
        day, hour = typed[0], typed[1] if whole is None else whole
        if hour is None:
            self.add_error(name, "Enter the hour, or tick “whole days”.")
            return
        try:
            cleaned[name] = on_the_clock(day, hour, zone)
        except ValidationError as error:
            self.add_error(name, error)

    def _take_doors(self, cleaned: dict[str, Any], day: date, hour: time | None, zone: ZoneInfo) -> None:
        self.instance.doors_at = None
        if hour is None or cleaned.get("is_all_day"):
            return
        try:
            opens = on_the_clock(day, hour, zone)
        except ValidationError as error:
            self.add_error("doors", error)
            return
        if "starts_at" in cleaned and opens > cleaned["starts_at"]:
            self.add_error("doors", "The doors open before it starts, or when it does.")
        else:
            self.instance.doors_at = opens


class OutlookForm(forms.Form):
    """Whether it takes place, and what readers are told."""

    outlook = forms.ChoiceField(label="It is", choices=Outlook.choices, widget=forms.RadioSelect)
    notice = forms.CharField(
        label="What readers are told",
        required=False,
        max_length=600,
        widget=forms.Textarea(attrs={"rows": 4}),
        help_text="A sentence or two: why, and what happens next. It stands at the top of the page. "
        "Needed if it is postponed or cancelled.",
    )

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        is_off = cleaned.get("outlook") in (Outlook.POSTPONED, Outlook.CANCELLED)
        if is_off and "notice" in cleaned and not cleaned["notice"]:
            self.add_error("notice", "Say in a sentence what happened: it is the first thing readers look for.")
        return cleaned


class CopyForm(forms.Form):
    """This year's event, made from last year's."""

    starts_on = forms.DateField(label="First day", widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"))
    with_speakers = forms.BooleanField(label="Keep the speakers and descriptions of the sessions", required=False)

    def clean_starts_on(self) -> date:
        day = self.cleaned_data["starts_on"]
        if not timezone.localdate().year - 50 <= day.year <= timezone.localdate().year + 20:
            raise ValidationError("That year is too far away.")
        return day


class CopyProgrammeForm(forms.Form):
    """Another event's programme for this one."""

    source = forms.ModelChoiceField(label="The programme of", queryset=Event.objects.none())
    with_speakers = forms.BooleanField(label="Keep the speakers and descriptions of the sessions", required=False)

    def __init__(self, *args: Any, to: Event, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["source"].queryset = (  # type: ignore[attr-defined]
            Event.objects.filter(sessions__isnull=False)
            .exclude(pk=to.pk)
            .distinct()
            .order_by("-starts_at")
            .defer("body")
        )
        self.fields["source"].label_from_instance = lambda event: f"{event.title}, {event.first_day:%Y}"  # type: ignore[attr-defined]

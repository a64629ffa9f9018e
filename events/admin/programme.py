"""The programme on the form of its event: sessions with rooms and speakers on one screen, in order of time."""

from collections.abc import Mapping
from datetime import date, datetime, time, timedelta
from itertools import combinations
from typing import Any, cast

from django import forms
from django.contrib import admin
from django.contrib.admin.widgets import AutocompleteSelectMultiple, RelatedFieldWidgetWrapper
from django.core.exceptions import ValidationError
from django.db.models import Prefetch
from django.forms.models import BaseInlineFormSet
from django.http import HttpRequest, QueryDict

from events.admin.forms import on_the_clock
from events.models import Appearance, Event, Room, Session, Speaker, timezones
from events.timetable import Part
from psg.backoffice.fields import LoadedChoiceField

MAX_DAYS = 31
ROOM_LIST = "programme-rooms"  # the list of names that the browser offers; written by the template


class SpeakersSelect(AutocompleteSelectMultiple):
    """Speakers found by typing, in the order in which they were added. `rows` are loaded for the whole programme."""

    rows: Mapping[str, Speaker] = {}

    def optgroups(self, name: str, value: Any, attrs: Any = None) -> Any:
        chosen = [key for key in value if key in self.rows]
        options = [self.create_option(name, key, str(self.rows[key]), True, at) for at, key in enumerate(chosen)]
        return [(None, options, 0)]

    @property
    def media(self) -> forms.Media:
        script: Any = forms.Script("js/speakers-in-order.js", type="module")
        return super().media + forms.Media(js=[script])


class SpeakersField(forms.Field):
    """Who speaks, in order."""

    def __init__(self, **kwargs: Any) -> None:
        relation = cast(Any, Session._meta.get_field("speakers"))
        select = SpeakersSelect(relation, admin.site)
        kwargs["widget"] = RelatedFieldWidgetWrapper(select, relation.remote_field, admin.site, can_add_related=True)
        super().__init__(**kwargs)

    def load(self, rows: Mapping[str, Speaker]) -> None:
        """Give it the speakers that are chosen anywhere in the programme."""
        self.rows = self.widget.widget.rows = rows

    def to_python(self, value: Any) -> list[Speaker]:
        keys = dict.fromkeys(value or [])  # each once
        if any(key not in self.rows for key in keys):
            raise ValidationError("One of these speakers is not in the list any more. Choose again.")
        return [self.rows[key] for key in keys]

    def has_changed(self, initial: Any, data: Any) -> bool:
        return [str(key) for key in initial or []] != list(data or [])


class SessionForm(forms.ModelForm):
    """One session: a day of the event, hours on the wall, a room by its name."""

    starts = forms.TimeField(label="Starts", widget=forms.TimeInput(attrs={"type": "time"}, format="%H:%M"))
    ends = forms.TimeField(label="Ends", widget=forms.TimeInput(attrs={"type": "time"}, format="%H:%M"))
    day = forms.IntegerField(label="Day", min_value=1, max_value=MAX_DAYS, initial=1)
    room_name = forms.CharField(
        label="Room", max_length=80, required=False, widget=forms.TextInput(attrs={"list": ROOM_LIST})
    )
    who = SpeakersField(label="Speakers", required=False)
    formset: "ProgrammeFormSet"

    class Meta:
        model = Session
        fields = ["title", "is_break", "description"]
        widgets = {"description": forms.Textarea(attrs={"rows": 2})}

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.was: tuple[Any, ...] = (self.instance.starts_at, self.instance.ends_at)
        self.moved = False

    def show(self, session: Session) -> None:
        """Put a saved session into the fields."""
        self.initial.update(
            {
                "starts": session.local_start.time(),
                "ends": session.local_end.time(),
                "day": (session.local_start.date() - session.event.first_day).days + 1,
                "room_name": session.room.name if session.room else "",
                "who": [each.speaker_id for each in session.appearances.all()],
            }
        )

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        if "id" in self.errors:
            self.add_error(None, "This session was deleted by somebody else meanwhile. Tick “Delete” if that is right.")
        if {"day", "starts", "ends"} <= cleaned.keys() and self.formset.first_day:
            self._take_times(self.formset.first_day + timedelta(days=cleaned["day"] - 1), cleaned)
        if cleaned.get("room_name") and not self.formset.instance.venue:
            self.add_error("room_name", "Rooms belong to a venue: choose the event’s venue above first.")
        room = self.instance.room
        self.moved = self.was != (self.instance.starts_at, self.instance.ends_at) or bool(
            room and room.venue_id != self.formset.instance.venue_id
        )
        return cleaned

    def _take_times(self, day: date, cleaned: dict[str, Any]) -> None:
        zone = self.formset.instance.zone
        for name in ("starts", "ends"):
            try:
                setattr(self.instance, f"{name}_at", on_the_clock(day, cleaned[name], zone))
            except ValidationError as error:
                self.add_error(name, error)
        if self.errors:
            return
        if self.instance.ends_at <= self.instance.starts_at:
            self.add_error("ends", "A session ends after it starts.")
            return
        first, last = self.formset.limits()
        if self.instance.starts_at < first:
            self.add_error("starts", f"That is before the event begins ({first:%-d %B, %H:%M}).")
        if self.instance.ends_at > last:
            self.add_error("ends", f"That is after the event ends ({last:%-d %B, %H:%M}).")

    def has_changed(self) -> bool:
        """Also if nothing was typed, but the event moved and its programme with it."""
        return super().has_changed() or (self.instance.pk is not None and self.moved)

    def part(self) -> Part:
        """The session as readers would see it; nothing is saved."""
        self.instance.room = self.formset.room(self.cleaned_data.get("room_name", ""), make=False)
        return Part(self.instance, self.cleaned_data.get("who", []))

    def save(self, commit: bool = True) -> Session:
        """Write the session with its room, which is made if it is new to the venue, and its speakers."""
        self.instance.room = self.formset.room(self.cleaned_data["room_name"], make=True)
        session = super().save(commit)
        if "who" in self.changed_data:
            session.appearances.all().delete()
            Appearance.objects.bulk_create(
                Appearance(session=session, speaker=speaker, position=place)
                for place, speaker in enumerate(self.cleaned_data["who"])
            )
        return session


class ProgrammeFormSet(BaseInlineFormSet):
    """All sessions of one event. Rooms and speakers are looked up once for all of them."""

    instance: Event
    form: type[SessionForm]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        if (queryset := kwargs.get("queryset")) is not None:
            appearances = Appearance.objects.select_related("speaker").order_by("position", "pk")
            with_rooms = queryset.select_related("room")
            kwargs["queryset"] = with_rooms.prefetch_related(Prefetch("appearances", appearances))
        self._rooms: dict[str, Room] | None = None
        self._speakers: dict[str, Speaker] | None = None
        super().__init__(*args, **kwargs)

    # --- What the event says ---------------------------------------------------------------------------------------

    @property
    def first_day(self) -> date | None:
        """The event's first day; None while its form says nothing that can be used."""
        known = self.instance.starts_at and self.instance.timezone in timezones()
        return self.instance.first_day if known else None

    def limits(self) -> tuple[datetime, datetime]:
        """The first and the last moment of the event: the doors count, and of whole days all hours."""
        event = self.instance
        ends = event.ends_at or event.starts_at + timedelta(days=MAX_DAYS)
        starts = min(event.starts_at, event.doors_at or event.starts_at).astimezone(event.zone)
        if not event.is_all_day:
            return starts, ends.astimezone(event.zone)
        after = ends.astimezone(event.zone).date() + timedelta(days=1)
        return datetime.combine(starts.date(), time(0), event.zone), datetime.combine(after, time(0), event.zone)

    # --- What is looked up once ------------------------------------------------------------------------------------

    def _known_rooms(self) -> dict[str, Room]:
        if self._rooms is None:
            venue = self.instance.venue
            self._rooms = {room.name.casefold(): room for room in venue.rooms.all()} if venue else {}
        return self._rooms

    def room(self, name: str, *, make: bool) -> Room | None:
        """The room of that name at the event's venue, large or small letters; a new one where there is none."""
        name = " ".join(name.split())
        venue, rooms = self.instance.venue, self._known_rooms()
        if not name or venue is None:
            return None
        if name.casefold() not in rooms:
            last = max((room.position for room in rooms.values()), default=0)
            rooms[name.casefold()] = Room(venue=venue, name=name, position=last + 1)
        room = rooms[name.casefold()]
        if make and room.pk is None:
            room.save()
        return room

    def room_names(self) -> list[str]:
        """For the browser to offer."""
        return [room.name for room in self._known_rooms().values()]

    def _known_speakers(self) -> dict[str, Speaker]:
        if self._speakers is None:
            if self.is_bound:
                data = cast(QueryDict, self.data)
                lists = (data.getlist(f"{self.add_prefix(index)}-who") for index in range(self.total_form_count()))
                keys = {key for keys in lists for key in keys if key.isascii() and key.isdigit() and len(key) < 19}
                self._speakers = {str(speaker.pk): speaker for speaker in Speaker.objects.filter(pk__in=keys)}
            else:
                chosen = (each.speaker for session in self.get_queryset() for each in session.appearances.all())
                self._speakers = {str(speaker.pk): speaker for speaker in chosen}
        return self._speakers

    # --- Forms -----------------------------------------------------------------------------------------------------

    def add_fields(self, form: Any, index: int | None) -> None:
        super().add_fields(form, index)
        form.fields["id"] = LoadedChoiceField(self.get_queryset(), required=False, widget=forms.HiddenInput)
        form.fields["id"].initial = form.instance.pk
        form.fields["id"].load(self.get_queryset())
        form.formset = self
        form.instance.event = self.instance
        form.fields["who"].load(self._known_speakers() if index is not None else {})
        if form.instance.pk and self.first_day:
            form.show(form.instance)

    def written(self) -> list[SessionForm]:
        """The forms that hold a session: not those left empty, nor those to be deleted."""
        forms_in_order = cast(list[SessionForm], self.forms)
        whole = [form for form in forms_in_order if hasattr(form, "cleaned_data")]
        kept = [form for form in whole if not form.cleaned_data.get("DELETE")]
        return [form for form in kept if form.instance.pk or form.has_changed()]

    def parts(self) -> list[Part]:
        """What readers would see of forms that may be unfinished."""
        return [form.part() for form in self.written() if form.instance.starts_at and form.instance.ends_at]

    def in_two_places(self) -> list[str]:
        """A sentence for each speaker who is in two sessions at once. It may be meant, so nothing is refused."""
        parts = [(form.instance, form.cleaned_data["who"]) for form in self.written()]
        return [
            f"{speaker} is in “{one.title}” and “{other.title}” at the same time."
            for (one, who), (other, others) in combinations(parts, 2)
            if _overlap(one, other)
            for speaker in who
            if speaker in others
        ]

    def clean(self) -> None:
        """No room holds two sessions at once."""
        super().clean()
        taken: list[SessionForm] = []
        for form in self.written():
            name = " ".join(form.cleaned_data.get("room_name", "").split())
            if form.errors or not name or not form.instance.starts_at:
                continue
            for other in taken:
                same = " ".join(other.cleaned_data["room_name"].split()).casefold() == name.casefold()
                if same and _overlap(form.instance, other.instance):
                    there = f"“{other.instance.title}” is in {name} at that time."
                    form.add_error("room_name", f"{there} Choose another room or time.")
            taken.append(form)


def _overlap(one: Session, other: Session) -> bool:
    return one.starts_at < other.ends_at and other.starts_at < one.ends_at


class SessionInline(admin.StackedInline):
    """The programme. Whoever may change the event may change it."""

    model = Session
    form = SessionForm
    formset = ProgrammeFormSet
    template = "admin/events/programme.html"
    extra = 1
    verbose_name_plural = "programme"
    fields = [("starts", "ends", "day", "room_name", "is_break"), "title", ("who", "description")]

    def get_fields(self, request: HttpRequest, obj: Event | None = None) -> Any:
        """Who may only look sees what is kept."""
        if self.has_change_permission(request, obj):
            return super().get_fields(request, obj)
        return [("starts_at", "ends_at", "room", "is_break"), "title", ("who", "description")]

    @admin.display(description="speakers")
    def who(self, session: Session) -> str:
        """For who may only look."""
        return ", ".join(str(each.speaker) for each in session.appearances.all())

    def _may(self, request: HttpRequest, obj: Event | None) -> bool:
        desk = self.admin_site.get_model_admin(Event)
        return desk.has_change_permission(request, obj) if obj else desk.has_add_permission(request)

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return self.admin_site.get_model_admin(Event).has_view_permission(request, obj)

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return self._may(request, obj)

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return self._may(request, obj)

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return self._may(request, obj)

"""The contact form, and the form that answers what it brought."""

import re
from typing import Any

from django import forms
from django.http import QueryDict
from django.utils.formats import date_format
from django.utils.timezone import localtime
from django.utils.translation import gettext_lazy as _

from pages.contact import actions, guard
from pages.models import ContactMessage, ContactSubject
from pages.models.contact import MESSAGE_LENGTH

# Characters that show nothing and that no keyboard makes. NUL among them: Postgres takes none in a text.
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f]")
_LINE_END = re.compile(r"\r\n|[\r\u2028\u2029]")


class OneLine(forms.CharField):
    """Words on one line: whatever breaks the line is a space, so none can begin a new header in a mail."""

    def to_python(self, value: Any) -> str:
        return " ".join(_CONTROL.sub(" ", super().to_python(value) or "").split())


class Lines(forms.CharField):
    """Plain text of several lines. The browser cuts nothing off: what is too long is said, with all of it kept."""

    widget = forms.Textarea

    def to_python(self, value: Any) -> str:
        return _CONTROL.sub("", _LINE_END.sub("\n", super().to_python(value) or "")).strip()

    def widget_attrs(self, widget: forms.Widget) -> dict[str, Any]:
        return {name: value for name, value in super().widget_attrs(widget).items() if name != "maxlength"}


class Address(forms.EmailField):
    """An e-mail address; whatever no keyboard makes is no part of one."""

    def to_python(self, value: Any) -> str:
        return _CONTROL.sub(" ", super().to_python(value) or "")


class ContactForm(forms.Form):
    """What a visitor writes. `token` says when the form was opened."""

    TRAP = "website"

    name = OneLine(
        label=_("Your name"),
        max_length=120,
        widget=forms.TextInput(attrs={"autocomplete": "name", "dir": "auto"}),
        error_messages={"required": _("Write your name.")},
    )
    email = Address(
        label=_("Your email address"),
        max_length=254,
        help_text=_("We answer to this address and use it for nothing else."),
        widget=forms.EmailInput(attrs={"autocomplete": "email", "spellcheck": "false", "autocapitalize": "none"}),
        error_messages={
            "required": _("Write your email address, so that we can answer."),
            "invalid": _("Write an email address like ana@example.org."),
        },
    )
    subject = forms.ModelChoiceField(
        label=_("Subject"),
        queryset=ContactSubject.objects.none(),
        empty_label=_("Please choose"),
        error_messages={
            "required": _("Choose what it is about."),
            "invalid_choice": _("Choose one of the subjects in the list."),
        },
    )
    message = Lines(
        label=_("Your message"),
        max_length=MESSAGE_LENGTH,
        widget=forms.Textarea(attrs={"rows": 9, "dir": "auto"}),
        error_messages={
            "required": _("Write your message."),
            "max_length": _("Please shorten it to %(limit_value)s characters; it has %(show_value)s."),
        },
    )
    wants_copy = forms.BooleanField(
        label=_("Send me a copy"),
        required=False,
        help_text=_("You get a link by email that shows your message for 30 days, once a day at most."),
    )

    def __init__(self, data: QueryDict | None = None) -> None:
        super().__init__(data)
        self.token = guard.new_token()
        subjects = ContactSubject.objects.filter(is_active=True)
        if subjects.exists():
            self.fields["subject"].queryset = subjects  # type: ignore[attr-defined]
        else:
            del self.fields["subject"]

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        sent = self.data.get("token", "")
        age = guard.age_of(sent)
        if age in (guard.Age.FINE, guard.Age.EARLY):
            self.token = sent  # the clock goes on, and the message stays the same one
        if age is not guard.Age.FINE and not self.errors:
            self.add_error(None, self._why_again(age))
        return cleaned

    @staticmethod
    def _why_again(age: guard.Age) -> Any:
        return {
            guard.Age.EARLY: _("That was as quick as a robot. Please look your message over and send it again."),
            guard.Age.LATE: _("This form had been open for more than a day. Please look it over and send it again."),
            guard.Age.UNKNOWN: _("We could not tell where this form came from. Please send it again."),
        }[age]

    @property
    def is_robot(self) -> bool:
        """Whether a robot filled in the field that people do not see. Ask a valid form."""
        typed = [self.cleaned_data["name"], self.cleaned_data["email"]]
        return guard.is_robot(self.data.get(self.TRAP, ""), typed=typed)


class AnswerForm(forms.ModelForm):
    """Answers one message, or notes that it was answered. The button that was pressed says which."""

    answer = Lines(
        required=False,
        max_length=20_000,
        widget=forms.Textarea(attrs={"rows": 12, "class": "vLargeTextField"}),
        help_text="It is mailed as you write it, with the message below it. A reply to it comes to your own address.",
    )

    class Meta:
        model = ContactMessage
        fields: list[str] = []

    @property
    def button(self) -> str:
        """What was pressed: "mark" (answered elsewhere), "open" (again), or "answer"."""
        return next((name for name in ("mark", "open") if f"_{name}" in self.data), "answer")

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        if self.button != "open":
            self._refuse_answered()
        if self.button == "answer" and not cleaned.get("answer") and not self.errors:
            self.add_error("answer", "Write an answer, or mark the message as answered if that was done elsewhere.")
        return cleaned

    def _refuse_answered(self) -> None:
        try:
            actions.lock_open(self.instance)
        except actions.AlreadyAnswered as already:
            at = date_format(localtime(already.at), "j F, H:i")
            who = already.by or "Somebody"
            self.add_error(None, f"{who} answered this message on {at}. Nothing was sent now; your text is below.")

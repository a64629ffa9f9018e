"""Messages from the contact form: read and answered here; who reads what."""

from typing import Any

from django.contrib import admin, messages
from django.contrib.admin.models import CHANGE, LogEntry
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.utils.formats import date_format
from django.utils.html import format_html, format_html_join
from django.utils.text import Truncator
from django.utils.timezone import localtime

from pages.contact import actions as contact
from pages.forms.contact import AnswerForm
from pages.models import ContactMessage, ContactSubject


class AnsweredFilter(admin.SimpleListFilter):
    """Open or answered."""

    title = "state"
    parameter_name = "state"

    def lookups(self, request, model_admin):
        return [("open", "Open"), ("answered", "Answered")]

    def queryset(self, request, queryset):
        questions = {"open": queryset.open, "answered": queryset.answered}
        return questions[self.value()]() if self.value() in questions else queryset


@admin.register(ContactMessage)
class ContactMessageAdmin(admin.ModelAdmin):
    """Nobody adds or changes a message; it is answered, marked, and opened again."""

    form = AnswerForm
    change_form_template = "admin/pages/contact_message.html"
    list_display = ["state", "sender", "first_words", "received"]
    list_display_links = ["sender", "first_words"]
    list_filter = [AnsweredFilter]
    list_select_related = ["answered_by"]
    list_per_page = 50
    show_full_result_count = False
    search_fields = ["name", "email", "subject", "message"]
    date_hierarchy = "created_at"
    actions = ["mark_selected", "open_selected"]
    readonly_fields = ["sender_and_address", "about", "received", "words", "state", "answers_sent"]

    class Media:
        css = {"all": ["css/desk.css", "css/desk-contact.css"]}

    def has_add_permission(self, request: HttpRequest) -> bool:
        """They come from the site."""
        return False

    def get_fields(self, request: HttpRequest, obj: ContactMessage | None = None) -> Any:
        """What came, what was answered, and where it is open the box for an answer."""
        fields = [name for name in self.readonly_fields if name != "answers_sent" or (obj and obj.answers.exists())]
        may_answer = self.has_change_permission(request, obj) and obj is not None and not obj.is_answered
        # A form that was opened before somebody else answered still holds a text that must not be lost.
        return [*fields, "answer"] if may_answer or request.method == "POST" else fields

    def changelist_view(self, request: HttpRequest, extra_context=None) -> HttpResponse:
        """Nothing here is chosen "to change"."""
        return super().changelist_view(request, {"title": "Messages from the contact form"} | (extra_context or {}))

    def change_view(self, request: HttpRequest, object_id: str, form_url: str = "", extra_context=None) -> HttpResponse:
        """The same of one."""
        title = {"title": "Message from the contact form"}
        return super().change_view(request, object_id, form_url, title | (extra_context or {}))

    # --- What is shown -------------------------------------------------------------------------------------------

    @admin.display(description="from", ordering="name")
    def sender(self, message: ContactMessage) -> str:
        """Name and address. Isolated, so that a name written from right to left turns nothing round it."""
        return format_html("<bdi>{}</bdi><br><small>{}</small>", message.name, message.email)

    @admin.display(description="from")
    def sender_and_address(self, message: ContactMessage) -> str:
        """The same with a link to write from a mail program."""
        return format_html('<bdi>{}</bdi>, <a href="mailto:{}">{}</a>', message.name, message.email, message.email)

    @admin.display(description="subject")
    def about(self, message: ContactMessage) -> str:
        """What it is about, as the sender chose."""
        return message.subject

    @admin.display(description="message", ordering="subject")
    def first_words(self, message: ContactMessage) -> str:
        """Subject and beginning: enough to know what it is."""
        words = Truncator(message.message).chars(100)
        return format_html("{}<br><small><bdi>{}</bdi></small>", message.subject or "No subject", words)

    @admin.display(description="received", ordering="created_at")
    def received(self, message: ContactMessage) -> str:
        """When it came, on the London clock."""
        return _moment(message.created_at)

    @admin.display(description="message")
    def words(self, message: ContactMessage) -> str:
        """The whole message, as plain text."""
        return format_html('<div class="desk-words" dir="auto">{}</div>', message.message)

    @admin.display(description="state", ordering="answered_at")
    def state(self, message: ContactMessage) -> str:
        """Open, or when and by whom it was answered."""
        if message.answered_at is None:
            return format_html('<span class="status status-scheduled">{}</span>', "Open")
        by = f" by {message.answered_by}" if message.answered_by else ""
        label = '<span class="status status-published">Answered</span> <small>{}{}</small>'
        return format_html(label, _moment(message.answered_at), by)

    @admin.display(description="answers sent")
    def answers_sent(self, message: ContactMessage) -> str:
        """Every answer that was mailed from here."""
        sent = message.answers.select_related("sent_by")
        rows = ((_moment(each.sent_at), each.sent_by or "somebody", each.text) for each in sent)
        return format_html_join("", '<p><small>{} by {}</small></p><div class="desk-words" dir="auto">{}</div>', rows)

    # --- What is done --------------------------------------------------------------------------------------------

    def save_model(self, request: HttpRequest, obj: ContactMessage, form: AnswerForm, change: bool) -> None:
        """The button pressed says what happens. The form has locked the message and knows that it may."""
        this = ContactMessage.objects.filter(pk=obj.pk)
        if form.button == "mark":
            contact.mark_answered(this, by=request.user)
        elif form.button == "open":
            contact.open_again(this)
        else:
            contact.answer(obj, text=form.cleaned_data["answer"], by=request.user)

    def construct_change_message(self, request: HttpRequest, form: Any, formsets, add: bool = False) -> Any:
        """What the history says."""
        return {"mark": "Marked as answered.", "open": "Opened again.", "answer": "Answered by mail."}[form.button]

    def response_change(self, request: HttpRequest, obj: ContactMessage) -> HttpResponse:
        """Back to the list, with a message that says what happened."""
        if "_mark" in request.POST:
            text = f"The message of {obj.name} is marked as answered."
        elif "_open" in request.POST:
            text = f"The message of {obj.name} waits for an answer again."
        else:
            text = f"Your answer to {obj.name} is on its way. Replies come to {request.user.email}."  # type: ignore[union-attr]
        self.message_user(request, text, messages.SUCCESS)
        return self.response_post_save_change(request, obj)

    def _log(self, request: HttpRequest, queryset: QuerySet, text: str) -> None:
        LogEntry.objects.log_actions(request.user.pk, queryset, CHANGE, text)  # type: ignore[arg-type]  # signed in

    @admin.action(description="Mark as answered", permissions=["change"])
    def mark_selected(self, request: HttpRequest, queryset) -> None:
        """Answered by telephone or from a mail program."""
        self._log(request, queryset.open(), "Marked as answered.")
        done = contact.mark_answered(queryset, by=request.user)
        self.message_user(request, f"{done} marked as answered.", messages.SUCCESS)

    @admin.action(description="Open again", permissions=["change"])
    def open_selected(self, request: HttpRequest, queryset) -> None:
        """They wait for an answer once more."""
        self._log(request, queryset.answered(), "Opened again.")
        done = contact.open_again(queryset)
        self.message_user(request, f"{done} opened again.", messages.SUCCESS)


@admin.register(ContactSubject)
class ContactSubjectAdmin(admin.ModelAdmin):
    """What the form offers to choose from, and who reads it."""

    list_display = ["label", "readers", "position", "is_active"]
    list_editable = ["position", "is_active"]

    @admin.display(description="goes to")
    def readers(self, subject: ContactSubject) -> str:
        """The addresses in one line."""
        return ", ".join(subject.addresses)


def _moment(at) -> str:
    return date_format(localtime(at), "j M Y, H:i")

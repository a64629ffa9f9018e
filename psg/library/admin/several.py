"""Several pictures at once: sent in one go, described on one page."""

from dataclasses import dataclass
from typing import Any

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.core.files import File
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect, JsonResponse
from django.template.response import TemplateResponse
from django.urls import path, reverse

from psg.library.actions import ImageRefused, describe, get_or_add_image
from psg.library.forms import ACCEPT, DescribeForm
from psg.library.models import Image

# Without JavaScript all files come in one request, which has to end before a proxy loses patience.
AT_ONCE = 20
DESCRIBED_AT_ONCE = 20


@dataclass(frozen=True)
class Received:
    """What became of one file. `image` is None where it was refused; `reason` says why."""

    name: str
    image: Image | None = None
    is_new: bool = False
    reason: str = ""

    def as_json(self) -> dict[str, Any]:
        """For the page's script."""
        url = reverse("admin:library_image_change", args=[self.image.pk]) if self.image else ""
        return {"isNew": self.is_new, "reason": self.reason, "label": str(self.image or ""), "url": url}


def receive(file: File, *, by) -> Received:
    """Take one of several files, or say why not. Its alternative text is written afterwards."""
    name = file.name or ""
    try:
        image, is_new = get_or_add_image(file=file, alt_text="", by=by, words_later=True)
    except ImageRefused as refused:
        return Received(name, reason=refused.message)
    return Received(name, image, is_new)


class SeveralImagesMixin:
    """For the ModelAdmin of pictures: its list says how many wait for their words; two pages to add and describe."""

    def get_urls(self: Any) -> Any:
        view = self.admin_site.admin_view
        return [
            path("add-several/", view(self.add_several_view), name="library_image_add_several"),
            path("describe/", view(self.describe_view), name="library_image_describe"),
            *super().get_urls(),  # type: ignore[misc]
        ]

    def changelist_view(self: Any, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> Any:
        may_describe = self.has_change_permission(request)
        waiting = {"waiting": Image.objects.undescribed().count() if may_describe else 0}
        return super().changelist_view(request, waiting | (extra_context or {}))  # type: ignore[misc]

    def _page(self: Any, request: HttpRequest, template: str, title: str, **context: Any) -> TemplateResponse:
        shared = {**self.admin_site.each_context(request), "title": title, "opts": self.opts, "media": self.media}
        return TemplateResponse(request, template, shared | context)

    # --- Sending ---

    def add_several_view(self: Any, request: HttpRequest) -> HttpResponse:
        """Take files. The page's script sends them one by one and is answered in JSON."""
        if not self.has_add_permission(request):
            raise PermissionDenied
        files = request.FILES.getlist("files")
        received = [receive(file, by=request.user) for file in files[:AT_ONCE]]
        for each in received:
            if each.is_new:
                self.log_addition(request, each.image, [{"added": {}}])
        too_many = f"At most {AT_ONCE} files at once. Please send this one again."
        received += [Received(file.name or "", reason=too_many) for file in files[AT_ONCE:]]
        if request.headers.get("Accept") == "application/json":
            return JsonResponse({"received": [each.as_json() for each in received]})
        if received and all(each.is_new for each in received):
            self.message_user(request, f"{_pictures(len(received))} added.", messages.SUCCESS)
            return HttpResponseRedirect(reverse("admin:library_image_describe"))
        return self._page(
            request,
            "admin/library/image/add_several.html",
            "Add several pictures",
            received=received,
            nothing_came=request.method == "POST" and not received,
            accept=ACCEPT,
        )

    # --- Describing ---

    def describe_view(self: Any, request: HttpRequest) -> HttpResponse:
        """The pictures without alternative text, own first; keeps what was filled in."""
        if not self.has_change_permission(request):
            raise PermissionDenied
        forms, described = _describe_posted(request) if request.method == "POST" else ({}, [])
        wrong = any(form.errors for form in forms.values())
        for form in described:
            self.log_change(request, form.instance, self.construct_change_message(request, form, None))
        if described:
            self.message_user(request, f"{_pictures(len(described))} described.", messages.SUCCESS)
        waiting = Image.objects.undescribed().select_related("created_by")
        if request.method == "POST" and not wrong:
            return HttpResponseRedirect(reverse(f"admin:library_image_{'describe' if waiting else 'changelist'}"))
        shown = list(waiting.own_first(request.user)[:DESCRIBED_AT_ONCE])
        return self._page(
            request,
            "admin/library/image/describe.html",
            "Describe your pictures",
            forms=[forms.get(image.pk) or _form(image) for image in shown],
            wrong=wrong,
            more=max(0, waiting.count() - len(shown)),
        )


def _form(image: Image, data: Any = None) -> DescribeForm:
    return DescribeForm(data, instance=image, prefix=f"picture-{image.pk}")


def _describe_posted(request: HttpRequest) -> tuple[dict[int, DescribeForm], list[DescribeForm]]:
    """Save the forms that are right; those that are not, by their picture, and those that were saved."""
    posted = [int(pk) for pk in request.POST.getlist("picture") if pk.isdecimal() and len(pk) < 19]
    wrong, saved = {}, []
    sent = Image.objects.filter(pk__in=posted[:DESCRIBED_AT_ONCE]).select_related("created_by")
    for image in sent:
        form = _form(image, request.POST)
        typed = request.POST.get(form.add_prefix("alt_text"), "").strip()
        if image.alt_text:
            if typed not in ("", image.alt_text):
                _say_who_was_quicker(request, image.alt_text, typed)
        elif form.has_changed() and not form.is_valid():
            wrong[image.pk] = form
        elif form.has_changed():
            if describe(image, **form.cleaned_data):
                saved.append(form)
            else:
                image.refresh_from_db()
                _say_who_was_quicker(request, image.alt_text, typed)
    return wrong, saved


def _say_who_was_quicker(request: HttpRequest, stands: str, typed: str) -> None:
    messages.warning(request, f"A colleague described a picture before you, as “{stands}”. You had “{typed}”.")


def _pictures(count: int) -> str:
    return f"{count} picture{'' if count == 1 else 's'}"

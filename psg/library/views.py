"""What the rich-text editor sends: pictures, and afterwards the words for them. Answers are JSON."""

from collections.abc import Callable
from functools import wraps

from django.conf import settings
from django.http import HttpRequest, JsonResponse
from django.urls import reverse
from django.views.decorators.csrf import csrf_protect
from django.views.decorators.http import require_POST

from psg.library.actions import ImageRefused, describe, get_or_add_image
from psg.library.models import Image


def _refusal(message: str, status: int = 200) -> JsonResponse:
    """In the editor's own shape. It shows our message only beside status 200."""
    return JsonResponse({"uploaded": 0, "error": {"message": message}}, status=status)


def _for_picture_editors(
    view: Callable[[HttpRequest], JsonResponse],
) -> Callable[[HttpRequest], JsonResponse]:
    """POST with the CSRF token, by staff who may add pictures. Others get 403, not a sign-in page they cannot see."""

    @csrf_protect
    @require_POST
    @wraps(view)
    def guarded(request: HttpRequest) -> JsonResponse:
        if not (request.user.is_active and request.user.is_staff and request.user.has_perm("library.add_image")):
            return _refusal("You may not add pictures, or you are signed out. Sign in again in another tab.", 403)
        return view(request)

    return guarded


def _posted(request: HttpRequest, name: str) -> str:
    """A field as text that Postgres takes."""
    return request.POST.get(name, "").replace("\0", "").strip()


@_for_picture_editors
def editor_upload(request: HttpRequest) -> JsonResponse:
    """Take a picture (`upload`) from the editor, with its alternative text (`alt`) unless it was pasted or dropped."""
    file = request.FILES.get("upload")
    if file is None:
        return _refusal("No file came with the request. Please choose one and try again.")
    try:
        image, is_new = get_or_add_image(file=file, alt_text=_posted(request, "alt"), by=request.user, words_later=True)
    except ImageRefused as refused:
        return _refusal(refused.message)
    answer = {
        "uploaded": 1,
        "fileName": str(image.file.name).rpartition("/")[2],
        "url": image.file.url,
        "width": image.width,
        "height": image.height,
        "alt": image.alt_text,
    }
    if not is_new:
        answer["existing"] = {"label": str(image), "url": reverse("admin:library_image_change", args=[image.pk])}
    return JsonResponse(answer)


@_for_picture_editors
def editor_describe(request: HttpRequest) -> JsonResponse:
    """Keep in the library the alternative text (`alt`) that was written in a text for the picture at `url`."""
    name = _posted(request, "url").removeprefix(settings.MEDIA_URL)
    image = Image.objects.undescribed().filter(address=name).first()
    try:
        described = image is not None and describe(image, alt_text=_posted(request, "alt"))
    except ImageRefused as refused:
        return JsonResponse({"described": False, "error": {"message": refused.message}})
    return JsonResponse({"described": described})

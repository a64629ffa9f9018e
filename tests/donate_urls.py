"""Stand-ins for the pages under /donate/, until those are there: what `Appeal.get_absolute_url` leads to."""

from django.http import HttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import include, path

from membership import appeals
from membership.models import Appeal
from psg.urls import urlpatterns as site


def appeal(request, slug):
    found = get_object_or_404(Appeal.objects.public(), slug=slug)
    return render(request, "donate/appeal_preview.html", {"page": appeals.page_of(found)})


def other(request, **kwargs):
    return HttpResponse("")


donate = [
    path("", other, name="index"),
    path("<slug:slug>/", appeal, name="appeal"),
    path("thanks/<str:secret>/", other, name="thanks"),
]
urlpatterns = [path("donate/", include((donate, "donate"))), *site]

from django.urls import path

from events import views

app_name = "events"
urlpatterns = [
    path("", views.event_list, name="list"),
    path("calendar.ics", views.calendar_feed, name="feed"),
    path("<slug:slug>/", views.event, name="event"),
    path("<slug:slug>/event.ics", views.calendar_file, name="file"),
    path("<slug:slug>/card.png", views.card, name="card"),
]

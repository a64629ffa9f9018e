from django.urls import path

from membership import views

app_name = "membership"
urlpatterns = [
    path("", views.why_join, name="why_join"),
    path("join/<slug:slug>/", views.join, name="join"),
    path("thanks/<str:secret>/", views.thanks, name="thanks"),
    path("confirm/<str:secret>/", views.confirm, name="confirm"),
]

from django.urls import path

from membership.views import joining

app_name = "membership"
urlpatterns = [
    path("", joining.why_join, name="why_join"),
    path("join/<slug:slug>/", joining.join, name="join"),
    path("thanks/<str:secret>/", joining.thanks, name="thanks"),
    path("confirm/<str:secret>/", joining.confirm, name="confirm"),
]

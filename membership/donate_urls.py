from django.urls import path

from membership.views import donating

app_name = "donate"
urlpatterns = [
    path("", donating.donate, name="index"),
    path("thanks/<str:secret>/", donating.thanks, name="thanks"),
    path("pay/<str:secret>/", donating.pay, name="pay"),
    path("<slug:slug>/", donating.donate, name="appeal"),
]

from django.urls import path

from membership.views import joining, paying, webhook

app_name = "membership"
urlpatterns = [
    path("", joining.why_join, name="why_join"),
    path("join/<slug:slug>/", joining.join, name="join"),
    path("thanks/<str:secret>/", paying.thanks, name="thanks"),
    path("pay/<str:secret>/", paying.pay, name="pay"),
    path("stripe/webhook/", webhook.webhook, name="stripe_webhook"),
    path("confirm/<str:secret>/", joining.confirm, name="confirm"),
]

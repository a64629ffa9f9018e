from django.urls import path

from membership.views import joining, me, me_details, me_gifts, paying, webhook

app_name = "membership"
urlpatterns = [
    path("", joining.why_join, name="why_join"),
    path("join/<slug:slug>/", joining.join, name="join"),
    path("thanks/<str:secret>/", paying.thanks, name="thanks"),
    path("pay/<str:secret>/", paying.pay, name="pay"),
    path("stripe/webhook/", webhook.webhook, name="stripe_webhook"),
    path("confirm/<str:secret>/", joining.confirm, name="confirm"),
    path("me/", me.me, name="me"),
    path("me/receipts/<int:pk>/", me.receipt, name="receipt"),
    path("me/card/", me.card, name="card"),
    path("me/payment-method/", me.payment_method, name="payment_method"),
    path("me/portal/", me.portal, name="portal"),
    path("me/pay/", me.pay_again, name="pay_again"),
    path("me/cancel/", me.cancel, name="cancel"),
    path("me/resume/", me.resume, name="resume"),
    path("me/plan/", me.plan, name="plan"),
    path("me/gifts/<int:pk>/stop/", me_gifts.stop, name="stop_gift"),
    path("me/gifts/<int:pk>/method/", me_gifts.method, name="gift_method"),
    path("me/details/", me_details.details, name="details"),
    path("me/consents/", me_details.consents, name="consents"),
    path("me/gift-aid/", me_details.gift_aid, name="gift_aid"),
    path("me/data/", me_details.data, name="data"),
    path("me/close/", me_details.close, name="close"),
    path("closed/", me_details.closed, name="closed"),
]

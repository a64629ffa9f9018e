from django.urls import path

from pages import views

urlpatterns = [
    path("", views.contact, name="contact"),
    path("thanks/", views.contact_thanks, name="contact_thanks"),
    path("copy/<str:token>/", views.contact_copy, name="contact_copy"),
]

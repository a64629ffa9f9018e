from django.urls import path

from pages import views

app_name = "pages"
urlpatterns = [
    path("", views.home, name="home"),
    path("publications/", views.publication_list, name="publications"),
    path("publications/<slug:slug>/", views.publication, name="publication"),
    path("<path:path>/", views.page, name="page"),  # last: a page's address may be anything that is left
]

"""The map of the site. Paths are a contract: see docs/architecture.md."""

from django.contrib import admin
from django.urls import include, path

from psg import sitemap, views
from psg.publishing.views import preview
from psg.search.views import search_page
from psg.sign_in import sign_in_link

urlpatterns = [
    path("news/", include("news.urls")),
    path("events/", include("events.urls")),
    path("membership/", include("membership.urls")),
    path("donate/", include("membership.donate_urls")),
    path("contact/", include("pages.contact.urls")),
    path("search/", search_page, name="search"),
    path("preview/<str:token>/", preview, name="preview"),
    path("weave/<slug:seed>.svg", views.woven_picture, name="weave"),
    path("accounts/login/link/<str:token>/", sign_in_link, name="sign_in_link"),
    path("accounts/", include("allauth.urls")),
    path("accounts/", views.account_home, name="account_home"),
    path("admin/", admin.site.urls),
    path("sitemap.xml", sitemap.sitemap, name="sitemap"),
    path("sitemap-<slug:section>-<int:page>.xml", sitemap.sitemap_section, name="sitemap_section"),
    path("robots.txt", views.robots),
    path("readyz/", views.readyz),
    path("media/<path:path>", views.media),
    path("", include("pages.urls")),  # last: a page's address may be anything that is left
]

"""The map of the site. Paths are a contract: see docs/architecture.md."""

from django.conf import settings
from django.conf.urls.static import static
from django.contrib import admin
from django.urls import include, path

from psg import home, sitemap, views
from psg.publishing.views import preview

urlpatterns = [
    path("", home.home, name="home"),
    path("news/", include("news.urls")),
    path("events/", include("events.urls")),
    path("membership/", include("membership.urls")),
    path("search/", views.search_page, name="search"),
    path("preview/<str:token>/", preview, name="preview"),
    path("weave/<slug:seed>.svg", views.woven_picture, name="weave"),
    path("accounts/", include("allauth.urls")),
    path("accounts/", views.account_home, name="account_home"),
    path("admin/", admin.site.urls),
    path("sitemap.xml", sitemap.sitemap, name="sitemap"),
    path("sitemap-<slug:section>-<int:page>.xml", sitemap.sitemap_section, name="sitemap_section"),
    path("robots.txt", views.robots),
    path("readyz/", views.readyz),
]
if settings.DEBUG:
    urlpatterns += [
        path("dev/mail/", views.mail_list, name="dev_mail"),
        path("dev/mail/<slug:name>/", views.mail_detail, name="dev_mail_detail"),
        path("dev/mail/<slug:name>/html/", views.mail_html, name="dev_mail_html"),
        *static(settings.MEDIA_URL, document_root=settings.MEDIA_ROOT),
    ]
urlpatterns += [path("", include("pages.urls"))]  # last: a page's address may be anything that is left

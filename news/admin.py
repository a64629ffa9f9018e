"""The news desk."""

from django import forms
from django.contrib import admin
from django.db.models import Q
from django.http import HttpRequest, HttpResponse
from django.utils.html import format_html
from django.utils.text import slugify

from news import actions, views
from news.models import Article, Author, Topic
from psg.library.admin.fields import PictureFieldsMixin
from psg.publishing.admin import PublishableAdmin, StatusFilter
from psg.publishing.views import Preview, as_preview


class ReadersFilter(admin.SimpleListFilter):
    """For everybody, or for members only."""

    title = "readers"
    parameter_name = "readers"

    def lookups(self, request, model_admin):
        return [("everybody", "Everybody"), ("members", "Members only")]

    def queryset(self, request, queryset):
        return queryset.filter(members_only=self.value() == "members") if self.value() else queryset


@admin.register(Article)
class ArticleAdmin(PictureFieldsMixin, PublishableAdmin):
    """Articles."""

    list_display = ["title", "status_label", "publication", "topic_names", "author_names"]
    list_filter = [StatusFilter, "topics", "authors", "language", "featured", ReadersFilter]
    date_hierarchy = "published_at"
    search_fields = ["title", "standfirst", "body"]
    ordering = ["-updated_at"]
    prepopulated_fields = {"slug": ["title"]}
    autocomplete_fields = ["authors"]
    fieldsets = [
        (None, {"fields": ["title", "slug", "standfirst", "body"]}),
        ("Picture", {"fields": ["lead_image", "lead_caption"]}),
        ("Filed under", {"fields": ["topics", "region", "authors", "language", "featured", "members_only"]}),
        ("Sources", {"fields": ["sources"]}),
        ("Search engines", {"fields": ["seo_title", "seo_description"], "classes": ["collapse"]}),
        ("Publication", {"fields": ["published_at"]}),
    ]

    def get_queryset(self, request: HttpRequest):
        return super().get_queryset(request).prefetch_related("topics", "authors")

    def get_search_results(self, request: HttpRequest, queryset, search_term: str):
        """The index holds what everybody may read; the few articles for members are looked through as well."""
        found, distinct = super().get_search_results(request, queryset, search_term)
        hidden = Q(members_only=True)
        for word in search_term.split():
            hidden &= Q(body__icontains=word)
        return (queryset.filter(Q(pk__in=found.values("pk")) | hidden) if search_term.strip() else found), distinct

    @admin.display(description="status", ordering="state")
    def status_label(self, article: Article) -> str:  # type: ignore[override]
        """With a mark on what is for members only."""
        label = super().status_label(article)
        return format_html('{} <span class="status">Members</span>', label) if article.members_only else label

    @admin.display(description="topics")
    def topic_names(self, article: Article) -> str:
        """The article's topics in one line."""
        return ", ".join(topic.name for topic in article.topics.all())

    @admin.display(description="authors")
    def author_names(self, article: Article) -> str:
        """The article's authors in one line."""
        return ", ".join(author.name for author in article.authors.all())

    def formfield_for_manytomany(self, db_field, request: HttpRequest, **kwargs):
        """Topics are few: all of them in sight, to be ticked."""
        if db_field.name == "topics":
            kwargs["widget"] = forms.CheckboxSelectMultiple(attrs={"class": "desk-ticks"})
        return super().formfield_for_manytomany(db_field, request, **kwargs)

    def show_preview(self, request: HttpRequest, form) -> HttpResponse:
        """With the topics and authors that are ticked in the form."""
        form.instance.slug = form.instance.slug or slugify(form.instance.title) or "untitled"
        topics, authors = (form.cleaned_data.get(name) for name in ("topics", "authors"))
        chosen = {"topics": list(topics or []), "authors": list(authors.select_related("picture") if authors else [])}
        return as_preview(views.show_article(request, form.instance, preview=Preview(), related_to=chosen))


@admin.register(Topic)
class TopicAdmin(admin.ModelAdmin):
    """Topics."""

    list_display = ["name", "description", "slug"]
    search_fields = ["name"]
    prepopulated_fields = {"slug": ["name"]}

    def save_model(self, request: HttpRequest, obj: Topic, form, change: bool) -> None:
        actions.save_topic(obj)

    def delete_model(self, request: HttpRequest, obj: Topic) -> None:
        actions.delete_topics([obj])

    def delete_queryset(self, request: HttpRequest, queryset) -> None:
        actions.delete_topics(queryset)


@admin.register(Author)
class AuthorAdmin(PictureFieldsMixin, admin.ModelAdmin):
    """Authors, staff and guests."""

    list_display = ["name", "user"]
    list_select_related = ["user"]
    search_fields = ["name"]
    prepopulated_fields = {"slug": ["name"]}
    autocomplete_fields = ["user"]

from django.urls import path

from news import feeds, views

app_name = "news"
urlpatterns = [
    path("", views.article_list, name="list"),
    path("feed/", feeds.NewsFeed(), name="feed"),
    path("topics/", views.topic_list, name="topics"),
    path("topics/<slug:slug>/", views.topic, name="topic"),
    path("topics/<slug:slug>/feed/", feeds.TopicFeed(), name="topic_feed"),
    path("<int:year>/", views.year_archive, name="year"),
    path("<int:year>/<int:month>/", views.month_archive, name="month"),
    path("<int:year>/<int:month>/<slug:slug>/", views.article, name="article"),
    path("<int:year>/<int:month>/<slug:slug>/card.png", views.card, name="card"),
]

"""Topics, years and drafts in the search, known words, and rows that stay narrow. Afterwards: manage.py rebuild_search."""

import django.contrib.postgres.indexes
import django.contrib.postgres.search
from django.contrib.postgres.operations import CreateExtension, TrigramExtension
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('psg', '0002_search_configurations'),
    ]

    operations = [
        TrigramExtension(),
        CreateExtension('fuzzystrmatch'),
        migrations.CreateModel(
            name='SearchWord',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('word', models.CharField(max_length=60)),
                ('shown', models.CharField(db_index=True, max_length=60)),
            ],
        ),
        migrations.RemoveIndex(
            model_name='searchentry',
            name='search_entry_vector',
        ),
        migrations.AddField(
            model_name='searchentry',
            name='date',
            field=models.DateField(null=True),
        ),
        migrations.AddField(
            model_name='searchentry',
            name='topics',
            field=models.TextField(blank=True, db_collation='C', help_text="A line's end before each; its slug, a space, its name."),
        ),
        migrations.AddField(
            model_name='searchentry',
            name='year',
            field=models.PositiveSmallIntegerField(null=True),
        ),
        migrations.AlterField(
            model_name='searchentry',
            name='published_at',
            field=models.DateTimeField(help_text='The public finds it from this moment on (UTC); without one, only the desk does.', null=True),
        ),
        migrations.AlterField(
            model_name='searchentry',
            name='url',
            field=models.CharField(max_length=500),
        ),
        migrations.AddIndex(
            model_name='searchentry',
            index=django.contrib.postgres.indexes.GinIndex(condition=models.Q(('language', 'en')), gin_pending_list_limit=256, fields=['vector'], name='search_vector_en'),
        ),
        migrations.AddIndex(
            model_name='searchentry',
            index=django.contrib.postgres.indexes.GinIndex(condition=models.Q(('language', 'es')), gin_pending_list_limit=256, fields=['vector'], name='search_vector_es'),
        ),
        migrations.AddIndex(
            model_name='searchentry',
            index=django.contrib.postgres.indexes.GinIndex(django.contrib.postgres.search.SearchVector('title', config='psg_en'), condition=models.Q(('language', 'en')), gin_pending_list_limit=256, name='search_title_en'),
        ),
        migrations.AddIndex(
            model_name='searchentry',
            index=django.contrib.postgres.indexes.GinIndex(django.contrib.postgres.search.SearchVector('title', config='psg_es'), condition=models.Q(('language', 'es')), gin_pending_list_limit=256, name='search_title_es'),
        ),
        migrations.AddIndex(
            model_name='searchword',
            index=django.contrib.postgres.indexes.GinIndex(fields=['word'], name='search_word_triples', opclasses=['gin_trgm_ops']),
        ),
        # Counting very many matches reads narrow rows: what is longer lies beside the table, but not what is counted.
        migrations.RunSQL(
            """
            ALTER TABLE psg_searchentry SET (toast_tuple_target = 256);
            ALTER TABLE psg_searchentry ALTER kind SET STORAGE MAIN, ALTER topics SET STORAGE MAIN;
            """,
            """
            ALTER TABLE psg_searchentry RESET (toast_tuple_target);
            ALTER TABLE psg_searchentry ALTER kind SET STORAGE EXTENDED;
            """,
        ),
        migrations.RunSQL(
            "UPDATE psg_searchentry SET year = extract(year FROM published_at AT TIME ZONE 'Europe/London')",
            migrations.RunSQL.noop,
        ),
    ]

"""Publications."""

import django.db.models.deletion
import pages.models.publications
import psg.library.models.documents
import simple_history.models
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('library', '0003_documents'),
        ('pages', '0005_contact'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name='HistoricalPublication',
            fields=[
                ('id', models.BigIntegerField(auto_created=True, blank=True, db_index=True, verbose_name='ID')),
                ('state', models.CharField(choices=[('draft', 'Draft'), ('published', 'Published'), ('withdrawn', 'Withdrawn')], default='draft', editable=False, max_length=10)),
                ('published_at', models.DateTimeField(blank=True, help_text='London time. Leave empty to publish at the moment you press “Publish”; a time to come makes it appear by itself at that minute.', null=True, verbose_name='publication time')),
                ('first_public_at', models.DateTimeField(editable=False, help_text='When it was first published; corrections count from here (UTC).', null=True)),
                ('corrected_at', models.DateTimeField(editable=False, null=True)),
                ('version', models.PositiveIntegerField(default=1, editable=False)),
                ('created_at', models.DateTimeField(blank=True, editable=False)),
                ('updated_at', models.DateTimeField(blank=True, editable=False)),
                ('title', models.CharField(max_length=200, validators=[psg.library.models.documents.validate_title])),
                ('slug', models.SlugField(help_text="The publication's address: /publications/…/", max_length=200)),
                ('summary', models.TextField(blank=True, help_text='What it is about, in a few sentences; shown in lists and searches.', max_length=700)),
                ('year', models.PositiveSmallIntegerField(help_text='As it is printed on the publication.', validators=[pages.models.publications.validate_year], verbose_name='year of publication')),
                ('language', models.CharField(choices=[('en', 'English'), ('es', 'Spanish')], default='en', max_length=2)),
                ('history_id', models.AutoField(primary_key=True, serialize=False)),
                ('history_date', models.DateTimeField(db_index=True)),
                ('history_change_reason', models.CharField(max_length=100, null=True)),
                ('history_type', models.CharField(choices=[('+', 'Created'), ('~', 'Changed'), ('-', 'Deleted')], max_length=1)),
                ('cover', models.ForeignKey(blank=True, db_constraint=False, help_text='Leave empty to show the first page of the PDF, of which a picture is made within a minute.', null=True, on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', to='library.image')),
                ('document', models.ForeignKey(blank=True, db_constraint=False, limit_choices_to={'kind': 'pdf'}, null=True, on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', to='library.document', verbose_name='PDF')),
                ('history_user', models.ForeignKey(null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to=settings.AUTH_USER_MODEL)),
            ],
            options={
                'verbose_name': 'historical publication',
                'verbose_name_plural': 'historical publications',
                'ordering': ('-history_date', '-history_id'),
                'get_latest_by': ('history_date', 'history_id'),
            },
            bases=(simple_history.models.HistoricalChanges, models.Model),
        ),
        migrations.CreateModel(
            name='Publication',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('state', models.CharField(choices=[('draft', 'Draft'), ('published', 'Published'), ('withdrawn', 'Withdrawn')], default='draft', editable=False, max_length=10)),
                ('published_at', models.DateTimeField(blank=True, help_text='London time. Leave empty to publish at the moment you press “Publish”; a time to come makes it appear by itself at that minute.', null=True, verbose_name='publication time')),
                ('first_public_at', models.DateTimeField(editable=False, help_text='When it was first published; corrections count from here (UTC).', null=True)),
                ('corrected_at', models.DateTimeField(editable=False, null=True)),
                ('version', models.PositiveIntegerField(default=1, editable=False)),
                ('created_at', models.DateTimeField(auto_now_add=True)),
                ('updated_at', models.DateTimeField(auto_now=True)),
                ('title', models.CharField(max_length=200, validators=[psg.library.models.documents.validate_title])),
                ('slug', models.SlugField(help_text="The publication's address: /publications/…/", max_length=200, unique=True)),
                ('summary', models.TextField(blank=True, help_text='What it is about, in a few sentences; shown in lists and searches.', max_length=700)),
                ('year', models.PositiveSmallIntegerField(help_text='As it is printed on the publication.', validators=[pages.models.publications.validate_year], verbose_name='year of publication')),
                ('language', models.CharField(choices=[('en', 'English'), ('es', 'Spanish')], default='en', max_length=2)),
                ('cover', models.ForeignKey(blank=True, help_text='Leave empty to show the first page of the PDF, of which a picture is made within a minute.', null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='library.image')),
                ('document', models.ForeignKey(limit_choices_to={'kind': 'pdf'}, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='library.document', verbose_name='PDF')),
            ],
            options={
                'permissions': [('publish_publication', 'Can publish, correct and withdraw publications')],
                'abstract': False,
                'indexes': [models.Index(fields=['-year', '-published_at', '-id'], name='publication_newest')],
                'constraints': [models.CheckConstraint(condition=models.Q(models.Q(('state', 'published'), _negated=True), ('published_at__isnull', False), _connector='OR'), name='pages_publication_published_has_time'), models.CheckConstraint(condition=models.Q(('year__gte', 1900), ('year__lte', 2200)), name='publication_year_is_one')],
            },
        ),
    ]

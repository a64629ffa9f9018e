"""Documents, the uses of pictures and documents in texts, and addresses that outlive a replaced file."""

import django.db.models.deletion
import psg.library.models.documents
from django.conf import settings
from django.db import migrations, models


def keep_addresses(apps, schema_editor):
    """Every picture stays where it is."""
    apps.get_model("library", "Image").objects.update(address=models.F("file"))


class Migration(migrations.Migration):

    dependencies = [
        ('contenttypes', '0002_remove_content_type_name'),
        ('library', '0002_images'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.AddField(
            model_name='image',
            name='address',
            field=models.CharField(default='', editable=False, help_text='It outlives the file.', max_length=200),
            preserve_default=False,
        ),
        migrations.RunPython(keep_addresses, migrations.RunPython.noop),
        migrations.AlterField(
            model_name='image',
            name='address',
            field=models.CharField(editable=False, help_text='It outlives the file.', max_length=200, unique=True),
        ),
        migrations.CreateModel(
            name='Document',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('file', models.FileField(max_length=250, upload_to=psg.library.models.documents.document_path)),
                ('address', models.CharField(editable=False, help_text='It outlives the file.', max_length=250, unique=True)),
                ('title', models.CharField(help_text='As readers see it; also the name of the download.', max_length=200, validators=[psg.library.models.documents.validate_title])),
                ('language', models.CharField(choices=[('en', 'English'), ('es', 'Spanish')], default='en', max_length=2)),
                ('kind', models.CharField(choices=[('pdf', 'PDF'), ('docx', 'Word document'), ('odt', 'OpenDocument text'), ('xlsx', 'Excel workbook'), ('ods', 'OpenDocument spreadsheet'), ('pptx', 'PowerPoint slides'), ('odp', 'OpenDocument slides'), ('csv', 'CSV table'), ('txt', 'Plain text')], editable=False, max_length=4)),
                ('bytes', models.PositiveBigIntegerField(editable=False, help_text='Bytes.', verbose_name='size')),
                ('pages', models.PositiveIntegerField(editable=False, help_text='Of a PDF.', null=True)),
                ('text', models.TextField(blank=True, editable=False, help_text='Its words, for the search.')),
                ('read_at', models.DateTimeField(editable=False, help_text='When the worker took the words out (UTC).', null=True)),
                ('sha256', models.CharField(editable=False, help_text='Of the file.', max_length=64, unique=True)),
                ('created_at', models.DateTimeField(auto_now_add=True, verbose_name='added')),
                ('cover', models.ForeignKey(editable=False, help_text='The first page of a PDF, made by the worker.', null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='library.image')),
                ('created_by', models.ForeignKey(editable=False, null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to=settings.AUTH_USER_MODEL, verbose_name='added by')),
            ],
            options={
                'ordering': ['-created_at', '-pk'],
            },
        ),
        migrations.CreateModel(
            name='Use',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('object_id', models.BigIntegerField()),
                ('content_type', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='+', to='contenttypes.contenttype')),
                ('document', models.ForeignKey(null=True, on_delete=django.db.models.deletion.CASCADE, related_name='+', to='library.document')),
                ('image', models.ForeignKey(null=True, on_delete=django.db.models.deletion.CASCADE, related_name='+', to='library.image')),
            ],
            options={
                'verbose_name': 'use in a text',
                'verbose_name_plural': 'uses in texts',
            },
        ),
        migrations.AddIndex(
            model_name='document',
            index=models.Index(fields=['-created_at', '-id'], name='library_document_newest'),
        ),
        migrations.AddConstraint(
            model_name='document',
            constraint=models.CheckConstraint(condition=models.Q(('bytes__gt', 0)), name='library_document_has_size'),
        ),
        migrations.AddConstraint(
            model_name='document',
            constraint=models.CheckConstraint(condition=models.Q(('kind__in', ['pdf', 'docx', 'odt', 'xlsx', 'ods', 'pptx', 'odp', 'csv', 'txt'])), name='library_document_kind'),
        ),
        migrations.AddConstraint(
            model_name='document',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('kind', 'pdf'), ('pages__gt', 0), ('pages__isnull', False)), models.Q(models.Q(('kind', 'pdf'), _negated=True), ('pages__isnull', True)), _connector='OR'), name='library_document_pdf_has_pages'),
        ),
        migrations.AddConstraint(
            model_name='use',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('document__isnull', False), ('image__isnull', True)), models.Q(('document__isnull', True), ('image__isnull', False)), _connector='OR'), name='library_use_of_one_thing'),
        ),
        migrations.AddConstraint(
            model_name='use',
            constraint=models.UniqueConstraint(fields=('content_type', 'object_id', 'image', 'document'), name='library_use_once', nulls_distinct=False),
        ),
    ]

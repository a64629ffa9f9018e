"""A portrait for those who sign articles."""

import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('library', '0003_documents'),
        ('news', '0002_initial'),
    ]

    operations = [
        migrations.AddField(
            model_name='author',
            name='picture',
            field=models.ForeignKey(blank=True, help_text='A portrait, shown small beside the name.', null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='library.image'),
        ),
    ]

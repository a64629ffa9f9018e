from django.db import migrations


class Migration(migrations.Migration):
    """The columns from which 0003 made venues; apart, since Postgres alters no table with changes still to be checked."""

    dependencies = [
        ('events', '0003_programme'),
    ]

    operations = [
        migrations.RemoveField(
            model_name='event',
            name='is_cancelled',
        ),
        migrations.RemoveField(
            model_name='event',
            name='venue_address',
        ),
        migrations.RemoveField(
            model_name='event',
            name='venue_name',
        ),
        migrations.RemoveField(
            model_name='historicalevent',
            name='is_cancelled',
        ),
        migrations.RemoveField(
            model_name='historicalevent',
            name='venue_address',
        ),
        migrations.RemoveField(
            model_name='historicalevent',
            name='venue_name',
        ),
    ]

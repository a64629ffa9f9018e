import django.core.validators
from django.core.files.storage import default_storage
from django.db import migrations, models, transaction


def make_copies_afresh(apps, schema_editor):
    """Copies of the old kind go; the worker makes AVIF and WebP in their own folder."""
    from psg.jobs import enqueue

    Image = apps.get_model("library", "Image")
    for image in Image.objects.exclude(renditions=[]):
        for copy in image.renditions:
            transaction.on_commit(lambda name=copy["name"]: default_storage.delete(name))
        enqueue("psg.library.actions.make_renditions", image.pk)
    Image.objects.update(renditions=[])


class Migration(migrations.Migration):
    dependencies = [
        ("library", "0001_initial"),
        ("django_q", "0019_alter_task_options_alter_ormq_key_alter_ormq_lock_and_more"),
    ]

    operations = [
        migrations.RemoveConstraint(model_name="image", name="library_image_described"),
        migrations.RenameField(model_name="image", old_name="from_editor", new_name="words_later"),
        migrations.AlterField(
            model_name="image",
            name="words_later",
            field=models.BooleanField(default=False, editable=False, help_text="It came into a text or with several others: its alternative text is written afterwards."),
        ),
        migrations.AddConstraint(
            model_name="image",
            constraint=models.CheckConstraint(condition=models.Q(models.Q(("alt_text", ""), _negated=True), ("words_later", True), _connector="OR"), name="library_image_described"),
        ),
        migrations.AddField(
            model_name="image",
            name="focal_x",
            field=models.PositiveSmallIntegerField(default=50, help_text="Percent, 0 to 100.", validators=[django.core.validators.MaxValueValidator(100)], verbose_name="focal point, from the left"),
        ),
        migrations.AddField(
            model_name="image",
            name="focal_y",
            field=models.PositiveSmallIntegerField(default=50, help_text="Percent, 0 to 100.", validators=[django.core.validators.MaxValueValidator(100)], verbose_name="focal point, from the top"),
        ),
        migrations.AddField(
            model_name="image",
            name="card",
            field=models.CharField(blank=True, editable=False, max_length=200),
        ),
        migrations.AddConstraint(
            model_name="image",
            constraint=models.CheckConstraint(condition=models.Q(("focal_x__lte", 100), ("focal_y__lte", 100)), name="library_image_focus_inside"),
        ),
        migrations.RunPython(make_copies_afresh, migrations.RunPython.noop),
    ]

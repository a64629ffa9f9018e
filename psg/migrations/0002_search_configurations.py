"""Text search configurations that stem English and Spanish and ignore accents."""

from django.contrib.postgres.operations import UnaccentExtension
from django.db import migrations

MAKE = """
CREATE TEXT SEARCH CONFIGURATION psg_{language} (COPY = {stock});
ALTER TEXT SEARCH CONFIGURATION psg_{language}
    ALTER MAPPING FOR hword, hword_part, word WITH unaccent, {stock}_stem;
"""
DROP = "DROP TEXT SEARCH CONFIGURATION psg_{language};"
LANGUAGES = [{"language": "en", "stock": "english"}, {"language": "es", "stock": "spanish"}]


class Migration(migrations.Migration):
    dependencies = [("psg", "0001_initial")]

    operations = [
        UnaccentExtension(),
        *[migrations.RunSQL(MAKE.format(**each), DROP.format(**each)) for each in LANGUAGES],
    ]

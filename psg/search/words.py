"""How words are spelt here: "viscarra" is nobody, Vizcarra is in a hundred articles."""

import re
import unicodedata
from collections.abc import Iterable

from django.db import connection
from django.db.models import Max
from django.utils import timezone

from psg.models import SearchEntry, SearchWord

# Shorter words differ from too many others; longer ones are no words.
WORD = re.compile(r"[^\W\d_]{4,30}")
ASKED = 8  # words of one query that are looked at
FEW = 3  # a word in more entries than this is no mistake
TIMES_MORE = 10  # a word in a few entries may be one, if a similar word is in so many times more


def bare(word: str) -> str:
    """Without accents: "niños" → "ninos"."""
    return "".join(part for part in unicodedata.normalize("NFKD", word) if not unicodedata.combining(part))


def learn(texts: Iterable[str]) -> None:
    """Remember the words of public texts, in two queries.

    No constraint forbids a double, on purpose: two editors who write the same new word at once would wait for each
    other, and could do so in a circle. A double does no harm and goes with the next rebuild.
    """
    said = {word for text in texts for word in WORD.findall(text.lower())}
    known = set(SearchWord.objects.filter(shown__in=said).values_list("shown", flat=True))
    SearchWord.objects.bulk_create(
        [SearchWord(word=bare(word)[:60], shown=word) for word in sorted(said - known)], batch_size=2000
    )


def asked(text: str) -> list[re.Match[str]]:
    """The words of a query that could be misspelt; not those that it excludes."""
    return [found for found in WORD.finditer(text) if text[: found.start()][-1:] != "-"][:ASKED]


def respelt(text: str) -> str | None:
    """The query with the words that nearly nothing has replaced by similar ones that the public finds; or None.

    One query, whatever the number of words. A word comes from a public text and is looked for before it is
    offered, so none of a draft is ever shown.
    """
    found = asked(text)
    if not found:
        return None
    typed = [match[0].lower() for match in found]
    with connection.cursor() as cursor:
        cursor.execute(_BETTER, {"words": typed, "bare": [bare(word) for word in typed], "now": timezone.now()})
        better = dict(cursor.fetchall())
    if not better:
        return None
    for match in reversed(found):
        word = better.get(match[0].lower(), match[0])
        text = text[: match.start()] + word + text[match.end() :]
    return text


def tidy() -> int:
    """Forget words that no public text has any more, and doubles; the number forgotten.

    Words that come in meanwhile are left alone.
    """
    newest = SearchWord.objects.aggregate(newest=Max("pk"))["newest"] or 0
    used: set[str] = set()
    texts = SearchEntry.objects.exclude(published_at=None).values_list("title", "summary", "body")
    for parts in texts.iterator(chunk_size=500):
        used.update(WORD.findall(" ".join(parts).lower()))
    needless: list[int] = []
    for pk, shown in SearchWord.objects.filter(pk__lte=newest).order_by("pk").values_list("pk", "shown").iterator():
        if shown in used:
            used.remove(shown)  # once is enough
        else:
            needless.append(pk)
    return SearchWord.objects.filter(pk__in=needless).delete()[0]


def _count(word: str) -> str:
    """SQL that counts the public entries with a word. Plain conditions, so that the partial indexes serve them."""
    entries = SearchEntry._meta.db_table
    return f"""
        SELECT count(*) AS entries FROM {entries} WHERE published_at <= %(now)s AND (
            (language = 'en' AND vector @@ plainto_tsquery('psg_en', {word}))
            OR (language = 'es' AND vector @@ plainto_tsquery('psg_es', {word})))
    """  # noqa: S608  # names of ours, no value


# Of each typed word that few entries have (and that is not one of those that a search leaves out, like "about"):
# the nearest known word that ten times as many have. Long words are found through their letter triples, which tell
# little about a short one; one slip is allowed in a short word, two or three in a long one.
_BETTER = f"""
SELECT typed.word, better.shown
FROM unnest(%(words)s::text[], %(bare)s::text[]) AS typed (word, bare)
CROSS JOIN LATERAL ({_count("typed.word")}) AS known
CROSS JOIN LATERAL (
    SELECT near.shown
    FROM (
        SELECT DISTINCT ON (slips, alike, word) word, shown,
            levenshtein_less_equal(word, typed.bare, 3) AS slips, similarity(word, typed.bare) AS alike
        FROM {SearchWord._meta.db_table}
        WHERE CASE WHEN length(typed.bare) > 5 THEN TRUE ELSE length(word) <= length(typed.bare) + 1 END
            AND (word %% typed.bare OR length(typed.bare) <= 5)
            AND word <> typed.bare
            AND levenshtein_less_equal(word, typed.bare, 3) <= CASE WHEN length(typed.bare) <= 5 THEN 1
                WHEN length(typed.bare) <= 9 THEN 2 ELSE 3 END
        -- of the same letters, the form with accents first
        ORDER BY slips, alike DESC, word, shown = word
        LIMIT 8
    ) AS near
    CROSS JOIN LATERAL ({_count("near.word")}) AS its
    WHERE its.entries >= greatest(1, {TIMES_MORE} * known.entries)
    ORDER BY near.slips, its.entries DESC, near.alike DESC
    LIMIT 1
) AS better
WHERE known.entries <= {FEW}
    AND numnode(plainto_tsquery('psg_en', typed.word)) > 0 AND numnode(plainto_tsquery('psg_es', typed.word)) > 0
"""  # noqa: S608  # names of ours, no value

"""One index over everything publishable. A row is written in the same transaction as the change it reflects.

`entries.py` writes, `asking.py` turns a reader's words into conditions, `words.py` knows how a word is spelt, and
`results.py` puts an answer together.
"""

from psg.search.entries import drop_orphans, index, index_many, replace_topic, searchable
from psg.search.results import matching_ids

__all__ = ["drop_orphans", "index", "index_many", "matching_ids", "replace_topic", "searchable"]

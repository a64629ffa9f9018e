"""The news of the demonstration site: ten items of October 2019, a few in other states, and an archive."""

from news.demo.archive import load_archive
from news.demo.articles import load

__all__ = ["load", "load_archive"]

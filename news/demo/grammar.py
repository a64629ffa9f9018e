"""Sample articles out of phrases.json, in which each subject has titles, standfirsts, sentences and words.

A gap like `{crop}` that belongs to a subject is filled once for an article, so that its title, standfirst
and text speak of the same thing; a shared gap like `{when}` is filled anew each time. Institutions are named
by what they do and people not at all: nothing here is to be taken for news.
"""

import json
import random
import re
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from news.regions import Region

GAP = re.compile(r"\{(\w+)\}")
A_BEFORE_VOWEL = re.compile(r"\b([Aa]) (?=[aeioAEIO]|u(?!ni|se|tili))")
FIRST_LETTER = re.compile(r"((?:^|[.?!]\s+)[“]?)([a-zà-ÿ])")


@dataclass(frozen=True)
class Text:
    """One sample article. `paragraphs` is HTML without the sample mark."""

    title: str
    standfirst: str
    paragraphs: list[str]
    topics: list[str]
    region: str


@cache
def _phrases() -> dict[str, Any]:
    return json.loads((Path(__file__).parent / "phrases.json").read_text(encoding="utf-8"))


def write(rng: random.Random, *, year: int, long_title: bool = False) -> Text:
    """A sample article on something talked about in `year`. Long titles are less likely to be taken."""
    subjects = [subject for subject in _phrases()["subjects"] if subject.get("from", 0) <= year]
    subject = rng.choices(subjects, weights=[subject["weight"] for subject in subjects])[0]
    return _Writer(rng, subject).write(long_title=long_title)


class _Writer:
    """Fills the gaps of one article."""

    def __init__(self, rng: random.Random, subject: dict[str, Any]) -> None:
        self.rng, self.subject, self.shared = rng, subject, _phrases()["shared"]
        self.region = rng.choice(subject["regions"])
        self.filled: dict[str, str] = {}
        if self.region:
            self.filled["region"] = self.filled["somewhere"] = str(Region(self.region).label)

    def write(self, *, long_title: bool) -> Text:
        topics = self.subject["topics"]
        return Text(
            title=self._title(long_title),
            standfirst=self.fill(self.rng.choice(self.subject["standfirsts"])),
            paragraphs=self._paragraphs(),
            topics=topics[: self.rng.randint(1, len(topics))],
            region=self.region,
        )

    def fill(self, text: str) -> str:
        """The text with its gaps filled, its sentences begun with capitals, and “an” before vowels."""
        text = GAP.sub(lambda gap: self._word(gap[1]), text)
        text = A_BEFORE_VOWEL.sub(r"\1n ", text)
        return FIRST_LETTER.sub(lambda start: start[1] + start[2].upper(), text)

    def _word(self, name: str) -> str:
        if name in self.filled:
            return self.filled[name]
        if name == "somewhere":
            self.filled[name] = self.rng.choice(self.shared["any_region"])
            return self.filled[name]
        if name in self.subject:
            self.filled[name] = GAP.sub(lambda gap: self._word(gap[1]), self.rng.choice(self.subject[name]))
            return self.filled[name]
        others = [word for word in self.shared[name] if word not in self.filled.values()]
        return self.rng.choice(others)

    def _title(self, long_title: bool) -> str:
        title = self.rng.choice(self.subject["titles"])
        if long_title:
            ends = ":" in title or title.endswith("?")
            title += (" – " if ends else ": ") + self.rng.choice(self.shared["tails"])
        return self.fill(title)

    def _paragraphs(self) -> list[str]:
        """2 to 14 paragraphs; long ones are broken by a subheading, a list or a quotation."""
        own, general = self._pools()
        wanted = self.rng.choices(range(2, 14), weights=(6, 9, 11, 12, 11, 9, 7, 6, 5, 4, 3, 2))[0]
        blocks: list[str] = []
        while len(blocks) < wanted and len(own) + len(general) >= 3:
            blocks.append(f"<p>{self._paragraph(own, general)}</p>")
        if len(blocks) >= 4 and "stands_alone" not in self.subject:
            blocks[2:3] = self._break(blocks[2])
        return blocks

    def _pools(self) -> tuple[list[str], list[str]]:
        """Sentences on the subject and general ones, shuffled: each is used once at most."""
        own, general = list(self.subject["sentences"]), list(self.shared["sentences"])
        if self.region:
            general += self.shared["local_sentences"]
        if "stands_alone" in self.subject:
            general = []
        self.rng.shuffle(own)
        self.rng.shuffle(general)
        return own, general

    def _paragraph(self, own: list[str], general: list[str]) -> str:
        """Two to four sentences, the first about the subject as long as there are any."""
        sentences = [own.pop() if own else general.pop()]
        for _ in range(self.rng.choice((1, 2, 2, 3))):
            pool = own if own and (not general or self.rng.random() < 0.3) else general
            if pool:
                sentences.append(pool.pop())
        return " ".join(self.fill(sentence) for sentence in sentences)

    def _break(self, paragraph: str) -> list[str]:
        """The paragraph with something beside it that is not a paragraph."""
        kind = self.rng.choice(("heading", "heading", "quote", "list"))
        if kind == "heading":
            return [f"<h2>{self.rng.choice(self.shared['headings'])}</h2>", paragraph]
        if kind == "quote":
            return [paragraph, f"<blockquote><p>{self.rng.choice(self.shared['quotes'])}</p></blockquote>"]
        items = "".join(f"<li>{item}</li>" for item in self.rng.sample(self.shared["items"], k=4))
        return [paragraph, f"<p>What is asked for can be put in four points:</p><ul>{items}</ul>"]

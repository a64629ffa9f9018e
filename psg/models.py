"""The people who sign in, and the index of everything that can be searched."""

import datetime
from collections.abc import Sequence
from dataclasses import dataclass

from django.apps import apps
from django.contrib.auth.models import AbstractUser, BaseUserManager
from django.contrib.postgres.indexes import GinIndex
from django.contrib.postgres.search import SearchVector, SearchVectorField
from django.db import models
from django.db.models.functions import Lower
from django.utils.text import capfirst


class UserManager(BaseUserManager["User"]):
    """Makes users whose name is their e-mail address."""

    use_in_migrations = True

    def create_user(self, email: str, password: str | None = None, **fields) -> "User":
        """Make a user. Without a password they sign in by mailed code. Raises ValueError without an address."""
        if not email:
            raise ValueError("A user needs an e-mail address.")
        user = self.model(email=self.normalize_email(email).lower(), **fields)
        user.set_password(password)
        user.save()
        return user

    def create_superuser(self, email: str, password: str | None = None, **fields) -> "User":
        """Make a user who may do everything."""
        return self.create_user(email, password, is_staff=True, is_superuser=True, **fields)


class User(AbstractUser):
    """Somebody who can sign in. Addresses are kept in lower case, so that one address is one user."""

    username = None  # type: ignore[assignment]  # the e-mail address is the name
    first_name = None  # type: ignore[assignment]  # one field holds the name as its owner writes it
    last_name = None  # type: ignore[assignment]
    email = models.EmailField("e-mail", unique=True)
    name = models.CharField(max_length=150, blank=True, help_text="As it is shown to colleagues.")

    USERNAME_FIELD = "email"
    REQUIRED_FIELDS = []
    objects = UserManager()  # type: ignore[assignment,misc]

    class Meta:
        constraints = [
            models.CheckConstraint(name="user_email_is_lower_case", condition=models.Q(email=Lower("email"))),
        ]

    def __str__(self) -> str:
        return self.get_full_name()

    def clean(self) -> None:
        super().clean()
        self.email = self.email.lower()

    def get_full_name(self) -> str:
        """The name, or the address where there is none."""
        return self.name or self.email

    def get_short_name(self) -> str:
        """The first word of the name."""
        return self.get_full_name().split(" ")[0]


@dataclass(frozen=True)
class SearchText:
    """What the search reads of one thing beside its title and address. `body` is words, not HTML."""

    summary: str
    body: str
    language: str = "en"
    topics: Sequence[tuple[str, str]] = ()  # slug and name of each
    # The day that it is of, shown beside it. It is filed under the year given, else that of the day, else that of its
    # publication on this site.
    date: datetime.date | None = None
    year: int | None = None
    members_only: bool = False  # there is more of it than these words, for members


class SearchEntry(models.Model):
    """One thing that can be found. Written by `psg.search` alone, beside the change it reflects.

    The table's rows are kept narrow by a migration (`toast_tuple_target`): a count of very many matches reads kinds,
    topics and years, and texts and vectors lie elsewhere until they are asked for.
    """

    kind = models.CharField(max_length=60)
    object_id = models.BigIntegerField()
    url = models.CharField(max_length=500)
    title = models.CharField(max_length=250)
    summary = models.TextField(blank=True)
    body = models.TextField(blank=True)
    language = models.CharField(max_length=2)
    published_at = models.DateTimeField(
        null=True, help_text="The public finds it from this moment on (UTC); without one, only the desk does."
    )
    date = models.DateField(null=True)
    year = models.PositiveSmallIntegerField(null=True)
    topics = models.TextField(
        blank=True,
        db_collation="C",
        help_text="A line's end before each; its slug, a space, its name.",
    )
    members_only = models.BooleanField(default=False, db_default=False)
    vector = SearchVectorField(null=True)

    # As (words, whether they matched); filled by psg.search for a page of results. No excerpt: the title alone matched.
    title_parts: list[tuple[str, bool]] = []
    excerpt: list[tuple[str, bool]] = []

    class Meta:
        constraints = [models.UniqueConstraint(name="search_entry_once", fields=["kind", "object_id"])]
        # One for each language, and no index on times: Postgres would be tempted to walk along it and unpack vectors.
        # New words wait in a list that every search reads as well: kept short (in kB), and still quick to write.
        indexes = [
            *(
                GinIndex(
                    name=f"search_vector_{language}",
                    fields=["vector"],
                    gin_pending_list_limit=256,
                    condition=models.Q(language=language),
                )
                for language in ("en", "es")
            ),
            *(
                GinIndex(
                    SearchVector("title", config=f"psg_{language}"),
                    name=f"search_title_{language}",
                    gin_pending_list_limit=256,
                    condition=models.Q(language=language),
                )
                for language in ("en", "es")
            ),
        ]

    def __str__(self) -> str:
        return self.title

    @property
    def kind_label(self) -> str:
        """What this is, as a reader would call it."""
        return capfirst(str(apps.get_model(self.kind)._meta.verbose_name))


class SearchWord(models.Model):
    """A word of public texts: `shown` as it is written there, in small letters; `word` without accents."""

    word = models.CharField(max_length=60)
    shown = models.CharField(max_length=60, db_index=True)

    class Meta:
        indexes = [GinIndex(name="search_word_triples", fields=["word"], opclasses=["gin_trgm_ops"])]

    def __str__(self) -> str:
        return self.shown

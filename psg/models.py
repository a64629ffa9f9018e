"""The people who sign in, and the index of everything that can be searched."""

from dataclasses import dataclass

from django.apps import apps
from django.contrib.auth.models import AbstractUser, BaseUserManager
from django.contrib.postgres.indexes import GinIndex
from django.contrib.postgres.search import SearchVectorField
from django.db import models
from django.db.models.functions import Lower


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


class SearchEntry(models.Model):
    """One public thing that can be found. Written by `psg.search` alone, beside the change it reflects."""

    kind = models.CharField(max_length=60)
    object_id = models.BigIntegerField()
    url = models.CharField(max_length=400)
    title = models.CharField(max_length=250)
    summary = models.TextField(blank=True)
    body = models.TextField(blank=True)
    language = models.CharField(max_length=2)
    published_at = models.DateTimeField(help_text="Found from this moment on (UTC).")
    vector = SearchVectorField(null=True)

    # The passage that matched, as (words, whether they matched); filled by psg.search for a page of results.
    excerpt: list[tuple[str, bool]] = []

    class Meta:
        constraints = [models.UniqueConstraint(name="search_entry_once", fields=["kind", "object_id"])]
        indexes = [GinIndex(name="search_entry_vector", fields=["vector"])]

    def __str__(self) -> str:
        return self.title

    @property
    def kind_label(self) -> str:
        """What this is, as a reader would call it."""
        return str(apps.get_model(self.kind)._meta.verbose_name).capitalize()

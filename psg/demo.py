"""Demonstration content: what the apps' own `demo` modules share, and the staff who can sign in.

An app that has something to show offers a module `demo` with a function `load()`, which adds what is
missing, leaves alone what is there, and returns how many rows of each kind it added. `manage.py load_demo`
calls them all.
"""

import io

from allauth.account.models import EmailAddress
from django.contrib.auth.models import Group
from django.core.files.base import ContentFile
from django.db import transaction

from psg import weave
from psg.library.actions import add_image
from psg.library.models import Image
from psg.models import User

SAMPLE_MARK = {
    "en": "Sample text: written to try the site, not a report.",
    "es": "Texto de muestra: escrito para probar el sitio, no es una noticia.",
}

# Address, name, group (None: may do everything), password. The passwords are public: development only.
STAFF = [
    ("administrator@demo.example", "Demo Administrator", None, "demo-administrator-2019"),
    ("editor@demo.example", "Demo Editor", "Editor", "demo-editor-2019"),
    ("writer@demo.example", "Demo Writer", "Writer", "demo-writer-2019"),
]


def load() -> dict[str, int]:
    """Make the staff who are missing. A password that somebody changed stays changed."""
    return {"staff accounts": sum(_make_staff(*person) for person in STAFF)}


def staff_logins() -> list[str]:
    """One line for each account, to be printed."""
    width = max(len(email) for email, *_ in STAFF)
    return [f"{email:<{width}}  {password}" for email, _name, _group, password in STAFF]


def administrator() -> User:
    """The one in whose name the demo is published."""
    return User.objects.get(email=STAFF[0][0])


def sample(body: str, *, language: str = "en") -> str:
    """The HTML with a last paragraph that says that it is sample text."""
    return f"{body.strip()}\n<p><em>{SAMPLE_MARK[language]}</em></p>"


def woven_picture(seed: str, *, alt_text: str) -> Image:
    """A generated pattern, put into the picture library: never a stock or invented photograph."""
    png = io.BytesIO()
    weave.picture(seed, 1500, 1000).save(png, "PNG")
    file = ContentFile(png.getvalue(), name=f"{seed}.png")
    caption = "A woven pattern, made for this page."
    return add_image(file=file, alt_text=alt_text, credit="Generated pattern", caption=caption)


@transaction.atomic
def _make_staff(email: str, name: str, group: str | None, password: str) -> bool:
    """Make one account with a verified address; False if it is there."""
    if User.objects.filter(email=email).exists():
        return False
    if group is None:
        user = User.objects.create_superuser(email, password, name=name)
    else:
        user = User.objects.create_user(email, password, name=name, is_staff=True)
        user.groups.add(Group.objects.get(name=group))
    EmailAddress.objects.create(user=user, email=email, verified=True, primary=True)
    return True

"""What tests of members' own pages share."""

import uuid

from django.test import Client

from membership.models import Person
from psg.models import User

DETAILS = {
    "title": "Dr",
    "first_name": "Ana María",
    "last_name": "Quispe",
    "phone": "020 7946 0000",
    "address_line1": "2 Test Street",
    "address_line2": "",
    "town": "Leeds",
    "postcode": "ls1 4ap",
    "country": "United Kingdom",
}


def account_of(person: Person) -> Client:
    """A client signed in as this person."""
    if person.user is None:
        person.user = User.objects.create_user(person.email or f"{uuid.uuid4().hex}@people.example", name=person.name)
        person.save()
    client = Client()
    client.force_login(person.user)
    return client


def words(response) -> str:
    assert response.status_code == 200, response
    return " ".join(response.content.decode().split())

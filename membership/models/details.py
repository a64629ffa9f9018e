"""Name and address: what a person's record and what somebody typed on the join page have in common."""

from django.db import models

DETAIL_FIELDS = [
    "title",
    "first_name",
    "last_name",
    "organisation_name",
    "email",
    "phone",
    "address_line1",
    "address_line2",
    "town",
    "postcode",
    "country",
]


class ContactDetails(models.Model):
    """How somebody is called and reached. Addresses are kept in lower case."""

    title = models.CharField(max_length=20, blank=True, help_text="Mx, Dr, … as they write it.")
    first_name = models.CharField(max_length=100, blank=True)
    last_name = models.CharField(max_length=100, blank=True)
    organisation_name = models.CharField(max_length=150, blank=True)
    email = models.EmailField("e-mail", blank=True, help_text="Empty for somebody who is written to by post only.")
    phone = models.CharField("telephone", max_length=40, blank=True)
    address_line1 = models.CharField("address", max_length=150, blank=True, help_text="House number or name, street.")
    address_line2 = models.CharField("address, second line", max_length=150, blank=True)
    town = models.CharField("town or city", max_length=100, blank=True)
    postcode = models.CharField(max_length=20, blank=True)
    country = models.CharField(max_length=60, blank=True, default="United Kingdom")

    class Meta:
        abstract = True

    def __str__(self) -> str:
        return self.name

    @property
    def contact_name(self) -> str:
        """First and last name: the person, or who speaks for the organisation."""
        return f"{self.first_name} {self.last_name}".strip()

    @property
    def name(self) -> str:
        """The organisation's name, else the person's; the address where there is neither."""
        return self.organisation_name or self.contact_name or self.email

    @property
    def address_lines(self) -> list[str]:
        """The postal address, as on an envelope, without the name."""
        lines = [self.address_line1, self.address_line2, self.town, self.postcode, self.country]
        return [line for line in lines if line]

    def details(self) -> dict[str, str]:
        """Name and address as a dictionary, to be compared or copied."""
        return {name: getattr(self, name) for name in DETAIL_FIELDS}

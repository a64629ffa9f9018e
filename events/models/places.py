"""Where events take place."""

from urllib.parse import quote_plus

from django.db import models


class Venue(models.Model):
    """A building that people have to find. Kept once, used by many events."""

    name = models.CharField(max_length=200)
    address = models.CharField(max_length=300, blank=True, help_text="Street and town: “1 Main Street, London”.")
    postcode = models.CharField(max_length=20, blank=True)
    map_link = models.URLField(
        max_length=500, blank=True, help_text="Empty: a search for the address on OpenStreetMap."
    )
    travel = models.TextField(
        "how to get there", max_length=2000, blank=True, help_text="Stations, buses, bicycles, the right door."
    )
    access = models.TextField(
        max_length=2000,
        blank=True,
        help_text="What somebody in a wheelchair, or hard of hearing or seeing, wants to know beforehand.",
    )

    class Meta:
        ordering = ["name", "pk"]
        constraints = [
            models.UniqueConstraint(name="venue_once", fields=["name", "address", "postcode"]),
            models.CheckConstraint(name="venue_has_name", condition=~models.Q(name="")),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def full_address(self) -> str:
        """Address and postcode in one line."""
        return ", ".join(part for part in (self.address, self.postcode) if part)

    @property
    def in_one_line(self) -> str:
        """Name and address, as calendars show them."""
        return ", ".join(part for part in (self.name, self.full_address) if part)

    @property
    def map_url(self) -> str:
        """A plain link to the place on a map: nothing is asked of anybody until it is followed."""
        place = self.full_address or self.name
        return self.map_link or f"https://www.openstreetmap.org/search?query={quote_plus(place)}"


class Room(models.Model):
    """A room of a venue. Its position is its place among parallel sessions."""

    venue = models.ForeignKey(Venue, on_delete=models.CASCADE, related_name="rooms")
    name = models.CharField(max_length=80)
    position = models.PositiveSmallIntegerField("order", default=0, help_text="Among sessions at one time.")

    class Meta:
        ordering = ["position", "name", "pk"]
        constraints = [
            models.UniqueConstraint(
                name="room_once_in_a_venue",
                fields=["venue", "name"],
                violation_error_message="There is a room of that name already.",
            ),
            models.CheckConstraint(name="room_has_name", condition=~models.Q(name="")),
        ]

    def __str__(self) -> str:
        return self.name

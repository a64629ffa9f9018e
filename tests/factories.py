"""Things to test with. Every factory makes something that the public sees, unless told otherwise."""

import uuid
from datetime import date, timedelta
from typing import Any

import factory
from django.utils import timezone

from events.models import Appearance, Event, Room, Session, Speaker, Venue
from membership import references
from membership.models import (
    Appeal,
    Application,
    Checkout,
    Donation,
    Person,
    Plan,
    Price,
    StripeCustomer,
    StripePrice,
    Subscription,
)
from news.models import Article, Author, Topic
from pages.models import Page, Publication
from psg import search
from psg.library.models import Document, Kind
from psg.publishing.models import State


class TopicFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = Topic

    name = factory.Sequence(lambda n: f"Topic {n}")
    slug = factory.Sequence(lambda n: f"topic-{n}")


class AuthorFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = Author

    name = factory.Sequence(lambda n: f"Test Author {n}")
    slug = factory.Sequence(lambda n: f"test-author-{n}")


class PublishableFactory(factory.django.DjangoModelFactory):
    class Meta:
        abstract = True
        skip_postgeneration_save = True

    state = State.PUBLISHED
    published_at = factory.LazyFunction(lambda: timezone.now() - timedelta(hours=1))
    first_public_at = factory.SelfAttribute("published_at")

    @factory.post_generation
    def indexed(self, create, extracted, **kwargs) -> None:
        """As the actions do."""
        if create:
            search.index(self)


class ArticleFactory(PublishableFactory):
    class Meta:
        model = Article

    title = factory.Sequence(lambda n: f"Article {n}")
    slug = factory.Sequence(lambda n: f"article-{n}")
    standfirst = "What happened, in a sentence."
    body = "<p>The story in full.</p>"

    @factory.post_generation
    def topics(self, create, extracted, **kwargs) -> None:
        if create and extracted:
            self.topics.set(extracted)
            search.index(self)

    @factory.post_generation
    def authors(self, create, extracted, **kwargs) -> None:
        if create and extracted:
            self.authors.set(extracted)


class PageFactory(PublishableFactory):
    class Meta:
        model = Page

    title = factory.Sequence(lambda n: f"Page {n}")
    slug = factory.Sequence(lambda n: f"page-{n}")
    summary = "What this page says."
    body = "<p>The page in full.</p>"


class DocumentFactory(factory.django.DjangoModelFactory):
    """A PDF that is nowhere but in its row; `tests.psg.documents.add` makes one with a file."""

    class Meta:
        model = Document

    title = factory.Sequence(lambda n: f"Document {n}")
    kind = Kind.PDF
    bytes = 2_500_000
    pages = 24
    sha256 = factory.Sequence(lambda n: f"{n:064}")
    address = file = factory.Sequence(lambda n: f"library/documents/2019/{n:016}/document.pdf")


class PublicationFactory(PublishableFactory):
    class Meta:
        model = Publication

    title = factory.Sequence(lambda n: f"Publication {n}")
    slug = factory.Sequence(lambda n: f"publication-{n}")
    summary = "What it is about."
    year = 2019
    document = factory.SubFactory(DocumentFactory)


class VenueFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = Venue

    name = factory.Sequence(lambda n: f"Test Hall {n}")
    address = "1 Test Street, London"


class RoomFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = Room

    venue = factory.SubFactory(VenueFactory)
    name = factory.Sequence(lambda n: f"Room {n}")


class SpeakerFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = Speaker

    name = factory.Sequence(lambda n: f"Test Speaker {n}")


class EventFactory(PublishableFactory):
    class Meta:
        model = Event

    title = factory.Sequence(lambda n: f"Event {n}")
    slug = factory.Sequence(lambda n: f"event-{n}")
    summary = "What will happen."
    starts_at = factory.LazyFunction(lambda: timezone.now() + timedelta(days=30))
    ends_at = factory.LazyAttribute(lambda event: event.starts_at + timedelta(hours=6))
    venue = factory.SubFactory(VenueFactory)


class SessionFactory(factory.django.DjangoModelFactory):
    """A session of an hour, at the beginning of its event; `speakers` are in the order given."""

    class Meta:
        model = Session
        skip_postgeneration_save = True

    event = factory.SubFactory(EventFactory)
    title = factory.Sequence(lambda n: f"Session {n}")
    starts_at = factory.SelfAttribute("event.starts_at")
    ends_at = factory.LazyAttribute(lambda session: session.starts_at + timedelta(hours=1))

    @factory.post_generation
    def speakers(self, create, extracted, **kwargs) -> None:
        for place, speaker in enumerate(extracted or []):
            Appearance.objects.create(session=self, speaker=speaker, position=place)
        if create:
            search.index(Event.objects.get(pk=self.event_id))


class PlanFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = Plan

    name = factory.Sequence(lambda n: f"Plan {n}")
    slug = factory.Sequence(lambda n: f"plan-{n}")


class PriceFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = Price

    plan = factory.SubFactory(PlanFactory)
    amount_pence = 2500


class PersonFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = Person

    first_name = "Test"
    last_name = factory.Sequence(lambda n: f"Person {n:03}")
    email = factory.Sequence(lambda n: f"person{n}@people.example")
    address_line1 = "1 Test Street"
    town = "London"
    postcode = "N1 9GU"


class AppealFactory(factory.django.DjangoModelFactory):
    """One that runs, without a last day."""

    class Meta:
        model = Appeal

    title = factory.Sequence(lambda n: f"Test appeal {n}")
    slug = factory.Sequence(lambda n: f"test-appeal-{n}")
    standfirst = "What the money does."
    starts_on = factory.LazyFunction(lambda: timezone.localdate() - timedelta(days=30))
    is_public = True


class DonationFactory(factory.django.DjangoModelFactory):
    """£25 by transfer, promised on the site; its money has not come."""

    class Meta:
        model = Donation

    token = factory.LazyFunction(uuid.uuid4)
    reference = factory.LazyFunction(references.new_reference)
    person = factory.SubFactory(PersonFactory)
    amount_pence = 2500
    method = "transfer"
    first_name = factory.SelfAttribute("person.first_name")
    last_name = factory.SelfAttribute("person.last_name")
    email = factory.SelfAttribute("person.email")


class StripeCustomerFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = StripeCustomer

    person = factory.SubFactory(PersonFactory)
    stripe_id = factory.Sequence(lambda n: f"cus_test{n}")


class ApplicationFactory(factory.django.DjangoModelFactory):
    """A form for a membership that renews by itself, waiting for payment."""

    class Meta:
        model = Application

    token = factory.LazyFunction(uuid.uuid4)
    reference = factory.LazyFunction(references.new_reference)
    identity = factory.Sequence(lambda n: f"identity {n}")
    person = factory.SubFactory(PersonFactory)
    price = factory.SubFactory(PriceFactory)
    plan = factory.SelfAttribute("price.plan")
    amount_pence = factory.SelfAttribute("price.amount_pence")
    first_name = factory.SelfAttribute("person.first_name")
    last_name = factory.SelfAttribute("person.last_name")
    email = factory.SelfAttribute("person.email")
    method = "card"
    renews = True


class CheckoutFactory(factory.django.DjangoModelFactory):
    """A page to pay on that can be paid."""

    class Meta:
        model = Checkout

    application = factory.SubFactory(ApplicationFactory)
    customer = factory.LazyAttribute(lambda made: StripeCustomerFactory(person=made.application.person))
    stripe_price = factory.LazyAttribute(
        lambda made: StripePrice.objects.get_or_create(
            price=made.application.price, amount_pence=made.application.amount_pence
        )[0]
    )
    method = factory.SelfAttribute("application.method")
    renews = factory.SelfAttribute("application.renews")
    state = "open"
    stripe_id = factory.Sequence(lambda n: f"cs_test_{n}")
    expires_at = factory.LazyFunction(lambda: timezone.now() + timedelta(hours=23))


class SubscriptionFactory(factory.django.DjangoModelFactory):
    """What renews the `membership` of who has one, by Visa, in good standing."""

    class Meta:
        model = Subscription

    membership: Any = None
    stripe_id = factory.Sequence(lambda n: f"sub_test{n}")
    item_id = factory.Sequence(lambda n: f"si_test{n}")
    customer = factory.LazyAttribute(lambda made: StripeCustomerFactory(person=made.membership.person))
    price = factory.LazyAttribute(lambda made: made.membership.last_term.price)
    application = factory.LazyAttribute(
        lambda made: ApplicationFactory(person=made.membership.person, price=made.price, state="replaced")
    )
    amount_pence = factory.SelfAttribute("price.amount_pence")
    status = "active"
    started_at = factory.LazyFunction(timezone.now)
    period_ends_at = factory.LazyFunction(lambda: timezone.now() + timedelta(days=365))
    method = "card"
    payment_method_id = factory.Sequence(lambda n: f"pm_test{n}")
    card_brand = "visa"
    last4 = "4242"
    card_expires_on = factory.LazyFunction(lambda: date(timezone.localdate().year + 2, 9, 30))

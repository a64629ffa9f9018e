"""Many subscribers at once, to try lists, renewals and speed with."""

from .account import Account
from .billing import subscriptions
from .resources import catalogue, customers, payment_methods
from .store import Doc


def seed(account: Account, *, members: int = 20, monthly: int = 4) -> Doc:
    """So many customers with a yearly subscription of £20; every `monthly`-th pays £2 a month. Their price ids."""
    prices = {}
    for interval, pence in (("year", 2000), ("month", 200)):
        product = {"name": f"Seeded, each {interval}"}
        data = {"currency": "gbp", "product_data": product, "unit_amount": pence, "recurring": {"interval": interval}}
        prices[interval] = catalogue.make_price(account, data)
    for number in range(members):
        customer = customers.make(account, email=f"member{number}@example.org", name=f"Member {number}")
        method = payment_methods.new_card(account, number="4242424242424242", month=12, year=2060)
        payment_methods.attach(account, method, customer["id"])
        price = prices["month" if monthly and number % monthly == 0 else "year"]
        subscriptions.start(account, customer, [(price, 1)], method=method, default_payment_method=method["id"])
    return {interval: price["id"] for interval, price in prices.items()}

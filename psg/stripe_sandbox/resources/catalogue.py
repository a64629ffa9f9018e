"""Products and prices."""

from typing import Any

from ..account import Account, blank, new_id, presented
from ..errors import ApiError, invalid, missing
from ..parameters import amount, boolean, each, integer, merge_metadata, metadata, one_of, string, text
from ..routes import Route, lists, retrieves
from ..store import Doc

RECURRING = {"interval!": one_of("day", "week", "month", "year"), "interval_count": integer(1, 1095)}
PRODUCT_DATA = {"name!": text(250), "description": string, "metadata": metadata, "images": each(string)}
# A price made on the spot: in a change of subscription for a product that exists, in a checkout for a new one too.
PRICE_DATA = {"currency!": string, "product": string, "recurring": RECURRING, "unit_amount": amount}
CHECKOUT_PRICE_DATA = PRICE_DATA | {"product_data": PRODUCT_DATA}
NEW_PRICE = PRICE_DATA | {"product_data": {"name!": text(250), "metadata": metadata}}
PRODUCT = {
    "active": boolean,
    "description": string,
    "images": each(string),
    "metadata": metadata,
    "statement_descriptor": text(22),
    "unit_label": text(12),
    "url": string,
}


def make_product(account: Account, fields: dict[str, Any]) -> Doc:
    """A new product."""
    product = {
        "id": new_id("prod"),
        "object": "product",
        "active": True,
        "created": account.now(),
        "images": [],
        "livemode": False,
        "marketing_features": [],
        "metadata": {},
        "updated": account.now(),
        **blank("default_price", "description", "package_dimensions", "shippable", "statement_descriptor"),
        **blank("tax_code", "unit_label", "url"),
    } | fields
    return account.save(product, "product.created")


def create_product(account: Account, params: dict[str, Any]) -> Doc:
    """POST /v1/products"""
    identifier = params.get("id")
    if identifier and account.store.find(identifier):
        raise ApiError(f"Product already exists: {identifier}", param="id", code="resource_already_exists")
    params["metadata"] = params.get("metadata") or {}
    return presented(make_product(account, params))


def update_product(account: Account, params: dict[str, Any], identifier: str) -> Doc:
    """POST /v1/products/{id}"""
    product = account.get("product", identifier)
    if "metadata" in params:
        params["metadata"] = merge_metadata(product["metadata"], params["metadata"])
    if chosen := params.get("default_price"):
        account.get("price", chosen, "default_price")
    product |= params | {"updated": account.now()}
    return presented(account.save(product, "product.updated"))


def make_price(account: Account, params: dict[str, Any], prefix: str = "") -> Doc:
    """A new price. Raises ApiError if it has no product or no amount."""

    def name(part: str) -> str:
        return f"{prefix}[{part}]" if prefix else part

    product_data, product = params.pop("product_data", None), params.get("product")
    if product_data and product:
        raise invalid("You may only specify one of these parameters: product, product_data.", name("product"))
    if product_data:
        product = make_product(account, product_data)["id"]
    elif not product:
        raise missing(name("product"))
    elif not account.get("product", product, name("product"))["active"]:
        raise invalid(f"The product {product} is marked as inactive, and it can no longer be used.", name("product"))
    if params.get("unit_amount") is None:
        raise missing(name("unit_amount"))
    if params["currency"].lower() != "gbp":
        raise invalid(f"The sandbox deals in gbp only, not in {params['currency']}.", name("currency"))
    recurring = params.pop("recurring", None)
    if recurring:
        recurring = {"interval_count": 1, "meter": None, "usage_type": "licensed"} | recurring
    price = {
        "id": new_id("price"),
        "object": "price",
        "active": True,
        "billing_scheme": "per_unit",
        "created": account.now(),
        "livemode": False,
        "metadata": {},
        "tax_behavior": "unspecified",
        "type": "recurring" if recurring else "one_time",
        "unit_amount_decimal": str(params["unit_amount"]),
        **blank("custom_unit_amount", "lookup_key", "nickname", "tiers_mode", "transform_quantity"),
    }
    price |= params | {"product": product, "recurring": recurring, "currency": "gbp"}
    return account.save(price, "price.created")


def create_price(account: Account, params: dict[str, Any]) -> Doc:
    """POST /v1/prices"""
    _claim_lookup_key(account, params)
    params["metadata"] = params.get("metadata") or {}
    return presented(make_price(account, params))


def update_price(account: Account, params: dict[str, Any], identifier: str) -> Doc:
    """POST /v1/prices/{id}. The amount never changes."""
    price = account.get("price", identifier)
    _claim_lookup_key(account, params)
    if "metadata" in params:
        params["metadata"] = merge_metadata(price["metadata"], params["metadata"])
    price |= params
    return presented(account.save(price, "price.updated"))


def _claim_lookup_key(account: Account, params: dict[str, Any]) -> None:
    transfer = params.pop("transfer_lookup_key", False)
    key = params.get("lookup_key")
    for holder in account.store.all("price", lookup_keys=key) if key else []:
        if not transfer:
            raise invalid(f"A price ({holder['id']}) already uses that lookup key.", "lookup_key")
        account.save(holder | {"lookup_key": None}, "price.updated")


def delete_product(account: Account, params: dict[str, Any], identifier: str) -> Doc:
    """DELETE /v1/products/{id}: only without prices."""
    product = account.get_living("product", identifier)
    if account.store.all("price", product=identifier):
        raise invalid("This product cannot be deleted because it has one or more user-created prices.")
    account.emit("product.deleted", product)
    product["deleted"] = True
    return presented(account.save(product))


KEYS = {"lookup_key": text(200), "transfer_lookup_key": boolean, "nickname": string, "metadata": metadata}
ROUTES = [
    Route("POST", "/v1/products", create_product, PRODUCT | {"id": string, "name!": text(250)}),
    lists("product", "/v1/products", {"active": boolean}),
    retrieves("product", "/v1/products/{id}"),
    Route("POST", "/v1/products/{id}", update_product, PRODUCT | {"default_price": string, "name": text(250)}),
    Route("DELETE", "/v1/products/{id}", delete_product, {}),
    Route("POST", "/v1/prices", create_price, NEW_PRICE | KEYS | {"active": boolean}),
    lists(
        "price",
        "/v1/prices",
        {
            "active": boolean,
            "lookup_keys": each(string),
            "product": string,
            "type": one_of("one_time", "recurring"),
        },
    ),
    retrieves("price", "/v1/prices/{price}"),
    Route("POST", "/v1/prices/{price}", update_price, KEYS | {"active": boolean}),
]

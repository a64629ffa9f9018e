"""The billing portal: sessions (addresses of a page for one customer) and what the page offers."""

from typing import Any

from ..account import Account, blank, new_id, presented
from ..errors import invalid, missing
from ..parameters import boolean, each, merge_metadata, metadata, one_of, string
from ..routes import Route, lists, retrieves
from ..store import Doc

CONFIGURATION = "billing_portal.configuration"
UPDATES = one_of("address", "email", "name", "phone", "shipping", "tax_id")
FEATURES = {
    "customer_update": {"enabled": boolean, "allowed_updates": each(UPDATES)},
    "invoice_history": {"enabled!": boolean},
    "payment_method_update": {"enabled!": boolean},
    "subscription_cancel": {
        "enabled!": boolean,
        "mode": one_of("at_period_end", "immediately"),
        "proration_behavior": one_of("always_invoice", "create_prorations", "none"),
    },
    "subscription_update": {"enabled": boolean},
}
WRITABLE = {
    "business_profile": dict.fromkeys(("headline", "privacy_policy_url", "terms_of_service_url"), string),
    "default_return_url": string,
    "features": FEATURES,
    "metadata": metadata,
    "name": string,
}


def _features(given: dict[str, Any]) -> Doc:
    """Every feature: as given, else switched off."""

    def part(name: str) -> dict[str, Any]:
        return given.get(name) or {}

    reasons = ["too_expensive", "unused", "other"]
    return {
        "customer_update": {"allowed_updates": [], "enabled": False} | part("customer_update"),
        "invoice_history": {"enabled": False} | part("invoice_history"),
        "payment_method_update": {"enabled": False, "payment_method_configuration": None}
        | part("payment_method_update"),
        "subscription_cancel": {
            "cancellation_reason": {"enabled": False, "options": reasons},
            "enabled": False,
            "mode": "at_period_end",
            "proration_behavior": "none",
        }
        | part("subscription_cancel"),
        "subscription_update": {
            "default_allowed_updates": [],
            "enabled": False,
            "proration_behavior": "none",
            "products": None,
            "schedule_at_period_end": {"conditions": []},
            "trial_update_behavior": "end_trial",
        }
        | part("subscription_update"),
    }


def _make(account: Account, params: dict[str, Any], *, default: bool = False) -> Doc:
    return account.save(
        {
            "id": new_id("bpc"),
            "object": CONFIGURATION,
            "active": True,
            "application": None,
            "business_profile": blank("headline", "privacy_policy_url", "terms_of_service_url")
            | (params.get("business_profile") or {}),
            "created": account.now(),
            "default_return_url": params.get("default_return_url"),
            "features": _features(params.get("features") or {}),
            "is_default": default,
            "livemode": False,
            "login_page": {"enabled": False, "url": None},
            "metadata": merge_metadata({}, params.get("metadata") or {}),
            "name": params.get("name"),
            "updated": account.now(),
        }
    )


def default_configuration(account: Account) -> Doc:
    """What a portal offers where nobody says otherwise: everything but changing the plan."""
    for made in account.store.all(CONFIGURATION):
        if made["is_default"]:
            return made
    on = {"enabled": True}
    names = ("invoice_history", "payment_method_update", "subscription_cancel")
    return _make(account, {"features": dict.fromkeys(names, on)}, default=True)


def create_configuration(account: Account, params: dict[str, Any]) -> Doc:
    """POST /v1/billing_portal/configurations"""
    if not params.get("features"):
        raise missing("features")
    return presented(_make(account, params))


def update_configuration(account: Account, params: dict[str, Any], identifier: str) -> Doc:
    """POST /v1/billing_portal/configurations/{id}"""
    made = account.get(CONFIGURATION, identifier)
    for name, value in params.pop("features", {}).items():
        made["features"][name] |= value or {}
    made["business_profile"] |= params.pop("business_profile", None) or {}
    if "metadata" in params:
        made["metadata"] = merge_metadata(made["metadata"], params.pop("metadata"))
    return presented(account.save(made | params | {"updated": account.now()}))


def create_session(account: Account, params: dict[str, Any]) -> Doc:
    """POST /v1/billing_portal/sessions"""
    if not params.get("customer"):
        raise missing("customer")
    customer = account.get_living("customer", params["customer"], "customer")
    chosen = params.get("configuration")
    configuration = account.get(CONFIGURATION, chosen, "configuration") if chosen else default_configuration(account)
    identifier = new_id("bps")
    session = {
        "id": identifier,
        "object": "billing_portal.session",
        "configuration": configuration["id"],
        "created": account.now(),
        "customer": customer["id"],
        "customer_account": None,
        "flow": _flow(account, params.get("flow_data"), customer),
        "livemode": False,
        "locale": params.get("locale"),
        "on_behalf_of": None,
        "return_url": params.get("return_url") or configuration["default_return_url"],
        "url": f"{account.public_url}/portal/{identifier}",
        "_sandbox": {"method": None},
    }
    return presented(account.save(session, "billing_portal.session.created"))


def _flow(account: Account, given: dict[str, Any] | None, customer: Doc) -> Doc | None:
    if not given:
        return None
    flow = blank("subscription_cancel", "subscription_update", "subscription_update_confirm") | {"type": given["type"]}
    after = given.get("after_completion") or {"type": "portal_homepage"}
    flow["after_completion"] = blank("hosted_confirmation", "redirect") | after
    if given["type"] == "subscription_cancel":
        name = "flow_data[subscription_cancel][subscription]"
        chosen = (given.get("subscription_cancel") or {}).get("subscription")
        if not chosen:
            raise missing(name)
        subscription = account.get("subscription", chosen, name)
        if subscription["customer"] != customer["id"]:
            raise invalid(f"No such subscription: '{chosen}'", name, "resource_missing")
        flow["subscription_cancel"] = {"retention": None, "subscription": chosen}
    return flow


FLOW = {
    "type!": one_of("payment_method_update", "subscription_cancel"),
    "subscription_cancel": {"subscription!": string},
    "after_completion": {
        "type!": one_of("hosted_confirmation", "portal_homepage", "redirect"),
        "redirect": {"return_url!": string},
        "hosted_confirmation": {"custom_message": string},
    },
}
PATH = "/v1/billing_portal/configurations"
ROUTES = [
    Route(
        "POST",
        "/v1/billing_portal/sessions",
        create_session,
        {
            "configuration": string,
            "customer": string,
            "flow_data": FLOW,
            "locale": one_of("auto", "en", "en-GB", "es"),
            "return_url": string,
        },
    ),
    Route("POST", PATH, create_configuration, WRITABLE),
    lists(CONFIGURATION, PATH, {"active": boolean, "is_default": boolean}, by_time=False),
    retrieves(CONFIGURATION, PATH + "/{configuration}"),
    Route("POST", PATH + "/{configuration}", update_configuration, WRITABLE | {"active": boolean}),
]

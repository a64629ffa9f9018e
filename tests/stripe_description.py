"""Check against Stripe's published description of its API, where that is at hand.

It is looked for at ../shared/stripe/spec3.json beside the checkout, or where STRIPE_DESCRIPTION says. Stripe's
description leaves unknown properties open; here nothing that it does not name may come.
"""

import json
import os
import re
from collections import Counter
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from jsonschema import Draft202012Validator
from referencing import Registry, Resource
from referencing.jsonschema import DRAFT202012

PATH = Path(os.environ.get("STRIPE_DESCRIPTION") or Path(settings.BASE_DIR).parent / "shared/stripe/spec3.json")
ENOUGH = 40  # events of a kind that are checked, where a test makes thousands
needed = pytest.mark.skipif(not PATH.exists(), reason=f"Stripe's description of its API is not at {PATH}")


def is_here() -> bool:
    return PATH.exists()


@cache
def description() -> dict[str, Any]:
    return json.loads(PATH.read_text())


def _closed(schema: Any) -> Any:
    """An OpenAPI schema as a JSON schema: nullable spelt out, and no properties beyond those named."""
    if isinstance(schema, list):
        return [_closed(one) for one in schema]
    if not isinstance(schema, dict):
        return schema
    if "$ref" in schema:
        return {"$ref": "urn:stripe#/" + schema["$ref"].removeprefix("#/components/schemas/")}
    made = {}
    for name, value in schema.items():
        if name == "properties":
            made[name] = {key: _closed(one) for key, one in value.items()}
        elif name in ("anyOf", "items", "additionalProperties", "type", "enum", "required", "pattern", "format"):
            made[name] = value if name in ("enum", "required") else _closed(value)
    if "properties" in made:
        made.setdefault("additionalProperties", False)
    if schema.get("nullable"):
        return {"anyOf": [made, {"type": "null"}]}
    return made


@cache
def _registry() -> Registry:
    schemas = {name: _closed(schema) for name, schema in description()["components"]["schemas"].items()}
    return Registry().with_resource("urn:stripe", Resource(contents=schemas, specification=DRAFT202012))


@cache
def _validator(schema: str) -> Draft202012Validator:
    return Draft202012Validator(json.loads(schema), registry=_registry())


def check_object(value: Any, schema: dict[str, Any], what: str) -> None:
    """Fail if a value does not fit an OpenAPI schema."""
    validator = _validator(json.dumps(_closed(schema), sort_keys=True))
    errors = [f"{'/'.join(map(str, e.absolute_path))}: {_deepest(e)}" for e in validator.iter_errors(value)]
    assert not errors, f"{what} does not fit Stripe's description:\n" + "\n".join(errors[:10])


def _deepest(error: Any) -> str:
    """What is wrong, past the "not valid under any of the given schemas"."""
    inner = [one for one in error.context or [] if one.validator != "type"]
    if not inner:
        return error.message[:300]
    best = max(inner, key=lambda one: len(one.absolute_path))
    return f"{'/'.join(map(str, best.absolute_path))}: {_deepest(best)}"


@cache
def _operation(method: str, path: str) -> dict[str, Any]:
    """The description of a call. Fails if Stripe has none."""
    candidates = []
    for template, operations in description()["paths"].items():
        pattern = re.sub(r"\{\w+\}", "[^/]+", template)
        if method.lower() in operations and re.fullmatch(pattern, path):
            candidates.append((template.count("{"), operations[method.lower()]))
    assert candidates, f"Stripe has no {method} {path}"
    return min(candidates, key=lambda one: one[0])[1]


def declared_parameters(method: str, path: str) -> dict[str, Any]:
    """The schema of what a call takes, as one object."""
    operation = _operation(method, path)
    query = {p["name"]: p["schema"] for p in operation.get("parameters", []) if p["in"] == "query"}
    if method == "GET":
        return {"type": "object", "properties": query}
    contents = operation.get("requestBody", {}).get("content", {})
    schema = next(iter(contents.values()))["schema"] if contents else {}
    return {"type": "object"} | schema | {"properties": schema.get("properties", {}) | query}


def _problems(value: Any, schema: dict[str, Any], name: str) -> list[str]:
    """What is wrong with a parameter that came as text, or a tree of texts."""
    if "anyOf" in schema:
        tried = [_problems(value, option, name) for option in schema["anyOf"]]
        return min(tried, key=len) if all(tried) else []
    kind = schema.get("type")
    if kind == "object":
        if not isinstance(value, dict):
            return [f"{name} is no object: {value!r}"]
        known, others = schema.get("properties", {}), schema.get("additionalProperties")
        found = [f"{name}[{key}] is unknown" for key in value if key not in known and not others]
        found += [f"{name}[{key}] is missing" for key in schema.get("required", []) if key not in value]
        for key, part in value.items():
            if key in known:
                found += _problems(part, known[key], f"{name}[{key}]")
        return found
    if kind == "array":
        if not isinstance(value, dict) or not all(key.isdigit() for key in value):
            return [f"{name} is no array: {value!r}"]
        return [one for key in value for one in _problems(value[key], schema["items"], f"{name}[{key}]")]
    if not isinstance(value, str):
        return [f"{name} is no {kind}: {value!r}"]
    if kind == "integer" and not re.fullmatch(r"-?\d+", value):
        return [f"{name} is no integer: {value!r}"]
    if kind == "boolean" and value not in ("true", "false"):
        return [f"{name} is no boolean: {value!r}"]
    if "enum" in schema and value not in schema["enum"]:
        return [f"{name} is none of {schema['enum']}: {value!r}"]
    if len(value) > schema.get("maxLength", 10**6):
        return [f"{name} is longer than {schema['maxLength']}"]
    return []


def check_request(request: dict[str, Any]) -> None:
    """Fail if a call that was made takes no such parameters."""
    what = f"{request['method']} {request['path']}"
    found = _problems(request["params"], declared_parameters(request["method"], request["path"]), "")
    assert not found, f"{what}: " + "; ".join(found)


def check_answer(request: dict[str, Any]) -> None:
    """Fail if the answer to a call is not as described."""
    what = f"the answer {request['status']} to {request['method']} {request['path']}"
    responses = _operation(request["method"], request["path"])["responses"]
    schema = responses["200" if request["status"] == 200 else "default"]["content"]["application/json"]["schema"]
    check_object(request["answer"], schema, what)


def check_event(event: dict[str, Any]) -> None:
    """Fail if an event, or the object in it, is not as described."""
    check_object(event, {"$ref": "#/components/schemas/event"}, f"the event {event['type']}")
    doc = event["data"]["object"]
    check_object(doc, {"$ref": f"#/components/schemas/{doc['object']}"}, f"the object of {event['type']}")
    kinds = set(
        description()["paths"]["/v1/webhook_endpoints"]["post"]["requestBody"]["content"][
            "application/x-www-form-urlencoded"
        ]["schema"]["properties"]["enabled_events"]["items"]["enum"]
    )
    assert event["type"] in kinds, f"Stripe has no event {event['type']}"


def check_everything(sandbox: Any) -> None:
    """Check all that a sandbox was asked, answered and told (of each kind of call and event, the first ones).

    What a call that was refused had asked is not checked, as it may have been refused for that.
    """
    if not is_here():
        return
    calls: Counter[tuple[str, str, int]] = Counter()
    for request in sandbox.requests():
        if request["answer"] is None or request["status"] in (401, 404) or request["replayed"]:
            continue
        kind = (request["method"], re.sub(r"/[a-z]+(_[a-z]+)?_\w{10,}", "/{id}", request["path"]), request["status"])
        calls[kind] += 1
        if calls[kind] > ENOUGH:
            continue
        if request["status"] == 200:
            check_request(request)
        check_answer(request)
    seen: Counter[str] = Counter()
    for event in sandbox.events():
        seen[event["type"]] += 1
        if seen[event["type"]] <= ENOUGH:
            check_event(event)

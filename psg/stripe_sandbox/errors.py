"""Errors in Stripe's shape."""

from typing import Any

from .store import Doc


class ApiError(Exception):
    """An answer that is an error. `kept`: what the call did so far stays, as a declined charge does."""

    def __init__(
        self,
        message: str,
        *,
        status: int = 400,
        type: str = "invalid_request_error",
        kept: bool = False,
        **fields: Any,
    ) -> None:
        super().__init__(message)
        self.status, self.kept = status, kept
        self.fields: Doc = {"type": type, "message": message}
        self.fields |= {name: value for name, value in fields.items() if value is not None}

    def body(self) -> Doc:
        """What the answer says."""
        return {"error": self.fields}


def invalid(message: str, param: str | None = None, code: str | None = None) -> ApiError:
    """The request makes no sense as it is."""
    return ApiError(message, param=param, code=code)


def missing(name: str) -> ApiError:
    """A parameter that is required did not come."""
    return ApiError(f"Missing required param: {name}.", param=name, code="parameter_missing")


def unknown(name: str) -> ApiError:
    """A parameter came that the sandbox does not know."""
    return ApiError(f"Received unknown parameter: {name}", param=name, code="parameter_unknown")


def not_found(kind: str, identifier: str, param: str = "id", *, status: int = 404) -> ApiError:
    """There is no such object. 404 for the object of the address itself, 400 for one named by a parameter."""
    name = kind.replace("_", " ").replace(".", " ")
    return ApiError(f"No such {name}: '{identifier}'", status=status, param=param, code="resource_missing")


def card_error(message: str, **fields: Any) -> ApiError:
    """The customer's card or bank said no."""
    return ApiError(message, status=402, type="card_error", kept=True, **fields)

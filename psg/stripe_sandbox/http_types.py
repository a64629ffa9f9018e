"""A request that came and the answer it gets."""

import json
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl, urlsplit


@dataclass
class Request:
    """One HTTP request. Header names are in lower case."""

    method: str
    target: str
    headers: dict[str, str]
    body: bytes = b""

    @property
    def path(self) -> str:
        return urlsplit(self.target).path

    @property
    def encoded(self) -> str:
        """Form-encoded parameters: of the address, and of the body if there is one."""
        parts = [urlsplit(self.target).query, self.body.decode(errors="replace")]
        return "&".join(part for part in parts if part)

    @property
    def form(self) -> dict[str, str]:
        """What a page's form sent."""
        return dict(parse_qsl(self.encoded, keep_blank_values=True))


@dataclass
class Answer:
    """What goes back."""

    status: int
    body: bytes = b""
    headers: dict[str, str] = field(default_factory=dict)


class HangUp(Exception):
    """Close the connection without an answer."""


def json_answer(status: int, value: Any, **headers: str) -> Answer:
    """A JSON answer."""
    body = json.dumps(value, ensure_ascii=False).encode()
    return Answer(status, body, {"Content-Type": "application/json; charset=utf-8"} | headers)

"""Structured data for search engines, as a JSON-LD element in the page."""

import json
from typing import Any

# Inside a <script> element these must not appear as themselves; JSON reads the escapes as the same characters.
_ESCAPES = {
    ord("<"): "\\u003C",
    ord(">"): "\\u003E",
    ord("&"): "\\u0026",
    0x2028: "\\u2028",
    0x2029: "\\u2029",
}


class JsonLd(str):
    """JSON-LD ready to be put into a template. A data block is not executed, so the CSP needs no exception for it."""

    __slots__ = ()

    def __new__(cls, data: dict[str, Any]) -> "JsonLd":
        return super().__new__(cls, json.dumps(data, ensure_ascii=False).translate(_ESCAPES))

    def __html__(self) -> str:
        return f'<script type="application/ld+json">{self!s}</script>'

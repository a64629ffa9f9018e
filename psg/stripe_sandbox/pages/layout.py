"""What the sandbox's pages look like."""

from typing import Any

from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

from ..entry import Errors
from ..http_types import Answer

CSS = """
:root { color-scheme: light dark; --ink: #1f2328; --paper: #fff; --soft: #f3f1ec; --line: #8a8578; --go: #1d4ed8;
  --bad: #b3261e; --note: #7a4b00; --notepaper: #fff3d6; }
@media (prefers-color-scheme: dark) { :root { --ink: #ececec; --paper: #17191c; --soft: #22262b; --line: #8b9199;
  --go: #8ab4ff; --bad: #ff9c94; --note: #ffd98a; --notepaper: #3a2e12; } }
* { box-sizing: border-box; }
body { margin: 0; color: var(--ink); background: var(--paper); font: 1rem/1.5 system-ui, sans-serif; }
.banner { padding: .6rem 1rem; color: var(--note); background: var(--notepaper); font-weight: 600; text-align: center; }
main { max-width: 40rem; margin: 0 auto; padding: 1.5rem 1rem 4rem; }
main.wide { max-width: 76rem; }
h1 { margin: 0 0 1rem; font-size: 1.6rem; line-height: 1.2; }
h2 { margin: 2rem 0 .5rem; font-size: 1.2rem; }
table { width: 100%; border-collapse: collapse; }
th, td { padding: .4rem .6rem .4rem 0; border-bottom: 1px solid var(--line); text-align: left; vertical-align: top; }
td.sum, th.sum { padding-right: 0; text-align: right; white-space: nowrap; }
.scroll { overflow-x: auto; }
fieldset { margin: 1rem 0; padding: 1rem; border: 1px solid var(--line); border-radius: .5rem;
  background: var(--soft); }
legend { padding: 0 .4rem; font-weight: 600; }
label { display: block; margin: .8rem 0 .2rem; font-weight: 600; }
input { width: 100%; min-height: 2.75rem; padding: .4rem .6rem; border: 1px solid var(--line); border-radius: .3rem;
  color: inherit; background: var(--paper); font: inherit; }
input[aria-invalid] { border: 2px solid var(--bad); }
.pair { display: grid; grid-template-columns: 1fr 1fr; gap: 0 1rem; }
.error, .problem { color: var(--bad); font-weight: 600; }
.problem { padding: .6rem 1rem; border: 2px solid var(--bad); border-radius: .3rem; }
.hint { margin: .2rem 0 0; }
button { min-height: 2.75rem; padding: .4rem 1.2rem; border: 2px solid var(--go); border-radius: .3rem;
  color: var(--paper); background: var(--go); font: inherit; font-weight: 600; cursor: pointer; }
button.quiet { color: var(--go); background: transparent; }
.row { display: flex; flex-wrap: wrap; gap: .6rem; margin: 1rem 0; align-items: center; }
.row form { margin: 0; }
td button { min-height: 2rem; padding: .1rem .7rem; white-space: nowrap; }
a { color: var(--go); }
:focus-visible { outline: 3px solid var(--go); outline-offset: 2px; }
code { font-size: .9em; overflow-wrap: anywhere; }
summary { padding: .5rem 0; cursor: pointer; font-weight: 600; }
"""
HEADERS = {
    "Content-Type": "text/html; charset=utf-8",
    "Content-Security-Policy": "default-src 'none'; style-src 'self'; img-src data:; base-uri 'none'; "
    "frame-ancestors 'none'",
    "Cache-Control": "no-store",
    "Referrer-Policy": "same-origin",
    "X-Content-Type-Options": "nosniff",
}


def document(title: str, *parts: SafeString | str, status: int = 200, wide: bool = False) -> Answer:
    """A whole page."""
    html = format_html(
        '<!doctype html><html lang="en-GB"><head><meta charset="utf-8"><title>{} – Stripe sandbox</title>'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        '<link rel="stylesheet" href="/sandbox.css"><link rel="icon" href="data:,"></head>'
        '<body><header class="banner">Stripe sandbox: no real money</header><main{}><h1>{}</h1>{}</main></body></html>',
        title,
        format_html(' class="wide"') if wide else "",
        title,
        format_html_join("", "{}", ((part,) for part in parts)),
    )
    return Answer(status, html.encode(), dict(HEADERS))


def go(url: str) -> Answer:
    """On to another page."""
    return Answer(303, b"", {"Location": url, "Cache-Control": "no-store"})


def stylesheet() -> Answer:
    return Answer(200, CSS.encode(), {"Content-Type": "text/css; charset=utf-8"})


def money(pence: int) -> str:
    """£12.34; a minus before the pound."""
    return f"{'−' if pence < 0 else ''}£{abs(pence) / 100:,.2f}"


def field(label: str, name: str, prefix: str, form: dict[str, str], errors: Errors, **attributes: str) -> SafeString:
    """A labelled input with its error. `prefix` keeps ids apart where several forms share a page."""
    identifier, error = f"{prefix}-{name}", errors.get(name)
    extra = dict(attributes)
    if error:
        extra |= {"aria-invalid": "true", "aria-describedby": f"{identifier}-error"}
    if name == next(iter(errors), None):
        extra["autofocus"] = ""
    return format_html(
        '<div><label for="{}">{}</label><input id="{}" name="{}" value="{}"{}>{}</div>',
        identifier,
        label,
        identifier,
        name,
        form.get(name, ""),
        format_html_join("", ' {}="{}"', extra.items()),
        format_html('<p class="error hint" id="{}-error">{}</p>', identifier, error) if error else "",
    )


def button(label: str, action: str = "", *, quiet: bool = False, **hidden: Any) -> SafeString:
    """A form of one button."""
    return format_html(
        '<form method="post"{}>{}<button{}>{}</button></form>',
        format_html(' action="{}"', action) if action else "",
        format_html_join("", '<input type="hidden" name="{}" value="{}">', hidden.items()),
        format_html(' class="quiet"') if quiet else "",
        label,
    )


def table(heads: list[str], rows: list[list[Any]], caption: str = "") -> SafeString:
    """A table; heads and cells that start with £ or − stand to the right."""

    def cell(tag: str, value: Any) -> SafeString:
        right = str(value)[:1] in ("£", "−") or value == "Amount"
        scope = format_html(' scope="col"') if tag == "th" else ""
        return format_html("<{}{}{}>{}</{}>", tag, scope, format_html(' class="sum"') if right else "", value, tag)

    return format_html(
        '<div class="scroll" tabindex="0" role="group" aria-label="{}"><table><thead><tr>{}</tr></thead>'
        "<tbody>{}</tbody></table></div>",
        caption or heads[0],
        format_html_join("", "{}", ((cell("th", head),) for head in heads)),
        format_html_join(
            "", "<tr>{}</tr>", ((format_html_join("", "{}", ((cell("td", one),) for one in row)),) for row in rows)
        ),
    )

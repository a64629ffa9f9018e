"""axe, as every test of accessibility runs it: WCAG 2.2 AA and best practice, on a page that has settled."""

from typing import Any

from axe_playwright_python.base import AXE_FILE_PATH
from playwright.sync_api import Page

RULES = {"runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]}
# Only what is wrong comes back: the library's own way carries all that axe looked at, and takes twice as long.
LOAD = f"() => {{ if (!window.axe) {{ {AXE_FILE_PATH.read_text()} }} }}"
RUN = """async ([context, options]) => {
    const found = await axe.run(context ?? document, { ...options, resultTypes: ["violations"] });
    return found.violations.flatMap(({ id, nodes }) => nodes.map(({ html }) => `${id}: ${html.slice(0, 160)}`));
}"""


def violations(page: Page, *, context: Any = None, **options: Any) -> list[str]:
    """What axe finds on the page (or in `context`, as axe names it), with the piece of HTML that it is about.

    After a click, expect something of the page that follows first: axe would look at the page that is going.
    """
    page.wait_for_load_state()
    page.evaluate(LOAD)
    return page.evaluate(RUN, [context, RULES | options])

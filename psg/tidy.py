"""Gives sanitised HTML one plain shape: paragraphs, headings, lists, tables, pictures, and nothing that shows nothing.

What people paste is full of debris: empty paragraphs, blanks made of &nbsp;, bold around whole pages, `div` for
paragraphs, lists inside lists without an item. This module only makes it neat. It comes between two passes of the
sanitiser (`psg.richtext`), so nothing here has to be trusted: the first gives it well-formed HTML, the last has the
final say. Tidying what is tidy changes nothing.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from html import escape
from html.parser import HTMLParser

RENAMED = {"b": "strong", "i": "em", "h1": "h2", "h5": "h4", "h6": "h4"}
# Read as plain blocks: their borders separate paragraphs, they themselves go.
BLOCKISH = frozenset(
    {
        "address",
        "article",
        "aside",
        "center",
        "dd",
        "details",
        "div",
        "dl",
        "dt",
        "fieldset",
        "footer",
        "form",
    }
    | {"header", "main", "nav", "pre", "section", "summary"}
)
VOID = frozenset({"br", "hr", "img"})
HEADINGS = frozenset({"h2", "h3", "h4"})
LISTS = frozenset({"ul", "ol"})
CELLS = frozenset({"td", "th"})
TABLE_PARTS = frozenset({"thead", "tbody", "tr", "caption"}) | CELLS
BLOCKS = frozenset({"p", "blockquote", "figure", "figcaption", "table", "hr", "li"}) | HEADINGS | LISTS | TABLE_PARTS

# Deeper than any text a person writes, and far from where recursion would end the process.
MAX_DEPTH = 40

_BLANKS = re.compile(r"[ \t\n\r\f]+")
# A no-break space that touches another blank does nothing that one blank would not: Word and editors leave them so.
_BLANKS_AND_NBSP = re.compile(r"[ \xa0]*(?: \xa0|\xa0 |\xa0\xa0)[ \xa0]*")
# Invisible debris, and what XML (feeds) and Postgres take in no text.
_UNWANTED = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u200b\ufeff\ud800-\udfff\ufffe\uffff]")


@dataclass
class Node:
    """An element; the root has no tag."""

    tag: str = ""
    attrs: dict[str, str] = field(default_factory=dict)
    children: list["Node | str"] = field(default_factory=list)


def tidy(html: str) -> str:
    """The same words in one plain shape. Takes well-formed HTML, as the sanitiser writes it."""
    return "\n".join(_serialise(block) for block in _flow(_parse(html).children))


def top_blocks(html: str) -> list[tuple[str, str]]:
    """The blocks of a tidy text one by one, each as its tag and its HTML; joined by line ends they are the text."""
    return [(node.tag, _serialise(node)) for node in _parse(html).children if isinstance(node, Node)]


class _TreeBuilder(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.root = Node()
        self.open = [self.root]

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        clean = {name: _UNWANTED.sub("", value or "") for name, value in attrs}
        node = Node(RENAMED.get(tag, tag), clean)
        if tag == "img" and not clean.get("src"):
            return  # a picture of another site, whose address the sanitiser took away
        if tag in VOID:
            self.open[-1].children.append(node)
        else:
            if len(self.open) < MAX_DEPTH:
                self.open[-1].children.append(node)
            else:
                node.children = self._deepest_place_for_words().children  # what it holds joins what is around it
            self.open.append(node)

    def _deepest_place_for_words(self) -> Node:
        return next(node for node in reversed(self.open) if node.tag not in TABLE_PARTS - CELLS | {"table"})

    def handle_endtag(self, tag: str) -> None:
        if tag not in VOID and len(self.open) > 1:
            self.open.pop()

    def handle_data(self, data: str) -> None:
        self.open[-1].children.append(_UNWANTED.sub("", data))


def _parse(html: str) -> Node:
    builder = _TreeBuilder()
    builder.feed(html)
    builder.close()
    return builder.root


def _serialise(node: Node | str) -> str:
    if isinstance(node, str):
        return escape(node, quote=False).replace("\xa0", "&nbsp;")
    attrs = "".join(f' {name}="{escape(value)}"' for name, value in sorted(node.attrs.items()))
    if node.tag in VOID:
        return f"<{node.tag}{attrs}>"
    return f"<{node.tag}{attrs}>{''.join(map(_serialise, node.children))}</{node.tag}>"


def _walk(nodes: list[Node | str]) -> Iterator[Node | str]:
    """Every node and text below, in reading order."""
    for node in nodes:
        yield node
        if isinstance(node, Node):
            yield from _walk(node.children)


def _is_block(node: Node | str) -> bool:
    return isinstance(node, Node) and (node.tag in BLOCKS or node.tag in BLOCKISH)


def _holds_block(node: Node | str) -> bool:
    return isinstance(node, Node) and any(map(_is_block, _walk(node.children)))


def _shows(nodes: list[Node | str]) -> bool:
    """Whether a reader would see anything of it."""
    return any(
        node.tag in {"img", "hr"} if isinstance(node, Node) else node.strip(" \t\n\r\f\xa0") for node in _walk(nodes)
    )


# --- Blocks ------------------------------------------------------------------------------------------------------


def _flow(nodes: list[Node | str]) -> list[Node]:
    """The nodes as blocks: loose words become paragraphs, what shows nothing goes."""
    blocks: list[Node] = []
    loose: list[Node | str] = []

    def close_paragraph() -> None:
        if inline := _inline(loose):
            blocks.append(Node("p", {}, inline))
        loose.clear()

    for node in nodes:
        if isinstance(node, Node) and not _is_block(node) and _holds_block(node):
            close_paragraph()
            blocks += _flow(_spread(node, node.children) if node.tag == "a" else node.children)
        elif isinstance(node, Node) and _is_block(node):
            close_paragraph()
            blocks += _block(node)
        else:
            loose.append(node)
    close_paragraph()
    return blocks


def _spread(link: Node, nodes: list[Node | str]) -> list[Node | str]:
    """A link around blocks becomes links inside them."""
    spread: list[Node | str] = []
    for node in nodes:
        if isinstance(node, Node) and (_is_block(node) or _holds_block(node)):
            spread.append(Node(node.tag, node.attrs, _spread(link, node.children)))
        elif _shows([node]):
            spread.append(Node("a", dict(link.attrs), [node]))
    return spread


def _block(node: Node) -> list[Node]:
    """One block in its plain shape: none if it shows nothing, several if it only held others."""
    if node.tag == "hr":
        return [node]
    if not _shows(node.children):
        return []
    if node.tag in HEADINGS:
        words = _flat(node.children)
        return [Node(node.tag, node.attrs, words)] if words else []
    if node.tag in LISTS or node.tag == "blockquote":
        inner: list[Node | str] = [*(_items if node.tag in LISTS else _flow)(node.children)]
        return [Node(node.tag, node.attrs, inner)] if inner else []
    if node.tag == "figure":
        return _figure(node)
    if node.tag == "table":
        return _table(node)
    return _flow(node.children)  # p, div and the like, and parts of lists and tables that stand alone


def _flat(nodes: list[Node | str]) -> list[Node | str]:
    """All the words as one line, for headings and captions."""

    def unwrapped(nodes: list[Node | str]) -> Iterator[Node | str]:
        for node in nodes:
            if isinstance(node, Node) and (_is_block(node) or _holds_block(node)):
                yield from (" ", *unwrapped(node.children), " ")
            else:
                yield node

    return _inline(list(unwrapped(nodes)))


def _mixed(nodes: list[Node | str], *, beside: frozenset[str] = frozenset()) -> list[Node | str]:
    """For items and cells: words stay bare where there is one paragraph, alone or before blocks of `beside`."""
    blocks = _flow(nodes)
    if blocks and blocks[0].tag == "p" and all(block.tag in beside for block in blocks[1:]):
        return [*blocks[0].children, *blocks[1:]]
    return list(blocks)


def _items(nodes: list[Node | str]) -> list[Node | str]:
    """A list's items. A list directly in a list belongs to the item before; anything else becomes an item."""
    items: list[Node] = []
    for node in nodes:
        if not _shows([node]):
            continue
        if isinstance(node, Node) and node.tag == "li":
            items.append(Node("li", {}, list(node.children)))
        elif isinstance(node, Node) and node.tag in LISTS and items:
            items[-1].children.append(node)
        else:
            items.append(Node("li", {}, [node]))
    return [Node("li", {}, inner) for item in items if (inner := _mixed(item.children, beside=LISTS))]


def _figure(node: Node) -> list[Node]:
    """Pictures with their caption. Without a picture it is no figure."""
    if not any(isinstance(child, Node) and child.tag == "img" for child in _walk(node.children)):
        return _flow(node.children)
    captions = [child for child in node.children if isinstance(child, Node) and child.tag == "figcaption"]
    rest = _flow([child for child in node.children if child not in captions])
    first = next((block for block in rest if block.tag == "p"), None)
    if first is None or not _shows_only_pictures(first):
        return rest + _flow([part for caption in captions for part in caption.children])
    children = list(first.children)
    if words := _flat([part for caption in captions for part in [*caption.children, " "]]):
        children.append(Node("figcaption", {}, words))
    return [Node("figure", node.attrs, children), *(block for block in rest if block is not first)]


def _shows_only_pictures(node: Node) -> bool:
    return all(isinstance(part, Node) or not part.strip(" \n\xa0") for part in _walk(node.children))


def _table(node: Node) -> list[Node]:
    parts = [part for child in node.children if isinstance(child, Node) for part in _table_part(child)]
    if all(part.tag == "caption" for part in parts):
        return _flow([word for part in parts for word in part.children])
    return [Node("table", node.attrs, list(parts))] if _shows(list(parts)) else []


def _table_part(node: Node) -> list[Node]:
    if node.tag == "caption":
        words = _flat(node.children)
        return [Node("caption", {}, words)] if words else []
    if node.tag == "tr":
        cells = [child for child in node.children if isinstance(child, Node) and child.tag in CELLS]
        return [Node("tr", {}, [Node(cell.tag, cell.attrs, _mixed(cell.children)) for cell in cells])] if cells else []
    rows = [row for child in node.children if isinstance(child, Node) for row in _table_part(child)]
    return [Node(node.tag, {}, list(rows))] if rows and node.tag in TABLE_PARTS else []


# --- Words inside a block ----------------------------------------------------------------------------------------


def _inline(nodes: list[Node | str]) -> list[Node | str]:
    """A line of words without debris; empty if it would show nothing."""
    line = _without_debris(nodes, inside=frozenset())
    if not _shows(line):
        return []
    _trim_blanks(line)
    _cut_breaks(line, at=0)
    _cut_breaks(line, at=-1)
    return _without_debris(line, inside=frozenset())


def _cut_breaks(nodes: list[Node | str], *, at: int) -> None:
    """Take line breaks, and what is empty, from the beginning (`at` 0) or the end (-1) of a line."""
    while nodes:
        edge = nodes[at]
        if isinstance(edge, Node) and edge.tag not in VOID:
            _cut_breaks(edge.children, at=at)
            if edge.children:
                return
        elif edge != "" and not (isinstance(edge, Node) and edge.tag == "br"):
            return
        nodes.pop(at)


def _without_debris(nodes: list[Node | str], *, inside: frozenset[str]) -> list[Node | str]:
    """Without links to nowhere, empty or doubled emphasis; neighbours of one kind are joined."""
    kept: list[Node | str] = []
    for node in nodes:
        for part in _inline_parts(node, inside):
            last = kept[-1] if kept else None
            if isinstance(part, str) and isinstance(last, str):
                kept[-1] = last + part
            elif isinstance(last, Node) and isinstance(part, Node) and _are_twins(last, part):
                last.children = _without_debris([*last.children, *part.children], inside=inside | {last.tag})
            elif part != "":
                kept.append(part)
    return kept


def _are_twins(one: Node, other: Node) -> bool:
    return one.tag not in VOID and (one.tag, one.attrs) == (other.tag, other.attrs)


def _inline_parts(node: Node | str, inside: frozenset[str]) -> list[Node | str]:
    if isinstance(node, str):
        return [node]
    if node.tag == "br":
        return [node]
    if node.tag == "img":
        return [Node("img", {"alt": "", **node.attrs})]
    children = _without_debris(node.children, inside=inside | {node.tag})
    if node.tag in inside or not _shows(children) or (node.tag == "a" and not node.attrs.get("href")):
        return children
    return [Node(node.tag, node.attrs, children)]


def _trim_blanks(line: list[Node | str]) -> None:
    """One blank between words, none at the ends of a line."""
    last: tuple[list[Node | str], int] | None = None  # where the text that may still lose its last blank stands
    after_blank = True

    def visit(nodes: list[Node | str]) -> None:
        nonlocal last, after_blank
        for index, child in enumerate(nodes):
            if isinstance(child, Node) and child.tag == "br":
                cut_end()
                last, after_blank = None, True
            elif isinstance(child, Node) and child.tag == "img":
                last, after_blank = None, False
            elif isinstance(child, Node):
                visit(child.children)
            else:
                text = _BLANKS_AND_NBSP.sub(" ", _BLANKS.sub(" ", child))
                text = text.lstrip(" \xa0") if after_blank else text
                nodes[index] = text
                if text:
                    last, after_blank = (nodes, index), text[-1] in " \xa0"

    def cut_end() -> None:
        if last is not None:
            nodes, index = last
            nodes[index] = str(nodes[index]).rstrip(" \xa0")

    visit(line)
    cut_end()

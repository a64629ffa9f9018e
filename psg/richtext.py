"""The rich-text wall: the one place that knows the editor (CKEditor) and the sanitiser (nh3).

HTML is cleaned when it is saved, before it is put into the editor, and when it is shown. The editor is out of support
and is trusted with nothing: whatever it sends is reduced to one allow-list. Another editor is a change to this file.
"""

import posixpath
import re
from functools import lru_cache
from html.parser import HTMLParser
from typing import Any
from urllib.parse import unquote, urlsplit

import nh3
from ckeditor.widgets import CKEditorWidget
from csp.constants import SELF, UNSAFE_INLINE
from csp.decorators import csp_replace
from django import forms
from django.conf import settings
from django.db import models
from django.templatetags.static import static
from django.urls import reverse

from psg.tidy import BLOCKISH, BLOCKS, HEADINGS, RENAMED, tidy, top_blocks

INSTALLED_APPS: list[str] = ["ckeditor"]
# The check warns that CKEditor 4.22.1 is out of support and has known holes. That is known: it was asked for, nothing
# it produces is believed, and the parts that have the holes are not loaded (see EDITOR below). docs/dependencies.md
# names its successor.
SILENCED_SYSTEM_CHECKS: list[str] = ["ckeditor.W001"]

# --- What rich text may hold -------------------------------------------------------------------------------------

# Element → its attributes. No class, no style, no id: how a text looks is the site's affair.
ALLOWED: dict[str, set[str]] = {
    **{tag: set() for tag in ("h2", "h3", "h4", "p", "br", "hr", "strong", "em", "sup", "sub", "blockquote")},
    **{tag: set() for tag in ("ul", "ol", "li", "figure", "figcaption")},
    **{tag: set() for tag in ("table", "caption", "thead", "tbody", "tr")},
    "th": {"colspan", "rowspan", "scope"},
    "td": {"colspan", "rowspan"},
    "a": {"href", "title", "hreflang"},
    "img": {"src", "alt", "width", "height"},
}
URL_SCHEMES = {"http", "https", "mailto", "tel"}

# Gone with everything in them; of other unknown elements the words stay.
_GONE = {
    "script", "style", "head", "title", "svg", "math", "template", "noscript", "noembed", "noframes", "iframe",
    "frame", "frameset", "object", "embed", "applet", "audio", "video", "canvas", "map", "textarea", "select",
    "option", "button", "xml",
}  # fmt: skip
_VALUES = {
    "width": re.compile(r"[1-9]\d{0,4}"),
    "height": re.compile(r"[1-9]\d{0,4}"),
    "colspan": re.compile(r"[1-9]\d?"),
    "rowspan": re.compile(r"[1-9]\d?"),
    "hreflang": re.compile(r"[A-Za-z]{2,3}(-[A-Za-z0-9]{2,8})*"),
    "scope": re.compile(r"row|col|rowgroup|colgroup"),
}
# The editor knows a picture with a caption by this class.
_FIGURE = {"figure": {"class": "image"}}


def _own_media(url: str) -> str | None:
    """The address, without our own host, of a file in our own store; None for any other.

    Pictures of other sites are dropped: they would tell that site who reads us, and change without our knowing.
    """
    url = url.strip().removeprefix(settings.SITE_URL)
    path = unquote(urlsplit(url).path)
    inside = url.startswith(settings.MEDIA_URL) and posixpath.normpath(path) == path and "\\" not in path
    return url if inside else None


def _attribute(tag: str, name: str, value: str) -> str | None:
    """The attribute's value as we keep it; None drops the attribute."""
    try:
        if name == "src":
            return _own_media(value)
    except ValueError:  # urlsplit: not an address at all
        return None
    pattern = _VALUES.get(name)
    return value if pattern is None or pattern.fullmatch(value) else None


def _cleaner(extra_tags: frozenset[str] = frozenset(), **always: dict[str, str]) -> nh3.Cleaner:
    return nh3.Cleaner(
        tags=set(ALLOWED) | extra_tags,
        attributes={tag: attributes for tag, attributes in ALLOWED.items() if attributes},
        clean_content_tags=_GONE,
        attribute_filter=_attribute,
        url_schemes=URL_SCHEMES,
        link_rel=None,  # it guards pages opened by target=_blank, which the list does not allow
        set_tag_attribute_values=_FIGURE | always,
    )


_first_pass = _cleaner(BLOCKISH | frozenset(RENAMED))
_last_pass = _cleaner()
_shown = _cleaner(img={"loading": "lazy", "decoding": "async"})


@lru_cache(maxsize=64)  # a save cleans the same text in the form, in the field and on its way to the database
def clean_html(html: str) -> str:
    """The HTML reduced to the allow-list, in one plain shape. Cleaning twice equals cleaning once."""
    html = html.encode("utf-8", "ignore").decode()  # lone surrogates are no text
    return _last_pass.clean(tidy(_first_pass.clean(html)))


@lru_cache(maxsize=256)
def shown_html(html: str) -> str:
    """Stored HTML for a page: sanitised again, whoever wrote it into the database; pictures load when near."""
    return _shown.clean(html)


class _Words(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.parts: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag in BLOCKS or tag == "br":
            self.parts.append(" ")

    def handle_endtag(self, tag: str) -> None:
        if tag in BLOCKS:
            self.parts.append(" ")

    def handle_data(self, data: str) -> None:
        self.parts.append(data)


def plain_text(html: str) -> str:
    """The words alone, single-spaced, for search, summaries and counting."""
    words = _Words()
    words.feed(_last_pass.clean(html))
    words.close()
    return " ".join("".join(words.parts).split())


@lru_cache(maxsize=64)
def beginning(html: str, *, blocks: int, words: int) -> str:
    """The first whole blocks of a text, at most so many, with at most so many words, for readers who may not have all.

    It never goes to the end, and no heading stands at its own end: it would announce what does not follow.
    """
    shown: list[tuple[str, str]] = []
    for tag, block in top_blocks(clean_html(html))[:-1][:blocks]:
        words -= len(plain_text(block).split())
        if words < 0:
            break
        shown.append((tag, block))
    while shown and shown[-1][0] in HEADINGS | {"hr"}:
        shown.pop()
    return _last_pass.clean("\n".join(block for _tag, block in shown))


def absolute_links(html: str, *, base: str) -> str:
    """The HTML with our own links and pictures made absolute, for feeds and mails. `base` has no final slash."""

    def rebase(url: str) -> str:
        return base + url if url.startswith("/") and not url.startswith("//") else url

    def attribute(tag: str, name: str, value: str) -> str | None:
        kept = _attribute(tag, name, value)
        return rebase(kept) if kept is not None and name in {"src", "href"} else kept

    return nh3.clean(
        html,
        tags=set(ALLOWED),
        attributes={tag: attributes for tag, attributes in ALLOWED.items() if attributes},
        clean_content_tags=_GONE,
        attribute_filter=attribute,
        url_schemes=URL_SCHEMES,
        link_rel=None,
    )


# --- The editor --------------------------------------------------------------------------------------------------


def _content_rule() -> str:
    """The allow-list in the editor's own language: `p; a[href,title]; …`. What is pasted is filtered by it at once."""
    rules = [f"{tag}[{','.join(sorted(attributes))}]" if attributes else tag for tag, attributes in ALLOWED.items()]
    # Beyond the list: what marks a captioned picture, and one that is still being uploaded (never saved).
    return "; ".join([*rules, "figure(image)", "img[!data-widget,!data-cke-upload-id]"])


# Only these parts of the editor are loaded. Left out is, above all, what embeds other documents, what runs in preview
# windows, and what sends texts to other companies; REMOVED names those again, in case one of these parts asks for them.
PLUGINS = [
    "a11yhelp", "basicstyles", "blockquote", "clipboard", "contextmenu", "enterkey", "entities", "filebrowser",
    "format", "htmlwriter", "image2", "indentlist", "link", "list", "magicline", "maximize", "pastefromgdocs",
    "pastefromlibreoffice", "pastefromword", "pastetext", "removeformat", "resize", "showborders",
    "specialchar", "tab", "table", "tableselection", "tabletools", "toolbar", "undo", "uploadimage",
    "wysiwygarea",
]  # fmt: skip
REMOVED = [
    "exportpdf", "scayt", "wsc", "iframe", "iframedialog", "forms", "templates", "preview", "codesnippetgeshi",
    "docprops", "sourcearea", "sourcedialog", "image", "embed", "embedbase", "autoembed", "embedsemantic",
    "flash", "about", "copyformatting",
]  # fmt: skip

EDITOR: dict[str, Any] = {
    "plugins": ",".join(PLUGINS),
    "removePlugins": ",".join(REMOVED),
    "extraPlugins": "",
    "customConfig": "",
    "stylesSet": False,
    "versionCheck": False,
    "fullPage": False,
    "language": "en-gb",
    "skin": "moono-lisa",
    "width": "100%",
    "height": 420,
    "toolbar": [
        ["Format"],
        ["Bold", "Italic"],
        ["BulletedList", "NumberedList", "Blockquote"],
        ["Link", "Unlink"],
        ["Image", "Table", "SpecialChar"],
        ["PasteFromWord", "RemoveFormat"],
        ["Undo", "Redo"],
        ["Maximize"],
    ],
    "format_tags": "p;h2;h3;h4",
    "allowedContent": _content_rule(),
    "coreStyles_bold": {"element": "strong", "overrides": "b"},
    "coreStyles_italic": {"element": "em", "overrides": "i"},
    "entities": False,
    "disableNativeSpellChecker": False,
    "linkShowAdvancedTab": False,
    "linkShowTargetTab": False,
    "linkDefaultProtocol": "https://",
    "image2_captionedClass": "image",
    "bodyClass": "prose",
    "clipboard_handleImages": False,  # they are uploaded, never kept in the text as data
    "filebrowserUploadMethod": "xhr",
}


class RichTextWidget(CKEditorWidget):
    """The editor. Takes nothing from settings, so that no setting can open what is closed here."""

    def __init__(self, attrs: dict[str, Any] | None = None) -> None:
        super().__init__(attrs=attrs)
        self.config: dict[str, Any] = {}
        self.title = "Text"

    def _set_config(self) -> None:
        from psg.library import picker  # settings.py reads this module before there are models

        upload = reverse("admin:library_image_editor_upload")
        links = picker.window_url("document")
        self.config = EDITOR | {
            "title": self.title,  # what a screen reader calls the field
            "contentsCss": [static("css/site.css"), static("css/editor.css")],
            "filebrowserImageUploadUrl": upload,
            "imageUploadUrl": upload,
            "filebrowserImageBrowseUrl": picker.window_url("picture"),
            **({"filebrowserLinkBrowseUrl": links} if links else {}),
            "psgMedia": settings.MEDIA_URL,
            "psgDescribeUrl": reverse("admin:library_image_editor_describe"),
        }

    def get_context(self, name: str, value: Any, attrs: dict[str, Any] | None) -> dict[str, Any]:
        self.title = name.replace("_", " ").capitalize()
        return super().get_context(name, value, attrs)

    def format_value(self, value: Any) -> str | None:
        """What goes into the editor: cleaned, since the editor runs whatever it is given."""
        return clean_html(value) if value else None

    @property
    def media(self) -> forms.Media:
        stock = super().media
        # One list, because only within a list is the order kept: ours comes after the editor and before it starts.
        return forms.Media(
            css={"all": ["ckeditor/ckeditor.css", "css/editor-admin.css"]}, js=[*stock._js, "js/admin-editor.js"]
        )


class RichTextFormField(forms.CharField):
    """Rich text in a form. A text that would show nothing counts as empty."""

    def __init__(self, **kwargs: Any) -> None:
        # The admin proposes its plain textarea for every kind of text.
        super().__init__(**kwargs | {"widget": RichTextWidget()})

    def to_python(self, value: Any) -> Any:
        return super().to_python(clean_html(value) if value else value)

    def has_changed(self, initial: Any, data: Any) -> bool:
        return super().has_changed(clean_html(initial or ""), clean_html(data or ""))


class RichTextField(models.TextField):
    """HTML from the editor. Clean in the database whoever saves it and how: form, code, update or bulk.

    Migrations see a plain TextField, so that they outlive this editor.
    """

    def deconstruct(self) -> Any:
        name, _, args, kwargs = super().deconstruct()
        return name, "django.db.models.TextField", args, kwargs

    def pre_save(self, model_instance: models.Model, add: bool) -> Any:
        value = super().pre_save(model_instance, add)
        if isinstance(value, str):
            value = clean_html(value)
            setattr(model_instance, self.attname, value)
        return value

    def get_db_prep_save(self, value: Any, connection: Any) -> Any:
        """Also what `update()`, `bulk_create()` and `bulk_update()` write."""
        return super().get_db_prep_save(clean_html(value) if isinstance(value, str) else value, connection)

    def formfield(self, **kwargs: Any) -> Any:
        return super().formfield(**kwargs | {"form_class": RichTextFormField, "max_length": self.max_length})


# --- The pages that hold an editor -------------------------------------------------------------------------------

# CKEditor 4 writes its buttons with inline handlers and styles. It works without eval.
EDITOR_CSP = {
    "script-src": [SELF, UNSAFE_INLINE],
    "style-src": [SELF, UNSAFE_INLINE],
    "img-src": [SELF, "data:", "blob:"],
}
# For a view whose page holds an editor; every other page keeps the strict policy of settings.py.
editor_csp = csp_replace(EDITOR_CSP)


class RichTextAdminMixin:
    """For the ModelAdmin of a model with a RichTextField: its forms get the policy that the editor needs.

    Goes before ModelAdmin (or SimpleHistoryAdmin) among the bases.
    """

    def changeform_view(self, *args: Any, **kwargs: Any) -> Any:
        return editor_csp(super().changeform_view)(*args, **kwargs)  # type: ignore[misc]

    def history_form_view(self, *args: Any, **kwargs: Any) -> Any:
        return editor_csp(super().history_form_view)(*args, **kwargs)  # type: ignore[misc]

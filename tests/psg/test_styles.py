"""One stylesheet out of many, found by every road that static files take, and small."""

import re
from pathlib import Path

import brotli
import pytest
from django.contrib.staticfiles import finders
from django.contrib.staticfiles.storage import ManifestStaticFilesStorage
from django.core.management import call_command
from django.template.loader import render_to_string

from psg import styles

TEMPLATES = styles.ROOT / "templates"


def test_the_bundle_is_found_for_runserver_and_whitenoise():
    path = finders.find("css/site.css")
    assert path is not None
    assert Path(path).read_text() == styles.bundle(styles.SOURCES)
    assert finders.find("css/site.css", find_all=True) == [path]


def test_the_finder_offers_nothing_else():
    finder = styles.BundleFinder()
    assert finder.find("css/base.css") == []
    assert [name for name, _ in finder.list(None)] == ["css/site.css"]
    assert list(finder.list(["*.css"])) == []


def test_tokens_come_first_print_last_and_every_component_between():
    css = styles.bundle(styles.SOURCES)
    assert css.startswith("@layer tokens, base, components, print;")
    assert css.index("--paper:") < css.index("body {") < css.index(".masthead {") < css.index("@media print{")
    for file in (styles.SOURCES / "components").glob("*.css"):
        assert styles.trim(file.read_text()) in css


def test_the_bundle_follows_a_changed_source_at_once(tmp_path):
    sources, built = tmp_path / "css", tmp_path / "built"
    (sources / "components").mkdir(parents=True)
    for name in ("tokens.css", "base.css", "print.css", "components/b.css", "components/a.css"):
        (sources / name).write_text(f"/* {name} */\n.x {{}}\n")
    assert styles.write_bundle(sources, built).read_text().count(".x {}") == 5
    (sources / "components" / "a.css").write_text(".new {}\n")
    assert styles.write_bundle(sources, built).read_text() == ".x {}\n.x {}\n.new {}\n.x {}\n@media print{\n.x {}\n}\n"
    assert [file.name for file in (built / "css").iterdir()] == ["site.css"]


@pytest.mark.parametrize(
    ("css", "trimmed"),
    [
        ("/* a */\n  a {\n    b: c;\n\n  }\n", "a {\nb: c;\n}\n"),
        ('a { content: "/* kept */"; }', 'a { content: "/* kept */"; }\n'),
        ("a { content: '\\'/*'; } /* gone */", "a { content: '\\'/*'; }\n"),
    ],
)
def test_trimming_takes_comments_and_indents_but_no_strings(css, trimmed):
    assert styles.trim(css) == trimmed


def test_collectstatic_hashes_the_bundle_and_all_that_it_points_to(settings, tmp_path):
    settings.STATIC_ROOT = tmp_path
    settings.STORAGES = settings.STORAGES | {
        "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.ManifestStaticFilesStorage"}
    }
    call_command("collectstatic", interactive=False, verbosity=0)
    storage = ManifestStaticFilesStorage(location=tmp_path, base_url="/static/")
    css = (tmp_path / storage.stored_name("css/site.css")).read_text()
    pointed_to = re.findall(r'url\("([^"]+)"\)', css)
    assert len(pointed_to) == 2
    for url in pointed_to:
        assert re.search(r"\.[0-9a-f]{12}\.\w+$", url), url
        assert (tmp_path / "css" / url).resolve().is_file()
    # The pages for a broken site name files without hashes, which stay beside the others.
    for name in re.findall(r'"/static/([^"]+)"', (TEMPLATES / "errors" / "plain.html").read_text()):
        assert (tmp_path / name).is_file(), name


def test_what_a_reader_downloads_stays_small():
    assert len(brotli.compress(styles.bundle(styles.SOURCES).encode())) <= 15_000
    assert (styles.ROOT / "static" / "fonts" / "newsreader.woff2").stat().st_size <= 40_000


def test_every_custom_property_that_is_used_is_defined():
    css = styles.bundle(styles.SOURCES)
    used = set(re.findall(r"var\((--[\w-]+)\)", css))  # those with a fallback may be left out
    assert used - set(re.findall(r"(--[\w-]+):", css)) == set()


def test_no_template_of_a_page_has_inline_styles_scripts_or_handlers():
    for file in TEMPLATES.rglob("*.html"):
        if file.is_relative_to(TEMPLATES / "mail"):  # mail programs read nothing but a style element
            continue
        text = re.sub(r"{%.*?%}|{#.*?#}", "", file.read_text(), flags=re.DOTALL)
        assert not re.search(r"<style|\sstyle=|\son\w+=|javascript:", text), file


@pytest.mark.parametrize("name", ["400.html", "500.html", "503.html"])
def test_pages_for_a_broken_site_need_no_context_and_no_database(name, django_db_blocker):
    with django_db_blocker.block():
        html = render_to_string(name)
    assert "<h1>" in html
    assert "{" not in html

"""Find a Chromium for the browser tests, or get one by whatever way this machine has.

In this order: `CHROMIUM` in the environment, one that is installed, Debian's package (as root), Playwright's own
download. `python -m tests.chromium` makes sure of one and fails with one line when none works.
"""

import os
import shutil
import subprocess
import sys
from functools import cache
from pathlib import Path

NAMES = ["chromium", "chromium-browser", "google-chrome-stable", "google-chrome"]


def _playwrights_own() -> str | None:
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        path = playwright.chromium.executable_path
    return path if Path(path).exists() else None


@cache
def find() -> str | None:
    """The path of a Chromium on this machine, or None."""
    named = os.environ.get("CHROMIUM")
    return named or next((path for name in NAMES if (path := shutil.which(name))), None) or _playwrights_own()


def _run(*command: str) -> bool:
    environment = os.environ | {"DEBIAN_FRONTEND": "noninteractive"}
    return subprocess.run(command, check=False, stdout=subprocess.DEVNULL, env=environment).returncode == 0


def _install() -> None:
    if os.geteuid() == 0 and shutil.which("apt-get"):
        print("Installing Debian's chromium …", flush=True)
        if _run("apt-get", "update", "-qq") and _run("apt-get", "install", "-y", "-qq", "chromium"):
            return
    print("Downloading Playwright's Chromium …", flush=True)
    _run(sys.executable, "-m", "playwright", "install", "chromium-headless-shell", "chromium")


def ensure() -> str:
    """The path of a Chromium, installed if need be. Exits with one line if there is no way to get one."""
    if find() is None:
        _install()
        find.cache_clear()
    path = find()
    if path is None:
        sys.exit(
            "No Chromium for the browser tests: install one (Debian: apt install chromium) or set CHROMIUM to its path."
        )
    return path


if __name__ == "__main__":
    print(f"Browser tests use {ensure()}")

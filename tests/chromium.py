"""Find a Chromium for the browser tests, or get one by whatever way this machine has.

In this order: `CHROMIUM` in the environment, one that is installed, Playwright's own; else Debian's package (as root),
else Playwright's download. `python -m tests.chromium` makes sure of one and fails with one line when none works.
"""

import os
import shutil
import subprocess
import sys
from functools import cache
from pathlib import Path

import playwright

# The engine alone comes first: it draws no desktop around the page, and the tests take a quarter less. What it lacks
# (a viewer for PDFs) is asked of the whole browser.
ENGINES = ["chromium-headless-shell"]
BROWSERS = ["chromium", "chromium-browser", "google-chrome-stable", "google-chrome"]
# Where Playwright keeps what it downloads, and the program that drives the browser for it.
DOWNLOADS = Path(os.environ.get("PLAYWRIGHT_BROWSERS_PATH", Path.home() / ".cache/ms-playwright"))
DRIVER = Path(playwright.__file__).parent / "driver/node"
# How it is started: it talks to this machine only.
ARGUMENTS = [
    "--no-sandbox",  # CI runs as root, where Chromium has no sandbox
    "--disable-gpu",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE localhost, EXCLUDE 127.0.0.1",
]


@cache
def find(*, whole: bool = False) -> str | None:
    """The path of a Chromium on this machine, or None; of the `whole` browser rather than its engine if asked for."""
    names = BROWSERS if whole else [*ENGINES, *BROWSERS]
    installed = (shutil.which(name) for name in names)
    programs = ["chrome"] if whole else ["headless_shell", "chrome"]
    downloaded = (str(path) for name in programs for path in DOWNLOADS.glob(f"chromium*/*/{name}"))
    return os.environ.get("CHROMIUM") or next(filter(None, installed), None) or next(downloaded, None)


def _run(*command: str) -> bool:
    """Run quietly; whether it worked."""
    environment = os.environ | {"DEBIAN_FRONTEND": "noninteractive"}
    quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    return subprocess.run(command, check=False, env=environment, **quiet).returncode == 0


@cache
def _has_debian() -> bool:
    """Whether Debian's packages can be installed here."""
    return os.geteuid() == 0 and shutil.which("apt-get") is not None and _run("apt-get", "update", "-qq")


def _install_browser() -> None:
    print("Installing a Chromium for the browser tests …", flush=True)
    # Not every release of Debian has the engine by itself.
    packages = (["chromium", "chromium-headless-shell"], ["chromium"])
    if not (_has_debian() and any(_run("apt-get", "install", "-y", "-qq", *each) for each in packages)):
        _run(sys.executable, "-m", "playwright", "install", "chromium")
    find.cache_clear()


def ensure(*, whole: bool = False) -> str:
    """The path of a Chromium as `find` finds it, installed if need be.

    Exits with one line if there is no way to get one that works.
    """
    # A bare Debian lacks one library of the driver.
    if not _run(str(DRIVER), "--version") and not (
        _has_debian() and _run("apt-get", "install", "-y", "-qq", "libatomic1")
    ):
        sys.exit("Playwright's driver does not start: install libatomic1 (Debian: apt install libatomic1).")
    if find(whole=True) is None:
        _install_browser()
    path = find(whole=whole)
    if path is None or not _run(path, "--version"):
        sys.exit(
            "No Chromium for the browser tests: install one (Debian: apt install chromium) or set CHROMIUM to its path."
        )
    return path


if __name__ == "__main__":
    print(f"Browser tests use {ensure()}")

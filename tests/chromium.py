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

NAMES = ["chromium", "chromium-browser", "google-chrome-stable", "google-chrome"]
# Where Playwright keeps what it downloads, and the program that drives the browser for it.
DOWNLOADS = Path(os.environ.get("PLAYWRIGHT_BROWSERS_PATH", Path.home() / ".cache/ms-playwright"))
DRIVER = Path(playwright.__file__).parent / "driver/node"


@cache
def find() -> str | None:
    """The path of a Chromium on this machine, or None."""
    installed = (shutil.which(name) for name in NAMES)
    downloaded = (str(path) for name in ("chrome", "headless_shell") for path in DOWNLOADS.glob(f"chromium*/*/{name}"))
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
    if not (_has_debian() and _run("apt-get", "install", "-y", "-qq", "chromium")):
        _run(sys.executable, "-m", "playwright", "install", "chromium")
    find.cache_clear()


def ensure() -> str:
    """The path of a Chromium, installed if need be. Exits with one line if there is no way to get one that works."""
    # A bare Debian lacks one library of the driver.
    if not _run(str(DRIVER), "--version") and not (
        _has_debian() and _run("apt-get", "install", "-y", "-qq", "libatomic1")
    ):
        sys.exit("Playwright's driver does not start: install libatomic1 (Debian: apt install libatomic1).")
    if find() is None:
        _install_browser()
    path = find()
    if path is None or not _run(path, "--version"):
        sys.exit(
            "No Chromium for the browser tests: install one (Debian: apt install chromium) or set CHROMIUM to its path."
        )
    return path


if __name__ == "__main__":
    print(f"Browser tests use {ensure()}")

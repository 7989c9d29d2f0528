"""A Chromium without a window that looks at the built pages, and what it sees there."""

from __future__ import annotations

import contextlib
import functools
import http.server
import json
import shutil
import tempfile
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import axe_core_python
from selenium.webdriver import Chrome, ChromeOptions
from selenium.webdriver.chrome.service import Service

FLAGS = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--disable-dev-shm-usage",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--hide-scrollbars",
]

WIDTHS = {"desktop": 1280, "phone": 360}
THEMES = ("light", "dark")
HEIGHT = 800  # pixels, at either width

NEEDED = {"chromium": "chromium", "chromedriver": "chromium-driver"}
"""Program -> Debian's package that has it."""


def missing() -> str | None:
    """Why no browser can look at the pages, or None."""
    packages = [package for name, package in NEEDED.items() if not shutil.which(name)]
    if not packages:
        return None
    return f"no browser to look at the pages with: install {' and '.join(packages)}"


class _Quiet(http.server.SimpleHTTPRequestHandler):
    """Files of a folder, without a line for each on stderr."""

    def log_message(self, *_: object) -> None:
        pass


@contextlib.contextmanager
def served(folder: Path) -> Iterator[str]:
    """The address at which the folder's files are, with a slash at its end."""
    handler = functools.partial(_Quiet, directory=str(folder))
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


@contextlib.contextmanager
def chromium() -> Iterator[Chrome]:
    """A browser of its own, with an empty profile."""
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as profile:
        options = ChromeOptions()
        options.binary_location = str(shutil.which("chromium"))
        options.page_load_strategy = "eager"
        options.set_capability(
            "goog:loggingPrefs", {"browser": "ALL", "performance": "ALL"}
        )
        for flag in (*FLAGS, f"--user-data-dir={profile}"):
            options.add_argument(flag)
        driver = Chrome(options, Service(shutil.which("chromedriver")))
        try:
            driver.set_page_load_timeout(120)
            driver.set_script_timeout(120)
            yield driver
        finally:
            driver.quit()


LOOK = Path(__file__).with_name("look.js").read_text("utf-8")
AXE = Path(axe_core_python.__file__).with_name("axe.min.js").read_text("utf-8")


@dataclass
class Page:
    """What a browser saw on one page."""

    ids: set[str] = field(default_factory=set)
    links: list[str] = field(default_factory=list)
    too_wide: dict[str, list[str]] = field(default_factory=dict)
    """Width -> elements that stick out of the window."""
    small: list[str] = field(default_factory=list)
    """Texts of pictures that are too small on a phone."""
    violations: list[str] = field(default_factory=list)
    """What axe found, with the theme."""
    console: list[str] = field(default_factory=list)
    hosts: set[str] = field(default_factory=set)
    """Whom the page asked for something, with the port."""


def resize(driver: Chrome, width: int) -> None:
    driver.execute_cdp_cmd(
        "Emulation.setDeviceMetricsOverride",
        {"width": width, "height": HEIGHT, "deviceScaleFactor": 1, "mobile": False},
    )


def seen(driver: Chrome, url: str) -> Page:
    """Everything about one page."""
    page = Page()
    resize(driver, WIDTHS["desktop"])
    driver.get(url)
    driver.execute_script(LOOK)
    found = driver.execute_script("return namesAndLinks()")
    page.ids, page.links = set(found["ids"]), found["links"]
    for name, width in WIDTHS.items():
        resize(driver, width)
        page.too_wide[name] = driver.execute_script("return tooWide()")
    page.small = driver.execute_script("return smallTexts()")
    page.violations = violations(driver)
    page.console = [
        f"{entry['level']}: {entry['message']}" for entry in driver.get_log("browser")
    ]
    page.hosts = set(_hosts(driver))
    return page


def violations(driver: Chrome) -> list[str]:
    """What axe finds on the page, which loses its repetitions."""
    driver.execute_script(LOOK)
    driver.execute_script("shorten()")
    driver.execute_script(AXE)
    call = "violations(arguments[0]).then(arguments[1])"
    return [
        f"{theme}: {line}"
        for theme in THEMES
        for line in driver.execute_async_script(call, theme)
    ]


def _hosts(driver: Chrome) -> Iterator[str]:
    """Hosts that were asked since the last call."""
    for entry in driver.get_log("performance"):
        message: dict[str, Any] = json.loads(entry["message"])["message"]
        if message["method"] == "Network.requestWillBeSent":
            parts = urlsplit(message["params"]["request"]["url"])
            if parts.scheme not in ("data", "chrome"):
                yield parts.netloc

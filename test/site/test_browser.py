"""What a reader sees: the built pages in a browser, on a desktop and on a phone."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import unquote, urlsplit

import pytest
from selenium.webdriver import Chrome
from selenium.webdriver.common.by import By
from selenium.webdriver.support.wait import WebDriverWait

from . import browser

FOLDER = "20.0"
"""Of the pages; above it stands versions.json, as where pages are published."""

PATIENCE_S = 120

pytestmark = pytest.mark.timeout(1800)  # the first test waits for all pages

QUERIES = {
    "list_append": "reference/list-operations.html"
    "#aerospike_helpers.operations.list_operations.list_append",
    "RecordNotFound": "reference/exceptions.html#aerospike.exception.RecordNotFound",
    "max_conns_per_node": "reference/configuration.html#confval-max_conns_per_node",
    "no more connections to the node": "reference/error-texts.html"
    "#no-more-connections-to-the-node",
}


@pytest.fixture(scope="module")
def driver() -> Iterator[Chrome]:
    reason = browser.missing()
    if reason is not None:
        pytest.skip(reason)
    with browser.chromium() as driver:
        yield driver


@pytest.fixture(scope="module")
def root(site: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of the pages."""
    folder = tmp_path_factory.mktemp("published")
    (folder / FOLDER).symlink_to(site)
    versions = [{"version": FOLDER, "folder": FOLDER}]
    (folder / "versions.json").write_text(json.dumps(versions))
    with browser.served(folder) as address:
        yield f"{address}{FOLDER}/"


@pytest.fixture(scope="module")
def pages(site: Path, root: str, driver: Chrome) -> dict[str, browser.Page]:
    """What was seen on each page."""
    names = [str(path.relative_to(site)) for path in sorted(site.rglob("*.html"))]
    return {name: browser.seen(driver, root + name) for name in names}


def what(pages: dict[str, browser.Page], name: str) -> dict[str, list[str]]:
    """Pages of which something was noted, and what."""
    return {p: getattr(page, name) for p, page in pages.items() if getattr(page, name)}


@pytest.mark.parametrize("width", browser.WIDTHS)
def test_no_page_is_wider_than_the_window(pages, width):
    found = {name: page.too_wide[width] for name, page in pages.items()}
    assert not {name: elements for name, elements in found.items() if elements}


def test_texts_of_pictures_are_readable_on_a_phone(pages):
    assert not what(pages, "small")


def test_links_lead_to_pages_and_anchors_that_are_there(pages, site, root):
    broken = set()
    for name, page in pages.items():
        for link in page.links:
            target, _, anchor = link.partition("#")
            if not target.startswith(root):
                continue
            path = unquote(urlsplit(target.removeprefix(root)).path) or "index.html"
            known = pages.get(path)
            if not (site / path).is_file():
                broken.add(f"{name}: no file for {link}")
            elif anchor and known is not None and unquote(anchor) not in known.ids:
                broken.add(f"{name}: no anchor for {link}")
    assert not broken


def test_axe_finds_nothing_in_either_theme(pages):
    assert not what(pages, "violations")


def test_axe_finds_grey_on_grey(driver, root):
    driver.get(root)
    driver.execute_script(
        "document.querySelector('h1').style.cssText = 'color: #777; background: #888'"
    )
    assert "color-contrast" in "".join(browser.violations(driver))


def test_the_console_says_nothing(pages):
    assert not what(pages, "console")


def test_pages_ask_no_other_host(pages, root):
    own = urlsplit(root).netloc
    assert {host for page in pages.values() for host in page.hosts} == {own}


@pytest.mark.parametrize(("query", "entry"), QUERIES.items())
def test_search_shows_the_entry_among_the_first_three(driver, root, query, entry):
    driver.get(root)
    box = driver.find_element(By.CSS_SELECTOR, "input[name=q]")
    driver.execute_script("arguments[0].value = arguments[1]", box, query)
    box.submit()
    links = "#search-results ul.search > li > a"

    def is_shown(_: Chrome) -> bool:
        """The results come one after another."""
        found = driver.find_elements(By.CSS_SELECTOR, links)[:3]
        return root + entry in [unquote(a.get_attribute("href") or "") for a in found]

    WebDriverWait(driver, PATIENCE_S).until(is_shown, f"{entry} is not shown")


def test_wide_tables_become_blocks_on_a_phone(driver, root):
    """Each cell then has the name of its column before it."""
    browser.resize(driver, browser.WIDTHS["phone"])
    driver.get(f"{root}configuration.html")
    cell = "document.querySelector('td:nth-child(2)')"
    named = f"getComputedStyle({cell}, '::before').content"
    assert driver.execute_script(f"return {named}") == '"type: "'
    browser.resize(driver, browser.WIDTHS["desktop"])
    assert driver.execute_script(f"return {named}") == "none"

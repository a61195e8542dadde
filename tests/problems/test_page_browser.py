"""The report in a browser, headless Chromium: no errors, figures, sorting, print, phone, colors."""

import base64
import re
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from three_buses import write_three_buses

from problems.report.style import COLORS

webdriver = pytest.importorskip("selenium.webdriver", reason="selenium is not installed")

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
DRIVER = shutil.which("chromedriver")
pytestmark = pytest.mark.skipif(
    CHROMIUM is None or DRIVER is None, reason="no chromium or chromedriver on this machine"
)

FLAGS = (
    *("--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"),
    *("--disable-background-networking", "--disable-component-update", "--disable-sync"),
)
PHONE_PX = 390


@pytest.fixture(scope="module")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    from selenium.webdriver.chrome.service import Service

    options = webdriver.ChromeOptions()
    for flag in FLAGS:
        options.add_argument(flag)
    options.add_argument(f"--user-data-dir={tmp_path_factory.mktemp('chromium')}")
    options.binary_location = str(CHROMIUM)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
    started = webdriver.Chrome(options=options, service=Service(str(DRIVER)))
    yield started
    started.quit()


SITE = ("site", "ieee33", "--seed", "1", "--evaluations", "800", "--v-min", "0.9")
KINDS: dict[str, tuple[str, tuple[str, ...], str, int]] = {
    # words of the command, the module it needs, the title, figures on the page
    "site": (" ".join(SITE), (), "Siting on ieee33", 5),
    "certify": ("certify ieee33 --v-min 0", (), "Certificate of siting on ieee33", 4),
    "compare": (
        "compare ieee33 --engines ga,random --runs 2 --evaluations 120 --seed 1 --v-min 0.9",
        (), "Comparison of engines on ieee33", 6,
    ),
    "pareto": (
        "pareto ieee33 --seed 1 --runs 1 --evaluations 120 --population 20 --v-min 0",
        (), "Several objectives on ieee33", 5,
    ),
    "coplan": (
        "coplan iowa240 --base-kv 6.9 --adoption 60", ("highspy",), "Reinforcement of iowa240", 4,
    ),
    "accept": (
        "accept ieee33 --scenario 8 --buses 18,25", ("clarabel",),
        "Acceptance of charging on ieee33", 4,
    ),
    "together": (
        "accept ieee33 --scenario 2 --together 18,25", ("clarabel",),
        "Acceptance of charging on ieee33", 3,
    ),
    "diagnose": (
        "diagnose iowa240 --base-kv 6.9 --adoption 60", (), "Diagnosis of iowa240", 0,
    ),
    "host": (
        "host iowa240 --base-kv 6.9 --draws 6 --seed 1", (), "Hosting capacity of iowa240", 0,
    ),
    "outlook": ("outlook ieee33", (), "Outlook of ieee33", 4),
    "stage": ("stage THREE --config STUDY --quick --seed 1", ("cvxpy",),
              "Staged investment on three", 7),
}  # fmt: skip
"""Every kind of page that a command leaves."""


@pytest.fixture(scope="module")
def page_of(
    tmp_path_factory: pytest.TempPathFactory,
) -> Callable[[str], Path]:
    """Return a function that carries out the command of a kind, once, and gives its page."""
    from typer.main import get_command

    from problems.cli.app import app

    made: dict[str, Path] = {}
    three_buses = write_three_buses(tmp_path_factory.mktemp("case"))

    def page(kind: str) -> Path:
        words, modules, _, _ = KINDS[kind]
        for module in modules:
            pytest.importorskip(module)
        if kind not in made:
            folder = tmp_path_factory.mktemp("study") / kind
            names = {"THREE": str(three_buses[0]), "STUDY": str(three_buses[1])}
            asked = [names.get(word, word) for word in words.split()]
            get_command(app).main([*asked, "--quiet", "--out", str(folder)], standalone_mode=False)
            made[kind] = folder / "report.html"
        return made[kind]

    return page


@pytest.fixture(scope="module")
def report(page_of: Callable[[str], Path]) -> Path:
    return page_of("site")


def show(browser: Any, report: Path, width_px: int = 1280) -> None:
    size = {"width": width_px, "height": 900, "deviceScaleFactor": 1, "mobile": width_px < 600}
    browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", size)
    browser.get(report.as_uri())


def texts(browser: Any, selector: str) -> list[str]:
    script = "return Array.from(document.querySelectorAll(arguments[0]), e => e.textContent)"
    found: list[str] = browser.execute_script(script, selector)
    return found


@pytest.mark.parametrize("kind", KINDS)
def test_opens_without_errors_and_shows_its_figures(
    browser: Any, page_of: Callable[[str], Path], kind: str
) -> None:
    report = page_of(kind)
    _, _, title, n_figure = KINDS[kind]
    show(browser, report)
    assert browser.get_log("browser") == []
    assert browser.title == title
    drawn = browser.execute_script(
        "return Array.from(document.querySelectorAll('figure svg, figure img'),"
        " e => [e.getBoundingClientRect().width, e.getBoundingClientRect().height,"
        " e.tagName === 'IMG' ? e.naturalWidth : e.childElementCount])"
    )
    assert len(drawn) >= 1
    assert n_figure in (0, len(drawn))
    assert all(width > 200 and height > 80 and content > 5 for width, height, content in drawn)
    assert browser.execute_script("return performance.getEntriesByType('resource').length") == 0
    # question, answer, certificate, assumptions and the command that repeats it
    for selector in (".question", ".answer p", ".answer p + p", "section li", "section pre"):
        assert texts(browser, selector)[0].strip(), selector
    assert texts(browser, "section pre")[0].startswith("feederlab ")
    # two to three sheets of paper, one where there is little to say, and a phone's width
    printed = browser.execute_cdp_cmd("Page.printToPDF", {"preferCSSPageSize": True})["data"]
    pages = re.findall(rb"/Type\s*/Page[^s]", base64.b64decode(printed))
    assert (2 if n_figure else 1) <= len(pages) <= 3
    show(browser, report, PHONE_PX)
    assert browser.execute_script("return document.documentElement.scrollWidth") <= PHONE_PX
    sizes = browser.execute_script(
        "return Array.from(document.querySelectorAll('p, li, td, th, figcaption, summary'),"
        " e => parseFloat(getComputedStyle(e).fontSize))"
    )
    assert min(sizes) >= 12.0


def test_tables_sort_both_ways(browser: Any, report: Path) -> None:
    show(browser, report)
    script = """
      const table = Array.from(document.querySelectorAll('table.sortable')).find(
        t => t.caption && t.caption.textContent === 'What is built');
      const head = table.querySelectorAll('thead th')[arguments[0]];
      head.querySelector('button').click();
      return [head.getAttribute('aria-sort'),
              Array.from(table.tBodies[0].rows, r => r.cells[arguments[0]].dataset.key)];
    """
    order, keys = browser.execute_script(script, 4)  # investment
    assert order == "ascending"
    assert [float(key) for key in keys] == sorted(float(key) for key in keys)
    order, keys = browser.execute_script(script, 4)
    assert order == "descending"
    assert [float(key) for key in keys] == sorted((float(k) for k in keys), reverse=True)
    _, ratings = browser.execute_script(script, 2)  # kW: banks have none, and stand last
    assert ratings[-1] == ""
    assert ratings[0] != ""


def test_buses_say_what_they_are(browser: Any, report: Path) -> None:
    from selenium.webdriver import ActionChains
    from selenium.webdriver.common.by import By

    show(browser, report)
    dots = browser.find_elements(By.CSS_SELECTOR, "figure.wide circle[data-tip]")
    assert len(dots) == 33
    browser.execute_script("arguments[0].scrollIntoView({block: 'center'})", dots[30])
    ActionChains(browser).move_to_element(dots[30]).perform()
    tip = browser.find_element(By.ID, "tip")
    assert tip.is_displayed()
    assert re.match(r"bus \d+\n[\d.,]+ kW, [\d.,]+ kvar\n0\.\d{4} → 0\.\d{4} p\.u\.", tip.text)


def test_figures_read_on_a_phone(browser: Any, report: Path) -> None:
    show(browser, report, PHONE_PX)
    # text in figures is as high on the screen as its share of the drawing's width
    scale = browser.execute_script(
        "return Math.min(...Array.from(document.querySelectorAll('figure svg'),"
        " e => e.getBoundingClientRect().width / e.viewBox.baseVal.width))"
    )
    assert 13.0 * scale >= 8.0


@pytest.mark.parametrize("kind", ["site", "coplan", "accept", "outlook", "stage"])
def test_feeders_show_voltages_before_and_after(
    browser: Any, page_of: Callable[[str], Path], kind: str
) -> None:
    show(browser, page_of(kind))
    tips = browser.execute_script(
        "return Array.from(document.querySelectorAll('figure.wide circle[data-tip]'),"
        " e => e.dataset.tip)"
    )
    assert len(tips) >= 3
    assert all(re.search(r"0?[\d.]+ → [\d.]+ p\.u\.", tip) for tip in tips)
    captions = " ".join(texts(browser, "figcaption"))
    assert "Voltage of each bus over its distance from the source, before and" in captions


def test_colors_differ_for_the_color_blind(browser: Any, report: Path) -> None:
    show(browser, report)
    fills = browser.execute_script(
        "return Array.from(document.querySelectorAll('figure.wide polygon[data-tip]'),"
        " e => [e.getAttribute('fill'), e.points.length])"
    )
    kinds = {(fill, corners) for fill, corners in fills}
    assert len(kinds) == 2  # stations and banks differ in color and in shape
    assert len({corners for _, corners in kinds}) == 2
    assert {fill for fill, _ in kinds} <= set(COLORS)  # Okabe and Ito
    dots = browser.execute_script(
        "return Array.from(document.querySelectorAll('figure.wide circle'),"
        " e => [e.getAttribute('fill'), e.dataset.tip])"
    )
    after = np.array([float(re.search(r"→ ([\d.]+)", tip)[1]) for _, tip in dots])  # type: ignore[index]
    light = np.array([luminance(fill) for fill, _ in dots])
    order = np.argsort(after)
    assert (np.diff(light[order]) > -0.02).all()  # a scale that also reads in gray


def luminance(color: str) -> float:
    """Return the relative luminance of #rrggbb, WCAG 2.2."""
    parts = [int(color[k : k + 2], 16) / 255.0 for k in (1, 3, 5)]
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in parts]
    return float(np.dot((0.2126, 0.7152, 0.0722), linear))

"""The page in a real Chromium: it opens without a fault, is searched, and does nothing that a model wrote."""

import json
import re
import shutil
import time
from collections.abc import Callable, Iterator
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from seal.folder.store import Store
from seal.report.folder import write_report
from seal.types import SelfEdit

pytestmark = pytest.mark.browser

EVIL = "</script><script>document.title = 'harmed'</script><img src=x onerror=\"document.title = 'harmed'\">"


@pytest.fixture(scope="module")
def chromium() -> Iterator[Any]:
    """Debian's Chromium, without a window."""
    path = shutil.which("chromium")
    if not path:
        pytest.skip("no chromium on this machine: apt-get install chromium")
    playwright = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
    with playwright.sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=path, args=["--no-sandbox"])
        yield browser
        browser.close()


@pytest.fixture
def run(finished: Path, tmp_path: Path) -> Path:
    """A run that may be changed."""
    return Path(shutil.copytree(finished, tmp_path / "run"))


def opened(chromium: Any, run: Path, *, width: int = 1200, scheme: str = "light") -> tuple[Any, list[str]]:
    """The page of the run's report, and what its console complains of."""
    page = chromium.new_page(viewport={"width": width, "height": 844}, color_scheme=scheme)
    faults: list[str] = []
    page.on("console", lambda message: faults.append(message.text) if message.type in ("error", "warning") else None)
    page.on("pageerror", lambda error: faults.append(str(error)))
    page.goto((run / "report/index.html").as_uri())
    page.locator("details.attempt").first.wait_for(timeout=60_000)
    return page, faults


def found(page: Any, n: int) -> None:
    """Wait until so many are found; by looking, for the page lets nobody evaluate text as a script."""
    page.locator("#found", has_text=re.compile(rf"^{n} of ")).wait_for()


def add_self_edits(run: Path, texts: list[str]) -> None:
    """Further self-edits of the untrained policy about the first context."""
    context = json.loads((run / "contexts.jsonl").read_text().splitlines()[0])["key"]
    edits = {
        f"round_0/{context}/{number}": SelfEdit(context_id=context, index=number, text=text, finished=True)
        for number, text in enumerate(texts, start=100)
    }
    Store(run).append("self_edits", edits, SelfEdit)


def test_it_opens_without_a_fault_and_every_attempt_unfolds(chromium: Any, run: Path) -> None:
    write_report(run)
    page, faults = opened(chromium, run)
    attempts = page.locator("details.attempt")
    for number in range(attempts.count()):
        attempts.nth(number).locator("> summary").click()
        attempts.nth(number).locator(".inside").wait_for()
    assert page.locator("td.correct, td.wrong").count() > 0
    assert faults == []


def test_the_best_come_first_the_worst_come_first_and_rounds_stand_side_by_side(chromium: Any, run: Path) -> None:
    write_report(run)
    page, _ = opened(chromium, run)

    def scores() -> list[float]:
        return [float(text) for text in page.locator(".score").all_inner_texts() if text != "unknown"]

    assert scores() == sorted(scores(), reverse=True)
    page.select_option("#order", "worst")
    assert scores() == sorted(scores())
    assert len(set(scores())) > 1
    page.select_option("#order", "context")
    columns = page.locator(".example").filter(has=page.locator("h3", has_text="untrained policy"))
    assert columns.filter(has=page.locator("h3", has_text="round 1")).count() == 3


def test_a_search_finds_what_was_written_and_nothing_else(chromium: Any, run: Path) -> None:
    add_self_edits(run, ["The quokka sleeps in Zanzibar."])
    write_report(run)
    page, _ = opened(chromium, run)
    page.fill("#search", "zanzibar QUOKKA")
    found(page, 1)
    page.locator("details.attempt > summary").click()
    assert "The quokka sleeps in Zanzibar." in page.locator(".attempt pre").first.inner_text()
    page.fill("#search", "nobody wrote this")
    found(page, 0)
    assert page.locator("details.attempt").count() == 0


def test_a_script_in_a_self_edit_is_shown_and_does_nothing(chromium: Any, run: Path) -> None:
    add_self_edits(run, [EVIL])
    write_report(run)
    page, faults = opened(chromium, run)
    page.fill("#search", "onerror")
    found(page, 1)
    page.locator("details.attempt > summary").click()
    assert page.locator(".attempt pre").first.inner_text() == EVIL
    assert page.locator(".attempt img").count() == 0
    assert page.title() != "harmed"
    assert faults == []


def test_a_phone_does_not_scroll_sideways(chromium: Any, run: Path) -> None:
    write_report(run)
    page, _ = opened(chromium, run, width=390)
    page.locator("details.attempt > summary").first.click()
    assert page.evaluate("document.documentElement.scrollWidth") <= 390


def test_a_phone_shows_accuracies_with_their_intervals_and_answers_with_their_verdicts(
    chromium: Any, run: Path
) -> None:
    write_report(run)
    page, _ = opened(chromium, run, width=390)
    page.locator("details.attempt > summary").first.click()
    for shown in (
        page.locator("table").first.locator("td:nth-child(3)").first,
        page.locator(".answers td.correct").first,
    ):
        box = shown.bounding_box()
        assert box["x"] + box["width"] <= 390


@pytest.mark.parametrize(
    ("scheme", "is_right"), [("light", lambda paper: paper > 240), ("dark", lambda paper: paper < 40)]
)
def test_plots_have_the_paper_of_the_page(
    chromium: Any, run: Path, scheme: str, is_right: Callable[[int], bool]
) -> None:
    write_report(run)
    page, _ = opened(chromium, run, scheme=scheme)
    with Image.open(BytesIO(page.locator(".plots img").first.screenshot())) as shot:
        shades = shot.convert("L").resize((64, 64))
    assert is_right(sorted(shades.getdata())[len(shades.getdata()) // 2])


def test_ten_thousand_attempts_open_and_are_searched_in_seconds(chromium: Any, run: Path) -> None:
    add_self_edits(run, [f"Fact number {number} is told. " * 20 for number in range(10_000)])
    write_report(run)
    times_s = []
    for _ in range(3):
        began = time.monotonic()
        page, faults = opened(chromium, run)
        times_s.append(time.monotonic() - began)
    open_s = min(times_s)
    began = time.monotonic()
    page.fill("#search", "number 7321")
    found(page, 1)
    search_s = time.monotonic() - began
    size_mb = (run / "report/index.html").stat().st_size / 1e6
    print(f"10,000 attempts, {size_mb:.0f} MB: open in {open_s:.1f} s, search in {search_s:.1f} s")
    assert open_s < 3
    assert search_s < 5
    assert page.locator("details.attempt").count() == 1
    assert faults == []

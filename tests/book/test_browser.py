"""The built pages in a real browser with the network off: light and dark, narrow and wide."""

import functools
import http.server
import re
import shutil
import sys
import threading
from pathlib import Path

import pytest

pytestmark = pytest.mark.browser

ROOT = Path(__file__).resolve().parents[2]
SITE = ROOT / "_build" / "html"
SHOTS = ROOT / "_build" / "screenshots"
PROGRAMS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome")
BROWSER = next((found for found in map(shutil.which, PROGRAMS) if found), None)
VIEWS = [(width, scheme) for width in (1440, 360) for scheme in ("light", "dark")]

sys.path.insert(0, str(ROOT / "tools"))


def site_pages():
    """List the pages of the table of contents; without a built site, only the start page."""
    try:
        from build_book import toc_pages
    except ImportError:
        return ["index"]
    return toc_pages(ROOT)


PAGES = site_pages()


@pytest.fixture(scope="module")
def browser():
    if not BROWSER:
        pytest.skip("found no Chromium or Chrome on this machine; the pages were not checked in a browser")
    if not (SITE / "index.html").is_file():
        pytest.skip("found no built site; run `make book` first")
    playwright = pytest.importorskip("playwright.sync_api")
    with playwright.sync_playwright() as driver:
        program = driver.chromium.launch(executable_path=BROWSER, args=["--no-sandbox"])
        yield program
        program.close()


@pytest.fixture(scope="module")
def address():
    """Serve the site on this machine, as a web server would."""

    class Quiet(http.server.SimpleHTTPRequestHandler):
        def log_message(self, *_):
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(Quiet, directory=str(SITE)))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_address[1]}"
    server.shutdown()


class Visit:
    """One page opened with the network off, and everything it complained about."""

    def __init__(self, browser, width=1440, scheme="light"):
        self.complaints: list[str] = []
        self.context = browser.new_context(
            viewport={"width": width, "height": 900}, color_scheme=scheme, reduced_motion="reduce"
        )
        self.page = self.context.new_page()
        # A busy machine is slow, and that is no fault of the page.
        self.page.set_default_timeout(60_000)
        self.page.route(re.compile(r"^(https?|wss?)://(?!127\.0\.0\.1)"), self._refuse)
        self.page.on("console", self._console)
        self.page.on("pageerror", lambda error: self.complaints.append(f"script error: {error}"))
        self.page.on("requestfailed", lambda r: self.complaints.append(f"request failed: {r.url[:120]}"))
        self.page.on("response", self._answer)

    def _refuse(self, route):
        self.complaints.append(f"asks the network for {route.request.url[:120]}")
        route.abort()

    def _answer(self, response):
        if response.status >= 400:
            self.complaints.append(f"{response.status}: {response.url[:120]}")

    def _console(self, message):
        if message.type in ("error", "warning"):
            self.complaints.append(f"console {message.type}: {message.text[:200]}")

    def open(self, url):
        self.page.goto(url, wait_until="load")
        self.page.wait_for_function(DRAWN)
        self.page.wait_for_timeout(100)
        return self.page

    def close(self):
        self.context.close()


LOOK = """() => {
  const scrolls = 'pre, table, .math, mjx-container, .cell_output, .pst-scrollable-table-container';
  const wide = [...document.querySelectorAll('.bd-article *')].filter(
    e => e.getBoundingClientRect().right > innerWidth + 1 && !e.closest(scrolls));
  const images = [...document.images];
  const short = image => image.src.slice(0, 80);
  const named = e => !!(e.getAttribute('aria-label') || '').trim();
  return {
    scroll: document.documentElement.scrollWidth, width: innerWidth,
    wide: wide.slice(0, 5).map(e => e.tagName + '.' + e.className),
    broken: images.filter(i => i.src && i.complete && i.naturalWidth === 0).map(short),
    unnamed: images.filter(i => !i.closest('[aria-hidden=true]') && !(i.alt || '').trim()).map(short),
    math: document.querySelectorAll('.math').length,
    drawn: document.querySelectorAll('mjx-container').length,
    failed: document.querySelectorAll('mjx-merror, [data-mjx-error]').length,
    players: [...document.querySelectorAll('audio')].map(a => a.controls && named(a)),
    theme: document.documentElement.dataset.theme,
  };
}"""
# Formulas are drawn after the page has loaded.
DRAWN = """() => !document.querySelector('.math')
  || (window.MathJax?.startup?.promise?.then(() => true) ?? false)"""
LENGTH = """() => new Promise(done => {
  const a = document.querySelector('audio');
  a.onloadedmetadata = () => done(a.duration);
  a.onerror = () => done(0);
  a.load();
})"""
FONT = "document.fonts.ready.then(() => document.fonts.check('16px Source Serif'))"


@pytest.mark.parametrize("name", PAGES)
def test_page(browser, address, name):
    from axe_playwright_python.sync_playwright import Axe

    SHOTS.mkdir(parents=True, exist_ok=True)
    for width, scheme in VIEWS:
        visit = Visit(browser, width, scheme)
        page = visit.open(f"{address}/{name}.html")
        seen = page.evaluate(LOOK)
        place = f"{name} at {width} px, {scheme}"
        # Pictures and axe take most of the time; two of the four views have both widths and both schemes.
        thorough = (width, scheme) in (VIEWS[0], VIEWS[-1])
        if thorough:
            picture = SHOTS / f"{name.replace('/', '-')}-{width}-{scheme}.png"
            page.screenshot(path=str(picture), full_page=True)
        assert seen["theme"] == scheme, place
        assert seen["scroll"] <= seen["width"], f"{place} scrolls sideways because of {seen['wide']}"
        assert not seen["broken"], place
        assert not seen["unnamed"], place
        assert not seen["failed"], f"{place}: {seen['failed']} formulas have an error"
        assert seen["drawn"] >= seen["math"], f"{place}: {seen['drawn']} of {seen['math']} formulas are drawn"
        assert all(seen["players"]), place
        # Before axe: it fetches style sheets again, from addresses that only it believes in.
        assert not visit.complaints, f"{place}: {visit.complaints}"
        found = Axe().run(page).response["violations"] if thorough else []
        bad = [
            (rule["id"], rule["nodes"][0]["target"], rule["nodes"][0].get("failureSummary", "")[:200])
            for rule in found
            if rule["impact"] in ("serious", "critical")
        ]
        assert not bad, f"{place}: {bad}"
        visit.close()


def test_formula_page_draws_formulas_and_chapter_has_players(browser, address):
    visit = Visit(browser)
    assert visit.open(f"{address}/chapters/reference/formulas.html").evaluate(LOOK)["drawn"] > 20
    assert visit.open(f"{address}/chapters/speech/parallel_tts.html").evaluate(LOOK)["players"]
    visit.close()


def test_start_page_can_be_read_as_a_file(browser):
    visit = Visit(browser)
    page = visit.open((SITE / "index.html").as_uri())
    seen = page.evaluate(LOOK)
    assert seen["players"]
    assert not seen["broken"]
    assert page.evaluate(FONT)
    page.goto((SITE / "chapters" / "speech" / "spectrum.html").as_uri())
    page.wait_for_selector("mjx-container")
    assert not visit.complaints
    visit.close()


def test_sounds_can_be_played(browser, address):
    visit = Visit(browser)
    page = visit.open(f"{address}/index.html")
    seconds = page.evaluate(LENGTH)
    assert seconds > 1
    visit.close()


def test_search_finds_a_term(browser, address):
    visit = Visit(browser)
    page = visit.open(f"{address}/search.html?q=spectrogram")
    page.wait_for_selector("#search-results li a")
    assert page.locator("#search-results li").count() >= 1
    assert not visit.complaints
    visit.close()


def test_solution_folds_and_quiz_answers_by_keyboard(browser, address):
    visit = Visit(browser)
    page = visit.open(f"{address}/chapters/speech/spectrum.html")
    solution = page.locator("details.solution").first
    assert not solution.evaluate("e => e.open")
    solution.locator("summary").focus()
    page.keyboard.press("Enter")
    assert solution.evaluate("e => e.open")
    quizzes = page.locator("fieldset.ds-quiz")
    if quizzes.count():
        quizzes.first.locator("input").first.focus()
        page.keyboard.press("Space")
        assert quizzes.first.locator(".ds-feedback").first.is_visible()
    visit.close()


def test_theme_can_be_switched_by_hand(browser, address):
    visit = Visit(browser)
    page = visit.open(f"{address}/index.html")
    button = page.locator("button.theme-switch-button:visible").first
    seen = set()
    for _ in range(3):
        button.click()
        seen.add(page.evaluate("document.documentElement.dataset.theme"))
    assert seen == {"light", "dark"}
    visit.close()


@pytest.fixture
def visit(browser):
    opened = Visit(browser)
    yield opened
    opened.close()


def test_progress_stays_in_the_browser_and_can_be_saved_read_and_cleared(visit, address, tmp_path):
    page = visit.open(f"{address}/chapters/speech/spectrum.html")
    page.get_by_label("I have done this exercise").first.check()
    page.get_by_label("I have read this chapter").check()
    page = visit.open(f"{address}/chapters/start/progress.html")
    total = page.locator("#ds-progress-total")
    assert re.fullmatch(r"1 of \d+ chapters read, 1 of \d+ exercises done\.", total.inner_text())
    assert page.locator(".bd-sidebar-primary a.ds-read").count() == 1
    with page.expect_download() as download:
        page.get_by_role("button", name="Save to a file").click()
    saved = tmp_path / "progress.json"
    download.value.save_as(saved)
    assert "spectrum" in saved.read_text()
    page.on("dialog", lambda dialog: dialog.accept())
    page.get_by_role("button", name="Forget everything").click()
    assert total.inner_text().startswith("0 of")
    page.reload()
    assert total.inner_text().startswith("0 of")
    broken = tmp_path / "broken.json"
    broken.write_text('{"version": 1, "read": {"<b>": "now"}}')
    page.locator("#ds-import").set_input_files(broken)
    assert total.inner_text().startswith("0 of")
    broken.write_text("no JSON")
    page.locator("#ds-import").set_input_files(broken)
    page.get_by_text("That is no file of progress.").wait_for()
    page.locator("#ds-import").set_input_files(saved)
    page.get_by_text("Your progress was read").wait_for()
    assert total.inner_text().startswith("1 of")
    assert not visit.complaints


def test_every_exercise_of_the_progress_page_is_a_heading_of_its_chapter(visit, address):
    listed = visit.open(f"{address}/chapters/start/progress.html").locator("#ds-progress li a")
    links = listed.evaluate_all("links => links.map(link => link.href)")
    assert len(links) >= 40
    for chapter in {link.split("#")[0] for link in links}:
        page = visit.open(chapter)
        anchors = [link.split("#")[1] for link in links if link.split("#")[0] == chapter]
        ticks = page.locator(".ds-tick input[data-kind=done]").evaluate_all(
            "all => all.map(i => i.dataset.key)"
        )
        assert sorted(key.split("#")[1] for key in ticks) == sorted(anchors), chapter


def test_the_listening_test_is_blind_demands_ears_and_keeps_the_answers(visit, address):
    page = visit.open(f"{address}/chapters/speech/judging_speech.html")
    page.evaluate("localStorage.removeItem('deepsense-listening')")
    test, said = page.locator("#ds-listening"), page.locator("#ds-listening .ds-said")
    test.get_by_role("button", name="Begin").click()
    following = test.get_by_role("button", name="Next")
    following.click()
    assert said.inner_text() == "Listen to the sound first."
    systems = page.evaluate("document.querySelector('#ds-listening').dataset.systems").split("|")
    sentences = page.evaluate("document.querySelector('#ds-listening').dataset.sentences").split("|")
    heard = (
        "document.querySelectorAll('#ds-listening audio').forEach(a => a.dispatchEvent(new Event('play')))"
    )
    for _ in range(len(systems) * len(sentences)):
        assert not any(name in test.inner_text() for name in systems)
        page.evaluate(heard)
        test.locator("input[value='4']").check()
        following.click()
    for _ in range(8):
        following.click()
        assert said.inner_text() == "Listen to all three first."
        page.evaluate(heard)
        test.locator("input[value='A']").check()
        following.click()
    assert "Your results" in test.inner_text()
    for name in systems:
        assert test.locator("tr", has_text=name).first.inner_text().split("\t")[-2:] == [
            "4.00",
            "4.00 to 4.00",
        ]
    assert "of 8 right" in test.inner_text()
    test.get_by_role("button", name="Forget everything").click()
    assert test.get_by_role("button", name="Begin").is_visible()
    assert not visit.complaints

"""The live page in a real browser: what a reader sees and does, also when names are made to break it."""

from __future__ import annotations

import functools
import random
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import quote

import msgspec
import pytest
from selenium.webdriver.common.keys import Keys
from selenium.webdriver.support.ui import Select

from harness.browser import Browser, Site, Watched, served
from harness.observed import SEGMENTED, SETTINGS, exchange, monitor, reference
from harness.profiles import recounted_frames
from sidecar.core.reference.constraints import Constraint
from sidecar.core.reference.constraints_file import with_constraints
from sidecar.core.reference.profile_file import loads
from sidecar.core.watching.monitor import Monitor
from sidecar.core.words.frame import Frame, Side
from sidecar.settings import LearnSettings, Settings

pytestmark = pytest.mark.system

HOSTILE = ("<img src=x onerror=\"document.title='owned'\">", "<script>document.title='owned'</script>")


@pytest.fixture(scope="module")
def downloads(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("downloads")


@pytest.fixture(scope="module")
def chromium(downloads: Path) -> Iterator[Browser]:
    browser = Browser(downloads)
    yield browser
    browser.quit()


@pytest.fixture
def browser(chromium: Browser) -> Iterator[Browser]:
    """One browser for all; whatever it has against the page fails the test, the first of it being a breach of the policy."""
    chromium.resize(1280, 1000)
    chromium.prefer("light")
    yield chromium
    assert chromium.complaints() == []
    chromium.driver.get("about:blank")


def drifted(settings: Settings = SETTINGS) -> Watched:
    """3,000 rows in a minute, in which `age` has moved by two standard deviations; then a minute of another 3,000."""
    watched = Watched(monitor(settings=settings), settings)
    rng = random.Random(2)
    for _ in range(120):
        watched.rows([{"age": rng.gauss(2, 1), "income": rng.gauss(0, 1)} for _ in range(50)], 1)
    watched.traffic()
    return watched


@pytest.fixture(scope="module")
def site() -> Iterator[Site]:
    with served(drifted()) as site:
        yield site


@contextmanager
def visited(browser: Browser, watched: Watched) -> Iterator[Site]:
    """A site that the browser leaves before it ends."""
    with served(watched) as site:
        yield site
        browser.driver.get("about:blank")


def quiet(machine: Monitor) -> Watched:
    watched = Watched(machine)
    watched.traffic()
    return watched


def test_the_overview_says_whether_it_is_well_whether_it_drifts_and_what_changed(browser: Browser, site: Site) -> None:
    browser.open(site.url)
    assert browser.text("#model") == "loans 7"
    assert browser.text("#health-line") == "Answering well"
    assert browser.text("#headline") == "1 of 3 features have drifted"
    assert "age: drift" in browser.text("#changed-line")
    assert "median" in browser.text("#changed-note")
    assert browser.text("#rate") == "25.0"
    assert browser.text("#link") == "live"


def test_violated_rules_of_constraints_are_listed_with_their_rates(browser: Browser) -> None:
    asked = {Side.INPUT: (Constraint("age", max=1), Constraint("income", min=-100), Constraint(HOSTILE[0]))}
    watched = Watched(monitor(with_constraints(reference(), asked)))
    for _ in range(120):
        watched.rows([{"age": 5.0, "income": 0.0}] * 2, 1)
    with visited(browser, watched) as site:
        browser.open(site.url, "#rules tr")

        assert browser.text("#rules-note") == "2 of 5 rules are violated"
        rows = [row.text for row in browser.find("#rules tr")]
        assert any("age" in row and "range" in row and "100.0%" in row for row in rows)
        assert any(HOSTILE[0][:20] in row and "is sent" in row for row in rows)
        assert f"{HOSTILE[0]}: is sent" in browser.text("#changes")


def test_the_feature_that_drifts_most_comes_first_and_is_shown_against_the_reference(
    browser: Browser, site: Site
) -> None:
    browser.open(site.url, "#bins .bin")
    assert browser.text("#features").startswith("drift age")
    assert browser.text("#detail-name") == "age"
    assert len(browser.find("#bins .bin")) >= 20
    assert browser.find("#bins .moved")
    assert "Moved most" in (browser.one("#bins").get_attribute("aria-label") or "")
    assert "▲ more" in opened(browser, "bins-table")


def opened(browser: Browser, details: str) -> str:
    """The text of a table that stands behind a chart."""
    browser.one(f"#{details} summary").click()
    browser.until(lambda: browser.find(f"#{details} td"))
    return browser.text(f"#{details} table")


def test_scores_and_verdicts_since_the_start_are_drawn_and_told(browser: Browser, site: Site) -> None:
    browser.open(site.url, "#trail canvas")
    browser.until(lambda: "the last one is drift" in (browser.one("#trail").get_attribute("aria-label") or ""))
    assert opened(browser, "trail-table").startswith("Until State Effect Evidence (log10) PSI")
    effect = browser.one("#trail").get_attribute("aria-label")
    browser.one("#trail-of").send_keys("Jensen")
    browser.until(lambda: browser.one("#trail").get_attribute("aria-label") != effect)
    assert str(browser.one("#trail").get_attribute("aria-label")).startswith("Jensen-Shannon of ")


def test_a_search_finds_by_name_side_and_state(browser: Browser, site: Site) -> None:
    browser.open(site.url)
    for words, found in (("INC", "income"), ("output", "score output"), ("drift input", "age")):
        search = browser.one("#search")
        search.clear()
        search.send_keys(words)
        assert len(browser.find("#features tr")) == 1
        assert found in browser.text("#features"), words
        assert browser.text("#found") == "1 of 3"
    browser.one("#search").send_keys(" nothing")
    assert not browser.find("#features tr")


def test_a_click_on_a_feature_shows_it_and_names_it_in_the_link(browser: Browser, site: Site) -> None:
    browser.open(site.url)
    browser.one("#features tr:nth-child(2)").click()
    name = browser.text("#features tr:nth-child(2) .name")
    browser.until(lambda: browser.text("#detail-name") == name)
    assert browser.driver.current_url.endswith(f"put/{name}")
    browser.one("#chips button").click()
    browser.until(lambda: browser.text("#detail-name") == "age")


def test_a_link_opens_the_feature_it_names(browser: Browser, site: Site) -> None:
    browser.open(f"{site.url}#input/income", "#bins .bin")
    assert browser.text("#detail-name") == "income"


def test_a_link_to_a_feature_that_is_gone_says_so(browser: Browser, site: Site) -> None:
    browser.open(f"{site.url}#input/gone")
    browser.until(lambda: 'has no feature "gone"' in browser.text("#unchosen"))
    assert any("404" in line for line in browser.complaints())  # the browser tells of each answer that is an error


def test_all_can_be_done_by_keyboard(browser: Browser, site: Site) -> None:
    browser.open(site.url)
    browser.one("#search").click()
    for key in (Keys.TAB, Keys.TAB, Keys.ENTER):
        browser.driver.switch_to.active_element.send_keys(key)
    browser.until(lambda: browser.text("#detail-name") == browser.text("#features tr:nth-child(2) .name"))
    assert browser.one("#features tr:nth-child(2) .name").get_attribute("aria-pressed") == "true"
    assert browser.driver.switch_to.active_element == browser.one("#features tr:nth-child(2) .name")


def test_a_screen_reader_has_a_name_for_all_that_can_be_used_and_for_every_chart(browser: Browser, site: Site) -> None:
    browser.open(site.url, "#trail canvas")
    for control in browser.find("button, a, input, select, summary, [role=img]"):
        assert control.accessible_name or not control.is_displayed(), control.get_attribute("outerHTML")
    for chart in browser.find("main canvas, main svg"):
        hidden = "return arguments[0].closest('[role=img], [aria-hidden=true]') !== null"
        assert browser.driver.execute_script(hidden, chart), chart.get_attribute("outerHTML")
    assert browser.find("thead th") == browser.find("thead th[scope=col]")
    for line in ("#health-line", "#headline", "#changed-line"):
        assert browser.one(line).get_attribute("aria-live") == "polite"


def test_what_is_new_is_shown_without_being_asked_for(browser: Browser) -> None:
    watched = quiet(monitor())
    with visited(browser, watched) as site:
        browser.open(site.url)
        assert browser.text("#headline") == "Not enough rows yet to tell"
        assert browser.text("#changed-line") == "Nothing so far"
        rng = random.Random(3)
        rows = [{"age": rng.gauss(2, 1), "income": rng.gauss(0, 1)} for _ in range(3000)]
        for at in range(0, len(rows), 50):
            site.do(functools.partial(watched.rows, rows[at : at + 50], 61))
        browser.until(lambda: browser.text("#headline") == "1 of 3 features have drifted")
        assert browser.text("#chips") == "age"


def test_a_page_whose_observer_died_says_so_and_takes_up_with_the_next(browser: Browser) -> None:
    watched = quiet(monitor())
    with served(watched) as site:
        browser.open(site.url)
        port = int(site.url.rstrip("/").rpartition(":")[2])
    browser.until(lambda: browser.text("#link") == "reconnecting")
    with served(watched, port):
        browser.until(lambda: browser.text("#link") == "live")
    browser.driver.get("about:blank")
    browser.complaints()  # of requests that failed, as they should


def test_the_last_exchanges_are_shown_as_metadata(browser: Browser, site: Site) -> None:
    browser.open(site.url, "#exchanges td")
    row = browser.text("#exchanges tbody tr")
    assert "POST /v2/models/{model}/infer 200" in row
    assert "20 ms 10 ms" in row
    assert "loans" not in browser.text("#exchanges")  # it was in the path


def test_segments_are_shown_with_the_features_that_moved(browser: Browser) -> None:
    with visited(browser, drifted(SEGMENTED)) as site:
        browser.open(site.url, "#segments tr")
        rows = [" ".join(row.text.split()) for row in browser.find("#segments tr")]
    assert rows[:2] == ["too few rows acme input 0 the whole none", "drift other input 6,000 the whole age"]


def test_the_tests_on_all_features_together_and_on_how_they_go_together_are_shown(browser: Browser) -> None:
    with visited(browser, apart()) as site:
        browser.open(site.url, "#together tr")
        rows = [" ".join(row.text.split()) for row in browser.find("#together tr")]
        assert rows[0].startswith("ok All input features")
        assert rows[1].startswith("drift How input features go together p ")
        assert "age with income" in rows[1]
        assert browser.text("#headline") == "input: features no longer go together as they did"
        assert browser.text("#changed-line") == "How input features go together: drift"


def apart() -> Watched:
    """Two features that went together in the reference and do not any more, though each is as it was."""
    rng = random.Random(5)
    values = []
    for _ in range(4000):
        first = rng.gauss(0, 1)
        values += [first, 0.9 * first + 0.436 * rng.gauss(0, 1)]
    watched = Watched(monitor(recounted_frames((Frame(Side.INPUT, ("age", "income"), 4000, 2, values),))))
    for _ in range(120):
        watched.rows([{"age": rng.gauss(0, 1), "income": rng.gauss(0, 1)} for _ in range(250)], 1)
    watched.traffic()
    return watched


def test_the_live_profile_is_downloaded_and_is_a_reference(browser: Browser, site: Site, downloads: Path) -> None:
    browser.open(site.url)
    browser.until(lambda: browser.one("#download").is_displayed())
    browser.one("#download").click()
    file = downloads / "live-profile.json"
    browser.until(file.exists)
    made = loads(file.read_bytes())
    assert made.name == "loans live"
    assert made.sides[Side.INPUT].rows.tolist() == [6000, 6000]
    Monitor(SETTINGS, made, (), 0.0)


def test_settings_are_shown_on_demand(browser: Browser, site: Site) -> None:
    browser.open(site.url)
    assert "model.name loans" in opened(browser, "settings")


def test_colours_follow_the_system_until_the_reader_chooses(browser: Browser, site: Site) -> None:
    ground = "return getComputedStyle(document.body).backgroundColor"
    browser.open(site.url)
    light = browser.run(ground)
    browser.prefer("dark")
    dark = browser.run(ground)
    assert light != dark
    for chosen, color in (("light", light), ("dark", dark), ("auto", dark)):
        browser.one("#theme").click()
        assert browser.text("#theme") == f"colours: {chosen}"
        assert browser.run(ground) == color
        browser.open(site.url)
        assert browser.text("#theme") == f"colours: {chosen}"


def test_a_phone_shows_it_without_scrolling_sideways(browser: Browser, site: Site) -> None:
    browser.resize(390, 844)
    browser.open(site.url, "#trail canvas")
    assert browser.run("return document.documentElement.scrollWidth") == 390
    browser.one("#features .name").click()
    browser.until(lambda: browser.run("return document.getElementById('detail').getBoundingClientRect().top") < 400)


def test_nothing_is_asked_of_anybody_else(browser: Browser, site: Site) -> None:
    browser.open(site.url, "#trail canvas")
    asked = browser.run("return performance.getEntriesByType('resource').map((one) => one.name)")
    assert len(asked) > 10
    assert [url for url in asked if not url.startswith(site.url)] == []


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_name_is_shown_and_runs_nothing(browser: Browser, name: str) -> None:
    with visited(browser, quiet(monitor(reference((name, "income"))))) as site:
        browser.open(f"{site.url}#input/{quote(name, safe='')}", "#bins .bin")
        assert browser.text("#detail-name") == name
        assert name in browser.text("#features")
        assert browser.driver.title == "loans · drift-sidecar"
        assert not browser.find("main img, main script")


def test_categories_of_10000_characters_are_shown_in_short(browser: Browser) -> None:
    long = [f"{at}{'<b>x' * 2500}" for at in range(5)]
    cells = [long[at % 5] for at in range(2000)]
    profile = recounted_frames((Frame(Side.INPUT, ("kind",), 2000, 1, cells),))
    with visited(browser, quiet(monitor(profile))) as site:
        browser.resize(390, 844)
        browser.open(site.url, "#bins .bin")
        assert len(browser.text("#bins")) < 1000
        assert len(opened(browser, "bins-table")) < 2500
        assert browser.run("return document.documentElement.scrollWidth") == 390


def two_models() -> Watched:
    """The usual model without drift, and beside it `prices`, whose `age` has moved since it was learned."""
    settings = msgspec.structs.replace(SETTINGS, learn=LearnSettings(rows=1_000))
    watched = Watched(monitor(settings=settings), settings)
    rng = random.Random(2)
    for at in range(120):
        usual, moved = (
            [{"age": rng.gauss(centre, 1), "income": rng.gauss(0, 1)} for _ in range(50)]
            for centre in (0, 5 if at < 60 else 8)
        )
        watched.worker.exchanges([exchange(usual), exchange(moved, target="/v2/models/prices/infer")])
        watched.now += 1
        watched.worker.tick()
    watched.traffic()
    return watched


def test_with_several_streams_each_feature_bears_its_streams_name_and_the_page_can_be_narrowed_to_one(
    browser: Browser,
) -> None:
    with visited(browser, two_models()) as site:
        browser.open(site.url, "#bins .bin")
        assert browser.text("#headline") == "1 of 6 features have drifted"
        assert browser.text("#features tr .stream") == "prices"
        assert browser.text("#detail-note").startswith("prices · input, numeric")
        assert browser.text("#stream") == "All streams loans prices"

        Select(browser.one("#stream")).select_by_visible_text("loans")

        browser.until(lambda: {one.text for one in browser.find("#features .stream")} == {"loans"})
        assert len(browser.find("#features tr")) == 3
        browser.until(lambda: browser.text("#detail-note").startswith("loans · "))
        assert "prices" not in browser.text("#together")
        Select(browser.one("#stream")).select_by_visible_text("All streams")
        browser.open(f"{site.url}#input/age/prices", "#bins .bin")
        assert browser.text("#detail-note").startswith("prices · ")


def test_with_one_stream_the_page_says_nothing_of_streams(browser: Browser, site: Site) -> None:
    browser.open(site.url)
    assert not browser.one("#stream").is_displayed()
    assert {one.text for one in browser.find("#features .stream")} == {""}


def test_the_names_of_streams_fit_on_a_phone(browser: Browser) -> None:
    with visited(browser, two_models()) as site:
        browser.resize(390, 844)
        browser.open(site.url, "#bins .bin")
        assert browser.run("return document.documentElement.scrollWidth") <= 390

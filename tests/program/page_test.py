#!/usr/bin/env python3
"""The scoring service's page for people, in headless Chromium, against what the service itself answers.

usage: page_test.py PROGRAM TEST_DATA_DIR [PART_OF_A_NAME]
"""

import contextlib
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile
import time

DISTRIBUTION_PYTHON = "/usr/bin/python3"


def leave(reason):
    print(f"skipped: {reason}")
    sys.exit(77)


try:
    from selenium import webdriver
except ImportError:
    if pathlib.Path(sys.executable).resolve() != pathlib.Path(DISTRIBUTION_PYTHON).resolve():
        os.execv(DISTRIBUTION_PYTHON, [DISTRIBUTION_PYTHON, *sys.argv])
    leave(f"{DISTRIBUTION_PYTHON} has no selenium (Debian: python3-selenium)")

from selenium.common.exceptions import StaleElementReferenceException
from selenium.webdriver.chrome.service import Service as Driver
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys

import service
from support import Place, expect, run_checks

RANKS = 2
TRAIN = ["--objective", "ials", "--factors", 16, "--unobserved-weight", 0.3, "--regularization", 0.01, "--sweeps", 4,
         "--threads", 1]
STAGES = ["parse", "queue", "gather", "score", "merge"]
TOKEN = "a-token-for-the-page-test"

# Names that a page which writes markup would run; `alert` would also stop every later step of the test.
HOSTILE_USER = "<img src=x onerror=alert(1)>"
HOSTILE_ITEM = '"><img src=x onerror=alert(2)>'
HOSTILE_TITLE = "<img src=x onerror=alert(3)> & <b>friends</b>"


def browser_paths():
    """Of chromedriver and Chromium; ends the script as skipped where one is missing, or is a stub that cannot start."""
    driver = shutil.which("chromedriver")
    chromium = shutil.which("chromium") or shutil.which("google-chrome")
    if driver is None or chromium is None:
        leave("no chromedriver or no chromium (Debian: chromium-driver)")
    tried = subprocess.run([chromium, "--version"], capture_output=True, text=True, timeout=60, check=False)
    if tried.returncode != 0:
        leave(f"{chromium} --version ends with {tried.returncode}: {tried.stderr.strip()[:200]}")
    return driver, chromium


def start_browser(driver, chromium, profile):
    options = webdriver.ChromeOptions()
    options.binary_location = chromium
    for argument in ("--headless=new", "--disable-gpu", "--disable-dev-shm-usage", "--window-size=1280,900",
                     "--no-proxy-server", f"--user-data-dir={profile}"):
        options.add_argument(argument)
    if os.geteuid() == 0:
        options.add_argument("--no-sandbox")  # Chromium refuses root otherwise
    options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
    return webdriver.Chrome(service=Driver(driver), options=options)


def until(holds, what, timeout=15):
    """Waits until `holds()` gives something true, and returns it."""
    ends = time.monotonic() + timeout
    while True:
        with contextlib.suppress(StaleElementReferenceException):  # the page has just replaced it: look again
            if found := holds():
                return found
        expect(time.monotonic() < ends, f"{what}: not in {timeout} s")
        time.sleep(0.02)


class Page:
    """The page in a browser, as far as a person can see it."""

    def __init__(self, browser, served):
        self.browser = browser
        self.served = served

    def open(self, address="/"):
        self.browser.get(self.served.base + address)
        self.settle()

    def settle(self):
        """Waits until the page has the answer to what was asked last."""
        until(lambda: self.one("#answer").get_attribute("aria-busy") == "false", "an answer on the page")

    def one(self, selector):
        return self.browser.find_element(By.CSS_SELECTOR, selector)

    def all(self, selector):
        return self.browser.find_elements(By.CSS_SELECTOR, selector)

    def texts(self, selector):
        """Of all that can be seen."""
        return self.browser.execute_script("""
            return [...document.querySelectorAll(arguments[0])].filter((found) => found.getClientRects().length > 0)
              .map((found) => found.innerText.trim())""", selector)

    def heading(self):
        return self.one("#answer-title").text

    def address(self):
        return self.browser.current_url.removeprefix(self.served.base)

    def rows(self):
        """[(rank, title, item, score)] of the answer, as texts."""
        cells = self.texts("#items tbody td")
        return [tuple(cells[first:first + 4]) for first in range(0, len(cells), 4)]

    def items(self):
        return [item for _, _, item, _ in self.rows()]

    def facts(self):
        return dict(zip(self.texts("#facts dt"), self.texts("#facts dd")))

    def type(self, selector, text):
        field = self.one(selector)
        field.send_keys(Keys.CONTROL, "a")
        field.send_keys(text)
        return field

    def mode(self, kind):
        self.one(f"input[value={kind}] + span").click()

    def submit(self):
        self.one("#ask button[type=submit]").click()
        self.settle()

    def choose(self, select, value):
        self.one(f"select[name={select}] option[value={value!r}]").click()
        self.settle()

    def complaints(self):
        """What the console says since it was last asked: errors of scripts, of the policy and of requests."""
        log = self.browser.get_log("browser")
        return [entry["message"] for entry in log if entry["level"] in ("SEVERE", "WARNING")]

    def expect_no_complaints(self):
        complaints = self.complaints()
        expect(not complaints, f"the console says {complaints}")

    def expect_alert(self, status, problem):
        alerts = self.texts("[role=alert]")
        expect(alerts == [f"{problem['detail']} ({status})"], f"alerts = {alerts}, expected {problem}")

    def expect_rows(self, answer):
        """Expects the table to be the items of an answer of the service."""
        expected = [(str(entry["rank"]), entry.get("title") or entry["item"], entry["item"])
                    for entry in answer["items"]]
        found = self.rows()
        expect([row[:3] for row in found] == expected, f"the page has {found}\n  the service {expected}")
        for (_, _, item, text), entry in zip(found, answer["items"]):
            decimals = len(text.partition(".")[2])
            expect(abs(float(text.replace(",", "")) - entry["score"]) <= 0.51 * 10 ** -decimals,
                   f"score of {item}: the page has {text}, the service {entry['score']}")


def get(page, path):
    status, answer, _ = page.served.get(path)
    expect(status == 200, f"GET {path} = {status}: {answer}")
    return answer


class World:
    """A model and a browser, made when first asked for, for all checks."""

    def __init__(self, stack, driver, chromium):
        self.stack = stack
        self.driver = driver
        self.chromium = chromium
        self.here = None
        self.served = None
        self.browser = None

    def place(self, here):
        if self.here is None:
            folder = self.stack.enter_context(tempfile.TemporaryDirectory(prefix="alsace-page-"))
            place = Place(here.program, here.data.parent, folder)
            write_data(place)
            place.done("train", "ratings.csv", "--model", "model", *TRAIN)
            self.here = place
        return self.here

    def start(self, here, *options):
        return service.start(self.place(here), "--model", "model", *options, ranks=RANKS)

    def page(self, here, served):
        if self.browser is None:
            profile = self.stack.enter_context(tempfile.TemporaryDirectory(prefix="alsace-browser-",
                                                                           ignore_cleanup_errors=True))
            self.browser = start_browser(self.driver, self.chromium, profile)
            self.stack.callback(self.browser.quit)
        page = Page(self.browser, served)
        page.complaints()  # forgets those of the checks before
        return page

    def page_with_titles(self, here):
        if self.served is None:
            self.served = self.stack.enter_context(self.start(here, "--item-info", "items.csv"))
        return self.page(here, self.served)


def write_data(place):
    """MovieTweetings, and a user and an item with names that are markup."""
    ratings = (place.data / "ratings.csv").read_text(encoding="utf-8")
    liked = ["1375666", "816711", "468569", HOSTILE_ITEM]
    rows = [(user, item) for user in (HOSTILE_USER, "2", "3", "4", "5", "6") for item in liked]
    quoted = ["{},{},8,1400000000\n".format(*(f'"{name}"'.replace('">', '"">') for name in row)) for row in rows]
    place.write("ratings.csv", ratings.rstrip("\n") + "\n" + "".join(quoted))
    items = (place.data / "items.csv").read_text(encoding="utf-8")
    hostile = '"{}","{}",Comedy\n'.format(HOSTILE_ITEM.replace('"', '""'), HOSTILE_TITLE)
    place.write("items.csv", items.rstrip("\n") + "\n" + hostile)


def the_page_shows_the_model_and_asks_for_nothing_else(here):
    page = WORLD.page_with_titles(here)
    page.open()

    model = get(page, "/v1/model")
    facts = page.facts()
    expected = {"Objective": "ials", "Factors": "16", "Sweep": "4", "Users": f"{model['users']:,}",
                "Items": f"{model['items']:,}", "Interactions": f"{model['interactions']:,}"}
    expect(expected.items() <= facts.items(), f"facts = {facts}, expected {expected}")
    expect(page.one("#model-name").text == model["model"] == "sweep-000004", page.one("#model-name").text)
    expect(facts["Loaded"][:10] == model["loaded_at"][:10], facts["Loaded"])
    expect(page.texts("#examples button") == model["example_users"] != [], str(page.texts("#examples button")))
    expect(not page.rows(), "an answer to nothing")
    hosts = page.browser.execute_script(
        "return performance.getEntriesByType('resource').map(entry => new URL(entry.name).origin)")
    expect(set(hosts) == {page.served.base}, f"the page loads from {set(hosts)}")
    page.expect_no_complaints()


def a_row_of_the_shard_table_is_a_rank_of_the_model(here):
    page = WORLD.page_with_titles(here)
    page.open()

    ranks = get(page, "/v1/model")["ranks"]
    expect(len(ranks) == RANKS, f"{len(ranks)} ranks")
    words = lambda begin, end: f"{begin:,} – {end - 1:,}" if end > begin else "none"  # noqa: E731
    expected = [[str(share["rank"]), share["host"], words(*share["users"]), f"{share['items']:,}"] for share in ranks]
    cells = page.texts("#shards tbody td")
    rows = [cells[first:first + 5] for first in range(0, len(cells), 5)]
    expect([row[:4] for row in rows] == expected, f"shards = {rows}, expected {expected}")
    for row, share in zip(rows, ranks):
        unit = {"B": 1, "KiB": 2**10, "MiB": 2**20, "GiB": 2**30}
        amount, name = row[4].split()
        expect(abs(float(amount) * unit[name] - share["bytes"]) <= 0.06 * share["bytes"], f"{row[4]}: {share['bytes']}")


def a_user_gets_the_list_that_the_service_gives(here):
    page = WORLD.page_with_titles(here)
    page.open()

    page.type("#user", "42")
    page.type("#k", "7")
    page.submit()
    page.expect_rows(get(page, "/v1/users/42/recommendations?k=7"))
    expect(page.heading() == "Recommendations for user 42", page.heading())
    expect(page.address() == "/?user=42&k=7", page.address())
    expect(not page.texts(".notice"), str(page.texts(".notice")))

    page.one("#seen").click()
    page.settle()
    page.expect_rows(get(page, "/v1/users/42/recommendations?k=7&exclude_seen=false"))

    page.one("#examples button").click()
    page.settle()
    example = get(page, "/v1/model")["example_users"][0]
    page.expect_rows(get(page, f"/v1/users/{example}/recommendations?k=7&exclude_seen=false"))
    page.expect_no_complaints()


def an_item_of_the_list_leads_to_similar_ones_and_back(here):
    page = WORLD.page_with_titles(here)
    page.open("/?user=42&k=5")
    first = page.rows()

    page.one("#items tbody tr:nth-child(3) td:nth-child(3)").click()  # the row, not the link
    page.settle()
    item, title = first[2][2], first[2][1]
    similar = get(page, f"/v1/items/{item}/similar?k=5")
    page.expect_rows(similar)
    expect(item not in page.items(), "the item is similar to itself")
    expect(page.heading() == f"Similar to {title}", page.heading())
    expect(page.address() == f"/?item={item}&k=5", page.address())

    page.browser.back()
    until(lambda: page.heading() == "Recommendations for user 42", "the list, on going back")
    page.settle()
    expect(page.rows() == first, f"back: {page.rows()}, expected {first}")
    page.browser.forward()
    until(lambda: page.heading() == f"Similar to {title}", "similar items, on going forward")
    page.settle()
    page.expect_rows(similar)

    page.open(f"/?item={item}&k=5")  # as a link
    page.expect_rows(similar)
    expect(page.heading() == f"Similar to {title}", page.heading())
    page.expect_no_complaints()


def suggestions_appear_while_somebody_types(here):
    page = WORLD.page_with_titles(here)
    page.open()
    page.mode("item")

    field = page.type("#item", "inception")
    until(lambda: page.texts("#item-list li"), "suggestions")
    expected = get(page, "/v1/items?search=inception&limit=10")
    expected = expected["items"] if isinstance(expected, dict) else expected
    expect("1375666" in [entry["item"] for entry in expected], str(expected))
    found = page.texts("#item-list li")
    expect(len(found) == len(expected) and all(entry["title"] in text and entry["item"] in text
                                               for entry, text in zip(expected, found)), f"{found}: {expected}")
    expect(field.get_attribute("aria-expanded") == "true", "not said to be open")

    field.send_keys(Keys.ARROW_DOWN)
    active = page.one("#" + field.get_attribute("aria-activedescendant"))
    expect(active.get_attribute("aria-selected") == "true", "the arrow marks nothing")
    field.send_keys(Keys.ENTER)
    until(lambda: page.heading().startswith("Similar to "), "similar items")
    page.settle()
    page.expect_rows(get(page, f"/v1/items/{expected[0]['item']}/similar?k=10"))
    expect(not page.texts("#item-list li"), "the suggestions stay open")

    page.type("#item", "inception")
    until(lambda: page.texts("#item-list li"), "suggestions")
    field.send_keys(Keys.ESCAPE)
    expect(not page.texts("#item-list li"), "Escape leaves the suggestions open")
    page.expect_no_complaints()


def an_item_that_is_not_there_is_refused_in_words(here):
    page = WORLD.page_with_titles(here)
    page.open("/?item=Inception")

    status, problem, _ = page.served.get("/v1/items/Inception/similar?k=10")
    expect(status == 404, f"{status}: {problem}")
    page.expect_alert(status, problem)
    expect(not page.rows(), "items of an error")
    until(lambda: page.texts(".proposals a"), "items that were meant")
    expect("Inception (2010)" in page.texts(".proposals a"), str(page.texts(".proposals a")))

    page.open("/?user=42&k=0")
    status, problem, _ = page.served.get("/v1/users/42/recommendations?k=0")
    expect(status == 400, f"{status}: {problem}")
    page.expect_alert(status, problem)


def an_unknown_user_gets_the_popular_list_and_is_told_so(here):
    page = WORLD.page_with_titles(here)
    page.open("/?user=no-such-user")

    answer = get(page, "/v1/users/no-such-user/recommendations")
    expect(answer["fallback"] == "popular", str(answer))
    page.expect_rows(answer)
    said = " ".join(page.texts(".fallback"))
    expect("no-such-user is not in the model" in said and "popular" in said, f"says '{said}'")

    page.open("/?user=42")
    expect(not page.texts(".fallback"), "a known user is called unknown")


def a_filter_narrows_the_list(here):
    page = WORLD.page_with_titles(here)
    page.open("/?user=42")
    whole = page.items()

    attributes = {entry["name"]: entry["values"] for entry in get(page, "/v1/model")["attributes"]}
    options = page.browser.execute_script(
        "return [...document.querySelectorAll('#filters option')].map((option) => option.value)")
    expect(options == ["", *attributes["genres"]], f"options = {options}, expected {attributes}")
    page.choose("genres", "Animation")
    page.expect_rows(get(page, "/v1/users/42/recommendations?k=10&filter=genres:Animation"))
    expect(page.items() != whole, "the filter changes nothing")
    genres = {row["item"]: row["genres"].split("|") for row in item_rows(here)}
    expect(all("Animation" in genres[item] for item in page.items()), str(page.items()))
    link = page.address()

    page.choose("genres", "")
    expect(page.items() == whole, "the filter stays")
    page.open(link)
    expect(page.one("select[name=genres]").get_attribute("value") == "Animation", "a link does not set the filter")
    expect(page.items() != whole, "a link does not filter")


def item_rows(here):
    lines = (here.data / "items.csv").read_text(encoding="utf-8").splitlines()[1:]
    return [dict(zip(("item", "genres"), (line.partition(",")[0], line.rpartition(",")[2]))) for line in lines]


def likes_of_somebody_new_are_folded_in(here):
    page = WORLD.page_with_titles(here)
    page.open()
    page.mode("events")
    liked = ["1375666", "816711"]
    for count, item in enumerate(liked, 1):
        field = page.type("#like", item)
        until(lambda: page.texts("#like-list li"), "suggestions")
        field.send_keys(Keys.ARROW_DOWN, Keys.ENTER)
        until(lambda wanted=count: len(page.texts("#likes li")) == wanted, "one more item liked")
        page.settle()

    body = {"events": [{"item": item, "value": 1} for item in liked], "k": 10}
    expect_events(page, body)
    expect(page.heading().endswith(" who liked Inception (2010), World War Z (2013)"), page.heading())
    expect(not set(liked) & set(page.items()), "what is liked is recommended")

    link = page.address()
    page.open("/")
    page.open(link)
    expect_events(page, body)
    until(lambda: "Inception (2010)" in page.heading(), "titles of what a link names")

    page.one("#likes li:first-child button").click()
    page.settle()
    expect_events(page, {**body, "events": body["events"][1:]})
    page.expect_no_complaints()

    page.open("/?like=816711&like=no-such-item")
    expect("no-such-item" in " ".join(page.texts(".notice")), str(page.texts(".notice")))


def expect_events(page, body):
    status, answer, _ = page.served.post("/v1/recommendations", body)
    expect(status == 200, f"{status}: {answer}")
    page.expect_rows(answer)


def ratings_are_asked_for_where_the_model_reads_them(here):
    place = WORLD.place(here)
    place.done("train", "ratings.csv", "--model", "explicit", "--objective", "explicit", "--factors", 8, "--sweeps", 2,
               "--threads", 1)
    with service.start(place, "--model", "explicit", "--item-info", "items.csv", ranks=RANKS) as served:
        page = WORLD.page(here, served)
        page.open()
        page.mode("events")
        page.type("#like", "1375666" + Keys.ENTER)
        expect(not page.rows(), "an answer without a rating")

        page.type("#likes input", "9" + Keys.ENTER)
        until(page.rows, "an answer with a rating")
        page.settle()
        body = {"events": [{"item": "1375666", "value": 9}], "k": 10}
        expect_events(page, body)
        link = page.address()
        page.open()
        page.open(link)
        expect_events(page, body)
        page.expect_no_complaints()


def the_bar_has_every_stage_and_the_round_trip(here):
    page = WORLD.page_with_titles(here)
    page.open("/?user=42")

    segments = page.all("#bar .stage")
    names = [segment.get_attribute("title").split(":")[0] for segment in segments]
    expect(names == [*STAGES, "network"], f"segments = {names}")
    widths = [segment.size["width"] for segment in segments]
    expect(abs(sum(widths) - page.one("#bar").size["width"]) <= 2 * len(widths), f"widths = {widths}")
    labels = {text.rsplit(" ", 2)[0]: float(text.rsplit(" ", 2)[1]) for text in page.texts("#stages li, #round-trip")}
    expect(labels.keys() == {*names, "round trip"}, f"labels = {labels}")
    parts = sum(ms for name, ms in labels.items() if name != "round trip")
    expect(abs(parts - labels["round trip"]) <= 0.05 + 0.02 * parts, f"parts do not add up: {labels}")
    for name in STAGES:
        expect(name in page.one("#bar").get_attribute("aria-label"), f"{name} is not said")


def markup_in_names_is_shown_as_text(here):
    page = WORLD.page_with_titles(here)
    page.open()
    page.type("#user", HOSTILE_USER)
    page.type("#k", "5")
    page.submit()
    expect(page.heading() == f"Recommendations for user {HOSTILE_USER}", page.heading())
    page.expect_rows(get(page, "/v1/users/%3Cimg%20src%3Dx%20onerror%3Dalert(1)%3E/recommendations?k=5"))
    expect(not page.texts(".fallback"), "the user is not known: the test tests nothing")

    page.open("/?user=%3Cimg+src%3Dx+onerror%3Dalert(9)%3E")
    expect("<img src=x onerror=alert(9)> is not in the model" in " ".join(page.texts(".fallback")),
           str(page.texts(".fallback")))

    page.mode("item")
    field = page.type("#item", "friends</b>")
    until(lambda: page.texts("#item-list li"), "suggestions")
    expect(HOSTILE_TITLE in page.texts("#item-list li")[0], str(page.texts("#item-list li")))
    field.send_keys(Keys.ARROW_DOWN, Keys.ENTER)
    until(lambda: page.heading() == f"Similar to {HOSTILE_TITLE}", "similar items of a hostile one")
    page.settle()
    similar = page.rows()
    expect(similar, "nothing is similar")

    page.open("/?user=1&exclude_seen=false&k=1000&filter=genres%3AComedy")
    expect((HOSTILE_TITLE, HOSTILE_ITEM) in [row[1:3] for row in page.rows()], "the hostile item is not in the list")
    expect(not page.all("img, b:not(#latency b), main script"), "names became elements")
    page.expect_no_complaints()


def without_titles_the_page_shows_ids(here):
    with WORLD.start(here) as served:
        page = WORLD.page(here, served)
        page.open("/?user=42&k=5")

        page.expect_rows(get(page, "/v1/users/42/recommendations?k=5"))
        expect([row[1] for row in page.rows()] == page.items(), str(page.rows()))
        expect(not page.texts("#filters label"), "filters of nothing")
        item = page.items()[0]
        page.one("#items tbody a").click()
        page.settle()
        page.expect_rows(get(page, f"/v1/items/{item}/similar?k=5"))
        expect(page.heading() == f"Similar to {item}", page.heading())
        page.expect_no_complaints()


def a_guarded_service_is_opened_by_a_token(here):
    file = here.write("token", TOKEN + "\n")
    file.chmod(0o600)
    with WORLD.start(here, "--item-info", "items.csv", "--token-file", file, "--auth", "service") as served:
        served.token = TOKEN
        page = WORLD.page(here, served)
        page.open("/?user=42&k=5")
        expect(page.one("#token-form").is_displayed() and not page.rows(), "no field for the token")
        expect(page.browser.switch_to.active_element.get_attribute("id") == "token", "the field has not the focus")

        page.type("#token", "not-the-token-of-this-service")
        page.one("#token-form button").click()
        until(lambda: "refused" in page.one("#token-form").text, "a word about the wrong token")
        page.type("#token", TOKEN + Keys.ENTER)
        until(page.rows, "the list")
        page.settle()
        page.expect_rows(get(page, "/v1/users/42/recommendations?k=5"))
        expect(not page.one("#token-form").is_displayed(), "the field stays")

        page.open("/?user=7&k=5")  # the same tab knows it
        page.expect_rows(get(page, "/v1/users/7/recommendations?k=5"))
        kept = page.browser.execute_script("return [localStorage.length, document.cookie, location.href]")
        expect(kept[:2] == [0, ""] and TOKEN not in kept[2], f"the token is kept in {kept}")


def the_page_fits_a_phone_and_a_dark_room(here):
    page = WORLD.page_with_titles(here)
    shown = lambda: page.browser.execute_script(  # noqa: E731
        "return [document.documentElement.scrollWidth, innerWidth, getComputedStyle(document.body).backgroundColor]")
    page.open("/?user=42")
    light = shown()[2]
    page.browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride",
                                 {"width": 360, "height": 740, "deviceScaleFactor": 2, "mobile": True})
    page.browser.execute_cdp_cmd("Emulation.setEmulatedMedia",
                                 {"features": [{"name": "prefers-color-scheme", "value": "dark"}]})
    try:
        page.open("/?user=42")
        wide, window, dark = shown()
        expect(wide <= window == 360, f"the page is {wide} wide in a window of {window}")
        expect(dark != light, "dark is light")
        expect(len(page.rows()) == 10, str(page.rows()))
    finally:
        page.browser.execute_cdp_cmd("Emulation.clearDeviceMetricsOverride", {})
        page.browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": []})


with contextlib.ExitStack() as cleanup:
    WORLD = World(cleanup, *browser_paths())
    run_checks([
        the_page_shows_the_model_and_asks_for_nothing_else,
        a_row_of_the_shard_table_is_a_rank_of_the_model,
        a_user_gets_the_list_that_the_service_gives,
        an_item_of_the_list_leads_to_similar_ones_and_back,
        suggestions_appear_while_somebody_types,
        an_item_that_is_not_there_is_refused_in_words,
        an_unknown_user_gets_the_popular_list_and_is_told_so,
        a_filter_narrows_the_list,
        likes_of_somebody_new_are_folded_in,
        ratings_are_asked_for_where_the_model_reads_them,
        the_bar_has_every_stage_and_the_round_trip,
        markup_in_names_is_shown_as_text,
        without_titles_the_page_shows_ids,
        a_guarded_service_is_opened_by_a_token,
        the_page_fits_a_phone_and_a_dark_room,
    ])

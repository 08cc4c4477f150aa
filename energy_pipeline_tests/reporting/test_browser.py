"""The pages in a real browser: opened without a complaint, for everybody, and printed without losing a digit. Skipped where there is no Chromium.

The index holds 3,650 days. While every year lay open, its 40,000 cells took 1.6 s to load and axe-core judged the contrast of each: it did
not end in a minute. With the years folded it loads in 0.6 s and is judged in 19 s (2026-11-30, Chromium, two busy cores).
"""

import importlib.util
import json
import re
import shutil
import subprocess
from collections import Counter
from datetime import timedelta
from html.parser import HTMLParser
from pathlib import Path

import pytest
from pypdf import PdfReader

from energy_pipeline.reporting import report_html
from energy_pipeline.reporting.index_page import index_html
from energy_pipeline_tests.reporting.test_index_page import days

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
JUDGED = ("settled", "index")
AXE = importlib.util.find_spec("axe_playwright_python")
NUMBER = re.compile(r"[\N{MINUS SIGN}\d,.]*\d")
HEAR = """<head><script>
const heard = [];
addEventListener("error", e => heard.push(e.message));
console.error = console.warn = t => heard.push(t);
</script>"""
ASK = """
<script>
const below = (frame, what) => [...frame.contentDocument.querySelectorAll(what)].filter(e => e.getBoundingClientRect().bottom > frame.height).length;
async function sought(frame, words) {
  const page = frame.contentDocument, field = page.getElementById("search");
  if (!field) return null;
  field.value = words;
  field.dispatchEvent(new frame.contentWindow.Event("input"));
  const years = [...page.querySelectorAll("details.year")].filter(y => y.open && !y.hidden), day = row => row.cells[0].textContent;
  return [page.getElementById("shown").textContent, years.flatMap(y => [...y.querySelectorAll("tbody tr")]).filter(r => !r.hidden).map(day)];
}
async function told(frame) {
  const page = frame.contentDocument, said = frame.contentWindow, charts = [...page.querySelectorAll("figure svg")];
  const ids = new Set([...page.querySelectorAll("[id]")].map(e => e.id)), first = page.querySelector("svg[data-read]");
  first.dispatchEvent(new said.KeyboardEvent("keydown", { key: "ArrowRight" }));
  return {
    heard: said.eval("heard"), requests: said.performance.getEntriesByType("resource").length,
    wide: [page.documentElement.clientWidth, page.documentElement.scrollWidth],
    charts: charts.length, undrawn: charts.filter(c => !c.querySelector("path, rect") || c.getBoundingClientRect().height < 20).length,
    lost: [...page.querySelectorAll('a[href^="#"]')].map(a => a.hash.slice(1)).filter(h => !ids.has(h)),
    below: below(frame, ".tile, .flags, .first figure:first-child"), tiles: page.querySelectorAll(".tile").length,
    read: first.closest("figure").querySelector(".readout").textContent,
    sought: await sought(frame, "exception 2018-0"), all: (await sought(frame, ""))?.map(v => v.length),
    axe: said.axe ? (await said.axe.run()).violations.map(v => v.impact + " " + v.id + " " + v.nodes[0].html.slice(0, 200)) : null,
  };
}
addEventListener("load", async () => {
  const answers = {};
  for (const frame of document.querySelectorAll("iframe")) answers[frame.name] = await told(frame);
  document.title = "told";
  document.body.textContent = JSON.stringify(answers);
});
</script>
"""


class Cells(HTMLParser):
    """Texts of the table cells of a page."""

    def __init__(self, text):
        super().__init__()
        self.cells, self._inside = [], False
        self.feed(text)

    def handle_starttag(self, tag, attrs):  # noqa: ARG002 - the parser's signature
        if tag == "td":
            self._inside = True
            self.cells.append("")

    def handle_endtag(self, tag):
        self._inside = self._inside and tag != "td"

    def handle_data(self, data):
        if self._inside:
            self.cells[-1] += data


@pytest.mark.skipif(CHROMIUM is None, reason="chromium is not on the path")
def test_every_number_of_the_tables_is_on_paper(made_up_day, tmp_path):
    made = made_up_day()
    page = report_html(made.day, made.desk, made.tables, made.versions)
    source, paper = tmp_path / "page.html", tmp_path / "page.pdf"
    source.write_text(page, encoding="utf-8")
    flags = ["--headless", "--no-sandbox", "--disable-gpu", "--no-pdf-header-footer", f"--print-to-pdf={paper}"]
    subprocess.run([CHROMIUM, *flags, source.as_uri()], check=True, capture_output=True, timeout=120)
    text = "\n".join(sheet.extract_text() for sheet in PdfReader(paper).pages)
    wanted = Counter(c.strip() for c in Cells(page).cells if NUMBER.fullmatch(c.strip()))
    assert wanted
    printed = Counter(NUMBER.findall(text))
    assert {n: (count, printed[n]) for n, count in wanted.items() if printed[n] < count} == {}


@pytest.fixture(scope="module")
def opened(made_up_day, tmp_path_factory):
    """What a browser says of a page before and after settlement, on a desk and on a phone, and of the page of all days."""
    if CHROMIUM is None:
        pytest.skip("chromium is not on the path")
    made = made_up_day()
    record = made.tables["var_exceptions"]
    before = {"var_exceptions": record.with_columns(delivery_day=record["delivery_day"] - timedelta(days=1))}
    decided = {k: v for k, v in made.tables.items() if k not in ("pnl", "pnl_day_ahead")} | before
    settled, open_day = (report_html(made.day, made.desk, tables, made.versions, [made.day - timedelta(days=1)]) for tables in (made.tables, decided))
    index = index_html("desk", "EUR", days(3650))
    shown = {"settled": (settled, 1400, 900), "open": (open_day, 1400, 900), "phone": (settled, 390, 844), "index": (index, 390, 844)}
    folder = tmp_path_factory.mktemp("opened")
    axe = f"<script>{Path(AXE.origin).with_name('axe.min.js').read_text(encoding='utf-8')}</script>" if AXE and AXE.origin else ""
    frames = []
    for name, (page, width, height) in shown.items():
        (folder / f"{name}.html").write_text(
            page.replace("<head>", HEAR, 1).replace("</body>", f"{axe if name in JUDGED else ''}</body>"), encoding="utf-8"
        )
        frames.append(f'<iframe name="{name}" src="{name}.html" width="{width}" height="{height}"></iframe>')
    (folder / "all.html").write_text(f"<!doctype html><html><body>{''.join(frames)}{ASK}</body></html>", encoding="utf-8")
    flags = [
        "--headless",
        "--no-sandbox",
        "--disable-gpu",
        "--allow-file-access-from-files",
        "--window-size=1500,1000",
        "--virtual-time-budget=120000",
    ]
    command = [CHROMIUM, *flags, "--dump-dom", (folder / "all.html").as_uri()]
    text = subprocess.run(command, check=True, capture_output=True, text=True, timeout=300).stdout
    (body,) = re.findall(r"<body>(.*)</body>", text, re.DOTALL)
    return json.loads(body.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&"))


def test_pages_open_without_a_complaint_or_a_request_with_every_chart_drawn_and_every_anchor_found(opened):
    said = {name: (a["heard"], a["requests"], a["undrawn"], a["lost"]) for name, a in opened.items()}
    assert said == dict.fromkeys(opened, ([], 0, 0, []))
    assert all(a["charts"] > 4 for a in opened.values())


def test_the_first_screen_holds_all_tiles_the_flags_and_the_price_on_a_desk_and_on_a_phone(opened):
    assert {name: (opened[name]["tiles"], opened[name]["below"]) for name in ("settled", "open", "phone")} == dict.fromkeys(
        ("settled", "open", "phone"), (8, 0)
    )


def test_a_narrow_screen_scrolls_tables_and_never_the_page(opened):
    assert {a["wide"][1] - a["wide"][0] for a in opened.values()} == {0}


def test_a_chart_tells_the_values_under_its_cursor_by_keyboard(opened):
    assert re.match(r"00:00 · .*ensemble [\d.]+", opened["settled"]["read"])


def test_ten_years_of_days_fold_and_a_search_opens_the_years_that_hold_what_was_sought(opened):
    broken = [d.day.isoformat() for d in days(3650) if d.is_exception and f"{d.day:%Y-%m}" < "2018-10" and d.day.year == 2018]
    assert opened["index"]["sought"] == [f"{len(broken)} of 3650 days", broken[::-1]]
    newest = days(3650)[-1].day
    assert opened["index"]["all"] == [len("3650 days"), newest.timetuple().tm_yday], "the newest year is open, the others are folded"


@pytest.mark.skipif(AXE is None, reason="axe-core is not installed -> uv sync --group browser")
def test_axe_finds_nothing(opened):
    assert {name: opened[name]["axe"] for name in JUDGED} == {name: [] for name in JUDGED}

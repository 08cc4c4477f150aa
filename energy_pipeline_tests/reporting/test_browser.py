"""The page in a real browser: drawn without a complaint, printed without losing a digit. Skipped where there is no Chromium."""

import re
import shutil
import subprocess
from collections import Counter
from html.parser import HTMLParser

import pytest

from energy_pipeline.reporting import report_html

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
PDFTOTEXT = shutil.which("pdftotext")
NUMBER = re.compile(r"[\N{MINUS SIGN}\d,.]*\d")


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


@pytest.mark.skipif(CHROMIUM is None or PDFTOTEXT is None, reason="chromium and pdftotext are not on the path")
def test_every_number_of_the_tables_is_on_paper(made_up_day, tmp_path):
    made = made_up_day()
    page = report_html(made.day, made.desk, made.tables, made.versions)
    source, paper = tmp_path / "page.html", tmp_path / "page.pdf"
    source.write_text(page, encoding="utf-8")
    flags = ["--headless", "--no-sandbox", "--disable-gpu", "--no-pdf-header-footer", f"--print-to-pdf={paper}"]
    subprocess.run([CHROMIUM, *flags, source.as_uri()], check=True, capture_output=True, timeout=120)
    text = subprocess.run([PDFTOTEXT, "-layout", str(paper), "-"], check=True, capture_output=True, text=True, timeout=60).stdout
    wanted = Counter(c.strip() for c in Cells(page).cells if NUMBER.fullmatch(c.strip()))
    assert wanted
    printed = Counter(NUMBER.findall(text))
    assert {n: (count, printed[n]) for n, count in wanted.items() if printed[n] < count} == {}


@pytest.mark.skipif(CHROMIUM is None, reason="chromium is not on the path")
def test_a_narrow_screen_scrolls_tables_and_never_the_page(made_up_day, tmp_path):
    made = made_up_day()
    told = "document.body.innerHTML = 'widths ' + document.documentElement.clientWidth + ' ' + document.documentElement.scrollWidth + ';'"
    source = tmp_path / "page.html"
    source.write_text(
        report_html(made.day, made.desk, made.tables, made.versions).replace("</body>", f"<script>{told}</script></body>"), encoding="utf-8"
    )
    command = [CHROMIUM, "--headless", "--no-sandbox", "--disable-gpu", "--window-size=500,900", "--dump-dom", source.as_uri()]
    page = subprocess.run(command, check=True, capture_output=True, text=True, timeout=120).stdout
    wide, whole = re.search(r"widths (\d+) (\d+);", page).groups()
    assert int(wide) <= 500
    assert whole == wide

"""The audit's page in a real browser: what it shows, to whom, by what means, and what it never does."""

from __future__ import annotations

import itertools
import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from gate.audit import html
from gate.audit.diff import compare
from gate.audit.history import RunRow
from gate.audit.model import AuditInputs, AuditReport, Coverage, LineageNode
from gate.audit.summary import totals

from tests.support.audit_report import estate, image
from tests.support.chromium import Browser, browser

pytestmark = pytest.mark.browser


def earlier(run: str, day: str, denied: int) -> RunRow:
    return RunRow(
        run=run, started=f"{day}T03:00:00Z", finished=day, complete=True, environment="prod", policy="p", subjects=9,
        denied=denied, undecided=1, passed=3,
    )  # fmt: skip


@pytest.fixture(scope="module")
def chrome(chromium_binary: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    with browser(chromium_binary, tmp_path_factory.mktemp("chromium")) as opened:
        yield opened


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory) -> Path:
    report = estate()
    before = AuditReport(
        run="nightly-6", gate="1.0", started="", finished="", complete=True, environment="prod", inputs=report.inputs,
        coverage=Coverage(), totals=report.totals, results=report.results[3:],
    )  # fmt: skip
    history = [earlier("nightly-6", "2026-11-20", 4), earlier("nightly-5", "2026-11-19", 7)]
    path = tmp_path_factory.mktemp("page") / "audit.html"
    path.write_text(html.render(report, history, compare(before, report)), encoding="utf-8")
    return path


@pytest.fixture
def shown(chrome: Browser, page: Path) -> Browser:
    chrome.asked.clear()
    chrome.logged.clear()
    chrome.screen(1280, 900)
    chrome.open(page)
    return chrome


def rows(chrome: Browser) -> set[str]:
    """Subjects that the table shows, hostile and long ones by a word."""
    found = chrome.run(
        "[...document.querySelectorAll('[data-row]')].filter(r => r.offsetParent).map(r => r.querySelector('th').textContent)"
    )
    return {"evil" if "taken" in name else "long" if "very-long" in name else name for name in found}


def test_nothing_is_asked_of_a_network_and_the_policy_of_the_page_allows_its_own_script(
    shown: Browser, page: Path
) -> None:
    assert set(shown.asked) == {page.as_uri()}
    assert shown.logged == []
    assert shown.run("document.documentElement.className") == "js"


def test_names_that_are_markup_are_text(shown: Browser) -> None:
    assert shown.run("document.querySelectorAll('img, iframe, object, embed, base, link').length") == 0
    assert shown.run("document.querySelectorAll('script, style').length") == 2
    assert shown.run("document.title") == "gate audit nightly-7"
    text = shown.run("document.body.textContent")
    assert "<img src=x onerror" in text and "\u202e" not in text and "\\u202egnp.exe" in text
    attributes = shown.run("[...document.querySelectorAll('*')].flatMap(e => [...e.attributes]).map(a => a.name)")
    assert not [name for name in attributes if name.startswith("on")]
    assert "style" not in attributes


def test_letters_that_run_from_right_to_left_do_not_turn_what_is_beside_them(shown: Browser) -> None:
    bare = """[...document.querySelectorAll('#overview *, #pages *')].filter(e => [...e.childNodes].some(n =>
      n.nodeType === 3 && /[\\u0590-\\u08ff]/.test(n.data))).map(e => e.tagName).filter(t => t !== 'BDI' && t !== 'OPTION')"""
    assert shown.run(bare) == []


@pytest.mark.parametrize("width", [320, 390, 768, 1280])
def test_the_page_is_no_wider_than_its_window(chrome: Browser, page: Path, width: int) -> None:
    chrome.screen(width, 800)
    chrome.open(page)
    assert chrome.run("document.documentElement.scrollWidth") <= width
    chrome.run("location.hash = document.querySelector('[data-row] a').getAttribute('href')")
    chrome.until("document.querySelector('article.shown')")
    assert chrome.run("document.documentElement.scrollWidth") <= width


_CONTRAST = """(() => {
  const probe = document.createElement('canvas').getContext('2d', { willReadFrequently: true });
  const rgb = color => { probe.clearRect(0, 0, 1, 1); probe.fillStyle = color; probe.fillRect(0, 0, 1, 1); return [...probe.getImageData(0, 0, 1, 1).data]; };
  const light = c => { const [r, g, b] = c.slice(0, 3).map(v => v / 255).map(v => v <= 0.03928 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4); return 0.2126 * r + 0.7152 * g + 0.0722 * b; };
  const behind = e => { for (; e; e = e.parentElement) { const c = rgb(getComputedStyle(e).backgroundColor); if (c[3] === 255) return c; } return [255, 255, 255, 255]; };
  document.documentElement.classList.remove('js');
  const found = new Set();
  for (const e of document.querySelectorAll('body *')) {
    const style = getComputedStyle(e);
    if (!e.getClientRects().length || ![...e.childNodes].some(n => n.nodeType === 3 && n.data.trim())) continue;
    const ink = rgb(e instanceof SVGElement ? style.fill : style.color), paper = behind(e);
    const [a, b] = [light(ink), light(paper)].sort((x, y) => y - x);
    if ((a + 0.05) / (b + 0.05) < 4.5) found.add(e.tagName + '.' + (e.getAttribute('class') || '') + ' ' + ((a + 0.05) / (b + 0.05)).toFixed(2));
  }
  return [...found];
})()"""


@pytest.mark.parametrize("dark", [False, True])
def test_all_text_stands_out_from_what_is_behind_it(chrome: Browser, page: Path, dark: bool) -> None:
    chrome.screen(1280, 900, dark=dark)
    chrome.open(page)
    assert chrome.run(_CONTRAST) == []


def test_a_screen_reader_is_told_the_parts_the_fields_and_the_charts(shown: Browser) -> None:
    tree = shown.tree()
    roles = {role for role, _ in tree}
    assert {
        "banner",
        "navigation",
        "main",
        "search",
        "status",
        "heading",
        "table",
        "columnheader",
        "rowheader",
        "note",
    } <= roles
    controls = [
        (role, name) for role, name in tree if role in {"link", "button", "textbox", "searchbox", "combobox", "region"}
    ]
    assert [one for one in controls if not one[1].strip()] == []
    fields = {name for role, name in controls if role in {"combobox", "searchbox"}}
    assert fields == {"Text", "Verdict", "Rule", "Owner", "Namespace", "Kind"}
    (chart,) = [name for role, name in tree if role == "image"]
    assert "Over 3 runs from 2026-11-19 to 2026-11-21" in chart
    assert shown.run("document.documentElement.lang") == "en"
    assert [name for role, name in tree if role == "columnheader" and not name.strip()] == []


def test_headings_go_down_one_step_at_a_time_and_ids_are_unique(shown: Browser) -> None:
    levels = shown.run("[...document.querySelectorAll('h1, h2, h3, h4')].map(h => Number(h.tagName[1]))")
    assert levels[0] == 1 and levels.count(1) == 1
    assert all(after - before <= 1 for before, after in itertools.pairwise(levels))
    ids = shown.run("[...document.querySelectorAll('[id]')].map(e => e.id)")
    assert len(ids) == len(set(ids))
    dead = "[...document.querySelectorAll('a')].filter(a => !document.getElementById(a.getAttribute('href').slice(1))).length"
    assert shown.run(dead) == 0


def test_a_keyboard_is_enough(shown: Browser) -> None:
    shown.press("Tab")
    shown.until("document.activeElement.textContent === 'Skip to the subjects'")
    assert shown.run("document.activeElement.getBoundingClientRect().left") >= 0
    shown.press("Enter")
    shown.until("document.activeElement.id === 'subjects'")
    shown.press("Tab")
    shown.until("document.activeElement.name === 'text'")
    for letter in "front":
        shown.press(letter)
    shown.until(
        "document.activeElement.value === 'front' && document.getElementById('shown').textContent.startsWith('1 of')"
    )
    assert rows(shown) == {"shop/deployment/front:main"}
    while shown.run("document.activeElement.closest('[data-row]') === null"):
        shown.press("Tab")
    shown.press("Enter")
    shown.until("document.activeElement.tagName === 'H2' && document.activeElement.closest('article.shown')")
    assert shown.run("document.activeElement.textContent") == "ghcr.io/acme/shop:1"
    assert shown.run("document.getElementById('overview').offsetParent") is None
    assert shown.run("document.title") == "ghcr.io/acme/shop:1 - gate audit nightly-7"
    shown.press("Tab")
    shown.press("Enter")
    shown.until("document.activeElement.id === 'subjects'")
    assert rows(shown) == {"shop/deployment/front:main"}, "the filter is still there"


@pytest.mark.parametrize(
    ("field", "value", "expected"),
    [
        ("rule", "non-root", {"ghcr.io/acme/shop:1", "shop/deployment/front:main", "evil"}),
        ("owner", "team-pay", {"pay/deployment/api:main", "pay/deployment/ok:main"}),
        ("namespace", "shop", {"shop/deployment/front:main"}),
        ("kind", "dockerfile", {"web/Dockerfile (prod)"}),
        ("verdict", "pass", {"ghcr.io/acme/alpine:1", "ghcr.io/acme/node:1", "pay/deployment/ok:main", "web/Dockerfile (prod)"}),
    ],
)  # fmt: skip
def test_the_table_is_filtered(shown: Browser, field: str, value: str, expected: set[str]) -> None:
    choose = f"(() => {{ const f = document.getElementById('filters'); f.elements.{field}.value = {json.dumps(value)}; f.dispatchEvent(new Event('input')); }})()"
    shown.run(choose)
    assert rows(shown) == expected
    assert shown.run("document.getElementById('shown').textContent") == f"{len(expected)} of 10 subjects shown"
    shown.run("document.querySelector('#filters button').click()")
    shown.until("document.getElementById('shown').textContent.startsWith('10 of 10')")
    assert len(rows(shown)) == 10


def test_a_hostile_owner_can_be_filtered_by_as_well(shown: Browser) -> None:
    shown.run(
        "[...document.querySelectorAll('a[data-filter=owner]')].find(a => a.textContent.includes('onerror')).click()"
    )
    assert rows(shown) == {"evil"}


def test_the_tree_of_bases_is_as_deep_as_layers_prove_it(shown: Browser) -> None:
    nest = """(list => { const walk = ul => [...ul.children].map(li => { const d = li.querySelector(':scope > details');
      const head = d ? d.querySelector('summary') : li; return [head.textContent.trim().split(' ')[0], d ? walk(d.querySelector(':scope > ul')) : []]; });
      return walk(list); })(document.querySelector('ul.tree'))"""
    tree = dict(shown.run(nest))
    assert tree["ghcr.io/acme/alpine:1"] == [
        ["ghcr.io/acme/node:1", [
            ["named", []],
            ["runs", []],
            ["ghcr.io/acme/shop:1", [["runs", []]]],
        ]]
    ]  # fmt: skip
    assert tree["docker.io/library/debian:12"] == [["ghcr.io/acme/pay:1", [["runs", []]]]]
    text = shown.run("document.querySelector('ul.tree').textContent")
    assert "18 months old" in text and "stages build → prod" in text and "8 running containers" in text


def test_a_page_of_an_image_has_its_facts_and_what_it_is_built_on(shown: Browser) -> None:
    shown.run(
        "location.hash = [...document.querySelectorAll('[data-row] a')].find(a => a.textContent.includes('front')).getAttribute('href')"
    )
    text = shown.run("document.querySelector('article.shown').innerText")
    for fact in (
        "sha256:shop",
        "root (none set)",
        "40 MB on disk",
        "2026-10-01, 51 days ago",
        "team-shop",
        "runs as root",
        "4 layers",
    ):
        assert fact in text
    assert "ghcr.io/acme/alpine:1 → ghcr.io/acme/node:1" in text
    assert shown.run("document.querySelectorAll('article.shown svg.bar rect').length") == 4
    assert shown.run("document.querySelectorAll('article.shown svg.bar rect.base').length") == 2
    assert text.count("runs as root") == 1, "the image and its container have one finding"


def test_what_matters_first_is_said_first(shown: Browser) -> None:
    text = shown.run("document.querySelector('main').innerText")
    assert (
        text.index("This run is incomplete") < text.index("Summary") < text.index("Trend") < text.index("What changed")
    )
    for said in (
        "expired",
        "Newly refused",
        "over for 20 days",
        "2025-11-21, 12 months ago",
        "environment dev",
        "no such image",
    ):
        assert said in text


def test_paper_shows_no_controls_and_everything_that_was_folded(shown: Browser) -> None:
    assert shown.pdf().startswith(b"%PDF-")
    shown.screen(800, 1000, paper=True)
    assert shown.run("getComputedStyle(document.getElementById('filters')).display") == "none"
    assert shown.run("[...document.querySelectorAll('#overview details')].every(d => d.open)")


def test_without_a_script_everything_is_there(chrome: Browser, page: Path) -> None:
    chrome.screen(1280, 900)
    chrome.call("Emulation.setScriptExecutionDisabled", value=True)
    try:
        chrome.open(page)
        names = {name for role, name in chrome.tree() if role == "heading"}
    finally:
        chrome.call("Emulation.setScriptExecutionDisabled", value=False)
    assert {"Summary", "Base images in use", "Subjects", "ghcr.io/acme/shop:1", "Findings"} <= names


def test_an_estate_of_nothing_makes_a_page(chrome: Browser, tmp_path: Path) -> None:
    empty = AuditReport(
        run="r", gate="1", started="", finished="", complete=True, environment="prod", inputs=AuditInputs(),
        coverage=Coverage(), totals=totals([]),
    )  # fmt: skip
    (tmp_path / "e.html").write_text(html.render(empty))
    chrome.open(tmp_path / "e.html")
    assert "0 of 0 subjects shown" in chrome.run("document.body.innerText")


def test_a_large_estate_is_cut_and_says_so(tmp_path: Path) -> None:
    many = [image(str(number), "a", key=str(number)) for number in range(html.MAX_SUBJECTS + 3)]
    nodes = [LineageNode(key=str(number), name="n", dockerfiles=["x"]) for number in range(700)]
    report = AuditReport(
        run="r", gate="1", started="", finished="", complete=True, environment="prod", inputs=AuditInputs(),
        coverage=Coverage(), totals=totals(many), results=many, lineage=nodes,
    )  # fmt: skip
    text = html.render(report)
    assert "The first 5,000 of 5,003 subjects" in text and "and 100 images more" in text
    assert len(text) < 25_000_000

"""The report: whole in one page, safe in a real browser, and small for a large sweep."""

import http.server
import json
import os
import re
import shutil
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest

from analysis import factories
from wandb_magic import attach
from wandb_magic.analysis.report.markup import script, text
from wandb_magic.analysis.report.provenance import failures_of
from wandb_magic.analysis.report.redaction import MASK, redact
from wandb_magic.analysis.report.sections import MOST_ROWS
from wandb_magic.api import Sweep
from wandb_magic.errors import SweepError
from wandb_magic.log_records import SummaryRecord
from wandb_magic.paths import SweepPaths
from wandb_magic.records import RunId, RunState
from wandb_magic.store import StoreWriter

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("chrome")
KEY = "0123456789abcdef0123456789abcdef01234567"
PATIENCE_S = 90
MOST_BYTES = 15_000_000


class Page(HTMLParser):
    """What a browser would make of a page: its elements, and its texts by element."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.texts: dict[str, list[str]] = {}
        self.open: list[str] = []
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        if tag not in ("meta", "img"):
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        while self.open and self.open.pop() != tag:
            pass

    def handle_data(self, data: str) -> None:
        if self.open:
            self.texts.setdefault(self.open[-1], []).append(data)

    def count(self, tag: str) -> int:
        return sum(name == tag for name, _ in self.tags)


def written(paths: SweepPaths, target: Path) -> str:
    return Sweep(paths).report(target).read_text(encoding="utf-8")


def test_all_of_a_sweep_is_on_the_page(tmp_path: Path) -> None:
    paths = factories.make(tmp_path, name="digits & co")
    listed = next((paths.root / "wandb").glob("*/files"), None)
    assert listed is None
    run = Sweep(paths).best()
    files = Path(run.directory) / "files"
    files.mkdir(parents=True)
    (files / "requirements.txt").write_text("wandb==0.99.1\nnumpy==1.2.3\n-e nothing\n")
    text_ = written(paths, tmp_path / "report.html")
    page = Page(text_)
    assert page.texts["h1"] == ["digits & co"]
    assert page.texts["strong"] == [f"{run.value:.5g}"]
    heads = page.texts["h2"]
    assert heads == [
        "Best runs",
        "Charts",
        "Runs",
        "Failed runs",
        "Config",
        "Code",
        "Environment",
    ]
    codes = "".join(page.texts["code"])
    assert "print('trained')" in codes
    assert "distribution: log_uniform_values" in codes
    assert "numpy==1.2.3" in codes
    assert "0.99.1" in page.texts["dd"]
    assert "%%wandb_sweep config --count 50" in page.texts["dd"]
    assert any("ValueError: it broke" in each for each in page.texts["b"])
    figures = json.loads("".join(page.texts["script"][:1]))["figures"]
    assert set(figures) == {
        *("curves", "progress", "parallel", "importance", "slice"),
        *("contour", "timeline", "costs", "ended"),
    }
    assert page.count("img") == page.count("noscript") == len(figures)
    rows = text_[text_.index('<section id="runs">') :].split("</section>")[0].count("<tr>")
    assert rows == 51


def test_the_page_forbids_itself_the_network(tmp_path: Path) -> None:
    text_ = written(factories.make(tmp_path, runs=5), tmp_path / "report.html")
    page = Page(text_)
    (policy,) = [
        attributes["content"]
        for tag, attributes in page.tags
        if tag == "meta" and attributes.get("http-equiv") == "Content-Security-Policy"
    ]
    assert policy is not None
    assert policy.startswith("default-src 'none'; script-src 'unsafe-eval' 'sha256-")
    assert "'unsafe-inline'" not in policy.split(";")[1]
    for tag, attributes in page.tags:
        assert not {"href", "srcset", "action", "onerror"} & attributes.keys(), tag
        assert (attributes.get("src") or "data:").startswith("data:")


def test_it_says_what_is_not_there_yet(tmp_path: Path) -> None:
    page = Page(written(factories.make(tmp_path, runs=0), tmp_path / "report.html"))
    assert any("no run" in each for each in page.texts["p"])


def test_a_folder_is_refused(tmp_path: Path) -> None:
    sweep = Sweep(factories.make(tmp_path, runs=2))
    with pytest.raises(SweepError, match="is a folder: name a file, as in"):
        sweep.report(tmp_path)
    with pytest.raises(SweepError, match="there is no folder"):
        sweep.report(tmp_path / "missing" / "report.html")


@pytest.mark.parametrize(
    "words",
    [
        pytest.param(["page.html"], marks=pytest.mark.full("both words")),
        ["plotted0", "page.html"],
        pytest.param(["digits"], marks=pytest.mark.full("both words")),
    ],
)
def test_the_verb_takes_a_sweep_a_page_or_both(tmp_path: Path, words: list[str]) -> None:
    factories.make(tmp_path, runs=3)
    done = subprocess.run(
        [sys.executable, "-m", "wandb_magic.cli", "report", *words, "--json"],
        capture_output=True,
        text=True,
        check=True,
        cwd=tmp_path,
        timeout=PATIENCE_S,
    )
    page = Path(json.loads(done.stdout)["file"])
    assert page == tmp_path / ("page.html" if "page.html" in words else "report.html")
    assert "<!doctype html>" in page.read_text(encoding="utf-8")


def test_a_page_is_replaced_whole_or_not_at_all(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    sweep = Sweep(factories.make(tmp_path, runs=2))
    target = tmp_path / "report.html"
    target.write_text("before")
    monkeypatch.chdir(tmp_path)
    with monkeypatch.context() as broken:
        broken.setattr("os.fdopen", lambda *_: (_ for _ in ()).throw(OSError(28, "No space")))
        with pytest.raises(SweepError, match="cannot be written: No space"):
            sweep.report("report.html")
    assert target.read_text() == "before"
    assert sweep.report("report.html") == target
    assert "<!doctype html>" in target.read_text()
    assert [path.name for path in tmp_path.glob(".report*")] == []


def test_a_sweep_that_came_from_elsewhere_without_its_bundle(tmp_path: Path) -> None:
    paths = factories.make(tmp_path / "here")
    moved = tmp_path / "there"
    shutil.copytree(paths.folder, moved)
    shutil.rmtree(moved / "bundle")
    shutil.rmtree(tmp_path / "here")
    page = Page(attach(str(moved)).report(tmp_path / "report.html").read_text(encoding="utf-8"))
    assert "Code" not in page.texts["h2"]
    assert any("are not here" in each for each in page.texts["p"])


@pytest.mark.parametrize(
    ("secret", "left"),
    [
        (f"wandb.login(key='{KEY}')", "wandb.login(key='•••')"),
        ('api_key = "short-secret"', 'api_key = "•••"'),
        ("os.environ['MY_TOKEN'] = 'abcdefgh'", "os.environ['MY_TOKEN'] = '•••'"),
        ("pip install git+https://me:pw@host/x", "pip install git+https://•••@host/x"),
        ("wandb_v1_abcdefgh12345", "•••"),
        ("sk-abcdefgh12345678", "•••"),
        ("tokens = 12; key = 'a'", "tokens = 12; key = 'a'"),
        ("lr == 'secret'", "lr == 'secret'"),
    ],
)
def test_secrets_are_masked(secret: str, left: str) -> None:
    assert redact(secret) == left


LONG = 2_000_000


@pytest.mark.timeout(240)  # each of these took ten minutes and more
@pytest.mark.parametrize(
    "piece",
    [
        "ACGT",
        "token",
        "eyJ-eyJ",
        "a.b-",
        "token ",
        "0" * 39 + "g",
        "token='",
        "://a",
        "x=eyJaaaaaaaa.",
    ],
)
def test_a_long_text_without_spaces_is_masked_at_once(piece: str) -> None:
    long = piece * (LONG // len(piece))
    assert len(redact(long)) <= 2 * LONG
    secret = f"{long} api_key='not-to-be-seen'"
    assert "not-to-be-seen" not in redact(secret)
    assert "not-to-be-seen" not in text(secret)


@pytest.mark.timeout(240)
def test_a_report_takes_a_long_error_without_spaces(tmp_path: Path) -> None:
    paths = factories.make(tmp_path, runs=4)
    long = "ACGT" * 500_000
    with closing(StoreWriter(paths.store)) as store:
        for number in range(2):
            store.update_run(
                Sweep(paths).records()[number].id,
                state=RunState.FAILED,
                cause=f"ValueError: {long}",
                error=f"ValueError: {long} password='{KEY[:9]}{long}'",
            )
        store.commit()
    page = written(paths, tmp_path / "report.html")
    assert len(page) < MOST_BYTES
    assert "ValueError: ACGT" in page


def test_a_secret_that_is_cut_off_stays_hidden(tmp_path: Path) -> None:
    run = Sweep(factories.make(tmp_path, runs=1)).records()[0]
    secret = f"token = '{'s3cr3t' * 1500}'"
    (failure,) = failures_of([replace(run, error=secret, state=RunState.FAILED)])
    assert "s3cr3t" not in failure.error


def test_no_key_enters_the_page(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    own = "my-own-key-that-has-no-form"
    monkeypatch.setenv("WANDB_API_KEY", own)
    cell = f"# %%wandb_sweep config\nimport wandb\nwandb.login(key='{KEY}')\nprint('{own}')\n"
    paths = factories.make(tmp_path, runs=20, cell=cell, words=f" with {own} and {KEY}")
    page = written(paths, tmp_path / "report.html")
    assert own not in page
    assert KEY not in page
    assert MASK in page


def test_no_part_of_a_key_that_is_too_long_for_a_plot_enters_the_page(tmp_path: Path) -> None:
    spec = {"parameters": {**factories.SPEC["parameters"], f" {KEY}": {"values": [KEY, "b"]}}}
    page = written(factories.make(tmp_path, words=f" {KEY}", spec=spec), tmp_path / "report.html")
    figures = json.loads("".join(Page(page).texts["script"][:1]))["figures"]
    held = json.dumps(figures, ensure_ascii=False)
    assert KEY[:9] not in held
    assert MASK in held


def test_texts_and_json_cannot_leave_their_place() -> None:
    assert text("\x1b[31m<b>\x1b]8;;x\x07\u202e\x00") == "&lt;b&gt;��"
    held = script({"</script>": ["<!--", "\u2028", "&"]})
    assert not set("<>&\u2028") & set(held)
    assert json.loads(held) == {"</script>": ["<!--", "\u2028", "&"]}


def test_a_picture_in_a_summary_is_not_a_column_of_numbers(tmp_path: Path) -> None:
    paths = factories.make(tmp_path, runs=2)
    picture = {"_type": "image-file", "path": "a.png", "width": 3}
    with closing(StoreWriter(paths.store)) as writer:
        writer.append(RunId("run00000"), [SummaryRecord({"picture": picture, "own": 7})])
        writer.commit()
    names = Page(written(paths, tmp_path / "report.html")).texts["button"]
    assert "own" in names
    assert not [name for name in names if name.startswith("picture")]


def test_failures_that_are_alike_stand_together(tmp_path: Path) -> None:
    runs = Sweep(factories.make(tmp_path)).records()
    (failure,) = failures_of(runs)
    assert len(failure.runs) == sum(run.state.is_failure for run in runs) > 1


@pytest.mark.slow
@pytest.mark.parametrize(
    "runs", [1_500, pytest.param(10_000, marks=pytest.mark.full("a report of 1,500 runs"))]
)
def test_a_report_of_thousands_of_runs_can_still_be_sent(tmp_path: Path, runs: int) -> None:
    paths = factories.make(tmp_path, runs=runs)
    page = written(paths, tmp_path / "report.html")
    assert len(page.encode()) < MOST_BYTES
    assert f"{MOST_ROWS:,} of {runs:,} runs, the best first" in page


@pytest.fixture
def canary() -> Iterator[tuple[str, list[str]]]:
    """Serve an address that no page may ever ask for; yield it, and what was asked."""
    asked: list[str] = []

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked.append(self.path)
            self.send_response(204)
            self.end_headers()

        def log_message(self, *_: Any) -> None:
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}", asked
    server.shutdown()
    server.server_close()


def browse(file: Path, profile: Path) -> str:
    """Open a page in Chromium, and return what became of it."""
    assert CHROMIUM is not None
    command = [
        *(CHROMIUM, "--headless=new", "--no-sandbox", "--disable-gpu", "--no-first-run"),
        *("--disable-background-networking", "--disable-component-update", "--disable-sync"),
        *(f"--user-data-dir={profile}", "--virtual-time-budget=20000", "--dump-dom"),
    ]
    done = subprocess.run(
        [*command, file.as_uri()],
        capture_output=True,
        text=True,
        timeout=PATIENCE_S,
        check=True,
        env={**os.environ, "HOME": str(profile)},
    )
    return done.stdout


@pytest.mark.slow
@pytest.mark.skipif(CHROMIUM is None, reason="needs Chromium")
def test_a_hostile_sweep_does_nothing_in_a_browser(
    tmp_path: Path, canary: tuple[str, list[str]]
) -> None:
    address, asked = canary
    attack = "document.documentElement.dataset.hacked=1"
    words = (
        f"</script><script>{attack}</script><img src={address}/i onerror={attack}>"
        f"<svg onload={attack}><a href='javascript:{attack}'>\"'--></style>"
        f"<link rel=stylesheet href={address}/c><iframe src={address}/f>\x1b[31m"
    )
    spec = {"parameters": {**factories.SPEC["parameters"], words: {"values": [words, "b"]}}}
    cell = f"# %%wandb_sweep {words}\nattack = '''{words}'''\n".replace("\x1b", "")
    paths = factories.make(tmp_path, name=words, words=words, spec=spec, cell=cell)
    target = tmp_path / "report.html"
    written(paths, target)
    dom = browse(target, tmp_path / "profile")
    assert "data-hacked" not in dom
    assert asked == []
    drawn = re.findall(r'class="chart[^"]*js-plotly-plot', dom)
    assert len(drawn) >= 8
    assert "main-svg" in dom
    assert "<iframe" not in re.sub(r"<script.*?</script>", "", dom, flags=re.DOTALL)
    # The page itself is left as it was: one section after the other.
    assert re.findall(r'<section id="(\w+)"', dom) == [
        *("best", "charts", "runs", "failures", "spec", "code", "environment"),
    ]


@pytest.mark.slow
@pytest.mark.skipif(CHROMIUM is None, reason="needs Chromium")
def test_a_browser_that_may_run_the_pages_scripts_only(
    tmp_path: Path, canary: tuple[str, list[str]]
) -> None:
    """Even if a script came in, the policy would not let it run, or ask for anything."""
    address, asked = canary
    target = tmp_path / "report.html"
    page = written(factories.make(tmp_path, runs=5), target)
    broken = (
        f"<script>document.documentElement.dataset.hacked=1</script>"
        f"<img src='{address}/i' onerror='document.documentElement.dataset.hacked=2'>"
    )
    target.write_text(page.replace("</main>", f"{broken}</main>"), encoding="utf-8")
    dom = browse(target, tmp_path / "profile")
    assert "data-hacked" not in dom
    assert asked == []
    assert "main-svg" in dom

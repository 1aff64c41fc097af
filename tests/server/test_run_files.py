"""The files of runs: only theirs, and nothing in them can act as the page."""

import asyncio
import json
import os
import re
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlsplit

import pytest

from tests.server.conftest import Api, Make, Written
from wandb_magic.log_records import FilesRecord
from wandb_magic.server import plotly_page
from wandb_magic.server.run_files import media_type

RUNS = "sweeps/sweep000/runs"
SANDBOX = (
    "default-src 'none'; style-src 'unsafe-inline'; img-src data:; media-src data:; "
    "frame-ancestors 'self'; sandbox"
)
HTML_SANDBOX = (
    "default-src 'unsafe-inline' 'unsafe-eval' data: blob:; connect-src 'none'; "
    "form-action 'none'; frame-ancestors 'self'; sandbox allow-scripts"
)
SHOWN = {
    "a.txt": ("text/plain; charset=utf-8", SANDBOX),
    "a.html": ("text/html; charset=utf-8", HTML_SANDBOX),
    "a.HTM": ("text/html; charset=utf-8", HTML_SANDBOX),
    "a.svg": ("image/svg+xml", SANDBOX),
    "a.png": ("image/png", SANDBOX),
    "a.json": ("application/json", SANDBOX),
    "a.mp4": ("video/mp4", SANDBOX),
    "a.wav": ("audio/x-wav", SANDBOX),
    "config.yaml": ("text/plain; charset=utf-8", SANDBOX),
    "a.py": ("text/x-python; charset=utf-8", SANDBOX),
}
SAVED = {
    "a.xhtml": "application/xhtml+xml",
    "a.xml": "application/xml",
    "a.pdf": "application/pdf",
    "a.ckpt": "application/octet-stream",
    "noname": "application/octet-stream",
    'a b;"\r.bin': "application/octet-stream",
}


async def test_every_file_is_shut_in(api: Api, sweep: Written) -> None:
    run = sweep.run()
    sweep.saved(run, dict.fromkeys([*SHOWN, "media/table/x.table.json"], b"<script>1</script>"))
    for name, (kind, policy) in SHOWN.items():
        answer = await api.answer(f"sweeps/sweep000/runs/{run}/files/{name}")
        assert answer.code == 200
        assert answer.body == b"<script>1</script>"
        # Two policies would hold both: there must be one, and it must be ours.
        assert answer.headers.get_list("Content-Security-Policy") == [policy], name
        assert answer.headers.get_list("Content-Type") == [kind], name
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
        assert answer.headers["Cross-Origin-Resource-Policy"] == "same-origin"
        assert "Content-Disposition" not in answer.headers
    table = await api.answer(f"sweeps/sweep000/runs/{run}/files/media/table/x.table.json")
    assert table.headers["Content-Type"] == "application/json"


async def test_what_a_browser_does_not_show_is_saved(api: Api, sweep: Written) -> None:
    run = sweep.run()
    sweep.saved(run, dict.fromkeys(SAVED, b"data"))
    for name, kind in SAVED.items():
        path = "".join(f"%{octet:02x}" for octet in name.encode())
        answer = await api.answer(f"sweeps/sweep000/runs/{run}/files/{path}")
        assert answer.body == b"data"
        assert answer.headers["Content-Type"] == kind
        saved = answer.headers["Content-Disposition"]
        assert saved == f"attachment; filename*=UTF-8''{quote(name)}"
        assert answer.headers["Content-Security-Policy"] == SANDBOX


async def test_files_are_listed_with_what_is_there_of_them(api: Api, sweep: Written) -> None:
    run = sweep.run(FilesRecord(("a.txt", "gone.png", "../outside")))
    found = f"sweeps/sweep000/runs/{run}/files"
    assert [each["size"] for each in (await api.get(found))["files"]] == [None, None, None]
    folder = sweep.saved(run, {"a.txt": b"12345"})
    (folder.parent / "outside").write_text("secret")
    files = {each["path"]: each for each in (await api.get(found))["files"]}
    assert files["a.txt"] == {"path": "a.txt", "size": 5, "type": "text/plain"}
    assert files["gone.png"] == {"path": "gone.png", "size": None, "type": "image/png"}
    assert files["../outside"]["size"] is None


async def test_a_large_file_comes_whole(api: Api, sweep: Written) -> None:
    run = sweep.run()
    data = os.urandom(5_000_001)
    sweep.saved(run, {"a.bin": data, "empty.txt": b""})
    assert (await api.answer(f"sweeps/sweep000/runs/{run}/files/a.bin")).body == data
    assert (await api.answer(f"sweeps/sweep000/runs/{run}/files/empty.txt")).body == b""


async def test_a_plotly_figure_is_drawn_in_an_origin_of_its_own(
    api: Api, sweep: Written, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = sweep.run()
    figure = b'{"data": [{"y": [1]}], "layout": {"title": "</script><b>\xe2\x80\xa8"}}'
    folder = sweep.saved(run, {"media/plotly/a.plotly.json": figure})
    path = f"sweeps/sweep000/runs/{run}/plotly/media/plotly/a.plotly.json"
    answer = await api.answer(path)
    assert answer.code == 200
    assert answer.headers.get_list("Content-Security-Policy") == [HTML_SANDBOX]
    assert answer.headers["Content-Type"] == "text/html; charset=utf-8"
    page = answer.body.decode()
    library, script = re.findall(r"(?s)<script>(.*?)</script>", page)
    assert "plotly.js" in library
    text = re.search(r'JSON\.parse\((".*")\);', script)
    assert text is not None
    assert json.loads(json.loads(text[1])) == json.loads(figure)
    assert not re.search(r"(?:src|href)=.https?:", page.replace(library, ""))

    assert (await api.problem(path.replace("a.plotly", "b.plotly")))[0] == 404
    (folder.parent / "secret.json").write_text("secret")
    assert (await api.answer(path.replace("media/plotly/a.plotly", "..%2fsecret"))).code == 404
    monkeypatch.setattr(plotly_page, "find_spec", lambda _: None)
    assert "pip install plotly" in (await api.answer(path)).body.decode()
    monkeypatch.setattr(plotly_page, "MAX_FIGURE", 3)
    assert "larger than" in (await api.answer(path)).body.decode()


OUTSIDE = (
    "../secret.txt",
    "..%2fsecret.txt",
    "%2e%2e/secret.txt",
    "%2e%2e%2fsecret.txt",
    "sub/../../secret.txt",
    "sub/%2e%2e/%2e%2e/secret.txt",
    "/etc/passwd",
    "%2fetc%2fpasswd",
    "//etc/passwd",
    "a.txt%00",
    "a.txt%00.png",
    "%00",
    "link.txt",
    "linked/secret.txt",
    "linked",
    "sub",
    ".",
    "%2e",
    "sub/",
    "..\\secret.txt",
    "x" * 5000,
    "%ff",
)


async def test_nothing_leads_out(api: Api, sweep: Written) -> None:
    run = sweep.run()
    folder = sweep.saved(run, {"a.txt": b"fine", "sub/b.txt": b"fine"})
    secret = folder.parent / "secret.txt"
    secret.write_text("secret")
    (folder / "link.txt").symlink_to(secret)
    (folder / "linked").symlink_to(folder.parent)
    (folder / "inside.txt").symlink_to(folder / "a.txt")
    for path in OUTSIDE:
        answer = await api.answer(f"sweeps/sweep000/runs/{run}/files/{path}")
        assert answer.code in (400, 404), path
        assert b"secret\n" not in answer.body
        assert b"root:" not in answer.body
    inside = await api.answer(f"sweeps/sweep000/runs/{run}/files/inside.txt")
    assert inside.body == b"fine"


async def test_what_a_run_saved_from_its_own_folder_is_its_own(api: Api, sweep: Written) -> None:
    run, other = sweep.run(FilesRecord(("weights.pt", "others.pt"))), sweep.run()
    for each in (run, other):
        kept = sweep.paths.run(each).persistent_dir
        kept.mkdir(parents=True)
        (kept / "weights.pt").write_bytes(b"weights")
    folder = sweep.saved(run, {"a.txt": b""})
    # As run.save does. Of another run's folder nothing is shown.
    (folder / "weights.pt").symlink_to(sweep.paths.run(run).persistent_dir / "weights.pt")
    (folder / "others.pt").symlink_to(sweep.paths.run(other).persistent_dir / "weights.pt")
    files = f"sweeps/sweep000/runs/{run}/files"
    assert (await api.answer(f"{files}/weights.pt")).body == b"weights"
    assert (await api.problem(f"{files}/others.pt"))[0] == 404
    listed = (await api.get(files))["files"]
    assert {each["path"]: each["size"] for each in listed} == {"others.pt": None, "weights.pt": 7}


async def test_a_run_without_a_folder_has_no_files(api: Api, sweep: Written) -> None:
    run = sweep.run()
    code, message = await api.problem(f"sweeps/sweep000/runs/{run}/files/a.txt")
    assert (code, message) == (404, "the run has no file 'a.txt'")
    assert (await api.problem("sweeps/sweep000/runs/nosuchid/files"))[0] == 404
    assert (await api.problem("sweeps/sweep000/runs/nosuchid/files/a.txt"))[0] == 404


async def test_a_folder_of_files_that_is_a_link_leads_nowhere(
    api: Api, sweep: Written, tmp_path: Path
) -> None:
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "elsewhere" / "secret.txt").write_text("secret")
    run = sweep.run()
    folder = sweep.saved(run, {"a.txt": b""})
    (folder / "a.txt").unlink()
    folder.rmdir()
    folder.symlink_to(tmp_path / "elsewhere")
    assert (await api.problem(f"sweeps/sweep000/runs/{run}/files/secret.txt"))[0] == 404


async def test_a_pipe_is_no_file(api: Api, sweep: Written) -> None:
    run = sweep.run()
    os.mkfifo(sweep.saved(run, {"a.txt": b""}) / "pipe.txt")
    assert (await api.problem(f"sweeps/sweep000/runs/{run}/files/pipe.txt"))[0] == 404


async def test_a_neighbour_with_the_same_beginning_is_outside(api: Api, sweep: Written) -> None:
    run = sweep.run()
    folder = sweep.saved(run, {"a.txt": b""})
    neighbour = folder.with_name("files-other")
    neighbour.mkdir()
    (neighbour / "b.txt").touch()
    for path in ("..%2ffiles-other%2fb.txt", "../files-other/b.txt"):
        assert (await api.answer(f"sweeps/sweep000/runs/{run}/files/{path}")).code in (400, 404)


async def test_a_link_in_place_of_a_folder_of_the_sweep_leads_nowhere(
    api: Api, sweep: Written, tmp_path: Path
) -> None:
    run = sweep.run(FilesRecord(("kept.txt",)))
    folder = sweep.saved(run, {"a.txt": b""})
    outside = tmp_path / "outside"
    (outside / "files").mkdir(parents=True)
    secret = outside / "files" / "secret.txt"
    secret.write_bytes(SECRET)
    of_run = sweep.paths.run(run)
    of_run.folder.mkdir(parents=True)
    for path in (of_run.output, of_run.devices):
        path.symlink_to(secret)
    of_run.persistent_dir.symlink_to(secret.parent)
    (folder / "kept.txt").symlink_to(of_run.persistent_dir / "secret.txt")
    files = f"sweeps/sweep000/runs/{run}"
    for path in ("", "/log", "/log/matches?text=secret", "/log/text", "/files/kept.txt"):
        answer = await api.answer(files + path)
        assert answer.code in (404, 503), path
        assert SECRET not in answer.body
    assert "are not followed" in (await api.problem(f"{files}/log/text"))[1]
    cell = sweep.paths.bundle / "cell.py"
    for path in (sweep.paths.spec, cell):
        before = path.read_bytes()
        path.unlink()
        path.symlink_to(secret)
        answer = await api.answer("sweeps/sweep000")
        assert (answer.code, SECRET in answer.body) == (503, False)
        path.unlink()
        path.write_bytes(before)
    assert (await api.answer("sweeps/sweep000")).code == 200
    folder.parent.rename(tmp_path / "away")
    folder.parent.symlink_to(outside)
    assert (await api.problem(f"{files}/files/secret.txt"))[0] == 404


SECRET = b"the secret of another file"
INSIDE = b"what the run saved"


def swap(path: Path, other: Path, until: threading.Event) -> None:
    """Have a link to another place at a path, and what was there, in turn, as fast as it goes."""
    real, link = path.with_name(f"{path.name}-real"), path.with_name(f"{path.name}-link")
    link.symlink_to(other)
    while not until.is_set():
        path.rename(real)
        link.rename(path)
        path.rename(link)
        real.rename(path)


@pytest.mark.parametrize("swapped", ["a.txt", "sub", "files", "run", "linked.txt", "log", "runs"])
async def test_a_link_that_is_swapped_meanwhile_never_leads_out(
    api: Api, sweep: Written, tmp_path: Path, swapped: str
) -> None:
    run = sweep.run(FilesRecord(("linked.txt",)))
    folder = sweep.saved(run, {"a.txt": INSIDE, "sub/a.txt": INSIDE})
    kept = sweep.paths.run(run).persistent_dir
    kept.mkdir(parents=True)
    (kept / "linked.txt").write_bytes(INSIDE)
    (folder / "linked.txt").symlink_to(kept / "linked.txt")
    output = sweep.output(run, INSIDE)
    outside = tmp_path / "outside"
    for path in ("a.txt", "files/a.txt", "files/sub/a.txt", f"{run}/output.log"):
        (outside / path).parent.mkdir(parents=True, exist_ok=True)
        (outside / path).write_bytes(SECRET)
    path, other, asked = {
        "a.txt": (folder / "a.txt", outside / "a.txt", "files/a.txt"),
        "sub": (folder / "sub", outside, "files/sub/a.txt"),
        "files": (folder, outside / "files", "files/sub/a.txt"),
        "run": (folder.parent, outside, "files/a.txt"),
        "linked.txt": (kept / "linked.txt", outside / "a.txt", "files/linked.txt"),
        "log": (output, outside / "a.txt", "log"),
        "runs": (output.parent.parent, outside, "log/text"),
    }[swapped]
    ended = threading.Event()
    swapping = threading.Thread(target=swap, args=(path, other, ended))
    swapping.start()
    try:
        answers = [await api.answer(f"sweeps/sweep000/runs/{run}/{asked}") for _ in range(120)]
    finally:
        ended.set()
        swapping.join()
    assert not [answer for answer in answers if SECRET in answer.body]
    assert {answer.code for answer in answers} <= {200, 404, 503}
    assert INSIDE in (await api.answer(f"sweeps/sweep000/runs/{run}/{asked}")).body


class Halved:
    """A client that reads an answer while its file is made shorter."""

    def __init__(self, api: Api, path: str) -> None:
        self._url = urlsplit(api.root + path)
        self._token = api.token

    async def read(self, meanwhile: Callable[[], object]) -> tuple[bytes, bytes]:
        reader, writer = await asyncio.open_connection(self._url.hostname, self._url.port)
        writer.write(
            f"GET {self._url.path} HTTP/1.1\r\nHost: {self._url.netloc}\r\n"
            f"Authorization: token {self._token}\r\nAccept-Encoding: gzip\r\n\r\n".encode()
        )
        head = await reader.readuntil(b"\r\n\r\n")
        meanwhile()
        body = await asyncio.wait_for(reader.read(), 30)  # to the end of the connection
        writer.close()
        return head, body


async def test_a_download_tells_its_length(api: Api, sweep: Written) -> None:
    run = sweep.run()
    sweep.saved(run, {"a.bin": b"x" * 1_000_000, "empty.txt": b""})
    sweep.output(run, b"line\n")
    for path, size in {"files/a.bin": 1_000_000, "files/empty.txt": 0, "log/text": 5}.items():
        answer = await api.answer(f"sweeps/sweep000/runs/{run}/{path}")
        assert answer.headers["Content-Length"] == str(size)
        assert "Transfer-Encoding" not in answer.headers


async def test_a_download_that_is_cut_ends_with_its_connection(api: Api, sweep: Written) -> None:
    run = sweep.run()
    size = 64_000_000  # more than the network between takes at once
    file = sweep.saved(run, {"a.bin": b""}) / "a.bin"
    os.truncate(file, size)
    client = Halved(api, f"sweeps/sweep000/runs/{run}/files/a.bin")
    head, body = await client.read(lambda: os.truncate(file, 1000))
    assert b"Content-Length: %d\r\n" % size in head
    assert len(body) < size


class TestCompressing:
    @pytest.fixture
    def jp_server_config(self, jp_server_config: dict[str, Any]) -> dict[str, Any]:
        jp_server_config["ServerApp"]["tornado_settings"] = {"compress_response": True}
        return jp_server_config

    async def test_one_without_a_length_does_not_end_regularly(
        self, api: Api, sweep: Written
    ) -> None:
        run = sweep.run()
        file = sweep.saved(run, {"a.txt": b""}) / "a.txt"
        file.write_bytes(os.urandom(32_000_000))
        client = Halved(api, f"sweeps/sweep000/runs/{run}/files/a.txt")
        head, body = await client.read(lambda: os.truncate(file, 1000))
        assert b"Transfer-Encoding: chunked\r\n" in head
        assert not body.endswith(b"0\r\n\r\n")


def test_a_type_is_told_by_the_name_alone() -> None:
    assert media_type("media/html/x.html") == "text/html"
    assert media_type("a.log") == "text/plain"
    assert media_type("a") == "application/octet-stream"


async def test_a_link_that_run_save_left_is_followed(
    api: Api, make_sweep: Make, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    worked = tmp_path / "worked"
    worked.mkdir()
    monkeypatch.chdir(worked)
    sweep = make_sweep()
    (worked / "note.md").write_text("a note", "utf-8")
    run = sweep.run(FilesRecord(("note.md",)))
    folder = sweep.saved(run, {"other.txt": b"x"})
    (folder / "note.md").symlink_to(worked / "note.md")
    (folder / "unlisted.md").symlink_to(worked / "note.md")
    (file,) = (await api.get(f"{RUNS}/{run}/files"))["files"]
    assert file["size"] == 6
    assert (await api.answer(f"{RUNS}/{run}/files/note.md")).body == b"a note"
    assert (await api.answer(f"{RUNS}/{run}/files/unlisted.md")).code == 404


async def test_a_link_out_of_where_the_run_worked_is_not_followed(
    api: Api, sweep: Written
) -> None:
    run = sweep.run(FilesRecord(("passwd",)))
    folder = sweep.saved(run, {"other.txt": b"x"})
    (folder / "passwd").symlink_to("/etc/passwd")
    assert (await api.answer(f"{RUNS}/{run}/files/passwd")).code == 404


async def test_a_folder_that_is_a_link_is_none(api: Api, sweep: Written, tmp_path: Path) -> None:
    run = sweep.run()
    folder = sweep.saved(run, {"secret.txt": b"x"})
    elsewhere = tmp_path / "elsewhere"
    folder.rename(elsewhere)
    folder.symlink_to(elsewhere)
    assert (await api.answer(f"{RUNS}/{run}/files/secret.txt")).code == 404

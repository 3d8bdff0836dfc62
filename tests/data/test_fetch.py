"""``harness data fetch`` against a server on this machine."""

from __future__ import annotations

import errno
import hashlib
import io
import os
import signal
import tarfile
import threading
import time
from collections.abc import Iterator
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("pooch")

from harness.cli import main
from harness.core import registry
from harness.data import fetch
from harness.data.archives import RemoteArchive, fetch_archive

FOLDER = "cifar-10-batches-py"
NAME = "cifar-10-python.tar.gz"
# Noise, so that the archive is larger than several portions of a download.
CONTENT = np.random.default_rng(0).bytes(300_000)


def packed(*members: str, link: str = "") -> bytes:
    """A compressed archive of files with the same content; a symbolic link in place of them."""
    target = io.BytesIO()
    with tarfile.open(fileobj=target, mode="w:gz") as tar:
        for name in members:
            info = tarfile.TarInfo(name)
            info.size = 0 if link else len(CONTENT)
            if link:
                info.type, info.linkname = tarfile.SYMTYPE, link
            tar.addfile(info, io.BytesIO(CONTENT))
    return target.getvalue()


ARCHIVE = packed(f"{FOLDER}/data_batch_1")
HALF = len(ARCHIVE) // 2


class Web:
    """A server of one file, and what it was asked.

    Attributes:
        body: the file.
        ranges: whether it sends parts of it.
        status: what it answers instead, unless 0.
        stop_after: bytes after which it closes the connection, once.
        interrupt: interrupts the client there, as soon as it has written to this file.
        asked: the range of each request, empty where it asked for none.
        sent: bytes sent for each request.
    """

    def __init__(self) -> None:
        self.body, self.ranges, self.status = ARCHIVE, True, 0
        self.stop_after = 0
        self.interrupt: Path | None = None
        self.asked: list[str] = []
        self.sent: list[int] = []
        web = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                web.answer(self)

            def log_message(self, *words: object) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}/some/{NAME}"

    def answer(self, request: BaseHTTPRequestHandler) -> None:
        wanted = request.headers.get("Range", "")
        self.asked.append(wanted)
        self.sent.append(0)
        if self.status:
            request.send_error(self.status)
            return
        start = int(wanted.removeprefix("bytes=").removesuffix("-")) if wanted else 0
        if not self.ranges:
            start = 0
        if start and start >= len(self.body):
            request.send_error(416)
            return
        body = self.body[start:]
        request.send_response(206 if start else 200)
        request.send_header("Content-Length", str(len(body)))
        # As some servers do with an archive that is compressed.
        request.send_header("Content-Encoding", "x-gzip")
        request.end_headers()
        if self.stop_after:
            body, self.stop_after = body[: self.stop_after], 0
        self.sent[-1] = len(body)
        request.wfile.write(body)
        if self.interrupt:
            while not (self.interrupt.is_file() and self.interrupt.stat().st_size):
                time.sleep(0.01)
            self.interrupt = None
            signal.pthread_kill(threading.main_thread().ident or 0, signal.SIGINT)


@pytest.fixture
def web(monkeypatch: pytest.MonkeyPatch) -> Iterator[Web]:
    # Whatever proxy this machine has, it is not asked for a server of its own.
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    found = Web()
    thread = threading.Thread(target=found.server.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    yield found
    found.server.shutdown()
    found.server.server_close()


def publish(monkeypatch: pytest.MonkeyPatch, url: str, content: bytes) -> RemoteArchive:
    archive = RemoteArchive(url, f"md5:{hashlib.md5(content).hexdigest()}")
    data = replace(fetch.LIVE_DATA["cifar10"], source=archive)
    monkeypatch.setitem(fetch.LIVE_DATA, "cifar10", data)
    return archive


@pytest.fixture
def home(web: Web, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """Where the data comes to lie."""
    monkeypatch.setenv("HARNESS_DATA", str(tmp_path))
    publish(monkeypatch, web.url, ARCHIVE)
    return tmp_path / "live" / "cifar10"


def get() -> int:
    return main(["data", "fetch", "cifar10"])


def seen(home: Path) -> list[str]:
    """What a user sees there."""
    return sorted(path.name for path in home.iterdir() if path.name != ".fetch.lock")


def whole(home: Path) -> bool:
    return seen(home) == [FOLDER] and (home / FOLDER / "data_batch_1").read_bytes() == CONTENT


def test_downloads_once(
    web: Web, home: Path, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert main(["data", "verify", "cifar10"]) == 3
    assert get() == 0
    assert whole(home)
    captured = capfd.readouterr()
    assert captured.out == f"cifar10 is there: {home}\n"
    assert web.url in captured.err
    assert get() == 0
    # Where it is there, nothing needs to be installed.
    monkeypatch.setitem(registry._PROBES, "live", "no_such_module_here")
    assert get() == 0
    assert web.asked == [""]


def test_a_part_of_the_data_is_there(web: Web, home: Path) -> None:
    (home / FOLDER).mkdir(parents=True)
    (home / FOLDER / "data_batch_1").write_bytes(b"a few images")
    assert get() == 0
    assert web.asked == []


def test_says_how_far_it_is(web: Web, home: Path) -> None:
    told: list[tuple[str, int, int]] = []
    archive = fetch.LIVE_DATA["cifar10"].source
    assert isinstance(archive, RemoteArchive)
    (home / f"{NAME}.part").parent.mkdir(parents=True)
    (home / f"{NAME}.part").write_bytes(ARCHIVE[:HALF])
    fetch_archive(archive, home / FOLDER, lambda *words: told.append(words))
    for stage, first in (("download", HALF), ("unpack", None)):
        done = [words[1] for words in told if words[0] == stage]
        assert done == sorted(done)
        assert done[-1] == len(ARCHIVE)
        assert first is None or done[0] == first
    assert {words[2] for words in told} == {len(ARCHIVE)}


def test_damaged_archive(web: Web, home: Path, capfd: pytest.CaptureFixture[str]) -> None:
    web.body = ARCHIVE[:HALF] + b"?" + ARCHIVE[HALF + 1 :]
    assert get() == 3
    error = capfd.readouterr().err
    assert "is not the archive that its authors published" in error
    assert all(hashlib.md5(body).hexdigest() in error for body in (web.body, ARCHIVE))
    assert seen(home) == [f"{NAME}.damaged"]
    web.body = ARCHIVE
    assert get() == 0
    assert web.asked == ["", ""]
    assert (home / FOLDER / "data_batch_1").read_bytes() == CONTENT


@pytest.mark.parametrize("ranges", [True, False])
def test_broken_off(web: Web, home: Path, ranges: bool, capfd: pytest.CaptureFixture[str]) -> None:
    web.ranges, web.stop_after = ranges, HALF
    assert get() == 3
    error = capfd.readouterr().err
    assert "broke off" in error
    assert "The same command goes on from there" in error
    assert seen(home) == [f"{NAME}.part"]
    assert (home / f"{NAME}.part").read_bytes() == ARCHIVE[:HALF]
    assert get() == 0
    assert whole(home)
    assert web.asked == ["", f"bytes={HALF}-"]
    assert web.sent == [HALF, len(ARCHIVE) - HALF if ranges else len(ARCHIVE)]


def test_stopped_before_the_last_byte_was_known_to_be_one(web: Web, home: Path) -> None:
    home.mkdir(parents=True)
    (home / f"{NAME}.part").write_bytes(ARCHIVE)
    assert get() == 0
    assert whole(home)
    assert web.sent == [0]


def test_archive_from_elsewhere(web: Web, home: Path) -> None:
    home.mkdir(parents=True)
    (home / NAME).write_bytes(ARCHIVE)
    assert get() == 0
    assert whole(home)
    assert web.asked == []


@pytest.fixture
def interruptible() -> Iterator[None]:
    # What a shell starts in the background ignores SIGINT.
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.mark.usefixtures("interruptible")
def test_interrupted(web: Web, home: Path, capfd: pytest.CaptureFixture[str]) -> None:
    web.stop_after, web.interrupt = HALF, home / f"{NAME}.part"
    assert get() == 130
    assert "the same command goes on" in capfd.readouterr().err
    kept = (home / f"{NAME}.part").read_bytes()
    assert 0 < len(kept) <= HALF
    assert ARCHIVE.startswith(kept)
    assert get() == 0
    assert whole(home)
    assert web.sent[1] == len(ARCHIVE) - len(kept)


@pytest.mark.parametrize("status", [404, 403, 416, 503])
def test_server_refuses(
    web: Web, home: Path, status: int, capfd: pytest.CaptureFixture[str]
) -> None:
    web.status = status
    assert get() == 3
    error = capfd.readouterr().err
    assert f"the server says {status}" in error
    assert f"put it into {home}" in error
    assert seen(home) == []


def test_nobody_answers(web: Web, home: Path, capfd: pytest.CaptureFixture[str]) -> None:
    web.server.shutdown()
    web.server.server_close()
    assert get() == 3
    error = capfd.readouterr().err
    assert f"{web.url} cannot be reached" in error
    assert "refused" in error
    assert "HTTPConnectionPool" not in error


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs a device that is always full")
def test_disk_is_full_while_downloading(
    web: Web, home: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    home.mkdir(parents=True)
    (home / f"{NAME}.part").symlink_to("/dev/full")
    assert get() == 3
    assert f"cannot write to {home}: {os.strerror(errno.ENOSPC)}" in capfd.readouterr().err


def test_disk_is_full_while_unpacking(
    web: Web, home: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    def full(*words: object, **more: object) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    with monkeypatch.context() as patch:
        patch.setattr(tarfile.TarFile, "extract", full)
        assert get() == 3
    assert "Make room there" in capfd.readouterr().err
    assert seen(home) == [NAME]
    assert get() == 0
    assert whole(home)
    assert web.asked == [""]


def test_two_at_once(web: Web, home: Path, capfd: pytest.CaptureFixture[str]) -> None:
    from filelock import FileLock

    home.mkdir(parents=True)
    with FileLock(home / ".fetch.lock"):
        assert get() == 3
    assert "another process" in capfd.readouterr().err
    assert web.asked == []


@pytest.mark.parametrize(
    "content",
    [
        packed("../evil"),
        packed(f"{FOLDER}/data_batch_1", "evil"),
        packed(f"{FOLDER}/data_batch_1", f"{FOLDER}/../../../evil"),
        packed("/evil"),
        packed(f"{FOLDER}/evil", link="/etc/passwd"),
        packed(f"{FOLDER}/evil", link="../../../evil"),
        ARCHIVE[:HALF],
        b"no archive at all",
    ],
    ids=["above", "beside", "around", "absolute", "link", "relative link", "cut off", "no archive"],
)
def test_unsafe_archive(
    web: Web,
    home: Path,
    content: bytes,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
) -> None:
    web.body = content
    publish(monkeypatch, web.url, content)
    assert get() == 3
    assert str(home / NAME) in capfd.readouterr().err
    assert seen(home) == [NAME]
    assert not list(home.parents[1].rglob("evil"))


def test_python_without_safe_unpacking(
    web: Web, home: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.delattr(tarfile, "data_filter")
    assert get() == 3
    assert "needs Python 3.11.4" in capfd.readouterr().err
    assert seen(home) == [NAME]


def test_without_the_extra(
    web: Web, home: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setitem(registry._PROBES, "live", "no_such_module_here")
    assert get() == 2
    assert "pip install 'nas-harness[live]'" in capfd.readouterr().err
    assert web.asked == []

"""Archives on the web: downloaded with resume, verified, unpacked as a whole.

Pooch downloads a file anew where a transfer broke off, which for gigabytes is a day lost; so the
transfer is our own, on requests, and Pooch computes the digest.
"""

from __future__ import annotations

import shutil
import tarfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http import HTTPStatus
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING

from harness.core.errors import HarnessError

if TYPE_CHECKING:
    from requests import Response

Progress = Callable[[str, int, int], None]
"""Told what is being done (``download`` or ``unpack``), and bytes of the archive: done, in all."""

# Bytes; at most so many are lost where a download is interrupted.
_CHUNK = 1 << 16

# Seconds until a connection stands, and between two arrivals of data.
_PATIENCE = (20, 60)

_SAME_COMMAND = "The same command goes on from there"


class CannotFetch(HarnessError):
    """An archive could not be had or unpacked, or is not the one that its authors published."""


@dataclass(frozen=True)
class RemoteArchive:
    """A tar archive that anybody may download.

    Attributes:
        url: where its authors keep it.
        digest: algorithm and hexadecimal digest of the archive, such as ``md5:c58f...``.
    """

    url: str
    digest: str

    @property
    def file(self) -> str:
        """Name of the archive."""
        return PurePosixPath(self.url).name


def fetch_archive(archive: RemoteArchive, folder: Path, progress: Progress) -> None:
    """Download an archive and unpack it; what an earlier call has done is not done again.

    What arrives is kept beside the folder until all of it is there. An archive that lies there
    already, put there by hand, is used. The folder appears whole or not at all, then the archive is
    removed.

    Args:
        archive: what to fetch.
        folder: what comes of it; has the name of the one folder that all of the archive lies in.
        progress: see `Progress`.

    Raises:
        CannotFetch: the server cannot be reached or has no such file, the transfer broke off, the
            archive is another one or has files outside of its folder, the disk is full, or another
            process fetches it.
    """
    from filelock import FileLock, Timeout

    home, file = folder.parent, folder.with_name(archive.file)
    try:
        home.mkdir(parents=True, exist_ok=True)
        with FileLock(home / ".fetch.lock", timeout=0):
            if not file.is_file():
                _download(archive, file, progress)
            _verify(archive, file)
            _unpack(file, folder, progress)
            file.unlink()
    except Timeout:
        raise CannotFetch(f"another process is fetching {archive.file} into {home}") from None
    except OSError as error:
        raise CannotFetch(
            f"cannot write to {home}: {error.strerror or error}. Make room there, or let "
            f"HARNESS_DATA name another folder. What was downloaded is kept. {_SAME_COMMAND}"
        ) from error


def _download(archive: RemoteArchive, file: Path, progress: Progress) -> None:
    """Get a file, or what a partial file beside it lacks."""
    part = file.with_name(f"{file.name}.part")
    _complete(archive, part, progress)
    part.replace(file)


def _complete(archive: RemoteArchive, part: Path, progress: Progress) -> None:
    """Append to a partial file what it lacks."""
    done = part.stat().st_size if part.is_file() else 0
    with _request(archive, part.parent, done) as response:
        if response.status_code == HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE:
            return  # Nothing is left to send.
        if response.status_code != HTTPStatus.PARTIAL_CONTENT:
            done = 0  # The server knows no ranges and sends everything.
        total = done + int(response.headers.get("Content-Length", 0))
        with part.open("ab" if done else "wb") as file:
            progress("download", done, total)
            # Undecoded: some servers call the compression of the archive one of the transfer.
            for chunk in response.raw.stream(_CHUNK, decode_content=False):
                file.write(chunk)
                done += len(chunk)
                progress("download", done, total)
    if done < total:  # urllib3 says so itself from version 2 on.
        raise _broken_off(archive, f"{done:,} of {total:,} bytes")


@contextmanager
def _request(archive: RemoteArchive, home: Path, start: int) -> Iterator[Response]:
    """Ask for an archive from a byte on, and turn what can go wrong on the way into words."""
    import requests
    from urllib3.exceptions import HTTPError

    by_hand = f"{archive.file} from elsewhere is accepted too: put it into {home}"
    headers = {"Accept-Encoding": "identity"} | ({"Range": f"bytes={start}-"} if start else {})
    try:
        with requests.get(archive.url, headers=headers, stream=True, timeout=_PATIENCE) as response:
            beyond = response.status_code == HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE and start
            if not (response.ok or beyond):
                raise CannotFetch(
                    f"{archive.url} cannot be downloaded: the server says {response.status_code} "
                    f"{response.reason}. {by_hand}"
                )
            yield response
    except requests.RequestException as error:
        raise CannotFetch(
            f"{archive.url} cannot be reached ({_root_of(error)}). Look at the connection and the "
            f"proxy. {by_hand}"
        ) from error
    except HTTPError as error:
        raise _broken_off(archive, str(_root_of(error))) from error


def _root_of(error: BaseException) -> BaseException:
    """What was raised first: what requests raises tells of its own layers."""
    return _root_of(error.__context__) if error.__context__ else error


def _broken_off(archive: RemoteArchive, reason: str) -> CannotFetch:
    return CannotFetch(
        f"the download of {archive.url} broke off ({reason}). What has arrived is kept. "
        f"{_SAME_COMMAND}"
    )


def _verify(archive: RemoteArchive, file: Path) -> None:
    """Set a file aside that is not the published one."""
    import pooch

    algorithm, _, expected = archive.digest.partition(":")
    found = pooch.file_hash(str(file), alg=algorithm)
    if found != expected:
        aside = file.with_name(f"{file.name}.damaged")
        size = file.stat().st_size
        file.replace(aside)
        raise CannotFetch(
            f"{archive.file} is not the archive that its authors published: its {size:,} bytes "
            f"have the {algorithm.upper()} {found}, not {expected}. It was set aside: {aside}. "
            "The same command downloads it anew"
        )


def _unpack(file: Path, folder: Path, progress: Progress) -> None:
    """Unpack beside the folder, then rename."""
    if not hasattr(tarfile, "data_filter"):
        raise CannotFetch(
            f"to unpack safely needs Python 3.11.4. {file} is whole and verified: unpack it there"
        )
    beside, total = folder.with_name(".unpacking"), file.stat().st_size
    shutil.rmtree(beside, ignore_errors=True)
    try:
        # As a stream: to list a large archive first would decompress it twice.
        with file.open("rb") as raw, tarfile.open(fileobj=raw, mode="r|*") as members:
            for member in members:
                if PurePosixPath(member.name).parts[:1] != (folder.name,):
                    raise CannotFetch(
                        f"{file} has a file outside of its folder {folder.name}: "
                        f"{member.name!r}. Nothing was unpacked"
                    )
                members.extract(member, beside, filter="data")
                progress("unpack", raw.tell(), total)
        (beside / folder.name).replace(folder)
    except tarfile.TarError as error:
        raise CannotFetch(f"{file} cannot be unpacked safely: {error}") from error
    finally:
        shutil.rmtree(beside, ignore_errors=True)

"""One file from an address: only on demand, kept with its age, taken up again where it stopped.

Redirects lead to https only, and never into a private network; see :mod:`toolkit.sources.web`.
"""

from __future__ import annotations

import codecs
import datetime as dt
import errno
import hashlib
import json
import os
import shutil
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Any, Final
from urllib.parse import urljoin

import httpx

from toolkit.errors import Problem, SourceError
from toolkit.sources.web import (
    AGENT,
    MOVED,
    TIMEOUT,
    Gate,
    LaterError,
    RefusedError,
    ask_until,
    check_transient,
)

REDIRECTS: Final = 5
CHUNK: Final = 1 << 18
"""Bytes that have to come before a download that breaks off again and again counts as going on."""
FULL: Final = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})
"""What a system says when a disk, or a user's part of it, is full."""
_SHOWN: Final = 200
"""Characters above which the question in an address is not shown."""
_HEAD: Final = 1024
_EXCERPT: Final = 60
_PAGE: Final = b"<"
_BEGINNINGS: Final[Mapping[str, tuple[bytes, ...]]] = MappingProxyType(
    {
        ".parquet": (b"PAR1",),
        ".zip": (b"PK",),
        ".json": (b"{", b"["),
        ".geojson": (b"{",),
    }
)
"""How files begin by their ending; others must not begin like a web page."""
_PARTIAL, _NOT_MODIFIED, _BAD_RANGE = 206, 304, 416

Clock = Callable[[], dt.datetime]
Progress = Callable[[int, int | None], None]


@dataclass(frozen=True, slots=True)
class Kept:
    """What is known of a file in the cache (written beside it).

    Attributes
    ----------
    address : str
        What was asked for.
    retrieved_at : str
        When it was last received, or confirmed to be unchanged (ISO 8601, UTC).
    sha256 : str
        Of the file.
    etag, modified : str
        By which the server recognises the version.
    """

    address: str
    retrieved_at: str
    sha256: str
    etag: str = ""
    modified: str = ""

    def age_days(self, now: dt.datetime) -> int:
        """Return its age in whole days."""
        return max(0, (now - dt.datetime.fromisoformat(self.retrieved_at)).days)


@dataclass(frozen=True, slots=True)
class Wanted:
    """A file to download.

    Attributes
    ----------
    name : str
        File name in the cache.
    address : str
        https; http only to this machine, and only if `Downloader.loopback` says so.
    max_bytes : int
        Size above which it is refused.
    sha256 : str
        Of the file expected; empty where it changes.
    fresh_days : int
        Age up to which the copy in the cache is used without asking.
    """

    name: str
    address: str
    max_bytes: int
    sha256: str = ""
    fresh_days: int = 30


@dataclass(frozen=True, slots=True)
class Downloader:
    """Downloads into a folder, which is the cache.

    Attributes
    ----------
    folder : Path
        Where files are kept.
    offline : bool
        Whether only the cache may answer.
    loopback : bool
        Whether this machine may be asked, over http: for tests.
    now, wait : callable
        Clock, and how to wait some seconds.
    """

    folder: Path
    offline: bool = False
    loopback: bool = False
    now: Clock = lambda: dt.datetime.now(tz=dt.UTC)
    wait: Callable[[float], None] = time.sleep

    def path_of(self, wanted: Wanted) -> Path:
        """Return where a file is kept, whether it is there or not."""
        return self.folder / Path(wanted.name).name

    def known(self, wanted: Wanted) -> Kept | None:
        """Return what is known of the copy in the cache, from whatever address; None if none."""
        return self.known_at(self.path_of(wanted))

    def known_at(self, path: Path) -> Kept | None:
        """Return what is known of a file of the cache; None if it is not there, or is damaged."""
        known = self.noted_at(path)
        return known if known is not None and _sha256(path) == known.sha256 else None

    @staticmethod
    def noted_at(path: Path) -> Kept | None:
        """Return what was noted of a file of the cache, which may have changed since."""
        try:
            known = Kept(**json.loads(_beside(path, ".json").read_text(encoding="utf-8")))
        except (OSError, ValueError, TypeError):
            return None
        return known if path.is_file() else None

    @staticmethod
    def forget(path: Path) -> None:
        """Ask for a file of the cache again the next time, whatever its age."""
        _beside(path, ".json").unlink(missing_ok=True)

    def kept(self, wanted: Wanted) -> Kept | None:
        """Return what is known of the copy in the cache; None if there is no sound one."""
        known = self.known(wanted)
        return known if known is not None and known.address == wanted.address else None

    def fetch(self, wanted: Wanted, *, progress: Progress | None = None) -> Path:
        """Return the file, from the cache where it is fresh.

        Parameters
        ----------
        wanted : Wanted
            What to download.
        progress : callable, optional
            Called with the bytes received and the bytes expected (None if unknown).

        Raises
        ------
        SourceError
            If it cannot be had: no network, an address that is refused, a server that says no, a
            file that is too large or not the one expected.  An older copy stays in the cache.
        """
        known = self.kept(wanted)
        path = self.path_of(wanted)
        if known and (self.offline or known.age_days(self.now()) <= wanted.fresh_days):
            return path
        if self.offline:
            raise _fault(wanted, "download_offline")
        self.folder.mkdir(parents=True, exist_ok=True)
        part = _beside(path, ".part")
        while True:
            held = _size(part)
            try:
                ask_until(lambda: self._ask(wanted, known=known, progress=progress), wait=self.wait)
            except RefusedError as err:
                # What breaks off again and again, and still goes on, is not given up.
                if err.code != "failed" or _size(part) - held < CHUNK:
                    raise _fault(wanted, f"download_{err.code}", found=err.found) from err
            else:
                return path

    # --- one file ---------------------------------------------------------------------------------
    def _ask(self, wanted: Wanted, *, known: Kept | None, progress: Progress | None) -> None:
        """Ask once, following redirects, and keep the file."""
        part = _beside(self.path_of(wanted), ".part")
        begun = _begun(part, wanted)
        with (
            httpx.Client(timeout=TIMEOUT, headers={"User-Agent": AGENT}) as client,
            self._answer(client, wanted, headers=_conditions(part, begun, known=known)) as answer,
        ):
            if answer.status_code == _NOT_MODIFIED and known is not None:
                self._keep(wanted, Kept(**{**asdict(known), "retrieved_at": self._time()}))
                return
            _check_status(answer, wanted, part=part)
            self._receive(answer, wanted, part=part, progress=progress)
            digest = _sha256(part)
            if other := _other_content(part, wanted):
                _forget(part)
                raise _fault(wanted, "download_other_content", found=other)
            if wanted.sha256 and digest != wanted.sha256:
                _forget(part)
                raise _fault(wanted, "download_checksum", found=digest[:12])
            version = {"etag": answer.headers.get("etag", "")}
            version["modified"] = answer.headers.get("last-modified", "")
        part.replace(self.path_of(wanted))
        _beside(part, ".json").unlink(missing_ok=True)
        self._keep(wanted, Kept(wanted.address, self._time(), digest, **version))

    @contextmanager
    def _answer(
        self, client: httpx.Client, wanted: Wanted, *, headers: dict[str, str]
    ) -> Iterator[httpx.Response]:
        """Give the answer behind all redirects; nothing of its body is read yet."""
        address, gate = wanted.address, Gate(self.loopback)
        for _ in range(REDIRECTS + 1):
            gate.check_address(address)
            try:
                with client.stream("GET", address, headers=headers) as answer:
                    gate.check_peer(answer)
                    if answer.status_code not in MOVED:
                        yield answer
                        return
                    address = urljoin(address, answer.headers.get("location", ""))
            except httpx.TransportError as err:
                raise LaterError(reason=type(err).__name__) from err
        raise _fault(wanted, "download_redirects", found=str(REDIRECTS))

    def _receive(
        self, answer: httpx.Response, wanted: Wanted, *, part: Path, progress: Progress | None
    ) -> None:
        """Write the body behind what is there already, up to the size limit."""
        is_rest = answer.status_code == _PARTIAL
        held = part.stat().st_size if is_rest else 0
        length = answer.headers.get("content-length", "")
        encoded = answer.headers.get("content-encoding", "identity") != "identity"
        whole = held + int(length) if length.isdigit() and not encoded else None
        if whole is not None and whole > wanted.max_bytes:
            raise _fault(wanted, "download_too_large", found=_megabytes(whole))
        if whole is not None and whole - held > shutil.disk_usage(part.parent).free:
            raise self._full(wanted, whole=whole, held=held)
        version = {
            "address": wanted.address,
            "etag": answer.headers.get("etag", ""),
            "modified": answer.headers.get("last-modified", ""),
        }
        _beside(part, ".json").write_text(json.dumps(version), encoding="utf-8")
        try:
            with part.open("ab" if is_rest else "wb") as file:
                for chunk in answer.iter_bytes():
                    file.write(chunk)
                    held += len(chunk)
                    if held > wanted.max_bytes:
                        file.close()
                        _forget(part)
                        raise _fault(wanted, "download_too_large", found=_megabytes(held))
                    if progress is not None:
                        progress(held, whole)
                file.flush()
                os.fsync(file.fileno())
        except OSError as err:
            if err.errno in FULL:
                raise self._full(wanted, whole=whole, held=part.stat().st_size) from err
            raise
        if whole is not None and held < whole:
            raise LaterError(reason="IncompleteRead")

    def _full(self, wanted: Wanted, *, whole: int | None, held: int) -> SourceError:
        """Return the fault of a disk without room; what was received stays."""
        size = (whole or wanted.max_bytes) - held
        short = max(0, size - shutil.disk_usage(self.folder).free)
        params = {"folder": str(self.folder), "size": _megabytes(size)}
        return SourceError(
            Problem("download_no_room", where=wanted.name, found=_megabytes(short), params=params)
        )

    # --- the cache --------------------------------------------------------------------------------
    def _keep(self, wanted: Wanted, known: Kept) -> None:
        note = _beside(self.path_of(wanted), ".json")
        started = _beside(note, ".new")
        started.write_text(json.dumps(asdict(known), indent=1), encoding="utf-8")
        started.replace(note)

    def _time(self) -> str:
        return self.now().astimezone(dt.UTC).isoformat(timespec="seconds")


def _check_status(answer: httpx.Response, wanted: Wanted, *, part: Path) -> None:
    """Refuse what is no file; ask later what may get better."""
    status = answer.status_code
    if status == _BAD_RANGE:
        _forget(part)
        raise LaterError(reason=str(status), wait_s=0.0)
    check_transient(answer)
    if status == _PARTIAL:
        begins = answer.headers.get("content-range", "").removeprefix("bytes ").split("-")[0]
        if begins != str(part.stat().st_size if part.is_file() else 0):
            _forget(part)
            raise LaterError(reason="Content-Range", wait_s=0.0)
        return
    if not answer.is_success:
        raise _fault(wanted, "download_refused", found=str(status))


def _begun(part: Path, wanted: Wanted) -> dict[str, Any]:
    """Return what is known of a download that broke off; empty where it cannot be taken up."""
    try:
        known = json.loads(_beside(part, ".json").read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    fits = isinstance(known, dict) and known.get("address") == wanted.address
    return known if fits and part.is_file() and part.stat().st_size else {}


def _conditions(part: Path, begun: dict[str, Any], *, known: Kept | None) -> dict[str, str]:
    """Return the headers that ask for the rest of a file, or for a newer version only."""
    version = begun.get("etag") or begun.get("modified")
    if version and not str(version).startswith("W/"):
        size = part.stat().st_size
        return {"Range": f"bytes={size}-", "If-Range": str(version), "Accept-Encoding": "identity"}
    if known is None:
        return {}
    asked = {"If-None-Match": known.etag, "If-Modified-Since": known.modified}
    return {name: cell for name, cell in asked.items() if cell}


def _other_content(part: Path, wanted: Wanted) -> str:
    """Return the beginning of what cannot be the file wanted: a web page, most often."""
    with part.open("rb") as stream:
        head = stream.read(_HEAD).removeprefix(codecs.BOM_UTF8).lstrip()
    marks = _BEGINNINGS.get(Path(wanted.name).suffix.lower())
    is_right = head.startswith(marks) if marks else not head.startswith(_PAGE)
    return "" if is_right else head[:_EXCERPT].decode("utf-8", errors="replace") or "–"


def _size(path: Path) -> int:
    return path.stat().st_size if path.is_file() else 0


def _sha256(path: Path) -> str:
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def _beside(path: Path, ending: str) -> Path:
    return path.with_name(path.name + ending)


def _forget(part: Path) -> None:
    part.unlink(missing_ok=True)
    _beside(part, ".json").unlink(missing_ok=True)


def _megabytes(size: int) -> str:
    return f"{size / 1e6:.1f}"


def _fault(wanted: Wanted, code: str, *, found: str = "") -> SourceError:
    limit = _megabytes(wanted.max_bytes)
    address = wanted.address
    if len(address) > _SHOWN:
        address = address.partition("?")[0] + "?…"
    params = {"address": address, "limit": limit, "name": Path(wanted.name).name}
    return SourceError(Problem(code, where=wanted.name, found=found, params=params))

"""One file from an address: only on demand, kept with its age, taken up again where it stopped.

Redirects lead to https only.  No machine of a private network is asked, whatever a name resolves
to: the name is looked up before, and who answered is checked before the answer is read.
"""

from __future__ import annotations

import datetime as dt
import email.utils
import hashlib
import ipaddress
import json
import os
import socket
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Final
from urllib.parse import urljoin, urlsplit

import httpx

from toolkit.errors import Problem, SourceError

TRIES: Final = 4
"""How often an address is asked before it is given up."""
FIRST_WAIT_S: Final = 1.0
LONGEST_WAIT_S: Final = 120.0
"""Longest wait that a server may ask for (``Retry-After``) before it counts as failed."""
REDIRECTS: Final = 5
CHUNK: Final = 1 << 18
TIMEOUT: Final = httpx.Timeout(30.0, connect=10.0)
AGENT: Final = "maillage (territorial diagnostic toolkit)"
_TRANSIENT: Final = frozenset({408, 425, 429, 500, 502, 503, 504})
_MOVED: Final = frozenset({301, 302, 303, 307, 308})
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

    @staticmethod
    def known_at(path: Path) -> Kept | None:
        """Return what is known of a file of the cache; None if it is not there, or is damaged."""
        try:
            known = Kept(**json.loads(_beside(path, ".json").read_text(encoding="utf-8")))
        except (OSError, ValueError, TypeError):
            return None
        return known if path.is_file() and _sha256(path) == known.sha256 else None

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
        self._try(wanted, known=known, progress=progress)
        return path

    # --- one file, several tries ------------------------------------------------------------------
    def _try(self, wanted: Wanted, *, known: Kept | None, progress: Progress | None) -> None:
        """Ask until the file is there, the server refuses, or the tries are used up."""
        last = ""
        for turn in range(TRIES):
            try:
                self._ask(wanted, known=known, progress=progress)
            except _LaterError as err:
                last = err.reason
                pause = err.wait_s if err.wait_s is not None else FIRST_WAIT_S * 2.0**turn
                if pause > LONGEST_WAIT_S:
                    raise _fault(wanted, "download_busy", found=f"{pause:.0f}") from err
                if turn < TRIES - 1:
                    self.wait(pause)
            else:
                return
        raise _fault(wanted, "download_failed", found=last)

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
        address = wanted.address
        for _ in range(REDIRECTS + 1):
            self._check_address(address, wanted)
            try:
                with client.stream("GET", address, headers=headers) as answer:
                    self._check_peer(answer, wanted)
                    if answer.status_code not in _MOVED:
                        yield answer
                        return
                    address = urljoin(address, answer.headers.get("location", ""))
            except httpx.TransportError as err:
                raise _LaterError(reason=type(err).__name__) from err
        raise _fault(wanted, "download_redirects", found=str(REDIRECTS))

    def _check_address(self, address: str, wanted: Wanted) -> None:
        """Refuse an address that is not https, or whose name leads into a private network."""
        parts = urlsplit(address)
        host = parts.hostname or ""
        if not host or parts.username or parts.scheme not in {"https", "http"}:
            raise _fault(wanted, "download_address", found=address)
        if _goes_by_proxy(parts.scheme, host) and parts.scheme == "https":
            return  # the proxy, which the user's own settings name, looks the name up
        try:
            found = socket.getaddrinfo(host, parts.port or 443, type=socket.SOCK_STREAM)
        except OSError as err:
            raise _LaterError(reason=str(err.strerror or err)) from err
        machines = {str(row[4][0]) for row in found}
        if self.loopback and all(ipaddress.ip_address(name).is_loopback for name in machines):
            return
        if parts.scheme != "https":
            raise _fault(wanted, "download_address", found=address)
        if not all(_is_public(name) for name in machines):
            raise _fault(wanted, "download_private", found=host)

    def _check_peer(self, answer: httpx.Response, wanted: Wanted) -> None:
        """Refuse an answer of a machine of a private network (a name may change its meaning).

        Behind a proxy the machine is the proxy's, which the user's own settings name.
        """
        stream = answer.extensions.get("network_stream")
        peer = stream.get_extra_info("server_addr") if stream is not None else None
        if not peer or _goes_by_proxy(answer.url.scheme, answer.url.host):
            return
        machine = ipaddress.ip_address(str(peer[0]))
        if not (_is_public(str(machine)) or (self.loopback and machine.is_loopback)):
            raise _fault(wanted, "download_private", found=str(machine))

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
        version = {
            "address": wanted.address,
            "etag": answer.headers.get("etag", ""),
            "modified": answer.headers.get("last-modified", ""),
        }
        _beside(part, ".json").write_text(json.dumps(version), encoding="utf-8")
        with part.open("ab" if is_rest else "wb") as file:
            for chunk in answer.iter_bytes(CHUNK):
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
        if whole is not None and held < whole:
            raise _LaterError(reason="IncompleteRead")

    # --- the cache --------------------------------------------------------------------------------
    def _keep(self, wanted: Wanted, known: Kept) -> None:
        note = _beside(self.path_of(wanted), ".json")
        started = _beside(note, ".new")
        started.write_text(json.dumps(asdict(known), indent=1), encoding="utf-8")
        started.replace(note)

    def _time(self) -> str:
        return self.now().astimezone(dt.UTC).isoformat(timespec="seconds")


class _LaterError(Exception):
    """The server may answer later; ``wait_s`` is how long it asks to be left in peace."""

    def __init__(self, *, reason: str, wait_s: float | None = None) -> None:
        super().__init__(reason)
        self.reason = reason
        self.wait_s = wait_s


def _check_status(answer: httpx.Response, wanted: Wanted, *, part: Path) -> None:
    """Refuse what is no file; ask later what may get better."""
    status = answer.status_code
    if status == _BAD_RANGE:
        _forget(part)
        raise _LaterError(reason=str(status), wait_s=0.0)
    if status in _TRANSIENT:
        raise _LaterError(
            reason=str(status), wait_s=_retry_after(answer.headers.get("retry-after", ""))
        )
    if status == _PARTIAL:
        begins = answer.headers.get("content-range", "").removeprefix("bytes ").split("-")[0]
        if begins != str(part.stat().st_size if part.is_file() else 0):
            _forget(part)
            raise _LaterError(reason="Content-Range", wait_s=0.0)
        return
    if not answer.is_success:
        raise _fault(wanted, "download_refused", found=str(status))


def _retry_after(cell: str) -> float | None:
    """Return how many seconds a server asks to wait: a number, or the distance to a date."""
    if cell.strip().isdigit():
        return float(cell)
    try:
        then = email.utils.parsedate_to_datetime(cell)
    except ValueError:
        return None
    return max(0.0, (then - dt.datetime.now(tz=then.tzinfo)).total_seconds())


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


def _goes_by_proxy(scheme: str, host: str) -> bool:
    """Return whether the settings of this machine send an address through a proxy."""
    named = urllib.request.getproxies()
    is_named = bool(named.get(scheme) or named.get("all"))
    return is_named and not urllib.request.proxy_bypass(host)


def _is_public(machine: str) -> bool:
    address = ipaddress.ip_address(machine.partition("%")[0])
    mapped = getattr(address, "ipv4_mapped", None)
    return bool((mapped or address).is_global) and not address.is_multicast


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
    params = {"address": wanted.address, "limit": limit}
    return SourceError(Problem(code, where=wanted.name, found=found, params=params))

"""Asks a geocoding service for addresses, in batches; what was answered is kept for a while.

The service speaks the grammar of ``/search/csv`` of the Base Adresse Nationale: a file goes there,
and comes back with columns added.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import json
import os
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Final
from urllib.parse import urljoin, urlsplit

import httpx

from toolkit.errors import Problem, SourceError
from toolkit.sources import geocoding
from toolkit.sources.download import CHUNK, Clock
from toolkit.sources.geocoding import Answer, Query
from toolkit.sources.registry import cache_folder
from toolkit.sources.web import (
    AGENT,
    MOVED,
    Gate,
    LaterError,
    RefusedError,
    ask_until,
    check_transient,
)

BATCH: Final = 500
"""Addresses sent at once: a batch that breaks off costs little.  Services take 200,000."""
MAX_BYTES: Final = 20_000_000
"""Size above which an answer is refused."""
FRESH_DAYS: Final = 90
"""Age up to which an answer is used without asking again, in days."""
VARIABLE: Final = "MAILLAGE_GEOCODER"
"""Environment variable with the address of another service."""
_PATH: Final = "/search/csv"
_TIMEOUT: Final = httpx.Timeout(180.0, connect=10.0)
_KEPT: Final = "geocoding.jsonl"

Progress = Callable[[int, int], None]


@dataclass(frozen=True, slots=True)
class Replies:
    """What is known of addresses.

    Attributes
    ----------
    answers : Mapping of str to Answer
        By the key of the query.
    sent, cached : int
        Addresses that were sent, and those of which the answer was there already.
    age_days : int
        Age of the oldest answer that was there already.
    faults : tuple of Problem
        Why answers are missing; empty where none is.
    """

    answers: Mapping[str, Answer]
    sent: int = 0
    cached: int = 0
    age_days: int = 0
    faults: tuple[Problem, ...] = ()


@dataclass(frozen=True, slots=True)
class Geocoder:
    """Asks a service.

    Attributes
    ----------
    folder : Path
        Where answers are kept, for all territories.
    base : str
        Address of the service, to which ``/search/csv`` is added; https.
    offline : bool
        Whether only the answers kept may be used, however old.
    loopback : bool
        Whether this machine may be asked, over http: for tests.
    now, wait : callable
        Clock, and how to wait some seconds.
    """

    folder: Path
    base: str = geocoding.BASE
    offline: bool = False
    loopback: bool = False
    now: Clock = lambda: dt.datetime.now(tz=dt.UTC)
    wait: Callable[[float], None] = time.sleep

    @classmethod
    def of_user(cls, base: str = "", *, offline: bool = False) -> Geocoder:
        """Return the service that is asked for, else that of the environment, else the public one.

        Parameters
        ----------
        base : str, default ""
            Address of a service.
        offline : bool, default False
            Whether only the answers kept may be used.
        """
        chosen = base or os.environ.get(VARIABLE, "") or geocoding.BASE
        return cls(cache_folder(), chosen, offline=offline)

    @property
    def host(self) -> str:
        """Name of the machine that is asked."""
        return urlsplit(self.base).hostname or self.base

    def ask(self, queries: Iterable[Query], *, progress: Progress | None = None) -> Replies:
        """Return what is known of addresses, from the cache where it is fresh.

        What the service does not find in its commune is asked for again without it: a commune may
        have merged since, and the large cities are known by their arrondissements.

        Parameters
        ----------
        queries : iterable of Query
            Addresses; the same address is asked for once.
        progress : callable, optional
            Called with the addresses answered and those to be asked for.

        Returns
        -------
        Replies
            A failure leaves out the answers that are not there; those that are stay in the cache.
        """
        wanted = {query.key: query for query in queries}
        first = self._ask(wanted.values(), progress=progress)
        again = {
            key: replace(query, citycode="")
            for key, query in wanted.items()
            if query.citycode and key in first.answers and not first.answers[key].is_found
        }
        if not again:
            return first
        second = self._ask(again.values(), progress=None)
        found = {
            key: second.answers.get(query.key, first.answers[key]) for key, query in again.items()
        }
        return replace(
            first,
            answers={**first.answers, **found},
            age_days=max(first.age_days, second.age_days),
            faults=first.faults or second.faults,
        )

    def _ask(self, queries: Iterable[Query], *, progress: Progress | None) -> Replies:
        """Return what is known of addresses as they are."""
        wanted = {query.key: query for query in queries}
        kept = _Cache(self.folder / _KEPT, self.base)
        answers, age_days = kept.read(wanted, now=self.now(), any_age=self.offline)
        left = [query for key, query in wanted.items() if key not in answers]
        known = Replies(answers, cached=len(answers), age_days=age_days)
        if not left:
            return known
        if self.offline:
            return replace(known, faults=(self._fault("offline", found=str(len(left))),))
        sent = 0
        faults: tuple[Problem, ...] = ()
        try:
            for start in range(0, len(left), BATCH):
                batch = left[start : start + BATCH]
                found = self._batch(batch)
                sent += len(batch)
                answers.update(found)
                kept.add(found, now=self.now())
                if progress is not None:
                    progress(sent, len(left))
        except SourceError as err:
            faults = err.problem_list
        except OSError as err:
            faults = (self._fault("cache", found=str(err.strerror or err)),)
        missing = sum(query.key not in answers for query in left)
        if missing and not faults:
            faults = (self._fault("rows", found=str(missing)),)
        return replace(known, sent=sent, faults=faults)

    def _batch(self, batch: Sequence[Query]) -> dict[str, Answer]:
        """Return the answers of one batch by key; rows that did not come back are not there."""
        try:
            body = ask_until(lambda: self._post(geocoding.to_csv(batch)), wait=self.wait)
        except RefusedError as err:
            raise SourceError(self._fault(err.code, found=err.found)) from err
        answers = geocoding.read_answers(body)
        return {
            query.key: answers[str(place)]
            for place, query in enumerate(batch)
            if str(place) in answers
        }

    def _post(self, body: bytes) -> bytes:
        """Send a file once and return what comes back."""
        address = self.base.rstrip("/") + _PATH
        fields = {
            "columns": list(geocoding.COLUMNS),
            "citycode": "citycode",
            "result_columns": list(geocoding.RESULT_COLUMNS),
        }
        gate = Gate(self.loopback)
        for _ in range(2):
            gate.check_address(address)
            with (
                httpx.Client(timeout=_TIMEOUT, headers={"User-Agent": AGENT}) as client,
                _broken_is_later(),
                client.stream(
                    "POST",
                    address,
                    data=fields,
                    files={"data": ("addresses.csv", body, "text/csv")},
                ) as answer,
            ):
                gate.check_peer(answer)
                if answer.status_code not in MOVED:
                    return _body(answer)
                address = self._moved(address, answer)
        raise RefusedError(code="moved", found=address)

    def _moved(self, address: str, answer: httpx.Response) -> str:
        """Return where else to send the file: to the same machine only, and as it is."""
        target = urljoin(address, answer.headers.get("location", ""))
        is_same = urlsplit(target)[:2] == urlsplit(address)[:2]
        if not is_same or answer.status_code not in {307, 308}:
            raise RefusedError(code="moved", found=target)
        return str(target)

    def _fault(self, code: str, *, found: str) -> Problem:
        params = {"address": self.base, "variable": VARIABLE}
        return Problem(f"geocoding_{code}", found=found, params=params)


class _Cache:
    """Answers of a service on disk, one a line; the last one of an address counts.

    Parameters
    ----------
    path : Path
        Need not exist.
    base : str
        The service.
    """

    def __init__(self, path: Path, base: str) -> None:
        self._path = path
        self._base = base.rstrip("/")

    def read(
        self, wanted: Iterable[str], *, now: dt.datetime, any_age: bool
    ) -> tuple[dict[str, Answer], int]:
        """Return the answers kept of some keys, and the age in days of the oldest one."""
        names = {self._name(key): key for key in wanted}
        kept: dict[str, tuple[Answer, int]] = {}
        for line in self._lines():
            try:
                row = json.loads(line)
                key = names.get(row["key"])
                age = max(0, (now - dt.datetime.fromisoformat(row["at"])).days)
                if key is not None:
                    kept[key] = (Answer(**row["answer"]), age)
            except (ValueError, TypeError, KeyError):
                continue  # a line that was cut off
        fresh = {key: pair for key, pair in kept.items() if any_age or pair[1] <= FRESH_DAYS}
        answers = {key: answer for key, (answer, _) in fresh.items()}
        return answers, max((age for _, age in fresh.values()), default=0)

    def add(self, answers: Mapping[str, Answer], *, now: dt.datetime) -> None:
        """Keep answers.

        Raises
        ------
        OSError
            If the file cannot be written.
        """
        at = now.astimezone(dt.UTC).isoformat(timespec="seconds")
        lines = [
            json.dumps({"key": self._name(key), "at": at, "answer": asdict(answer)})
            for key, answer in answers.items()
        ]
        self._path.parent.mkdir(parents=True, exist_ok=True)
        with self._path.open("a", encoding="utf-8") as file:
            # A line that was cut off before must not swallow the first of these.
            file.write("".join(f"\n{line}" for line in lines) + "\n")
            file.flush()
            os.fsync(file.fileno())

    def _lines(self) -> list[str]:
        try:
            return self._path.read_text(encoding="utf-8", errors="replace").split("\n")
        except OSError:
            return []

    def _name(self, key: str) -> str:
        """Return under what an answer is kept: no address can be read from it."""
        return hashlib.sha256(f"{self._base}\n{key}".encode()).hexdigest()


@contextmanager
def _broken_is_later() -> Iterator[None]:
    """Take a connection that breaks off for a server that may answer later."""
    try:
        yield
    except httpx.TransportError as err:
        raise LaterError(reason=type(err).__name__) from err


def _body(answer: httpx.Response) -> bytes:
    """Return what came back, if it is an answer and not too large."""
    check_transient(answer)
    if not answer.is_success:
        raise RefusedError(code="refused", found=str(answer.status_code))
    body = bytearray()
    for chunk in answer.iter_bytes(CHUNK):
        body += chunk
        if len(body) > MAX_BYTES:
            raise RefusedError(code="too_large", found=f"{MAX_BYTES / 1e6:.0f}")
    return bytes(body)

"""Manners on the web: whom a machine may ask, how often, and how long it waits; one rule for all.

No machine of a private network is asked, whatever a name resolves to: the name is looked up before,
and who answered is checked before the answer is read.
"""

from __future__ import annotations

import datetime as dt
import email.utils
import ipaddress
import socket
import urllib.request
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, TypeVar
from urllib.parse import urlsplit

import httpx

_T = TypeVar("_T")

TRIES: Final = 4
"""How often an address is asked before it is given up."""
FIRST_WAIT_S: Final = 1.0
LONGEST_WAIT_S: Final = 120.0
"""Longest wait that a server may ask for (``Retry-After``) before it counts as failed."""
TIMEOUT: Final = httpx.Timeout(30.0, connect=10.0)
AGENT: Final = "maillage (territorial diagnostic toolkit)"
TRANSIENT: Final = frozenset({408, 425, 429, 500, 502, 503, 504})
"""Codes of answers that may be better later."""
MOVED: Final = frozenset({301, 302, 303, 307, 308})


class LaterError(Exception):
    """The server may answer later; ``wait_s`` is how long it asks to be left in peace."""

    def __init__(self, *, reason: str, wait_s: float | None = None) -> None:
        super().__init__(reason)
        self.reason = reason
        self.wait_s = wait_s


class RefusedError(Exception):
    """We do not ask, or give up: why, and what was found.

    The caller makes a reason code of ``code``: ``address``, ``private``, ``busy`` or ``failed``.
    """

    def __init__(self, *, code: str, found: str) -> None:
        super().__init__(code)
        self.code = code
        self.found = found


@dataclass(frozen=True, slots=True)
class Gate:
    """Says which machines may be asked.

    Attributes
    ----------
    loopback : bool
        Whether this machine may be asked, over http: for tests.
    """

    loopback: bool = False

    def check_address(self, address: str) -> None:
        """Refuse an address that is not https, or whose name leads into a private network.

        Raises
        ------
        RefusedError
            If it does.
        LaterError
            If the name cannot be looked up now.
        """
        parts = urlsplit(address)
        host = parts.hostname or ""
        if not host or parts.username or parts.scheme not in {"https", "http"}:
            raise RefusedError(code="address", found=address)
        if goes_by_proxy(parts.scheme, host) and parts.scheme == "https":
            return  # the proxy, which the user's own settings name, looks the name up
        try:
            found = socket.getaddrinfo(host, parts.port or 443, type=socket.SOCK_STREAM)
        except OSError as err:
            raise LaterError(reason=str(err.strerror or err)) from err
        machines = {str(row[4][0]) for row in found}
        if self.loopback and all(ipaddress.ip_address(name).is_loopback for name in machines):
            return
        if parts.scheme != "https":
            raise RefusedError(code="address", found=address)
        if not all(_is_public(name) for name in machines):
            raise RefusedError(code="private", found=host)

    def check_peer(self, answer: httpx.Response) -> None:
        """Refuse an answer of a machine of a private network (a name may change its meaning).

        Behind a proxy the machine is the proxy's, which the user's own settings name.

        Raises
        ------
        RefusedError
            If it is one.
        """
        stream = answer.extensions.get("network_stream")
        peer = stream.get_extra_info("server_addr") if stream is not None else None
        if not peer or goes_by_proxy(answer.url.scheme, answer.url.host):
            return
        machine = ipaddress.ip_address(str(peer[0]))
        if not (_is_public(str(machine)) or (self.loopback and machine.is_loopback)):
            raise RefusedError(code="private", found=str(machine))


def ask_until(ask: Callable[[], _T], *, wait: Callable[[float], None]) -> _T:
    """Return what is asked for, asking again while the server says "later".

    Parameters
    ----------
    ask : callable
        Asks once; raises `LaterError` if it is worth another try.
    wait : callable
        Waits some seconds.

    Raises
    ------
    RefusedError
        If the tries are used up (``failed``), or the server asks for a wait that is too long
        (``busy``).
    """
    last = ""
    for turn in range(TRIES):
        try:
            return ask()
        except LaterError as err:
            last = err.reason
            pause = err.wait_s if err.wait_s is not None else FIRST_WAIT_S * 2.0**turn
            if pause > LONGEST_WAIT_S:
                raise RefusedError(code="busy", found=f"{pause:.0f}") from err
            if turn < TRIES - 1:
                wait(pause)
    raise RefusedError(code="failed", found=last)


def check_transient(answer: httpx.Response) -> None:
    """Say that the answer may be better later, where its code says so.

    Raises
    ------
    LaterError
        If the code is one of ``TRANSIENT``.
    """
    if answer.status_code in TRANSIENT:
        wait_s = _retry_after(answer.headers.get("retry-after", ""))
        raise LaterError(reason=str(answer.status_code), wait_s=wait_s)


def goes_by_proxy(scheme: str, host: str) -> bool:
    """Return whether the settings of this machine send an address through a proxy."""
    named = urllib.request.getproxies()
    is_named = bool(named.get(scheme) or named.get("all"))
    return is_named and not urllib.request.proxy_bypass(host)


def _retry_after(cell: str) -> float | None:
    """Return how many seconds a server asks to wait: a number, or the distance to a date."""
    if cell.strip().isdigit():
        return float(cell)
    try:
        then = email.utils.parsedate_to_datetime(cell)
    except ValueError:
        return None
    return max(0.0, (then - dt.datetime.now(tz=then.tzinfo)).total_seconds())


def _is_public(machine: str) -> bool:
    address = ipaddress.ip_address(machine.partition("%")[0])
    mapped = getattr(address, "ipv4_mapped", None)
    return bool((mapped or address).is_global) and not address.is_multicast

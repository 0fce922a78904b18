"""Posting to a webhook: to the address that was checked, within one time for look-up and all, following nothing."""

import http.client
import socket
import ssl
import threading
import time
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from http import HTTPStatus
from typing import Final

from integrations.notifications.targets import Resolve, Target, TargetRefusedError, addresses_of, parse, resolve

SECONDS: Final = 10.0
_MOST_TRIED: Final = 4  # of a name's addresses; each gets its share of the time
# Nothing can end a look-up but the system's resolver, which gives up by itself: it is left to a thread of its own.
_LOOK_UPS: Final = ThreadPoolExecutor(64, thread_name_prefix="look-ups")
# What a bad answer or connection can raise; ValueError comes from a socket that was shut while it was read.
_FAULTS: Final = (OSError, http.client.HTTPException, ValueError)


@dataclass(frozen=True, slots=True)
class Answer:
    """What became of one attempt; ``error`` is a sentence and empty when it was delivered.

    ``is_hopeless`` when another attempt would be no better.
    """

    error: str = ""
    status: int | None = None
    is_hopeless: bool = False

    @property
    def is_gone(self) -> bool:
        """Whether the receiver says that nobody should send anything there any more."""
        return self.status == HTTPStatus.GONE


def post(
    url: str,
    body: bytes,
    headers: Mapping[str, str],
    *,
    resolve: Resolve = resolve,
    tls: ssl.SSLContext | None = None,
    seconds: float = SECONDS,
) -> Answer:
    """Post once. Nothing of the answer is read beyond its status and headers."""
    ends_at = time.monotonic() + seconds
    try:
        target = parse(url)
        addresses = _look_up(target, resolve, seconds)
    except TargetRefusedError as error:
        return Answer(str(error))
    except TimeoutError:
        return Answer(f"The name {target.host} could not be looked up within {seconds:g} seconds.")
    connection = _Connection(target, addresses, tls, ends_at)
    watchdog = threading.Timer(ends_at - time.monotonic(), connection.cut)
    watchdog.daemon = True
    watchdog.start()
    try:
        connection.request("POST", target.path, body, dict(headers))
        response = connection.getresponse()
        status = response.status
        response.close()
    except _FAULTS as error:
        return Answer(_failure(target, error, is_late=connection.is_cut, seconds=seconds))
    finally:
        watchdog.cancel()
        connection.close()
    if connection.is_cut:  # its headers seemed to end where we cut it
        return Answer(_late(seconds))
    return Answer(_judgement(status), status)


def _look_up(target: Target, resolve: Resolve, seconds: float) -> Sequence[str]:
    """Give the addresses of a target. Raises TargetRefusedError, and TimeoutError when they are not there in time."""
    under_way = _LOOK_UPS.submit(addresses_of, target, resolve=resolve)
    try:
        return under_way.result(seconds)
    finally:
        under_way.cancel()  # if it has not begun: others that hang have all the threads


class _Connection(http.client.HTTPConnection):
    """Connects to addresses that were checked, whatever the name means by now, and can be cut from another thread."""

    def __init__(self, target: Target, addresses: Sequence[str], tls: ssl.SSLContext | None, ends_at: float) -> None:
        super().__init__(target.host, target.port)
        self.default_port = 443 if target.is_tls else 80  # is left out of the Host header
        self.is_cut = False
        self._addresses = addresses[:_MOST_TRIED]
        self._tls = (tls or ssl.create_default_context()) if target.is_tls else None
        self._ends_at = ends_at

    def connect(self) -> None:
        """Connect to the first address that answers, and prove by the certificate that it is the host."""
        self.sock = self._reach()
        if self._tls is not None:
            secured = self._tls.wrap_socket(self.sock, server_hostname=self.host, do_handshake_on_connect=False)
            self.sock = secured
            self._left()
            secured.do_handshake()
        self._left()

    def _reach(self) -> socket.socket:
        for address, to_try in zip(self._addresses, range(len(self._addresses), 0, -1), strict=True):
            try:
                reached = socket.create_connection((address, self.port), timeout=self._left() / to_try)
            except OSError:
                if to_try == 1:
                    raise
            else:
                reached.settimeout(self._left())
                return reached
        raise OSError("no address")

    def _left(self) -> float:
        """Give the seconds that are left. Raises TimeoutError when none are."""
        left = self._ends_at - time.monotonic()
        if self.is_cut or left <= 0:  # maybe before there was a socket to cut
            raise TimeoutError
        return left

    def cut(self) -> None:
        """End whatever is going on: a timeout of the socket's own starts anew with each byte that drips in."""
        self.is_cut = True
        held = self.sock
        if held is not None:
            try:
                socket.socket.shutdown(held, socket.SHUT_RDWR)
            except OSError:  # it is closed already
                return


def _judgement(status: int) -> str:
    if HTTPStatus.OK <= status < HTTPStatus.MULTIPLE_CHOICES:
        return ""
    said = f"The endpoint answered {status} {http.client.responses.get(status, '')}".rstrip()
    if HTTPStatus.MULTIPLE_CHOICES <= status < HTTPStatus.BAD_REQUEST:
        return f"{said}. Redirects are not followed: enter the URL that it leads to."
    return f"{said}."


def _late(seconds: float) -> str:
    return f"The endpoint did not answer within {seconds:g} seconds."


def _failure(target: Target, error: Exception, *, is_late: bool, seconds: float) -> str:
    if is_late or isinstance(error, TimeoutError):
        return _late(seconds)
    if isinstance(error, ssl.SSLCertVerificationError):
        return f"The certificate of {target.host} is not valid: {error.verify_message}."
    if isinstance(error, ssl.SSLError):
        return f"No TLS connection to {target.host} could be made ({error.reason or type(error).__name__})."
    if isinstance(error, http.client.HTTPException) and not isinstance(error, http.client.RemoteDisconnected):
        return "The endpoint answered with something that is not HTTP."
    return f"The connection to {target.origin} failed ({type(error).__name__})."

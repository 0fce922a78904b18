"""Posting to a webhook by libcurl: to an address that was checked, within one time for look-up and all, following
nothing.

The look-up is ours, because libcurl shows of a name's addresses only the one that it connects to, and a name is refused
for any private one among them. libcurl is given what was found, and its socket is opened only after a check of its own.
"""

import http.client
import os
import re
import socket
import ssl
import time
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any, Final

import pycurl

from integrations.notifications.url_guard import (
    Resolve,
    Target,
    TargetRefusedError,
    addresses_of,
    check_address,
    parse,
    resolve,
)

SECONDS: Final = 10.0
_MOST_TRIED: Final = 4  # of a name's addresses
_MOST_LINES: Final = 101  # of an answer
_LONGEST_LINE: Final = 65_536  # bytes
_STATUS_LINE: Final = re.compile(rb"HTTP/1\.[01] +(\d{3})\s")
# Nothing can end a look-up but the system's resolver, which gives up by itself: it is left to a thread of its own.
_LOOK_UPS: Final = ThreadPoolExecutor(64, thread_name_prefix="look-ups")
_TOO_LARGE: Final = 100  # CURLE_TOO_LARGE, for which pycurl has no name
_NO_HTTP: Final = (pycurl.E_UNSUPPORTED_PROTOCOL, pycurl.E_FTP_WEIRD_SERVER_REPLY, pycurl.E_WRITE_ERROR, _TOO_LARGE)
_BY_THE_SYSTEM: Final = (
    pycurl.E_COULDNT_CONNECT,
    pycurl.E_SEND_ERROR,
    pycurl.E_RECV_ERROR,
    pycurl.E_SSL_CONNECT_ERROR,
)
# libcurl adds headers of its own unless they are set, or set to nothing.
_HEADERS: Final = {"Accept-Encoding": "identity", "Accept": "", "Content-Type": "", "Expect": "", "User-Agent": ""}


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
    url: str, body: bytes, headers: Mapping[str, str], *, resolve: Resolve = resolve, seconds: float = SECONDS
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
    left = ends_at - time.monotonic()
    if left <= 0:
        return Answer(_late(seconds))
    attempt = _Attempt(target, addresses)
    try:
        return attempt.send(body, headers, left=left, seconds=seconds)
    finally:
        attempt.close()


def _look_up(target: Target, resolve: Resolve, seconds: float) -> Sequence[str]:
    """Give the addresses of a target. Raises TargetRefusedError, and TimeoutError when they are not there in time."""
    under_way = _LOOK_UPS.submit(addresses_of, target, resolve=resolve)
    try:
        return under_way.result(seconds)
    finally:
        under_way.cancel()  # if it has not begun: others that hang have all the threads


class _Attempt:
    """One transfer of libcurl, with what its callbacks decide: where a socket may lead, and how much is read."""

    def __init__(self, target: Target, addresses: Sequence[str]) -> None:
        self.curl = pycurl.Curl()
        self._target = target
        self._addresses = addresses[:_MOST_TRIED]
        self._lines = 0
        self._refusal = ""
        self._status = 0
        self._is_answered = False
        self._opened: list[socket.socket] = []

    def close(self) -> None:
        """Give all back; libcurl has copies of the sockets, which it closes itself."""
        self.curl.close()
        for opened in self._opened:
            opened.close()

    def send(self, body: bytes, headers: Mapping[str, str], *, left: float, seconds: float) -> Answer:
        """Send it within the seconds that are ``left`` of all ``seconds``."""
        self._go_only_there()
        curl = self.curl
        curl.setopt(pycurl.TIMEOUT_MS, max(1, round(left * 1000)))  # 0 would be no limit
        curl.setopt(pycurl.POSTFIELDS, body)
        usual = {name: value for name, value in _HEADERS.items() if name not in headers}
        curl.setopt(pycurl.HTTPHEADER, [f"{name}: {value}".rstrip() for name, value in (usual | {**headers}).items()])
        curl.setopt(pycurl.HEADERFUNCTION, self._take_line)
        curl.setopt(pycurl.WRITEFUNCTION, lambda part: 0)
        try:
            curl.perform()
        except pycurl.error as error:
            if not self._is_answered:
                code, text = error.args
                return Answer(self._refusal or _failure(self._target, code, text, self._fault(), seconds))
        return Answer(_judgement(self._status), self._status)

    def _go_only_there(self) -> None:
        """Lead it to the target and nowhere else, whatever the answer or the environment says."""
        curl, target = self.curl, self._target
        curl.setopt(pycurl.URL, target.origin + target.path)
        curl.setopt(pycurl.REQUEST_TARGET, target.path)  # as it was typed
        curl.setopt(pycurl.PROTOCOLS, pycurl.PROTO_HTTPS if target.is_tls else pycurl.PROTO_HTTP)
        curl.setopt(pycurl.HTTP_VERSION, pycurl.CURL_HTTP_VERSION_1_1)
        curl.setopt(pycurl.FOLLOWLOCATION, 0)
        curl.setopt(pycurl.PROXY, "")  # not even that of the environment
        curl.setopt(pycurl.NOSIGNAL, 1)  # in threads
        curl.setopt(pycurl.IGNORE_CONTENT_LENGTH, 1)  # what is not read may be of any length, and coded in any way
        curl.setopt(pycurl.HTTP_TRANSFER_DECODING, 0)
        known = ",".join(f"[{address}]" if ":" in address else address for address in self._addresses)
        curl.setopt(pycurl.RESOLVE, [f"{target.host}:{target.port}:{known}"])
        curl.setopt(pycurl.OPENSOCKETFUNCTION, self._open_socket)
        paths = ssl.get_default_verify_paths()  # of this system, or SSL_CERT_FILE and SSL_CERT_DIR
        for option, path in ((pycurl.CAINFO, paths.cafile), (pycurl.CAPATH, paths.capath)):
            if path:
                curl.setopt(option, path)
            else:
                curl.unsetopt(option)  # the wheel has a guess

    def _open_socket(self, purpose: int, address: Any) -> Any:
        """Open a socket to what libcurl is about to connect to, however it came by that address."""
        try:
            check_address(self._target, address.addr[0])
        except TargetRefusedError as error:
            self._refusal = str(error)
            return pycurl.SOCKET_BAD
        self._opened.append(socket.socket(address.family, address.socktype, address.protocol))
        return self._opened[-1]

    def _take_line(self, line: bytes) -> int | None:
        """Read on until the headers of the answer end, or are too long."""
        self._lines += 1
        if self._lines > _MOST_LINES or len(line) > _LONGEST_LINE:
            return -1
        if line.startswith(b"HTTP/"):
            known = _STATUS_LINE.match(line)
            self._status = int(known[1]) if known else 0
            return None if known else -1
        if line.strip() or self._status == HTTPStatus.CONTINUE:  # after which comes the answer
            return None
        self._is_answered = True
        return -1

    def _fault(self) -> OSError:
        """Give the system's error, in the class that Python has for it."""
        number = self.curl.getinfo(pycurl.OS_ERRNO)
        return OSError(number, os.strerror(number))


def _judgement(status: int) -> str:
    if HTTPStatus.OK <= status < HTTPStatus.MULTIPLE_CHOICES:
        return ""
    answer = f"The endpoint answered {status} {http.client.responses.get(status, '')}".rstrip()
    if HTTPStatus.MULTIPLE_CHOICES <= status < HTTPStatus.BAD_REQUEST:
        return f"{answer}. Redirects are not followed: enter the URL that it leads to."
    return f"{answer}."


def _late(seconds: float) -> str:
    return f"The endpoint did not answer within {seconds:g} seconds."


def _failure(target: Target, code: int, text: str, fault: OSError, seconds: float) -> str:
    """Say what libcurl's error means to who set the webhook up."""
    if code == pycurl.E_OPERATION_TIMEDOUT or (code in _BY_THE_SYSTEM and isinstance(fault, TimeoutError)):
        return _late(seconds)
    if code == pycurl.E_PEER_FAILED_VERIFICATION:
        return f"The certificate of {target.host} is not valid: {_flaw(target, text)}."
    if code in _NO_HTTP:
        return "The endpoint answered with something that is not HTTP."
    if reason := re.search(r"error:[0-9A-F]+:[^:]*:[^:]*:(.+)", text):  # of OpenSSL
        return f"No TLS connection to {target.host} could be made ({re.sub(r'[^A-Z0-9]+', '_', reason[1].upper())})."
    name = type(fault).__name__ if code in _BY_THE_SYSTEM else "OSError"
    if code == pycurl.E_GOT_NOTHING:
        name = http.client.RemoteDisconnected.__name__
    return f"The connection to {target.origin} failed ({name})."


def _flaw(target: Target, text: str) -> str:
    if "match" in text:
        return f"Hostname mismatch, certificate is not valid for '{target.host}'"
    return re.sub(r" \(\d+\)$", "", text).rpartition(": ")[2]

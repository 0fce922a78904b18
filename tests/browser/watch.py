"""What a browser complains about while somebody walks through the console."""

import re

from playwright.sync_api import BrowserContext, ConsoleMessage, Response, WebError


class Watch:
    """Collects errors on the browser's console (broken content rules among them), of scripts, and of the server."""

    def __init__(self, context: BrowserContext) -> None:
        self.complaints: list[str] = []
        self.document: Response | None = None  # the last page that was answered
        self._allowed: set[int] = set()
        self._may_lose = False
        self._context = context
        context.on("console", self._console)
        context.on("weberror", self._error)
        context.on("response", self._response)

    def end(self) -> None:
        """Listen no more."""
        self._context.remove_listener("console", self._console)
        self._context.remove_listener("weberror", self._error)
        self._context.remove_listener("response", self._response)

    def allow(self, status: int) -> None:
        """Do not complain about answers with this status: the test is about them."""
        self._allowed.add(status)

    def allow_lost_requests(self) -> None:
        """Do not complain about requests that never arrive: the test is about them."""
        self._may_lose = True

    def _console(self, message: ConsoleMessage) -> None:
        refused = re.search(r"(responded with a status of|Response Status Error Code) \d+", message.text)
        is_lost = self._may_lose and re.search("ERR_FAILED|htmx:sendError", message.text)
        # A request that another one replaced was meant to be given up; one that failed says sendError as well.
        is_replaced = re.search("htmx:(sendAbort|afterRequest)", message.text)
        if message.type == "error" and not (refused or is_lost or is_replaced):  # refusals are seen as answers, too
            self.complaints.append(f"{message.page.url if message.page else ''}: {message.text}")

    def _error(self, error: WebError) -> None:
        self.complaints.append(f"{error.page.url if error.page else ''}: {error.error}")

    def _response(self, response: Response) -> None:
        if response.request.resource_type == "document":
            self.document = response
        if response.status >= 400 and response.status not in self._allowed:
            self.complaints.append(f"{response.status} {response.request.method} {response.url}")

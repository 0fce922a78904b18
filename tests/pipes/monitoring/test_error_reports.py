"""Django's own reports of errors tell nothing of what anybody typed, whatever a view says of it."""

import sys

import pytest
from django.http import HttpRequest
from django.test import RequestFactory
from django.views.debug import ExceptionReporter, get_exception_reporter_filter
from django.views.decorators.debug import sensitive_post_parameters

TYPED = "-".join(("Typed", "4711", "secret"))  # as no line of source says it, which a report quotes


def fail(posted: dict[str, str]) -> None:
    cleaned_data = dict(posted)
    raise RuntimeError(f"as it may happen with {len(cleaned_data)} values")


def report_on(request: HttpRequest) -> str:
    """Give what Django would tell of a failure that held what was posted."""
    try:
        fail(request.POST.dict())
    except RuntimeError:
        reporter = ExceptionReporter(request, *sys.exc_info())
    return reporter.get_traceback_html() + reporter.get_traceback_text()


@pytest.mark.parametrize("named", ["", "other"])
def test_a_report_shows_nothing_typed_whatever_a_view_names(named: str) -> None:
    request = RequestFactory().post("/", {"typed": TYPED, "other": TYPED})
    if named:
        sensitive_post_parameters(named)(lambda _request: None)(request)
    report = report_on(request)
    assert TYPED not in report
    assert "as it may happen with 2 values" in report
    assert get_exception_reporter_filter(request).get_post_parameters(request).keys() == {"typed", "other"}

"""Django's own reports of errors: where it went wrong, and nothing of what anybody typed."""

from collections.abc import ItemsView
from types import FrameType
from typing import Any

from django.http import HttpRequest
from django.views.debug import SafeExceptionReporterFilter


class ReportFilter(SafeExceptionReporterFilter):
    """Leaves out what was posted and what functions held of it, of every view.

    So there is no field that a view could forget to name, and none that a library's view names too few of.
    """

    def get_post_parameters(self, request: HttpRequest | None) -> dict[str, str]:
        """Give the names only; everything where Django runs to be debugged."""
        if request is None or not self.is_active(request):
            return super().get_post_parameters(request)
        return dict.fromkeys(request.POST, self.cleansed_substitute)

    def get_traceback_frame_variables(self, request: HttpRequest | None, tb_frame: FrameType) -> ItemsView[str, Any]:
        """Give none; all where Django runs to be debugged."""
        return {}.items() if self.is_active(request) else super().get_traceback_frame_variables(request, tb_frame)

"""Whether what a browser sends comes from a page of ours: else a foreign page could press our buttons."""

from __future__ import annotations

from urllib.parse import urlsplit

from starlette.requests import Request


def from_our_page(request: Request) -> bool:
    """Whether the browser says that a page of ours sent this; what says nothing is no page of ours."""
    site, origin = request.headers.get("sec-fetch-site"), request.headers.get("origin")
    if site is not None and site != "same-origin":
        return False
    if origin is not None and origin != "null":
        return urlsplit(origin).netloc.lower() == request.headers.get("host", "").lower()
    return site == "same-origin"

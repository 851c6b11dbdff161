"""Errors as RFC 9457 problems: what a program that asked is told."""

from __future__ import annotations

from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel, Field
from starlette.responses import Response

PROBLEM_TYPE = "application/problem+json"


class Problem(BaseModel):
    """One error, in the words of RFC 9457."""

    type: str = Field(default="about:blank", description="Names the kind of problem; about:blank: its status")
    title: str = Field(description="The status in words")
    status: int = Field(description="The HTTP status")
    detail: str = Field(description="One sentence on what is wrong here")


def problem(status: int, detail: str, headers: Mapping[str, str] | None = None) -> Response:
    """An answer with this status and a problem+json body."""
    body = Problem(title=HTTPStatus(status).phrase, status=status, detail=detail)
    return Response(body.model_dump_json(), status, dict(headers or {}), media_type=PROBLEM_TYPE)


def problem_answers(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """What a route adds to the OpenAPI description for these statuses."""
    content = {PROBLEM_TYPE: {"schema": Problem.model_json_schema()}}
    return {status: {"description": HTTPStatus(status).phrase, "content": content} for status in statuses}


def wrong_arguments(error: RequestValidationError) -> str:
    """One sentence that names each argument that was refused, and never repeats what was sent."""
    wrong = [f"{'.'.join(str(part) for part in e['loc'][1:])}: {e['msg']}" for e in error.errors()]
    return f"The request has arguments that cannot be used ({'; '.join(wrong[:5])})."

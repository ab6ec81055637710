"""GitLab's two families of errors: `{"error": ...}` of Grape and `{"message": ...}` of the rest."""

from __future__ import annotations

from typing import Any


class Refusal(Exception):
    """An answer other than success: status and body as GitLab gives them."""

    def __init__(self, status: int, body: Any, headers: dict[str, str] | None = None) -> None:
        super().__init__(f"{status} {body}")
        self.status, self.body, self.headers = status, body, headers or {}


def not_found(what: str | None = None) -> Refusal:
    """`404 Project Not Found` for a named thing; `404 Not found` is what a missing row gives."""
    return Refusal(404, {"message": f"404 {what} Not Found" if what else "404 Not found"})


def forbidden(reason: str | None = None) -> Refusal:
    return Refusal(403, {"message": f"403 Forbidden - {reason}" if reason else "403 Forbidden"})


def unauthorized() -> Refusal:
    return Refusal(401, {"message": "401 Unauthorized"})


def grape_error(text: str) -> Refusal:
    return Refusal(400, {"error": text})


def invalid(fields: dict[str, list[str]]) -> Refusal:
    return Refusal(400, {"message": fields})


def bad_request(reason: str) -> Refusal:
    return Refusal(400, {"message": f"400 Bad request - {reason}"})

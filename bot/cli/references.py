"""What people type to name a thing in GitLab."""

from __future__ import annotations

from bot.domain.errors import WrongInput
from bot.wiring import Environment


def refuse_elsewhere(reference: str, environment: Environment) -> str:
    """The same; an address of another GitLab names nothing here."""
    if "://" in reference and not reference.startswith(f"{environment.gitlab_url}/"):
        raise WrongInput(f"{reference} is in another GitLab than {environment.gitlab_url}.")
    return reference

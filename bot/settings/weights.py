"""How the most impacted group is suggested."""

from __future__ import annotations

from pydantic import ConfigDict, Field
from pydantic.dataclasses import dataclass

STRICT = ConfigDict(extra="forbid")


@dataclass(frozen=True, kw_only=True, config=STRICT)
class Weights:
    """Points for each piece of evidence that a group is impacted, and how many make a suggestion."""

    label: int = Field(default=5, ge=0, description="The group's label is on the initiative, or was.")
    feature_category: int = Field(default=3, ge=0, description="A feature category of the group stands in the text.")
    linked_issue: int = Field(default=2, ge=0, description="A linked issue has the group's label.")
    merge_request: int = Field(default=2, ge=0, description="A merge request on it has the group's label.")
    participant: int = Field(default=1, ge=0, description="Somebody of the group takes part.")
    most_of_a_kind: int = Field(default=5, ge=1, description="So many of a kind count, at most.")
    enough: int = Field(default=6, ge=1, description="The least points with which a group is suggested.")
    ahead: int = Field(default=2, ge=1, description="The least distance to the next group.")

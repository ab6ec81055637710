"""What only GraphQL can tell about a list: which work items have a status, and how many threads and notes there are."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from bot.domain.errors import GitLabError, GitLabRefused
from bot.triage.reading import Known

if TYPE_CHECKING:
    from bot.triage.facts import Item
    from bot.triage.runs import Source

Json = dict[str, Any]

_STATUS = """query($source: ID!, $after: String, $statusName: String!%(declared)s) {
  %(holder)s(fullPath: $source) {
    workItems(status: {name: $statusName}, %(descendants)s%(only)safter: $after, first: 100) {
      pageInfo { hasNextPage endCursor }
      nodes { id }
    }
  }
}"""
_COUNTS = """query($source: ID!, $after: String, $iids: [String!]) {
  %(holder)s(fullPath: $source) {
    %(connection)s(after: $after, %(subgroups)siids: $iids) {
      pageInfo { hasNextPage endCursor }
      nodes { id title webUrl userDiscussionsCount userNotesCount }
    }
  }
}"""


# What the answer says of a resource beside its counts, which expressions may read, too.
_OF_NODES = {
    "title": "title",
    "web_url": "webUrl",
    "user_discussions_count": "userDiscussionsCount",
    "user_notes_count": "userNotesCount",
}


class SourceHasNoPath(Exception):
    def __init__(self) -> None:
        self.sentence = "A source with given source_id was not found!"
        super().__init__(self.sentence)


def full_path(known: Known, source: Source) -> str:
    """The path of the source, looked up where it was given as a number."""
    if not source.id.isdigit():
        return source.id
    answer = known.get(source.path, ("per_page", "100"))
    path = (
        answer.get("full_path" if source.kind == "groups" else "path_with_namespace")
        if isinstance(answer, dict)
        else None
    )
    if not path:
        raise SourceHasNoPath
    return str(path)


def _pages(known: Known, query: str, variables: Json, holder: str, connection: str) -> list[Json]:
    nodes: list[Json] = []
    after: str | None = None
    while True:
        data = known.graphql(query, variables | {"after": after})
        found = (data.get(holder) or {}).get(connection)
        if not isinstance(found, dict):
            raise GitLabRefused(200, "the answer has no list", "POST /api/graphql")
        nodes += [node for node in found.get("nodes") or [] if isinstance(node, dict)]
        page = found.get("pageInfo") or {}
        if not page.get("hasNextPage"):
            return nodes
        after = page.get("endCursor")


def number(gid: Any) -> int:
    return int(str(gid).rpartition("/")[2])


def ids_with_status(known: Known, source: Source, name: str) -> frozenset[int]:
    """Database ids of the work items with that status."""
    return _ids(known, source, {"source": full_path(known, source), "statusName": name})


def ids_of_those_with_status(known: Known, source: Source, name: str, items: list[Item]) -> frozenset[int]:
    """Database ids of those of the items that have the status already; of none where GitLab does not say."""
    found: frozenset[int] = frozenset()
    if source.kind == "all":
        return found
    iids = sorted({str(item.row.get("iid")) for item in items}, key=int)
    try:
        for start in range(0, len(iids), 100):
            chunk = iids[start : start + 100]
            found |= _ids(known, source, {"source": full_path(known, source), "statusName": name, "iids": chunk})
    except (GitLabError, SourceHasNoPath):
        return frozenset()  # then the status is set without knowing
    return found


def _ids(known: Known, source: Source, variables: Json) -> frozenset[int]:
    holder = "group" if source.kind == "groups" else "project"
    query = _STATUS % {
        "holder": holder,
        "descendants": "includeDescendants: true, " if holder == "group" else "",
        "declared": ", $iids: [String!]" if "iids" in variables else "",
        "only": "iids: $iids, " if "iids" in variables else "",
    }
    nodes = _pages(known, query, variables, holder, "workItems")
    return frozenset(number(node["id"]) for node in nodes)


def load_counts(
    known: Known, source: Source, items: dict[Any, Item], wanted: Item, counts: dict[Any, dict[str, int]]
) -> None:
    """The counts of all resources of that kind that are known so far, in one query per page."""
    holder = "group" if source.kind == "groups" else "project"
    connection = "issues" if wanted.kind == "issues" else "mergeRequests"
    subgroups = "includeSubgroups: true, " if holder == "group" else ""
    same = [item for item in items.values() if item.kind == wanted.kind and item.key not in counts]
    by_id = {item.row.get("id"): item for item in same}
    query = _COUNTS % {"holder": holder, "connection": connection, "subgroups": subgroups}
    iids = sorted({str(item.row.get("iid")) for item in same}, key=int)
    for start in range(0, len(iids), 100):
        variables = {"source": full_path(known, source), "iids": iids[start : start + 100]}
        for node in _pages(known, query, variables, holder, connection):
            item = by_id.get(number(node["id"]))
            if item is not None:
                for name, field in _OF_NODES.items():
                    value = node.get(field)
                    if value is not None and name not in item.changed:
                        item.row[name] = value + item.notes if isinstance(value, int) else value
                counts[item.key] = {
                    "threads": int(node.get("userDiscussionsCount") or 0),
                    "notes": int(node.get("userNotesCount") or 0),
                }
    for item in same:
        counts.setdefault(item.key, {"threads": 0, "notes": 0})

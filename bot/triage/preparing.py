"""A rule's texts and names for each resource: rendered, and looked up before anything is decided."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from bot.domain.errors import GitLabError
from bot.triage.facts import Item, holder_of
from bot.triage.reading import UnknownName, segment
from bot.triage.ruby.methods.resources import redacted
from bot.triage.ruby.templates import Template
from bot.triage.rules import Rule, names_of
from bot.triage.texts import Writing

if TYPE_CHECKING:
    from bot.triage.engine import Engine

Json = dict[str, Any]


_VISIBILITY = {"private": 0, "internal": 1, "public": 2}
# What of a project can be for its members only, though the project itself is not.
_FEATURES = {"merge_requests": "merge_requests", "branches": "repository"}


@dataclass
class Prepared:
    """The texts of one resource, as a rule's actions will use them; None where the rule has no such action."""

    item: Item
    comment: str = ""
    names: dict[str, list[str] | None] = field(default_factory=dict)
    texts: dict[str, str] = field(default_factory=dict)
    issue: IssueTexts | None = None
    on_summary: str = ""
    line: str = ""


@dataclass
class IssueTexts:
    """The fields of an issue that is to be created, rendered."""

    title: str
    description: str
    labels: list[str] = field(default_factory=list)
    assignees: list[str] = field(default_factory=list)
    due_date: str = ""
    milestone: str = ""
    confidential: bool = False


class Preparing:
    """Of one rule (and one expansion)."""

    def __init__(self, engine: Engine, rule: Rule) -> None:
        self.engine, self.rule, self.known = engine, rule, engine.known
        self.printed: list[str] = []

    # -- texts -------------------------------------------------------------------------------------------------------

    def _prepared(self, items: list[Item]) -> list[Prepared]:
        result = []
        for item in items:
            try:
                result.append(self._prepare(item))
            except (GitLabError, UnknownName):
                raise
            except Exception as error:  # a mistake of ours that one resource shows must not stop the others
                self.engine.fail(self.rule, error, item)
        return result

    def _prepare(self, item: Item) -> Prepared:
        actions, templates = self.rule.actions, self.rule.templates
        prepared = Prepared(item)
        writing = self._writing(item, actions.get("redact_confidential_resources"))
        if "comment" in actions or "mention" in actions:
            prepared.comment = self._comment_text(writing)
        for key in ("labels", "remove_labels", "assignees", "remove_assignees", "reviewers", "remove_reviewers"):
            if key in actions:
                prepared.names[key] = self._names(key, writing)
        for key in ("milestone", "due_date", "title", "move"):
            template = templates.get(("actions", key))
            if template is not None:
                prepared.texts[key] = writing.text(template, "title" if key == "title" else "name").strip("\n")
        if isinstance(actions.get("issue"), dict):
            own = self._writing_for("issue", item)
            prepared.issue = self._issue_texts("issue", own, None)
        if isinstance(actions.get("summarize"), dict):
            own = self._writing_for("summarize", item)
            template = templates.get(("actions", "summarize", "item"))
            prepared.line = own.text(template).removesuffix("\n") if template is not None else ""
            self.printed += own.printed
        template = templates.get(("actions", "comment_on_summary"))
        if template is not None:
            # It stands where the summary stands, and for the same readers.
            on_summary = (
                self._writing_for("summarize", item, redacts=True)
                if isinstance(actions.get("summarize"), dict)
                else self._writing(item, True)
            )
            prepared.on_summary = on_summary.text(template).strip()
        self.printed += writing.printed
        return prepared

    def _writing(self, item: Item, redacts: Any) -> Writing:
        # Only a plain false shows what is confidential; null and "false" do not.
        conceals = self._conceals(item.holder)
        return Writing(
            item.shown, item.kind, self.engine.api, self.engine.clock, redacts=redacts is not False, conceals=conceals
        )

    def _writing_for(self, key: str, item: Item, *, redacts: bool | None = None) -> Writing:
        """For an issue of its own: hidden, too, where more people can read that issue than the resource."""
        value = self.rule.actions[key]
        if redacts is None:
            redacts = value.get("redact_confidential_resources") is not False
        destination = f"projects/{segment(self._destination(key, None if key == 'summarize' else item))}"
        return Writing(
            item.shown,
            item.kind,
            self.engine.api,
            self.engine.clock,
            redacts=redacts,
            hides=self._is_kept_from(item, destination, value.get("confidential")),
            conceals=self._conceals(destination),
        )

    def _is_kept_from(self, item: Item, destination: str, confidential: Any) -> bool:
        """Whether more people read an issue in that project than the resource, so that its text says nothing of it."""
        if not self.engine.options.keeps_secrets:
            return False
        is_more_open = self._openness(destination, unknown=3) > self._openness(item.holder, item.kind)
        return is_more_open or (item.row.get("confidential") is True and confidential is not True)

    def _conceals(self, destination: str) -> Callable[[Json], bool] | None:
        """What else a text for readers of `destination` hides: what lies where fewer people can read."""
        if not self.engine.options.keeps_secrets:
            return None

        def conceals(row: Json) -> bool:
            if "visibility" in row:
                here = _VISIBILITY.get(str(row["visibility"]), 0)
            else:
                holder = holder_of("", row, "")
                here = self._openness(holder, "merge_requests" if "source_branch" in row else "issues") if holder else 0
            return self._openness(destination, unknown=3) > here

        return conceals

    def _openness(self, path: str, kind: str = "issues", *, unknown: int = 0) -> int:
        """How many people can read what is of this kind there: members, everybody with an account, or everybody."""
        answer = self.known.get(path)
        if not isinstance(answer, dict):
            return unknown
        if answer.get(f"{_FEATURES.get(kind, 'issues')}_access_level") in ("private", "disabled"):
            return _VISIBILITY["private"]
        return _VISIBILITY.get(str(answer.get("visibility")), unknown)

    def is_public(self, path: str, kind: str = "issues") -> bool:
        """Whether everybody may read what is of this kind there; asked only where a run keeps secrets."""
        if not self.engine.options.keeps_secrets:
            return False
        try:
            return self._openness(path, kind) == _VISIBILITY["public"]
        except GitLabError:
            return False

    def _shown_rows(self, items: list[Item], key: dict[str, Any], *, confidential: Any) -> list[Json]:
        """`resources` of a summary: all are there, and some show only how to find them."""
        shows_all = key.get("redact_confidential_resources") is False
        rows = []
        destination = f"projects/{segment(self._destination('summarize', None))}" if items else ""
        for item in items:
            hidden = self._is_kept_from(item, destination, confidential)
            hidden = hidden or (not shows_all and item.row.get("confidential") is True)
            rows.append(redacted(item.row) if hidden else item.row)
        return rows

    def _comment_text(self, writing: Writing) -> str:
        actions, templates = self.rule.actions, self.rule.templates
        comment = actions.get("comment")
        if isinstance(comment, list):
            parts = [
                writing.text(templates[("actions", "comment", index)])
                for index in range(len(comment))
                if ("actions", "comment", index) in templates
            ]
        else:
            template = templates.get(("actions", "comment"))
            parts = [writing.text(template)] if template is not None else []
        names = actions.get("mention")
        names = [name for name in names if name is not None] if isinstance(names, list) else names
        mentions = " ".join(f"@{name}" for name in names_of(names) if name)
        return "\n\n".join(part for part in [*parts, mentions] if part).strip()

    def _names(self, key: str, writing: Writing) -> list[str] | None:
        """Rendered, split at commas; None where there is nothing to do."""
        value = self.rule.actions[key]
        if value is None:
            return None
        if self.rule.kind == "work_items":
            return [name for name in names_of(value) if name] or None
        if value == []:
            return [] if key in ("assignees", "reviewers") else None
        names = self._listed(("actions", key), value, writing)
        return names or None

    def _listed(self, path: tuple[str, ...], value: Any, writing: Writing, items: str | None = None) -> list[str]:
        templates: list[Template] = []
        if isinstance(value, list):
            templates = [t for i in range(len(value)) if (t := self.rule.templates.get((*path, i))) is not None]
        elif (template := self.rule.templates.get(path)) is not None:
            templates = [template]
        return [name for template in templates for name in writing.names(template, items=items)]

    def _issue_texts(self, key: str, writing: Writing, items: str | None, rows: list[Json] | None = None) -> IssueTexts:
        """The fields of `issue` or `summarize`, rendered."""
        value, templates = self.rule.actions[key], self.rule.templates
        body_key = "description" if key == "issue" else "summary"

        def text(name: str, place: Any) -> str:
            template = templates.get(("actions", key, name))
            return writing.text(template, place, items=items).removesuffix("\n") if template is not None else ""

        # The title is made before there are items.
        template = templates.get(("actions", key, "title"))
        title = writing.text(template, "title").removesuffix("\n") if template is not None else ""
        if key == "summarize":
            writing.row = {"type": self.rule.kind, "title": title, "items": items, "resources": rows or []}
        description = text(body_key, "markdown")
        texts = IssueTexts(title, description)
        texts.labels = self._listed(("actions", key, "labels"), value.get("labels"), writing, items)
        texts.assignees = self._listed(("actions", key, "assignees"), value.get("assignees"), writing, items)
        texts.due_date, texts.milestone = text("due_date", "name"), text("milestone", "name")
        confidential = value.get("confidential")
        texts.confidential = confidential is True or text("confidential", "name").strip() == "true"
        self.printed += writing.printed
        return texts

    def _destination(self, key: str, item: Item | None) -> str:
        given = self.rule.actions[key].get("destination")
        if given is not None:
            return str(given)
        if item is not None:
            return item.holder.removeprefix("projects/")
        source = self.engine.options.source
        if source.kind != "projects":
            raise UnknownName("A summary of a group or of all projects needs a destination; none was created.")
        return source.id

    # -- names -------------------------------------------------------------------------------------------------------

    def _check_names(self, prepared: list[Prepared]) -> None:
        """Raises UnknownName before anything of this rule is decided."""
        if not prepared:
            return
        if self.rule.kind == "branches":
            return
        for each in prepared:
            holder = each.item.holder
            if self.rule.kind == "work_items":
                self._check_work_item(each)
                continue
            for key in ("labels", "remove_labels"):
                for name in each.names.get(key) or []:
                    self.known.check_label(holder, name)
            for key in ("assignees", "reviewers"):
                for name in each.names.get(key) or []:
                    self.known.user_id(name)
            if each.texts.get("milestone"):
                self.known.milestone_id(holder, each.texts["milestone"])
            if "move" in each.texts and self.rule.kind == "issues":
                self.known.project_id(each.texts["move"])
            if each.issue is not None and each.issue.title.strip():
                self._check_issue("issue", each.issue, self._destination("issue", each.item))

    def _check_issue(self, key: str, texts: IssueTexts, project: str) -> None:
        """Args: key: issue or summarize."""
        holder = f"projects/{segment(project)}"
        if self.rule.actions[key].get("destination") is not None and not self.engine.options.refetch:
            self.known.project_id(project)  # with --refetch the requests are the gem's, which does not look
        for name in texts.labels:
            self.known.check_label(holder, name)
        for name in texts.assignees:
            self.known.user_id(name)
        if texts.milestone:
            self.known.milestone_id(holder, texts.milestone)

    def _check_work_item(self, each: Prepared) -> None:
        names = (each.names.get("labels") or []) + (each.names.get("remove_labels") or [])
        needs_holder = names or each.names.get("assignees") or each.comment
        row = each.item.row
        is_nowhere = "project_id" not in row and "group_id" not in row and (row.get("namespace") or {}).get("full_path")
        if needs_holder and is_nowhere:
            raise UnknownName(
                f"Cannot resolve the project for work item {row.get('web_url')}; "
                "the token may lack access to its project."
            )
        if names:
            there = self.known.label_ids(each.item.holder)
            for name in names:
                if name not in there:
                    raise UnknownName(f"Label `{name}` doesn't exist!")
        for name in each.names.get("assignees") or []:
            self.known.user_id(name)

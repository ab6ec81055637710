"""The decision: its record goes to where decisions are kept, by merge request, and linked initiatives hear of it."""

from __future__ import annotations

import datetime as dt
import re
import unicodedata
from dataclasses import replace

from bot.automations.council.facts import CouncilFacts, Question
from bot.automations.council.setup import Setup
from bot.automations.council.standing import Standing
from bot.domain.changes import ProposeFiles
from bot.domain.confidentiality import allowed_to_read, audience_of_new
from bot.domain.markers import marker
from bot.domain.notes import write_note
from bot.domain.places import is_in
from bot.domain.plan import Step
from bot.domain.resources import WorkItem
from bot.domain.user_text import harmless_title, plain_line
from bot.markdown.sections import named, sections
from bot.settings.templates import Trusted

RECORD_TEMPLATE = "council/decision_record.md"
RECORD_VALUES = frozenset({"title", "date", "dri", "people", "question", "options", "decision", "url"})
REQUEST_TEMPLATE = "council/merge_request.md"
REQUEST_VALUES = frozenset({"reference", "guidelines", "folder", "dri", "was_discussed"})
MOST_SLUG = 60
MOST_TITLE = 200


def why_no_record(each: Question, facts: CouncilFacts, setup: Setup) -> str:
    """A sentence where the decision must not be copied; empty where it may, or where the section keeps none."""
    records = setup.own.records
    if records is None:
        return ""
    project, source = facts.projects.get(records.project), facts.projects.get(each.issue.project_path)
    if project is None:
        return f"the bot does not see {records.project}"
    if source is None:
        return "GitLab does not tell who can read this issue"
    members = facts.readers.get(project.path.lower(), ())
    # The record stands in the repository, whoever may see the project's issues.
    repository = replace(project, issues_for_members=False)
    readers = audience_of_new(repository, members, facts.own_ids, confidential=False)
    allowed = allowed_to_read(each.issue, source, facts.readers.get(source.path.lower(), ()))
    if not readers.is_within(allowed):
        return f"people can read {records.project} who cannot read this issue"
    return ""


def plan_record(each: Question, standing: Standing, facts: CouncilFacts, setup: Setup, now: dt.datetime) -> list[Step]:
    """The merge request with the record, in the form of MADR, and a line for the guidelines."""
    records = setup.own.records
    if records is None or why_no_record(each, facts, setup):
        return []
    issue = each.issue
    day = setup.day(now).isoformat()
    title = harmless_title(issue.title, MOST_TITLE)
    file = f"{records.folder}/{day}-{_slug(issue.title)}-{issue.iid}.md"
    known = sections(issue.description)
    names = setup.own.sections
    texts = {
        part: (found.text if (found := named(heading, known)) is not None else "")
        for part, heading in (("question", names.question), ("options", names.options), ("decision", names.decision))
    }
    content = setup.templates.render(
        RECORD_TEMPLATE,
        title=title,
        date=Trusted(day),
        dri=Trusted(standing.dri or setup.section.dri),
        people=Trusted(", ".join(sorted(setup.representatives_on(setup.day(now))))),
        url=Trusted(issue.web_url),
        **texts,
    )
    description = setup.templates.render(
        REQUEST_TEMPLATE,
        reference=Trusted(f"{issue.reference}+"),
        guidelines=Trusted(records.guidelines),
        folder=Trusted(records.folder),
        dri=Trusted(standing.dri),
        was_discussed=standing.number > 0,
    )
    change = ProposeFiles(
        project_path=records.project,
        branch=f"council-decision-{issue.project_id}-{issue.iid}",
        title=harmless_title(f"Record the decision: {issue.title}"),
        description=f"{description}\n\n{marker('council_decision', issue=f'{issue.project_id}-{issue.iid}')}",
        file=file,
        content=f"{content}\n",
        listed_in=records.guidelines,
        line=f"* [{plain_line(issue.title, MOST_TITLE)}]({file}), decided on {day}",
    )
    return [Step(change, "the decision is kept where others find it", issue.reference)]


def _slug(title: str) -> str:
    """Letters and digits, for the name of a file."""
    plain = unicodedata.normalize("NFKD", title).encode("ascii", "ignore").decode()
    return re.sub(r"[^a-z0-9]+", "-", plain.lower()).strip("-")[:MOST_SLUG].strip("-") or "decision"


def plan_news(each: Question, facts: CouncilFacts, setup: Setup) -> list[Step]:
    """Linked initiatives hear of it, and the epic that the issue is in, if it is one, where the issue may be named."""
    steps = []
    issue = each.issue
    others: list[WorkItem] = [link.issue for link in each.links]
    others += [each.epic] if each.epic is not None else []
    for other in others:
        is_one = setup.is_initiative(other.labels) and is_in(other.namespace_path, setup.section.group)
        if is_one and other.state == "opened" and facts.projects.may_name(issue, other):
            mark = marker("council_news", of=f"{issue.project_id}-{issue.iid}")
            text = f"The architectural council's question {issue.reference}+ is decided: what was decided stands there."
            steps += write_note(other, mark, text, None, "it is linked to what was decided")
    return steps

"""A repository as far as policies need one: branches with their last commit, their protection, and plain files."""

from __future__ import annotations

import base64
import fnmatch
import hashlib
import re

from bot.emulator import access, entities
from bot.emulator.finding import need_project_role, project_of
from bot.emulator.refusals import Refusal, forbidden, grape_error, not_found
from bot.emulator.store import Store
from bot.emulator.tables import DEVELOPER, MAINTAINER, Branch, Commit, Project, ProtectedBranch, User
from bot.emulator.web import Call, Reply, Route, paged

ROLES = (0, 30, 40, 60)
_BAD_NAME = re.compile(r"[\s~^:?*\[\\]|\.\.|^[-/]|[/.]$|//|@\{|^$")


# -- what changes it -------------------------------------------------------------------------------------------------


def commit_to(store: Store, project: Project, branch: Branch, title: str, author: User) -> Commit:
    """A new commit at the end of the branch."""
    parents = branch.history[-1:]
    now = store.now()
    seed = f"{project.id} {branch.name} {title} {now.isoformat()} {store.next_id('commits')}"
    made = Commit(hashlib.sha1(seed.encode()).hexdigest(), title, author.id, now, parents)  # noqa: S324 - as git does
    project.commits[made.sha] = made
    branch.history.append(made.sha)
    for merge_request in store.project_merge_requests[project.id].values():
        if merge_request.source_branch == branch.name and merge_request.state == "opened":
            merge_request.sha, merge_request.updated_at = made.sha, now
    return made


def start(store: Store, project: Project, author: User, name: str = "main") -> Branch:
    """The first branch of an empty repository; it is the default one and protected."""
    branch = Branch(name)
    project.branches[name] = branch
    project.default_branch = name
    project.protected_branches[name] = ProtectedBranch(store.next_id("protected_branches"), name)
    commit_to(store, project, branch, "Initial commit", author)
    return branch


def protection(project: Project, name: str) -> ProtectedBranch | None:
    for pattern, found in project.protected_branches.items():
        if fnmatch.fnmatchcase(name, pattern):
            return found
    return None


# -- branches --------------------------------------------------------------------------------------------------------


def _project(call: Call) -> Project:
    project = project_of(call)
    if not access.can_read_code(call.store, call.user, project):
        raise forbidden()
    return project


def _shown(call: Call, project: Project, branch: Branch) -> entities.Json:
    store, protected = call.store, protection(project, branch.name)
    level = access.project_level(store, call.user, project)
    default = project.branches.get(project.default_branch or "")
    return {
        "name": branch.name,
        "commit": entities.commit(store, project, project.commits[branch.history[-1]]),
        "merged": default is not None and branch is not default and branch.history[-1] in default.history,
        "protected": protected is not None,
        "developers_can_push": protected is not None and protected.push_access_level <= DEVELOPER,
        "developers_can_merge": protected is not None and protected.merge_access_level <= DEVELOPER,
        "can_push": level >= (protected.push_access_level if protected else DEVELOPER),
        "default": branch is default,
        "web_url": f"{store.external_url}/{store.full_path(project)}/-/tree/{branch.name}",
    }


def _searched(rows: list[Branch], search: str) -> list[Branch]:
    """`^` and `$` anchor, `*` stands for any text; without them a name that is the text itself comes first."""
    text = search.lower()
    if not re.search(r"[*^$]", text):
        found = [branch for branch in rows if text in branch.name.lower()]
        return sorted(found, key=lambda branch: branch.name.lower() != text)
    start_mark, end_mark = "^" if text.startswith("^") else "", "$" if text.endswith("$") else ""
    middle = ".*".join(re.escape(part) for part in text.removeprefix("^").removesuffix("$").split("*"))
    pattern = re.compile(f"{start_mark}{middle}{end_mark}")
    return [branch for branch in rows if pattern.search(branch.name.lower())]


def list_branches(call: Call) -> Reply:
    project = _project(call)
    rows = sorted(project.branches.values(), key=lambda branch: branch.name.encode())
    sort = call.params.choice("sort", ("name_asc", "updated_asc", "updated_desc"), "name_asc") or "name_asc"
    if sort != "name_asc":
        rows.sort(key=lambda branch: project.commits[branch.history[-1]].created_at, reverse=sort.endswith("desc"))
    if call.params.text("search"):
        rows = _searched(rows, call.params.text("search") or "")
    pattern = call.params.text("regex")
    if pattern:
        rows = [branch for branch in rows if re.search(pattern, branch.name)]
    return paged(call, rows, lambda branch: _shown(call, project, branch))


def _branch(call: Call, project: Project) -> Branch:
    name = call.args[1]
    if _BAD_NAME.search(name):
        raise Refusal(400, {"message": "The branch refname is invalid"})
    if name not in project.branches:
        raise not_found("Branch")
    return project.branches[name]


def get_branch(call: Call) -> Reply:
    project = _project(call)
    return Reply(200, _shown(call, project, _branch(call, project)))


def _need_to_push(call: Call, project: Project) -> User:
    user = call.login()
    need_project_role(call, project, DEVELOPER)
    return user


def create_branch(call: Call) -> Reply:
    project = _project(call)
    call.params.require("branch", "ref")
    name, ref = call.params.text("branch") or "", call.params.text("ref") or ""
    if not name:
        raise grape_error("branch is empty")
    user = _need_to_push(call, project)
    if _BAD_NAME.search(name):
        raise Refusal(400, {"message": "Branch name is invalid"})
    if name in project.branches:
        raise Refusal(400, {"message": "Branch already exists"})
    source = project.branches.get(ref)
    if source is None and ref not in project.commits:
        raise Refusal(400, {"message": f"Failed to create branch '{name}': invalid reference name '{ref}'"})
    protected = protection(project, name)
    if protected and access.project_level(call.store, user, project) < protected.push_access_level:
        raise Refusal(400, {"message": "You are not allowed to create protected branches on this project."})
    made = Branch(name, list(source.history), dict(source.files)) if source else Branch(name, [ref])
    project.branches[name] = made
    return Reply(201, _shown(call, project, made))


def delete_branch(call: Call) -> Reply:
    project = _project(call)
    branch = _branch(call, project)
    user = _need_to_push(call, project)
    if branch.name == project.default_branch:
        raise Refusal(400, {"message": "The default branch of a project cannot be deleted."})
    if protection(project, branch.name) and access.project_level(call.store, user, project) < MAINTAINER:
        text = (
            "You are not allowed to delete protected branches from this project. "
            "Only a project maintainer or owner can delete a protected branch."
        )
        raise Refusal(400, {"message": text})
    del project.branches[branch.name]
    return Reply(204)


def delete_merged_branches(call: Call) -> Reply:
    project = _project(call)
    _need_to_push(call, project)
    for branch in list(project.branches.values()):
        if _shown(call, project, branch)["merged"] and protection(project, branch.name) is None:
            del project.branches[branch.name]
    return Reply(202, {"message": "202 Accepted"})


# -- protection ------------------------------------------------------------------------------------------------------


def _protected(call: Call) -> tuple[Project, ProtectedBranch]:
    project = project_of(call)
    need_project_role(call, project, MAINTAINER)
    found = project.protected_branches.get(call.args[1])
    if found is None:
        raise not_found()
    return project, found


def list_protected_branches(call: Call) -> Reply:
    project = project_of(call)
    need_project_role(call, project, MAINTAINER)
    search = (call.params.text("search") or "").lower()
    rows = [found for name, found in project.protected_branches.items() if search in name.lower()]
    return paged(call, rows, entities.protected_branch)


def get_protected_branch(call: Call) -> Reply:
    return Reply(200, entities.protected_branch(_protected(call)[1]))


def protect_branch(call: Call) -> Reply:
    project = project_of(call)
    need_project_role(call, project, MAINTAINER)
    call.params.require("name")
    name = call.params.text("name") or ""
    if name in project.protected_branches:
        raise Refusal(409, {"message": f"Protected branch '{name}' already exists"})
    levels = {}
    for key in ("push_access_level", "merge_access_level"):
        given = call.params.integer(key, MAINTAINER)
        if given not in ROLES:
            raise grape_error(f"{key} does not have a valid value")
        levels[key] = given
    made = ProtectedBranch(
        call.store.next_id("protected_branches"),
        name,
        **levels,
        allow_force_push=call.params.boolean("allow_force_push"),
    )
    project.protected_branches[name] = made
    return Reply(201, entities.protected_branch(made))


def change_protection(call: Call) -> Reply:
    _, found = _protected(call)
    found.allow_force_push = call.params.boolean("allow_force_push", found.allow_force_push)
    return Reply(200, entities.protected_branch(found))


def unprotect_branch(call: Call) -> Reply:
    project, found = _protected(call)
    del project.protected_branches[found.name]
    return Reply(204)


# -- commits and files -----------------------------------------------------------------------------------------------


def _branch_to_write(call: Call, project: Project, user: User, name: str) -> Branch:
    from_branch = call.params.text("start_branch")
    if not project.branches:
        return start(call.store, project, user, name)
    if name not in project.branches:
        source = project.branches.get(from_branch or "")
        if source is None:
            raise Refusal(400, {"message": "You can only create or edit files when you are on a branch"})
        project.branches[name] = Branch(name, list(source.history), dict(source.files))
    protected = protection(project, name)
    if protected and access.project_level(call.store, user, project) < protected.push_access_level:
        raise Refusal(400, {"message": "You are not allowed to push into this branch"})
    return project.branches[name]


def _content(text: str, encoding: str | None) -> str:
    return base64.b64decode(text).decode("utf-8", "replace") if encoding == "base64" else text


def _write_file(branch: Branch, action: str, path: str, content: str) -> None:
    if action == "create" and path in branch.files:
        raise Refusal(400, {"message": "A file with this name already exists"})
    if action in ("update", "delete") and path not in branch.files:
        raise Refusal(400, {"message": "A file with this name doesn't exist"})
    if action == "delete":
        del branch.files[path]
    else:
        branch.files[path] = content


def create_commit(call: Call) -> Reply:
    project = project_of(call)
    call.params.require("branch", "commit_message", "actions")
    user = _need_to_push(call, project)
    branch = _branch_to_write(call, project, user, call.params.text("branch") or "")
    actions = call.params.values["actions"]
    if not isinstance(actions, list):
        raise grape_error("actions is invalid")
    for action in actions:
        _write_file(
            branch,
            str(action.get("action")),
            str(action.get("file_path")),
            _content(str(action.get("content", "")), action.get("encoding")),
        )
    made = commit_to(call.store, project, branch, call.params.text("commit_message") or "", user)
    return Reply(201, entities.commit(call.store, project, made))


def list_commits(call: Call) -> Reply:
    project = _project(call)
    branch = project.branches.get(call.params.text("ref_name") or project.default_branch or "")
    rows = list(reversed(branch.history)) if branch else []
    return paged(call, rows, lambda sha: entities.commit(call.store, project, project.commits[sha]))


def get_commit(call: Call) -> Reply:
    project = _project(call)
    branch = project.branches.get(call.args[1])
    found = project.commits.get(branch.history[-1] if branch else call.args[1])
    if found is None:
        raise not_found("Commit")
    return Reply(200, entities.commit(call.store, project, found))


def get_file(call: Call) -> Reply:
    project = _project(call)
    call.params.require("ref")
    branch = project.branches.get(call.params.text("ref") or "")
    if branch is None or call.args[1] not in branch.files:
        raise not_found("File")
    content = branch.files[call.args[1]].encode()
    return Reply(
        200,
        {
            "file_name": call.args[1].rpartition("/")[2],
            "file_path": call.args[1],
            "size": len(content),
            "encoding": "base64",
            "content": base64.b64encode(content).decode(),
            "content_sha256": hashlib.sha256(content).hexdigest(),
            "ref": branch.name,
            "blob_id": hashlib.sha1(content).hexdigest(),  # noqa: S324 - as git does
            "commit_id": branch.history[-1],
            "last_commit_id": branch.history[-1],
            "execute_filemode": False,
        },
    )


def _file(call: Call, action: str) -> Reply:
    project = project_of(call)
    call.params.require("branch", "commit_message", *(() if action == "delete" else ("content",)))
    user = _need_to_push(call, project)
    branch = _branch_to_write(call, project, user, call.params.text("branch") or "")
    content = _content(call.params.text("content") or "", call.params.text("encoding"))
    _write_file(branch, action, call.args[1], content)
    commit_to(call.store, project, branch, call.params.text("commit_message") or "", user)
    if action == "delete":
        return Reply(204)
    return Reply(201 if action == "create" else 200, {"file_path": call.args[1], "branch": branch.name})


def create_file(call: Call) -> Reply:
    return _file(call, "create")


def update_file(call: Call) -> Reply:
    return _file(call, "update")


def delete_file(call: Call) -> Reply:
    return _file(call, "delete")


REPOSITORY = "/v4/projects/:id/repository"
PROTECTED = "/v4/projects/:id/protected_branches"
ROUTES: list[Route] = [
    ("GET", f"{REPOSITORY}/branches", list_branches),
    ("POST", f"{REPOSITORY}/branches", create_branch),
    ("GET", f"{REPOSITORY}/branches/:branch", get_branch),
    ("DELETE", f"{REPOSITORY}/branches/:branch", delete_branch),
    ("DELETE", f"{REPOSITORY}/merged_branches", delete_merged_branches),
    ("GET", PROTECTED, list_protected_branches),
    ("POST", PROTECTED, protect_branch),
    ("GET", f"{PROTECTED}/:name", get_protected_branch),
    ("PATCH", f"{PROTECTED}/:name", change_protection),
    ("DELETE", f"{PROTECTED}/:name", unprotect_branch),
    ("GET", f"{REPOSITORY}/commits", list_commits),
    ("POST", f"{REPOSITORY}/commits", create_commit),
    ("GET", f"{REPOSITORY}/commits/:sha", get_commit),
    ("GET", f"{REPOSITORY}/files/:file_path", get_file),
    ("POST", f"{REPOSITORY}/files/:file_path", create_file),
    ("PUT", f"{REPOSITORY}/files/:file_path", update_file),
    ("DELETE", f"{REPOSITORY}/files/:file_path", delete_file),
]

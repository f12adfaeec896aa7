"""The configurations of network devices through time, in one git repository, one file a device."""

from __future__ import annotations

import fcntl
import os
import re
import shutil
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from difflib import unified_diff
from pathlib import Path
from urllib.parse import quote

from dulwich.objects import Blob, Commit, ObjectID, ShaFile, Tree
from dulwich.refs import Ref
from dulwich.repo import Repo

from provisioner.database import now
from provisioner.errors import Retriable
from provisioner.runs.configuration_texts import kept, places
from provisioner.texts import say

BEFORE, AFTER, BACKUP, UNREAD = "before", "after", "backup", "unread"
_MAIN, _LEFT = Ref(b"refs/heads/main"), Ref(b"refs/heads/ours")
"""What each device had when it was looked at, and what it had when we last left it changed."""
_FILE = 0o100644
_PACKED = 50
"""So many new files and more are written as one pack, which is one file to write."""
_LOOSE = 8
"""Single files in one of git's 256 folders; above it all of them are put into a pack."""
_TRAILER = re.compile(r"^(Request|Run|Moment): (.+)$", re.MULTILINE)
_OLD = re.compile(r"(\d{8}T\d{6})-(.+)-(before|after)\.txt")


@dataclass(frozen=True)
class Cause:
    """Why a configuration is kept: of which request and run, and who set that off."""

    number: str = ""
    run_id: str = ""
    actor: str = "system"


@dataclass(frozen=True)
class Kept:
    """One version of a device's configuration; ``commit`` names it."""

    commit: str
    at: datetime
    author: str
    number: str
    run_id: str
    when: str


class ConfigurationHistory:
    """All of them in ``directory``, a bare git repository that any git can read.

    Kept is a text without secrets (``secrets`` gives those that are known) and without volatile
    lines; where nothing changed there is no new version. Threads and processes may write at the
    same time: each waits its turn at a lock of the operating system, which dies with its holder. A
    version is whole or not there, whenever the process is killed.
    """

    def __init__(self, directory: Path, secrets: Callable[[], Iterable[str]] = lambda: ()) -> None:
        self._directory, self._secrets = directory, secrets

    def keep(self, cause: Cause | str, host: str, when: str, text: str) -> None:
        """One device's configuration; see ``keep_all``."""
        self.keep_all(cause, when, {host: text})

    def keep_all(self, cause: Cause | str, when: str, texts: Mapping[str, str]) -> str | None:
        """Configurations by device, as one version; returns its commit, None where nothing changed.

        ``when``: ``before`` and ``after`` a change of ours, or ``backup``; ``unread``: changed by
        us, but nobody could look since, so what we left there is not known. ``cause`` as a text is
        the identifier of a run. Raises Retriable where the disk does not take it.
        """
        cause = Cause(run_id=cause) if isinstance(cause, str) else cause
        secrets = tuple(self._secrets())
        try:
            with self._locked() as repo:
                if when == UNREAD:
                    return _commit(repo, _LEFT, cause, when, dict.fromkeys(texts))
                texts = {host: kept(text, secrets) for host, text in texts.items() if text}
                made = _commit(repo, _MAIN, cause, when, texts)
                if when == AFTER:
                    _commit(repo, _LEFT, cause, when, texts)
                return made
        except OSError as error:
            raise self._no_room(error) from error

    def _no_room(self, error: OSError) -> Retriable:
        return Retriable(
            say(
                "The configurations of devices cannot be kept in %(folder)s: %(why)s",
                folder=str(self._directory),
                why=error.strerror or type(error).__name__,
            ),
            meaning=say("The disk of this service is full, or may not be written to."),
            next=say("Make room on the disk; the work goes on by itself."),
            after=60,
        )

    def log(self, host: str, limit: int = 50) -> list[Kept]:
        """The versions of a device's configuration, the newest first."""
        with self._opened() as repo:
            return list(_versions(repo, host, limit)) if repo else []

    def show(self, host: str, commit: str = "") -> str:
        """A device's configuration in that version, or in the newest. Raises KeyError."""
        with self._opened() as repo:
            if repo is None:
                raise KeyError(host)
            at = ObjectID(commit.encode()) if commit else repo.refs[_MAIN]
            found = _entry(repo, at, host)
            if found is None:
                raise KeyError(host)
            return _text(repo, found)

    def difference(self, host: str, one: str, other: str) -> list[str]:
        """The lines that differ between two versions, as a unified difference."""
        before, after = self.show(host, one), self.show(host, other)
        lines = unified_diff(
            before.splitlines(), after.splitlines(), one[:12], other[:12], lineterm=""
        )
        return list(lines)

    def changed_outside(self, texts: Mapping[str, str]) -> list[dict[str, str]]:
        """Where these configurations differ from what we left there at our last change.

        ``{host, object, before, now}`` each; nothing for a device that we never changed.
        """
        secrets = tuple(self._secrets())
        found: list[dict[str, str]] = []
        with self._opened() as repo:
            head = _head(repo, _LEFT) if repo else None
            if repo is None or head is None:
                return []
            for host, text in sorted(texts.items()):
                left = _entry(repo, head, host)
                if left is None or not text:
                    continue
                fresh = kept(text, secrets)
                if Blob.from_string(fresh.encode()).id == left:
                    continue
                found += [
                    {"host": host, "object": at.object, "before": at.before, "now": at.now}
                    for at in places(_text(repo, left), fresh)
                ]
        return found

    # ------------------------------------------------------------------ inside

    @contextmanager
    def _opened(self) -> Iterator[Repo | None]:
        """To read, without the lock: what is written is whole before a branch names it."""
        if not (self._directory / "HEAD").is_file():
            yield None
            return
        with Repo(str(self._directory)) as repo:
            yield repo

    @contextmanager
    def _locked(self) -> Iterator[Repo]:
        self._directory.parent.mkdir(parents=True, exist_ok=True)
        place = self._directory.with_name(self._directory.name + ".lock")
        lock = os.open(place, os.O_RDWR | os.O_CREAT, 0o600)
        try:
            fcntl.flock(lock, fcntl.LOCK_EX)
            if not (self._directory / "HEAD").is_file():
                self._begin()
            for branch in (_MAIN, _LEFT):  # of a writer that was killed; nobody else has our lock
                (self._directory / f"{branch.decode()}.lock").unlink(missing_ok=True)
            with Repo(str(self._directory)) as repo:
                repo.object_store.fsync_object_files = True
                yield repo
                _tidy(repo, self._directory)
        finally:
            os.close(lock)

    def _begin(self) -> None:
        """Make the repository, with the versions that earlier releases kept as single files.

        It appears whole: made beside its place, then moved there. The old files stay beside it.
        """
        old = self._directory.with_name(self._directory.name + ".old")
        fresh = self._directory.with_name(self._directory.name + ".new")
        shutil.rmtree(fresh, ignore_errors=True)
        fresh.mkdir(mode=0o700)
        with Repo.init_bare(str(fresh), default_branch=b"main") as repo:
            if self._directory.is_dir():
                self._directory.replace(old)
            for at, run_id, when, host, file in _old_files(old):
                text = kept(file.read_text(), self._secrets())
                _commit(repo, _MAIN, Cause(run_id=run_id), when, {host: text}, at)
                if when == AFTER:
                    _commit(repo, _LEFT, Cause(run_id=run_id), when, {host: text}, at)
        fresh.replace(self._directory)


def _old_files(old: Path) -> list[tuple[datetime, str, str, str, Path]]:
    found = []
    for file in old.glob("*/*.txt"):
        if named := _OLD.fullmatch(file.name):
            at = datetime.strptime(named[1], "%Y%m%dT%H%M%S").replace(tzinfo=UTC)
            found.append((at, named[2], named[3], file.parent.name, file))
    return sorted(found, key=lambda each: (each[0], each[2] == AFTER, each[4]))


def _commit(
    repo: Repo,
    branch: Ref,
    cause: Cause,
    when: str,
    texts: Mapping[str, str | None],
    at: datetime | None = None,
) -> str | None:
    """A version with these files changed (None: gone) on a branch; None where none is."""
    head = _head(repo, branch)
    tree = Tree() if head is None else Tree.from_string(_raw_tree(repo, head))
    fresh: list[ShaFile] = []
    changed: list[str] = []
    for host, text in sorted(texts.items()):
        name = _name(host)
        if text is None:
            if name in tree:
                del tree[name]
                changed.append(host)
            continue
        blob = Blob.from_string(text.encode())
        if name not in tree or tree[name][1] != blob.id:
            tree[name] = (_FILE, blob.id)
            fresh.append(blob)
            changed.append(host)
    if not changed:
        return None
    commit = _as_commit(tree, head, cause, when, changed, at or now())
    _write(repo, [*fresh, tree, commit])
    repo.refs[branch] = commit.id
    return commit.id.decode()


def _as_commit(
    tree: Tree, head: ObjectID | None, cause: Cause, when: str, hosts: list[str], at: datetime
) -> Commit:
    commit = Commit()
    commit.tree = tree.id
    commit.parents = [head] if head is not None else []
    name = re.sub(r"[<>\s]+", " ", cause.actor).strip() or "system"
    commit.author = commit.committer = f"{name} <{quote(name)}@provisioner>".encode()
    commit.author_time = commit.commit_time = int(at.timestamp())
    commit.author_timezone = commit.commit_timezone = 0
    commit.encoding = b"UTF-8"
    named = ", ".join(hosts[:3]) + (f" and {len(hosts) - 3} more" if len(hosts) > 3 else "")
    trailers = (("Request", cause.number), ("Run", cause.run_id), ("Moment", when))
    told = "\n".join(f"{key}: {value}" for key, value in trailers if value)
    subject = f"{cause.number} {when}: {named}".strip()
    commit.message = f"{subject}\n\n{told}\n".encode()
    return commit


def _write(repo: Repo, objects: list[ShaFile]) -> None:
    if len(objects) >= _PACKED:
        repo.object_store.add_objects([(each, None) for each in objects])
        return
    for each in objects:
        repo.object_store.add_object(each)


def _tidy(repo: Repo, directory: Path) -> None:
    """Put single files into one pack, when there are many."""
    one = directory / "objects" / "17"
    if one.is_dir() and len(list(one.iterdir())) > _LOOSE:
        repo.object_store.pack_loose_objects()


def _versions(repo: Repo, host: str, limit: int) -> Iterator[Kept]:
    at = _head(repo, _MAIN)
    while at is not None and limit > 0:
        commit = _read(repo, at)
        parent = commit.parents[0] if commit.parents else None
        found = _entry(repo, at, host)
        if found is not None and (parent is None or _entry(repo, parent, host) != found):
            limit -= 1
            told = dict(_TRAILER.findall(commit.message.decode()))
            yield Kept(
                commit=at.decode(),
                at=datetime.fromtimestamp(commit.commit_time, UTC),
                author=commit.author.decode().partition(" <")[0],
                number=told.get("Request", ""),
                run_id=told.get("Run", ""),
                when=told.get("Moment", ""),
            )
        at = parent


def _name(host: str) -> bytes:
    return quote(host, safe="").encode() + b".cfg"


def _head(repo: Repo, branch: Ref) -> ObjectID | None:
    try:
        return repo.refs[branch]
    except KeyError:
        return None


def _read(repo: Repo, at: ObjectID) -> Commit:
    return Commit.from_string(repo.object_store.get_raw(at)[1])


def _raw_tree(repo: Repo, at: ObjectID) -> bytes:
    return repo.object_store.get_raw(_read(repo, at).tree)[1]


def _entry(repo: Repo, at: ObjectID, host: str) -> ObjectID | None:
    """The file of a device in a version; looked up in the tree as it is stored, which is quick."""
    tree = _raw_tree(repo, at)
    key = b"100644 " + _name(host) + b"\0"
    place = tree.find(key)
    if place < 0:
        return None
    begin = place + len(key)
    return ObjectID(tree[begin : begin + 20].hex().encode())


def _text(repo: Repo, blob: ObjectID) -> str:
    return repo.object_store.get_raw(blob)[1].decode()

"""The durable engine: DBOS keeps every run going, through any crash, until it ends or waits."""

from __future__ import annotations

import fcntl
import json
import logging
import os
import socket
from collections.abc import Callable, Sequence
from datetime import timedelta
from pathlib import Path
from typing import IO, Any

from dbos import DBOS, DBOSClient, DBOSConfig, SetEnqueueOptions, WorkflowHandleAsync, error
from sqlalchemy.orm import Session

from provisioner.database import now
from provisioner.errors import Conflict
from provisioner.runs.runner import Turn
from provisioner.texts import say

log = logging.getLogger(__name__)

VERSION = "1"
"""Of the workflows' shape; with DBOS.patch it never has to change while runs are under way."""
FLOW, CLUSTER = "prov-flow", "prov-cluster"
AT_ONCE = 8
"""Turns at once per cluster; exclusion is by leases, this only bounds the load."""
POLL = 0.2
"""Seconds; each poll of each queue costs some 3 ms of processor time, also while all is idle."""
WAKE = "wake"
BROKEN_OFF = 5.0
"""Seconds until a turn that ended in an unforeseen way is repeated."""
KEEP_HISTORY = timedelta(days=30)

Advance = Callable[[str, int], Turn]


class EngineRunning(Conflict):
    """Another process of this machine carries out runs with the same slot."""

    slug = "engine-running"


class EngineSerializer:
    """DBOS's inputs and results as JSON, encrypted; ids only ever go in."""

    def __init__(self, encrypt: Callable[[str], str], decrypt: Callable[[str], str]) -> None:
        self._encrypt, self._decrypt = encrypt, decrypt

    def name(self) -> str:
        return "provisioner-json-fernet"

    def serialize(self, data: Any) -> str:
        return self._encrypt(json.dumps(data, default=_pack))

    def deserialize(self, serialized_data: str) -> Any:
        return json.loads(self._decrypt(serialized_data), object_hook=_unpack)


class EngineClient:
    """Puts runs in line and wakes them; works in web processes, which carry nothing out."""

    def __init__(self, url: str, serializer: EngineSerializer) -> None:
        self._client = DBOSClient(system_database_url=url, serializer=serializer)  # type: ignore[arg-type]  # duck-typed

    def enqueue(self, session: Session, run_id: str, attempt: int, partition: str) -> None:
        """Put an attempt in line within the caller's commit; twice is once."""
        self._client.enqueue_in_transaction(
            session,
            {
                "workflow_name": "carry_out",
                "queue_name": FLOW,
                "workflow_id": workflow_id(run_id, attempt),
                "app_version": VERSION,
            },
            run_id,
            attempt,
            partition,
        )

    def wake(self, run_id: str, attempt: int) -> None:
        """A sleeping run looks at once; one that does not sleep or exist needs no waking."""
        try:
            self._client.send(workflow_id(run_id, attempt), True, topic=WAKE)
        except error.DBOSNonExistentWorkflowError:
            log.debug("run %s.%s is not under way", run_id, attempt)

    def close(self) -> None:
        """Give connections back."""
        self._client.destroy()


class Engine:
    """The one process per slot that carries runs out."""

    def __init__(
        self, url: str, data_dir: Path, serializer: EngineSerializer, advance: Advance
    ) -> None:
        self._url, self._data_dir = url, data_dir
        self._serializer, self._advance = serializer, advance
        self._lock: IO[str] | None = None

    def start(self) -> None:
        """Take the slot's lock, recover what a crash left, begin to work. Raises EngineRunning."""
        slot = os.environ.get("PROVISIONER_WORKER_SLOT", "1")
        self._lock = _take_lock(self._data_dir / f"engine-{slot}.lock")
        sqlite = self._url.startswith("sqlite")
        config: DBOSConfig = {
            "name": "provisioner",
            "system_database_url": self._url,
            "application_version": VERSION,
            "executor_id": "local" if sqlite else f"{socket.gethostname()}-{slot}",
            "serializer": self._serializer,  # type: ignore[typeddict-item]  # duck-typed
            "log_level": "WARNING",
            "run_migrations": True,
            "notification_listener_polling_interval_sec": 0.5,
        }
        DBOS(config=config)
        _register(self._advance)
        DBOS.launch()
        DBOS.register_queue(FLOW, worker_concurrency=500, polling_interval_sec=POLL)
        DBOS.register_queue(CLUSTER, partition_concurrency=AT_ONCE, polling_interval_sec=POLL)

    def stop(self) -> None:
        """End after the turns in hand; what is not finished goes on at the next start."""
        DBOS.destroy(destroy_registry=True, workflow_completion_timeout_sec=5)
        if self._lock:
            self._lock.close()

    @staticmethod
    def under_way(ids: Sequence[str]) -> set[str]:
        """Which of these workflows the engine still carries on."""
        found = DBOS.list_workflows(
            workflow_ids=list(ids),
            status=["ENQUEUED", "PENDING", "DELAYED"],
            load_input=False,
            load_output=False,
        )
        return {status.workflow_id for status in found}

    @staticmethod
    def prune() -> int:
        """Delete the engine's history of what ended long ago; ours is in our own tables."""
        ended = DBOS.list_workflows(
            status=["SUCCESS", "ERROR", "CANCELLED"],
            completed_before=(now() - KEEP_HISTORY).isoformat(),
            limit=1000,
            load_input=False,
            load_output=False,
        )
        DBOS.delete_workflows([found.workflow_id for found in ended])
        return len(ended)


def migrate(url: str) -> None:
    """Make or upgrade the engine's own tables."""
    logging.getLogger("dbos").setLevel(logging.WARNING)
    DBOS.migrate(url)


def workflow_id(run_id: str, attempt: int) -> str:
    """The engine's id of one attempt of a run."""
    return f"{run_id}.{attempt}"


def _register(advance: Advance) -> None:
    @DBOS.workflow(name="advance", max_recovery_attempts=1000)
    def advance_run(run_id: str, attempt: int) -> dict[str, Any]:
        try:
            turn = advance(run_id, attempt)
        except Exception:
            # a run is never lost: the database may be away, or a fault of ours be mended
            log.exception("run %s: its turn broke off; another follows", run_id)
            turn = Turn("again", BROKEN_OFF)
        return {"next": turn.next, "after": turn.after}

    @DBOS.workflow(name="carry_out", max_recovery_attempts=1000)
    async def carry_out(run_id: str, attempt: int, partition: str) -> str:
        while True:
            with SetEnqueueOptions(queue_partition_key=partition):
                handle: WorkflowHandleAsync[dict[str, Any]] = await DBOS.enqueue_workflow_async(
                    CLUSTER,
                    advance_run,  # type: ignore[arg-type]  # typed for coroutines, takes both
                    run_id,
                    attempt,
                )
            turn = await handle.get_result(polling_interval_sec=POLL)
            if turn["next"] == "end":
                return "ended"
            if turn["after"] < 2:
                await DBOS.sleep_async(turn["after"])
            else:
                await DBOS.recv_async(WAKE, timeout_seconds=turn["after"])


def _take_lock(path: Path) -> IO[str]:
    path.parent.mkdir(parents=True, exist_ok=True)
    lock = path.open("w")
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        lock.close()
        raise EngineRunning(
            say(
                "Another process carries out runs already (it holds %(path)s). Stop it first, or "
                "start this one with --web-only.",
                path=str(path),
            )
        ) from None
    return lock


def _pack(value: Any) -> Any:
    if isinstance(value, BaseException):
        return {"__error__": f"{type(value).__name__}: {value}"}
    if isinstance(value, tuple | set | frozenset):
        return list(value)
    raise TypeError(f"{type(value).__name__} does not belong in the engine")


def _unpack(value: dict[str, Any]) -> Any:
    return RuntimeError(value["__error__"]) if set(value) == {"__error__"} else value

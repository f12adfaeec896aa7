"""Which HTTP status says the same as one of our errors."""

from __future__ import annotations

from provisioner.errors import (
    Conflict,
    Forbidden,
    Invalid,
    Misconfigured,
    Mistake,
    NotFound,
    ProvisionerError,
    Retriable,
    StepFailure,
    Unauthenticated,
)

_STATUS: tuple[tuple[type[ProvisionerError], int], ...] = (
    (Invalid, 422),
    (NotFound, 404),
    (Unauthenticated, 401),
    (Forbidden, 403),
    (Conflict, 409),
    (Mistake, 400),
    (Misconfigured, 500),
    (Retriable, 503),
    (StepFailure, 502),
)


def status_of(error: ProvisionerError) -> int:
    """The HTTP status that says the same as the error."""
    if error.slug == "too-many-tries":
        return 429
    return next((status for kind, status in _STATUS if isinstance(error, kind)), 500)

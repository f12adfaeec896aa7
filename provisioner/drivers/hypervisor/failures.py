"""Why a cluster could not be asked, where that is a finding of its own."""

from __future__ import annotations

from provisioner.errors import ActionNeeded


class TokenRefused(ActionNeeded):
    """The cluster answers, and does not know our token."""


class CertificateChanged(ActionNeeded):
    """What answers shows another certificate than the one that we trust."""

"""What is wrong with a public service itself."""

from __future__ import annotations

from provisioner.checks.rules import Rule
from provisioner.texts import say

RULES: tuple[Rule, ...] = (
    Rule(
        "service.down",
        say("The web service %(place)s does not answer: %(why)s"),
        say("Look whether the web server runs in its VM, and at the firewall before it."),
        confidence="likely",
    ),
    Rule(
        "service.error",
        say("The web service %(place)s answers with an error of its own (HTTP %(status)s)."),
        say("Read the log of the web service in its VM."),
        confidence="likely",
    ),
    Rule(
        "service.certificate_expired",
        say("The certificate of %(place)s ended on %(date)s."),
        say("Renew the certificate in the VM, or look why its renewal failed."),
    ),
    Rule(
        "service.certificate_invalid",
        say("Browsers do not trust the certificate of %(place)s: %(why)s"),
        say("Put a certificate for that name, from a known issuer, into the VM."),
    ),
    Rule(
        "service.certificate_expiring",
        say("The certificate of %(place)s ends on %(date)s."),
        say("Look why it was not renewed yet."),
    ),
)

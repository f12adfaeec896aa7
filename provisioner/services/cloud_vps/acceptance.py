"""Which checks prove that a cloud VPS works, as seen from its user's seat."""

from __future__ import annotations

from provisioner.services.proving import Check
from provisioner.texts import say

AGENT_ADDRESS = "agent.address"
CLOUD_INIT_DONE = "cloud_init.done"
TCP_SSH = "tcp.ssh"
SSH_HOST_KEY = "ssh.host_key"
SSH_APPLICANT_KEY = "ssh.applicant_key"
SSH_OFFICE_LOGIN = "ssh.office_login"

CHECKS: tuple[Check, ...] = (
    Check(
        AGENT_ADDRESS,
        say("The VM itself reports the planned address"),
        say("The VM started without its network settings, or its guest agent does not run."),
        say("Open the VM's console and look at its network settings and the guest agent."),
    ),
    Check(
        CLOUD_INIT_DONE,
        say("The first start finished without errors (cloud-init)"),
        say("User, keys or network may be incomplete in the VM."),
        say("Open the VM's console and read /var/log/cloud-init.log."),
    ),
    Check(
        TCP_SSH,
        say("The SSH port can be reached from here"),
        say("The VM does not answer from outside: VLAN, gateway or a firewall is in the way."),
        say("Check the VLAN on the node's bridge and the firewall between here and the VM."),
    ),
    Check(
        SSH_HOST_KEY,
        say("The SSH host key is the one that the VM reported through the cluster"),
        say("Another machine may be answering at this address."),
        say("Do not log in. Find out which machine has the address."),
    ),
    Check(
        SSH_APPLICANT_KEY,
        say("The server accepts the applicant's public keys"),
        say("The applicant could not log in."),
        say("Compare the keys of the request with ~/.ssh/authorized_keys in the VM."),
    ),
    Check(
        SSH_OFFICE_LOGIN,
        say("A full login with the office's own key works"),
        say("The office could not look after the VM."),
        say("Compare the office's public key with ~/.ssh/authorized_keys in the VM."),
    ),
)
"""In the order in which they are made; all have to pass."""

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
VM_GONE = "vm.gone"
VOLUMES_GONE = "vm.volumes_gone"
POOL_WITHOUT = "vm.pool_without"
BACKUP_JOB_WITHOUT = "vm.backup_job_without"
ADDRESS_SILENT = "address.silent"
INSTANCE_UNTIL = "instance.until"

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

_REMOVE_IT = say("Look at it on the cluster; remove it there if it is ours, then retry.")
CHECKS_OF_THE_END: tuple[Check, ...] = (
    Check(
        VM_GONE,
        say("The cluster has the VM no longer"),
        say("The VM still stands, whatever its removal said."),
        _REMOVE_IT,
    ),
    Check(
        VOLUMES_GONE,
        say("None of its disks is left on a storage"),
        say("A disk was left behind and takes room."),
        _REMOVE_IT,
    ),
    Check(
        POOL_WITHOUT,
        say("No pool lists it"),
        say("The pool of the department still names the VM."),
        _REMOVE_IT,
    ),
    Check(
        BACKUP_JOB_WITHOUT,
        say("The backup job does not name it"),
        say("The job would try to back up what is gone."),
        say("Take the VM out of the job on the cluster, then retry."),
    ),
    Check(
        ADDRESS_SILENT,
        say("Nothing answers at its address any more"),
        say("Another machine may have taken the address."),
        say("Find out which machine answers there before the address is given again."),
    ),
)
"""In the order in which they are made when a VM is taken away."""
CHECKS_OF_THE_BOOKS: tuple[Check, ...] = (
    Check(
        INSTANCE_UNTIL,
        say("Its end stands in the books as asked for"),
        say("The end was moved by somebody else meanwhile."),
        say("Look at the server's page, then ask again."),
    ),
)

#!/bin/sh
# Run on one node of a Proxmox VE cluster (8.x or 9.x) as root: makes the roles, the account and the
# API token that provisioner works with, with the least rights that do. Running it again is safe,
# except that a token's secret is shown only when it is made. docs/proxmox.md says what each is for.
#
#   sh pve-token.sh [USER@REALM] [TOKEN]        default: provisioner@pve service
#
# Narrower still, each a list of paths separated by blanks:
#   VM_PATHS="/pool/opd /vms/9000" POOL_PATHS="/pool/opd"   (`pool = "opd"`; each template is named)
#   STORAGE_PATHS="/storage/ceph /storage/pbs"
#   NETWORK_PATHS="/sdn/zones/localnetwork/vmbr0/120"     (the template's bridge, too)
#   IMPORT=no            without the rights of `provisioner template import`
#   BACKUP_JOB=yes       with the right to add servers to a backup job that names its guests
set -eu

user=${1:-provisioner@pve}
token=${2:-service}

rights="VM.Allocate,VM.Audit,VM.Backup,VM.Clone,VM.Config.CDROM,VM.Config.CPU,VM.Config.Cloudinit"
rights="$rights,VM.Config.Disk,VM.Config.Memory,VM.Config.Network,VM.Config.Options,VM.Migrate"
rights="$rights,VM.PowerMgmt,VM.Snapshot,Datastore.Allocate,Datastore.AllocateSpace,Datastore.Audit"
rights="$rights,SDN.Audit,SDN.Use,Sys.Audit,Pool.Allocate,Pool.Audit"
import="VM.Config.HWType,Datastore.AllocateTemplate"
overview="Sys.Audit"

# 9.0 split VM.Monitor, through which 8 lets the guest agent be asked; 8.2 brought Sys.AccessNetwork.
case $(pveversion) in
  pve-manager/8.[01].*) rights="$rights,VM.Monitor" ;;
  pve-manager/8.*) rights="$rights,VM.Monitor" import="$import,Sys.AccessNetwork" ;;
  *)
    rights="$rights,VM.GuestAgent.Audit,VM.GuestAgent.FileRead,VM.GuestAgent.FileWrite"
    import="$import,Sys.AccessNetwork"
    ;;
esac
[ "${IMPORT:-yes}" = no ] || rights="$rights,$import"
[ "${BACKUP_JOB:-no}" = no ] || overview="$overview,Sys.Modify"

role() {
  pveum role add "$1" --privs "$2" 2>/dev/null || pveum role modify "$1" --privs "$2"
}

# A token with privilege separation has only what both it and its account have.
grant() {
  pveum acl modify "$1" --roles "$2" --users "$user" --tokens "$user!$token" --propagate "$3"
}

role Provisioner "$rights"
role ProvisionerCluster "$overview"
pveum user list --output-format json | grep -q "\"userid\":\"$user\"" ||
  pveum user add "$user" --comment "provisioner"
pveum user token list "$user" --output-format json | grep -q "\"tokenid\":\"$token\"" ||
  pveum user token add "$user" "$token" --privsep 1 --comment "provisioner"

for path in ${VM_PATHS:-/vms} ${POOL_PATHS:-/pool} ${STORAGE_PATHS:-/storage} \
  ${NETWORK_PATHS:-/sdn/zones} /nodes; do
  grant "$path" Provisioner 1
done
grant / ProvisionerCluster 0

#!/bin/sh
# Run on one node of a Proxmox VE cluster (8.x or 9.x) as root: makes the role, the account and the
# API token that provisioner works with, with the least rights that do. Running it again is safe,
# except that a token's secret is shown only when it is made.
#
#   sh pve-token.sh [USER@REALM] [TOKEN]        default: provisioner@pve service
#
# Narrower still: give VM_PATH=/pool/opd (and `pool` in provisioner.toml), STORAGE_PATH=/storage/NAME,
# NETWORK_PATH=/sdn/zones/localnetwork/vmbr0 (both the template's bridge and the servers' bridges).
set -eu

user=${1:-provisioner@pve}
token=${2:-service}
role=Provisioner
vm_path=${VM_PATH:-/vms}
storage_path=${STORAGE_PATH:-/storage}
network_path=${NETWORK_PATH:-/sdn/zones}

rights="VM.Allocate,VM.Audit,VM.Clone,VM.Config.CDROM,VM.Config.CPU,VM.Config.Cloudinit"
rights="$rights,VM.Config.Disk,VM.Config.HWType,VM.Config.Memory,VM.Config.Network"
rights="$rights,VM.Config.Options,VM.Migrate,VM.PowerMgmt,VM.Snapshot,Datastore.Allocate"
rights="$rights,Datastore.AllocateSpace,Datastore.Audit,SDN.Audit,SDN.Use,Sys.Audit,Pool.Allocate,Pool.Audit"

# Proxmox VE 9 split VM.Monitor, through which 8 lets the guest agent be asked.
case $(pveversion) in
  pve-manager/8.*) rights="$rights,VM.Monitor" ;;
  *) rights="$rights,VM.GuestAgent.Audit,VM.GuestAgent.FileRead" ;;
esac

pveum role add "$role" --privs "$rights" 2>/dev/null || pveum role modify "$role" --privs "$rights"
pveum user list --output-format json | grep -q "\"userid\":\"$user\"" ||
  pveum user add "$user" --comment "provisioner"
pveum user token list "$user" --output-format json | grep -q "\"tokenid\":\"$token\"" ||
  pveum user token add "$user" "$token" --privsep 1 --comment "provisioner"

# A token with privilege separation has only what both it and its account have.
for path in "$vm_path" "$storage_path" "$network_path" /nodes; do
  pveum acl modify "$path" --users "$user" --roles "$role"
  pveum acl modify "$path" --tokens "$user!$token" --roles "$role"
done

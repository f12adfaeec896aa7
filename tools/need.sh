#!/usr/bin/env bash
# Makes sure of what has to come from the system: `need.sh python`, `need.sh browser`, `need.sh guests`,
# `need.sh dataplane`.
# On Debian as root it installs what is missing, without asking; elsewhere it says what is missing.
set -euo pipefail

missing=()
need() { "${@:2}" >/dev/null 2>&1 || missing+=("$1"); }

has_python() {
  python3 -c 'import sys, venv, ensurepip; sys.exit(sys.version_info < (3, 11))'
}
has_library() { python3 -c 'import ctypes, sys; ctypes.CDLL(sys.argv[1])' "$1"; }
has_letter_font() { fc-list | grep -qi liberation || [[ -d /usr/share/fonts/truetype/liberation ]]; }
has_sans_font() { fc-list :lang=id | grep -q .; }

case ${1:?python, browser, guests or dataplane} in
  python)
    need python3-venv has_python
    need openssh-client command -v ssh
    # WeasyPrint, which prints letters and reports; libpango brings glib, harfbuzz and fontconfig
    need libpango-1.0-0 has_library libpango-1.0.so.0
    need libpangoft2-1.0-0 has_library libpangoft2-1.0.so.0
    need libharfbuzz-subset0 has_library libharfbuzz-subset.so.0
    need fonts-liberation has_letter_font
    ;;
  browser)
    need chromium command -v chromium
    need poppler-utils command -v pdftoppm
    need fontconfig command -v fc-list
    need fonts-dejavu-core has_sans_font
    ;;
  guests)
    # a real Debian in namespaces: only root can have one, for all others those tests are skipped
    [[ $(id -u) == 0 ]] && grep -qs '^ID=debian' /etc/os-release || exit 0
    need debootstrap command -v debootstrap
    need iproute2 command -v ip
    ;;
  dataplane)
    # switches and routers in namespaces: only root can have them, for all others those tests are skipped
    [[ $(id -u) == 0 ]] && grep -qs '^ID=debian' /etc/os-release || exit 0
    need openvswitch-switch command -v ovs-vswitchd
    need dnsmasq-base command -v dnsmasq
    need nftables command -v nft
    need udhcpc command -v udhcpc
    need ethtool command -v ethtool
    need openssh-server command -v sshd
    need iproute2 command -v bridge
    need iputils-ping command -v ping
    need bind9-dnsutils command -v dig
    need sudo command -v sudo
    ;;
  *)
    echo "need.sh: python, browser, guests or dataplane" >&2
    exit 2
    ;;
esac

((${#missing[@]})) || exit 0
if [[ $(id -u) == 0 ]] && command -v apt-get >/dev/null && grep -qs '^ID=debian' /etc/os-release; then
  echo "Installing from Debian: ${missing[*]}"
  export DEBIAN_FRONTEND=noninteractive
  apt-get update -qq
  apt-get install -qq -y --no-install-recommends "${missing[@]}" >/dev/null
  exec bash "$0" "$1"
fi
echo "Missing: ${missing[*]}" >&2
echo "On Debian 12 or newer: sudo apt-get install --no-install-recommends ${missing[*]}" >&2
echo "Elsewhere: Python 3.11 or newer with venv; for the tests also Chromium and a font." >&2
exit 1

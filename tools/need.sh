#!/usr/bin/env bash
# Makes sure of what has to come from the system: `need.sh python`, `need.sh browser`, `need.sh guests`.
# On Debian as root it installs what is missing, without asking; elsewhere it says what is missing.
set -euo pipefail

missing=()
need() { "${@:2}" >/dev/null 2>&1 || missing+=("$1"); }

has_python() {
  python3 -c 'import sys, venv, ensurepip; sys.exit(sys.version_info < (3, 11))'
}
has_sans_font() { fc-list :lang=id | grep -q .; }

case ${1:?python, browser or guests} in
  python)
    need python3-venv has_python
    need openssh-client command -v ssh
    ;;
  browser)
    need chromium command -v chromium
    need fontconfig command -v fc-list
    need fonts-dejavu-core has_sans_font
    ;;
  guests)
    # a real Debian in namespaces: only root can have one, for all others those tests are skipped
    [[ $(id -u) == 0 ]] && grep -qs '^ID=debian' /etc/os-release || exit 0
    need debootstrap command -v debootstrap
    need iproute2 command -v ip
    ;;
  *)
    echo "need.sh: python, browser or guests" >&2
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

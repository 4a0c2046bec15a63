#!/bin/sh
# Installs mmdebstrap, which makes the bare Debian that the Ansible role is tried on; without it that test is skipped, but in
# CI it fails.
set -eu
! command -v mmdebstrap >/dev/null || exit 0
if [ "$(id -u)" != 0 ] || ! command -v apt-get >/dev/null; then
    echo "No mmdebstrap here: the Ansible role is not tried on a bare machine. On Debian: apt-get install mmdebstrap" >&2
    exit 0
fi
echo "Installing mmdebstrap, for the tests of the Ansible role ..."
export DEBIAN_FRONTEND=noninteractive
apt-get update -qq
apt-get install -y -qq --no-install-recommends mmdebstrap >/dev/null

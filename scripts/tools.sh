#!/bin/sh
# Installs the programs that tests drive and pip does not bring: sshd (deployment), mmdebstrap (a bare machine for the Ansible
# role), Chromium (the pages), mosquitto (messages to Home Assistant). Without one its tests are skipped, but in CI they fail.
set -eu
PATH=$PATH:/usr/sbin:/sbin
missing=

# packages that go together, and the programs by which their absence is seen
need() {
    packages=$1
    shift
    for program; do
        command -v "$program" >/dev/null || { missing="$missing $packages"; return 0; }
    done
}
need "openssh-server openssh-client" sshd ssh ssh-keygen ssh-keyscan
need mmdebstrap mmdebstrap
need "chromium fonts-dejavu-core" chromium
need mosquitto mosquitto

[ -n "$missing" ] || exit 0
if [ "$(id -u)" != 0 ] || ! command -v apt-get >/dev/null; then
    echo "Tests that need one of these are skipped. On Debian: apt-get install$missing" >&2
    exit 0
fi
echo "Installing for the tests:$missing ..."
export DEBIAN_FRONTEND=noninteractive
apt-get update -qq
# shellcheck disable=SC2086  # a list of words
apt-get install -y -qq --no-install-recommends $missing >/dev/null

#!/bin/sh
# Installs sshd, against which the tests deploy; without it they are skipped, but in CI they fail.
set -eu
PATH=$PATH:/usr/sbin:/sbin
missing=
for program in sshd ssh ssh-keygen ssh-keyscan; do
    command -v "$program" >/dev/null || missing=$program
done
[ -n "$missing" ] || exit 0
if [ "$(id -u)" != 0 ] || ! command -v apt-get >/dev/null; then
    echo "No $missing here: tests of deployment over ssh are skipped. On Debian: apt-get install openssh-server" >&2
    exit 0
fi
echo "Installing openssh-server, for the tests of deployment over ssh ..."
export DEBIAN_FRONTEND=noninteractive
apt-get update -qq
apt-get install -y -qq --no-install-recommends openssh-server openssh-client >/dev/null

#!/bin/sh
# Installs Chromium, in which the tests drive the review page; without it they are skipped, but in CI they fail.
set -eu
command -v chromium >/dev/null && exit 0
if [ "$(id -u)" != 0 ] || ! command -v apt-get >/dev/null; then
    echo "No chromium here: tests of the review page in a browser are skipped. On Debian: apt-get install chromium" >&2
    exit 0
fi
echo "Installing chromium, for the tests of the review page in a browser ..."
export DEBIAN_FRONTEND=noninteractive
apt-get update -qq
apt-get install -y -qq --no-install-recommends chromium fonts-dejavu-core >/dev/null

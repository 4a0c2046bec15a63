#!/bin/sh
# Makes .venv and installs a locked set of requirements and the project into it. Safe to run again after an interruption:
# the mark that it is done is written last.
set -eu
python=$1 requirements=$2 mark=$3

"$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' || {
    echo "DeepThink needs Python 3.11 or later; $python is $("$python" --version 2>&1). Name another: make PYTHON=..." >&2
    exit 1
}
# Debian and Ubuntu keep the venv module's pip in a package of its own.
if ! "$python" -c 'import ensurepip' 2>/dev/null && [ ! -x .venv/bin/pip ]; then
    package=python$("$python" -c 'import sys; print("%d.%d" % sys.version_info[:2])')-venv
    echo "Installing $package ..."
    if [ "$(id -u)" = 0 ]; then
        apt-get update -qq && apt-get install -y -qq "$package"
    else
        sudo apt-get update -qq && sudo apt-get install -y -qq "$package"
    fi || { echo "Please install $package, then run make again." >&2; exit 1; }
fi
.venv/bin/python -m pip --version >/dev/null 2>&1 || { rm -rf .venv; "$python" -m venv .venv; }
echo "Installing the locked libraries of $requirements (once; a minute or two) ..."
.venv/bin/python -m pip install --quiet --disable-pip-version-check --require-hashes -r "$requirements"
.venv/bin/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
touch "$mark"

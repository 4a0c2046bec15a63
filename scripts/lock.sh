#!/bin/sh
# One lock file a profile: names, versions and hashes, no addresses; the same for every platform.
set -eu
lock() {
    out=$1
    shift
    .venv/bin/uv pip compile --quiet --universal --generate-hashes --no-header --python-version 3.11 \
        --extra build "$@" pyproject.toml -o "requirements/$out"
}
lock core.txt
lock train.txt --extra train --extra web --extra deploy --extra sentinelcam --extra watch
lock dev.txt --extra train --extra web --extra deploy --extra sentinelcam --extra dlib --extra cluster \
    --extra ansible --extra mlflow --extra watch --extra dev

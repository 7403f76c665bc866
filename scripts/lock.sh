#!/usr/bin/env bash
# Resolves the workspace once and writes one hash-pinned lock per deployable. uv.lock is git-ignored:
# it names the index it was made from; these files name none and work behind any mirror.
#   usage: scripts/lock.sh UV
set -euo pipefail
cd "$(dirname "$0")/.."
uv=$1
cool_down=${LOCK_COOL_DOWN-7 days} # a release this young is not taken: time for others to find a hijacked one

"$uv" lock --quiet --upgrade ${cool_down:+--exclude-newer "$cool_down"}

export_lock() { # file, purpose, uv export's arguments
    local file=locks/$1.txt purpose=$2
    echo "# $purpose Written by 'make lock'; do not edit." >"$file"
    "$uv" export --quiet --frozen --no-emit-workspace --no-header "${@:3}" >>"$file"
    echo "$file: $(grep -c '==' "$file") packages"
}

export_lock bootstrap "uv itself, for pip, where it is not on PATH." --only-group bootstrap
export_lock build "The build backend of every member." --only-group build
export_lock dev "All members with their extras, and every development tool." --only-group dev
export_lock bench "The peers of 'make bench', in an environment of their own." --only-group bench
export_lock local "The whole system on one machine: atf with its 'stack' extra." \
    --no-dev --package asynctaskflow-cli --extra stack
export_lock worker "A worker for a function of your own." --no-dev --package asynctaskflow --extra s3
export_lock cli "The cli deployable." --no-dev --package asynctaskflow-cli
for member in api summarize pdfxtract operator; do
    export_lock "$member" "The $member deployable." --no-dev --package "asynctaskflow-$member" --extra s3
done

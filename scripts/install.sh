#!/usr/bin/env bash
# Builds .venv from a lock and adds the members, editable. A second run takes under a second.
#   usage: scripts/install.sh UV run|dev|bench
#   run    what `make run` and `make demo` need; adds to .venv, removes nothing
#   dev    exactly locks/dev.txt and the members; removes everything else
#   bench  exactly locks/bench.txt, the peers of `make bench`, in an environment of their own
set -euo pipefail
cd "$(dirname "$0")/.."
uv=$1 tier=$2
members=(core openrouter operator api cli functions/* tests/kit)
export UV_PYTHON_DOWNLOADS=never UV_PROJECT_ENVIRONMENT=.venv

if [ "$tier" = bench ]; then
    [ -x .venv-bench/bin/python ] || "$uv" venv --quiet --python .venv/bin/python .venv-bench
    "$uv" pip sync --quiet --python .venv-bench/bin/python --require-hashes locks/bench.txt
    touch .venv-bench/.bench
    exit 0
fi

[ -x .venv/bin/python ] || "$uv" venv --quiet --python "$(scripts/find-python.sh)" .venv
pip() { "$uv" pip "$1" --quiet --python .venv/bin/python "${@:2}"; }

case $tier in
    run) pip install --require-hashes --requirement locks/local.txt --requirement locks/build.txt ;;
    dev) pip sync --require-hashes locks/dev.txt ;;
esac
editable=()
for member in "${members[@]}"; do editable+=(--editable "./$member"); done
pip install --no-deps --no-build-isolation "${editable[@]}"
touch ".venv/.$tier"

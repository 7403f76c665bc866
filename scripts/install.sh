#!/usr/bin/env bash
# Builds .venv from a lock and adds the members, editable. A second run takes under a second.
#   usage: scripts/install.sh UV run|dev|bench
#   run    what `make run` and `make demo` need; adds to .venv, removes nothing
#   dev    exactly locks/dev.txt and the members; removes everything else
#   bench  the peers of `make bench`, on top of dev
set -euo pipefail
cd "$(dirname "$0")/.."
uv=$1 tier=$2
members=(core openrouter api cli functions/* tests/kit)
[ -e operator/pyproject.toml ] && members+=(operator)
export UV_PYTHON_DOWNLOADS=never UV_PROJECT_ENVIRONMENT=.venv

[ -x .venv/bin/python ] || "$uv" venv --quiet --python "$(scripts/find-python.sh)" .venv
pip() { "$uv" pip "$1" --quiet --python .venv/bin/python "${@:2}"; }

case $tier in
    run) pip install --require-hashes --requirement locks/local.txt --requirement locks/build.txt ;;
    dev) rm -f .venv/.bench && pip sync --require-hashes locks/dev.txt ;;
    bench) pip install --require-hashes --requirement locks/bench.txt ;;
esac
if [ "$tier" != bench ]; then
    editable=()
    for member in "${members[@]}"; do editable+=(--editable "./$member"); done
    pip install --no-deps --no-build-isolation "${editable[@]}"
fi
touch ".venv/.$tier"

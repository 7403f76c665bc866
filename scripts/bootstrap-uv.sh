#!/usr/bin/env bash
# Puts uv, pinned by locks/bootstrap.txt, into the project's own .tools/uv. Used where no uv is on PATH.
# A virtual environment of its own: PEP 668 forbids pip to touch the system's Python, rightly.
set -euo pipefail
cd "$(dirname "$0")/.."
python=$(scripts/find-python.sh)

if ! "$python" -c 'import ensurepip, venv' 2>/dev/null; then
    if [ "$(id -u)" -ne 0 ] || ! command -v apt-get >/dev/null; then
        echo "bootstrap-uv: $python cannot make virtual environments; install python3-venv (or uv), then try again" >&2
        exit 1
    fi
    version=$("$python" -c 'import sys; print("%d.%d" % sys.version_info[:2])')
    scripts/apt-install.sh "python$version-venv"
fi

rm -rf .tools/uv
"$python" -m venv .tools/uv
.tools/uv/bin/python -m pip install --quiet --require-hashes --requirement locks/bootstrap.txt
.tools/uv/bin/uv --version

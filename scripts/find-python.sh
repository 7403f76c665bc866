#!/usr/bin/env bash
# Prints the Python to build .venv with: $PYTHON if set, else the first 3.11 or newer on PATH.
set -euo pipefail

for candidate in ${PYTHON:-python3 python3.14 python3.13 python3.12 python3.11}; do
    if "$candidate" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then
        command -v "$candidate"
        exit 0
    fi
done
echo "find-python: needs Python 3.11 or newer on PATH (or PYTHON=/path/to/python3)" >&2
exit 1

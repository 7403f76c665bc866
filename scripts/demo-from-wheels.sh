#!/usr/bin/env bash
# Runs the demo from wheels, in a new environment and an empty folder: what a person gets who has
# the packages and not the repository. Fails where a wheel lacks a file or a lock lacks a package.
set -euo pipefail
cd "$(dirname "$0")/.."
make --no-print-directory build
if [ -f api/src/asynctaskflow_api/static/dashboard/index.html ]; then
    names=$(.venv/bin/python -m zipfile --list dist/asynctaskflow_api-*.whl)
    [[ $names == *static/dashboard/index.html* ]] || { echo "the API's wheel lacks the dashboard" && exit 1; }
fi
uv=uv
uv --version >/dev/null 2>&1 || uv=$PWD/.tools/uv/bin/uv

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
"$uv" venv --quiet --python .venv/bin/python "$folder/venv"
pip() { "$uv" pip install --quiet --python "$folder/venv/bin/python" "$@"; }
pip --require-hashes --requirement locks/local.txt
wheels=()
for wheel in dist/*.whl; do
    case $wheel in *testkit*) ;; *) wheels+=("$wheel") ;; esac
done
pip --no-deps "${wheels[@]}"

cd "$folder"
PATH="$folder/venv/bin:$PATH" atf demo

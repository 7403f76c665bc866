#!/usr/bin/env bash
# Programs that are not Python packages. Root on Debian: installs what is missing. Anyone else: one
# line that names it and what is left out without it. Nothing here is needed to run the product.
#   usage: scripts/system-packages.sh run|test
set -euo pipefail
cd "$(dirname "$0")/.."

# program, Debian package, what is left out without it
wanted=("pdftoppm poppler-utils pdf-pages-rendered-by-poppler-(pypdfium2-renders-them-instead)")
if [ "${1:?run or test}" = test ]; then
    wanted+=("redis-server redis-server tests-on-Debian's-Redis-and-on-a-Redis-Cluster")
    wanted+=("faketime faketime tests-under-a-shifted-clock")
fi

packages=() skipped=()
for entry in "${wanted[@]}"; do
    read -r program package without <<<"$entry"
    command -v "$program" >/dev/null && continue
    packages+=("$package")
    skipped+=("${without//-/ }")
done
[ ${#packages[@]} -eq 0 ] && exit 0

if [ "$(id -u)" -eq 0 ] && command -v apt-get >/dev/null; then
    scripts/apt-install.sh "${packages[@]}" && exit 0
fi
printf -v without '%s; ' "${skipped[@]}"
echo "not installed: ${packages[*]}; left out because of it: ${without%; }"

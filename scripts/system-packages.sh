#!/usr/bin/env bash
# Programs that are not Python packages. Root on Debian: installs what is missing. Anyone else: one
# line that names it and what is left out without it. Nothing here is needed to run the product.
#   usage: scripts/system-packages.sh run|test|cluster
set -euo pipefail
cd "$(dirname "$0")/.."

# program, Debian package, what is left out without it
wanted=("pdftoppm poppler-utils pdf-pages-rendered-by-poppler-(pypdfium2-renders-them-instead)")
if [ "${1:?run, test or cluster}" != run ]; then
    wanted+=("redis-server redis-server tests-on-Debian's-Redis-and-on-a-Redis-Cluster")
    wanted+=("faketime faketime tests-under-a-shifted-clock")
    wanted+=("chromium chromium browser-tests-of-the-dashboard")
fi
# A cluster of our own needs root anyway; with Docker and kind, or a kubeconfig, none of this is needed.
if [ "$1" = cluster ] && [ "$(id -u)" -eq 0 ]; then
    cluster="a-cluster-of-our-own"
    for program in containerd runc buildah debootstrap iptables conntrack ethtool socat; do
        wanted+=("$program $program $cluster")
    done
    wanted+=("/usr/lib/cni/bridge containernetworking-plugins $cluster" "ip iproute2 $cluster" "nginx nginx-light tests-of-the-Ingress")
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

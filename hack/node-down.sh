#!/usr/bin/env bash
# Stops the node: its first process ends, and with it every process and mount of its namespaces. KEEP=1 keeps the data of
# etcd and containerd for the next node-up.sh.
set -uo pipefail
. "$(cd "$(dirname "$0")" && pwd)/node/settings.sh"
cd "$NODE_LAB" 2>/dev/null || exit 0

if node_is_up; then
  kill -KILL "$(cat init.pid)"
  for _ in $(seq 100); do grep -qs node-init.sh "/proc/$(cat outer.pid)/cmdline" || break; sleep 0.1; done
fi
ip link del lab-host 2>/dev/null
if [ -f cgroups ]; then
  while read -r folder; do
    # A cgroup can be removed only once the kernel has let go of its last process.
    for _ in $(seq 50); do
      [ -d "$folder" ] || break
      find "$folder" -depth -type d -exec rmdir {} + 2>/dev/null
      [ -d "$folder" ] && sleep 0.1
    done
    [ -d "$folder" ] && echo "still there: $folder" >&2
  done <cgroups
fi
rm -f init.pid outer.pid cgroups ready failed node-init.sh sock/*
[ -n "${KEEP:-}" ] || rm -rf data pki conf cni kubeconfig kubeconfig.cache pause helm
echo "the node is down"

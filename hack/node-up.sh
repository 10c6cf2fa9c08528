#!/usr/bin/env bash
# Starts one real Kubernetes node without Docker: etcd, kube-apiserver, kube-controller-manager, kube-scheduler, kubelet,
# kube-proxy, CoreDNS, containerd and runc, all in private namespaces. The machine's sysctls, iptables and /var stay as they
# are, the node has no route to the outside, and node-down.sh leaves nothing behind. Needs root, Linux with cgroup v1
# controllers, and the Debian packages containerd runc containernetworking-plugins iptables busybox-static iproute2 openssl.
# Settings: hack/node/settings.sh. Where Docker is, kind does the same.
set -euo pipefail
HERE=$(cd "$(dirname "$0")" && pwd)
. "$HERE/node/settings.sh"

began=$(date +%s%N)
say() { printf '%5d ms  %s\n' $((($(date +%s%N) - began) / 1000000)) "$*"; }
die() { echo "$*" >&2; exit 1; }
wait_until() { # tenths of a second, command...
  local turns=$1
  shift
  for _ in $(seq "$turns"); do "$@" && return 0; sleep 0.1; done
  return 1
}

[ "$(id -u)" = 0 ] || die "the node needs root: it makes namespaces, mounts and network interfaces"
for tool in containerd ctr runc ip openssl kubectl busybox; do
  command -v $tool >/dev/null || die "$tool is missing; on Debian: apt-get install containerd runc containernetworking-plugins iptables busybox-static iproute2 openssl"
done
for tool in etcd kube-apiserver kube-controller-manager kube-scheduler kubelet; do
  command -v $tool >/dev/null || die "$tool is missing; hack/node-build.sh builds it"
done
[ -x "$CNI_BIN/bridge" ] || die "$CNI_BIN/bridge is missing; on Debian it is in the package containernetworking-plugins"
CGROUP_CONTROLLERS=$(for c in cpu cpuacct cpuset memory devices freezer blkio pids; do [ -d /sys/fs/cgroup/$c ] && printf '%s ' $c; done || true)
[ -n "$CGROUP_CONTROLLERS" ] || die "this machine has no cgroup v1 controllers, which the node needs; use kind instead"
export CGROUP_CONTROLLERS
if node_is_up; then echo "already up: export KUBECONFIG=$NODE_LAB/kubeconfig"; exit 0; fi

mkdir -p "$NODE_LAB"/{pki,log,conf,cni,sock,data/{etcd,kubelet,containerd,log}}
cd "$NODE_LAB"
rm -f ready failed sock/*
. "$HERE/node/certificates.sh"
. "$HERE/node/configuration.sh"
cp "$HERE/node/init.sh" node-init.sh

# Every process of the node is put below this shell's own cgroup, in each hierarchy; the cgroup namespace makes that the root.
: >cgroups
while IFS=: read -r _ controller path; do
  controller=${controller#name=}
  [ -n "$controller" ] && [ -d "/sys/fs/cgroup/$controller" ] || continue
  folder=/sys/fs/cgroup/$controller${path%/}/mcp-connector-node
  mkdir -p "$folder"
  echo "$folder" >>cgroups
  # A new cpuset is empty, and no process can enter it before it has processors and memory.
  if [ "$controller" = cpuset ]; then for file in cpuset.cpus cpuset.mems; do cat "$(dirname "$folder")/$file" >"$folder/$file"; done; fi
done </proc/self/cgroup
(
  while read -r folder; do echo "$BASHPID" >"$folder/cgroup.procs"; done <cgroups
  exec setsid unshare --cgroup --net --mount --pid --fork --mount-proc --kill-child=KILL bash "$NODE_LAB/node-init.sh"
) >log/init.log 2>&1 </dev/null &
outer=$!
find_init() { pid=$(ps -o pid= --ppid $outer | tr -d ' ') && [ -n "$pid" ]; }
wait_until 50 find_init || die "the node's first process did not start; see $NODE_LAB/log/init.log"
echo "$outer" >outer.pid
echo "$pid" >init.pid

ip link del lab-host 2>/dev/null || true
ip link add lab-host type veth peer name lab-node netns "$pid"
ip addr add "$HOST_IP/30" dev lab-host
ip link set lab-host up
ip route replace "$POD_NET" via "$NODE_IP" dev lab-host
ip route replace "$SERVICE_NET" via "$NODE_IP" dev lab-host
say "the node's namespaces are there"

containerd_answers() { [ -S sock/containerd.sock ] && ctr -a sock/containerd.sock version >/dev/null 2>&1; }
wait_until 100 containerd_answers || die "containerd does not answer; see $NODE_LAB/log/containerd.log"
rm -rf pause
mkdir -p pause/bin
cp "$(command -v busybox)" pause/bin/busybox
"$HERE/node-image.sh" localhost/lab-pause:1 pause /bin/busybox sleep 2147483647 >/dev/null
say "containerd answers and has the pause image"

started_or_failed() { [ -f ready ] || [ -f failed ]; }
wait_until 900 started_or_failed || true
if [ ! -f ready ] || [ -f failed ]; then
  for name in $(cut -d' ' -f1 failed 2>/dev/null); do tail -n 3 "log/$name.log" >&2; done
  die "the node did not start: $(cat failed 2>/dev/null || echo 'no answer from kube-apiserver'); see $NODE_LAB/log, then run node-down.sh"
fi
say "kube-apiserver is ready"
k() { kubectl --kubeconfig "$NODE_LAB/kubeconfig" "$@"; }
has_node() { k get node "$NODE_NAME" >/dev/null 2>&1; }
has_account() { k -n default get serviceaccount default >/dev/null 2>&1; }
wait_until 300 has_node || die "the kubelet did not register; see $NODE_LAB/log/kubelet.log"
k wait --for=condition=Ready "node/$NODE_NAME" --timeout=90s >/dev/null
wait_until 300 has_account || die "the controllers do not work; see $NODE_LAB/log/kube-controller-manager.log"
say "the node is Ready: export KUBECONFIG=$NODE_LAB/kubeconfig"

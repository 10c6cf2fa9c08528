#!/usr/bin/env bash
# Builds what the node needs beyond the demo's tools (kubelet, kube-proxy, kube-scheduler, CoreDNS, and the rest of
# Kubernetes, etcd and helm where the tools cache lacks them) from pinned Go modules into $BIN. About twelve minutes on two
# cores the first time.
set -euo pipefail
HERE=$(cd "$(dirname "$0")" && pwd)
. "$HERE/node/settings.sh"
BIN=${BIN:-$cache/tools/node}
mkdir -p "$BIN"
export GOFLAGS=-mod=mod CGO_ENABLED=0

# A copy is built, since -mod=mod may write go.sum.
source=$(mktemp -d)
trap 'rm -rf "$source"' EXIT
cp -r "$HERE/../tools/." "$source"
cp -r "$HERE/coredns" "$source/coredns"

version=$(awk '$1 == "k8s.io/kubernetes" && $2 ~ /^v/ { print $2; exit }' "$source/kubernetes/go.mod")
minor=${version#v1.}
stamp=
for package in k8s.io/component-base/version k8s.io/client-go/pkg/version; do
  stamp+=" -X $package.gitVersion=$version -X $package.gitMajor=1 -X $package.gitMinor=${minor%%.*}"
done

build() { # name module-folder package [ldflags]
  if command -v "$1" >/dev/null; then return; fi
  echo "building $1" >&2
  (cd "$source/$2" && go build -trimpath -ldflags "-s -w ${4:-}" -o "$BIN/$1" "$3")
}
for name in kube-apiserver kube-controller-manager kube-scheduler kubelet kube-proxy; do
  build $name kubernetes k8s.io/kubernetes/cmd/$name "$stamp"
done
build etcd etcd go.etcd.io/etcd/server/v3
build helm helm helm.sh/helm/v3/cmd/helm
build coredns coredns .

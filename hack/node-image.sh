#!/usr/bin/env bash
# Puts an image into the node's containerd, without a registry.
#   node-image.sh ARCHIVE.tar                        an archive of "docker save", of hack/image.sh, or an OCI layout
#   node-image.sh NAME:TAG ROOTFS COMMAND [ARG...]   one layer made from the folder ROOTFS; see hack/archive.sh
set -euo pipefail
HERE=$(cd "$(dirname "$0")" && pwd)
. "$HERE/node/settings.sh"

archive=$1
if [ $# -gt 1 ]; then
  archive=$(mktemp /tmp/node-image.XXXXXX)
  trap 'rm -f "$archive"' EXIT
  "$HERE/archive.sh" "$archive" "$@"
fi
ctr -a "$NODE_LAB/sock/containerd.sock" -n k8s.io images import --snapshotter "$SNAPSHOTTER" "$archive"

#!/usr/bin/env bash
# Connects an app cluster to a control plane with one command, as docs/install.md tells it, for end-to-end tests, and fails unless
# the same command changes nothing afterwards:
#   APP_KUBECONFIG, CONTROL_PLANE_KUBECONFIG   administrators of the two clusters
#   CONTROL_PLANE_SERVER                       address at which pods of the app cluster reach the control plane, if another
#   install-connector.sh [flag of install...]
set -euo pipefail
ROOT=$(cd "$(dirname "$0")/.." && pwd)
cd "$ROOT"

connect() {
  node src/main.ts install my-controlplane app-cluster-1 --kubeconfig "$APP_KUBECONFIG" --control-plane-kubeconfig "$CONTROL_PLANE_KUBECONFIG" \
    ${CONTROL_PLANE_SERVER:+--control-plane-server "$CONTROL_PLANE_SERVER"} --helm "${HELM:-helm}" --timeout 180s "$@"
}

connect "$@"
again=$(connect "$@")
echo "$again"
grep -qx 'Nothing had to be changed.' <<<"$again" || { echo "the second run has changed something" >&2; exit 1; }
node src/main.ts status --kubeconfig "$APP_KUBECONFIG"

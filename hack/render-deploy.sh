#!/usr/bin/env bash
# Renders the chart into plain manifests, for installations without Helm.
#   render-deploy.sh           writes deploy/install.yaml, or the file that OUT names
#   render-deploy.sh --check   fails when deploy/install.yaml is not what the chart renders
# HELM names the helm binary.
set -euo pipefail
ROOT=$(cd "$(dirname "$0")/.." && pwd)
cd "$ROOT"
out=${OUT:-deploy/install.yaml}

render() {
  cat <<'H'
# The connector without Helm, rendered from charts/mcp-connector with deploy/values.yaml by hack/render-deploy.sh.
# For Kubernetes 1.30 and newer. Before applying it to the app cluster, make the Secret my-controlplane-kubeconfig in
# kube-system and set --claim-namespace below; docs/install.md tells how.
H
  # What Helm says about itself is not true of plain manifests.
  "${HELM:-helm}" template mcp-connector charts/mcp-connector --namespace kube-system --kube-version 1.34.0 \
    --values deploy/values.yaml |
    sed -e '/^# Source: /d' -e '/^ *app.kubernetes.io\/managed-by: /d' -e '/^ *helm.sh\/chart: /d'
}

if [ "${1:-}" = --check ]; then
  diff -u "$out" <(render) || { echo "$out is not what the chart renders; run hack/render-deploy.sh" >&2; exit 1; }
else
  rendered=$(render)
  printf '%s\n' "$rendered" >"$out"
fi

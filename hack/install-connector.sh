#!/usr/bin/env bash
# Connects an app cluster to a control plane the way docs/install.md tells it, for end-to-end tests:
#   APP_KUBECONFIG, CONTROL_PLANE_KUBECONFIG   administrators of the two clusters
#   CONTROL_PLANE_SERVER                       address at which pods of the app cluster reach the control plane, if another
#   install-connector.sh [helm flag...]
set -euo pipefail
ROOT=$(cd "$(dirname "$0")/.." && pwd)
cd "$ROOT"
app() { kubectl --kubeconfig "$APP_KUBECONFIG" "$@"; }
control_plane() { kubectl --kubeconfig "$CONTROL_PLANE_KUBECONFIG" "$@"; }

control_plane apply -f deploy/control-plane.yaml
kubeconfig=$(KUBECONFIG=$CONTROL_PLANE_KUBECONFIG hack/control-plane-kubeconfig.sh app-cluster-1 "${CONTROL_PLANE_SERVER:-}")
app -n kube-system create secret generic my-controlplane-kubeconfig --from-literal=kubeconfig="$kubeconfig" --dry-run=client -o yaml | app apply -f -
"${HELM:-helm}" upgrade --install mcp-connector charts/mcp-connector --kubeconfig "$APP_KUBECONFIG" --namespace kube-system \
  --values deploy/values.yaml --set 'rbac.groups[0].group=k8s.starter.org' --set 'rbac.groups[0].resources={kubernetesclusters}' \
  --wait --timeout 180s "$@"
# The Deployment is ready as soon as the catalog is there; the API server's check of the APIService follows.
app wait --for=create apiservice/v1alpha1.k8s.starter.org --timeout=60s
app wait --for=condition=Available apiservice/v1alpha1.k8s.starter.org --timeout=60s

#!/usr/bin/env bash
# Takes the connector away again, for end-to-end tests, and fails unless the app cluster is free of it and the claim that was
# there stays on the control plane. APP_KUBECONFIG and CONTROL_PLANE_KUBECONFIG as in install-connector.sh.
set -euo pipefail
app() { kubectl --kubeconfig "$APP_KUBECONFIG" "$@"; }
control_plane() { kubectl --kubeconfig "$CONTROL_PLANE_KUBECONFIG" "$@"; }

app apply -f - <<'Y'
apiVersion: k8s.starter.org/v1alpha1
kind: KubernetesCluster
metadata: {name: stays, namespace: default}
spec: {id: stays, parameters: {nodes: {count: 1, size: small}}}
Y
uid=$(app --namespace default get kubernetesclusters.k8s.starter.org stays --output 'jsonpath={.metadata.uid}')
"${HELM:-helm}" uninstall mcp-connector --kubeconfig "$APP_KUBECONFIG" --namespace kube-system --wait --timeout 120s

# The garbage collector removes the APIService after the ClusterRole that owns it.
app wait --for=delete apiservice/v1alpha1.k8s.starter.org --timeout=60s
leftovers=$(app get clusterroles,clusterrolebindings,apiservices --output name | grep mcp-connector || true)
[ -z "$leftovers" ] || { echo "left in the app cluster: $leftovers" >&2; exit 1; }
app create namespace after-uninstall
app delete namespace after-uninstall --timeout=60s

selector=mcp-connector.upbound.io/app-resource-name=stays
left=$(control_plane --namespace app-cluster-1 get kubernetesclusters.k8s.starter.org --selector $selector --output 'jsonpath={.items[0].metadata.uid}')
[ "$left" = "$uid" ] || { echo "the claim $uid is not on the control plane any more" >&2; exit 1; }
echo "uninstalled; the claim stays on the control plane"

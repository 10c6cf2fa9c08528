#!/usr/bin/env bash
# The end-to-end suite on two kind clusters, with the image built from the Dockerfile. Needs docker, kind, kubectl, helm and
# node. KEEP=1 leaves the clusters running.
set -euo pipefail
ROOT=$(cd "$(dirname "$0")/.." && pwd)
cd "$ROOT"
crossplane_version=1.20.0
folder=${KIND_LAB:-$(mktemp -d)}
export APP_KUBECONFIG=$folder/app.kubeconfig CONTROL_PLANE_KUBECONFIG=$folder/control-plane.kubeconfig

finish() {
  status=$?
  if [ $status != 0 ]; then
    kubectl --kubeconfig "$APP_KUBECONFIG" -n kube-system logs -l app.kubernetes.io/name=mcp-connector --tail=200 --prefix || true
  fi
  if [ -n "${KEEP:-}" ]; then
    echo "left running: APP_KUBECONFIG=$APP_KUBECONFIG CONTROL_PLANE_KUBECONFIG=$CONTROL_PLANE_KUBECONFIG"
  else
    kind delete cluster --name mcp-app || true
    kind delete cluster --name mcp-control-plane || true
  fi
  exit $status
}
trap finish EXIT

kind create cluster --name mcp-control-plane --kubeconfig "$CONTROL_PLANE_KUBECONFIG" --wait 120s
kind create cluster --name mcp-app --kubeconfig "$APP_KUBECONFIG" --wait 120s

helm install crossplane crossplane --repo https://charts.crossplane.io/stable --version "$crossplane_version" \
  --kubeconfig "$CONTROL_PLANE_KUBECONFIG" --namespace crossplane-system --create-namespace --wait --timeout 5m
# The platform's composition makes objects of a kind that no provider has granted Crossplane.
kubectl --kubeconfig "$CONTROL_PLANE_KUBECONFIG" apply -f test/e2e/crossplane-rights.yaml
# The composite kind before its claims: a claim controller of Crossplane 1.20 that starts sooner never watches it.
sed '/^ *claimNames:/d' test/e2e/platform.yaml | kubectl --kubeconfig "$CONTROL_PLANE_KUBECONFIG" apply -f -
kubectl --kubeconfig "$CONTROL_PLANE_KUBECONFIG" wait xrd/xkubernetesclusters.k8s.starter.org --for=condition=Established --timeout=120s
kubectl --kubeconfig "$CONTROL_PLANE_KUBECONFIG" apply -f test/e2e/platform.yaml
kubectl --kubeconfig "$CONTROL_PLANE_KUBECONFIG" wait xrd/xkubernetesclusters.k8s.starter.org --for=condition=Offered --timeout=120s

docker build --tag localhost/mcp-connector:0.1.0 .
kind load docker-image localhost/mcp-connector:0.1.0 --name mcp-app

# Both clusters are containers of one network; the API server's certificate holds the container's address.
address=$(docker inspect mcp-control-plane-control-plane --format '{{.NetworkSettings.Networks.kind.IPAddress}}')
export CONTROL_PLANE_SERVER=https://$address:6443
hack/e2e-suite.sh

#!/usr/bin/env bash
# Prints the kubeconfig with which the connector reaches the control plane: the address and authority of the current context,
# and the token of the ServiceAccount that deploy/control-plane.yaml makes.
#   KUBECONFIG=control-plane.kubeconfig control-plane-kubeconfig.sh CLAIM_NAMESPACE [SERVER] >my-controlplane.kubeconfig
# SERVER replaces the address where the app cluster reaches the control plane by another one.
set -euo pipefail
namespace=${1:?usage: control-plane-kubeconfig.sh CLAIM_NAMESPACE [SERVER]}
server=${2:-$(kubectl config view --minify --output 'jsonpath={.clusters[0].cluster.server}')}
token=
# The controllers fill the Secret a moment after it is made.
for _ in $(seq 50); do
  token=$(kubectl -n "$namespace" get secret mcp-connector-token --output 'jsonpath={.data.token}' | base64 -d)
  [ -n "$token" ] && break
  sleep 0.2
done
[ -n "$token" ] || { echo "the Secret $namespace/mcp-connector-token has no token; is the controller manager running?" >&2; exit 1; }

# A control plane with a publicly trusted certificate has no authority in its context.
authority=$(kubectl config view --minify --raw --flatten --output 'jsonpath={.clusters[0].cluster.certificate-authority-data}')
cat <<Y
apiVersion: v1
kind: Config
current-context: control-plane
contexts:
  - name: control-plane
    context:
      cluster: control-plane
      user: mcp-connector
      namespace: $namespace
clusters:
  - name: control-plane
    cluster:
      server: $server
${authority:+      certificate-authority-data: $authority
}users:
  - name: mcp-connector
    user:
      token: $token
Y

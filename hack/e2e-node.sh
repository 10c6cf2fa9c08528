#!/usr/bin/env bash
# The end-to-end suite on a real node without Docker: the node is the app cluster, a control plane with Crossplane runs on
# this machine, and the connector is an image installed by Helm. KEEP=1 leaves everything running.
set -euo pipefail
ROOT=$(cd "$(dirname "$0")/.." && pwd)
cd "$ROOT"
. hack/node/settings.sh
PATH=$ROOT/node_modules/.bin:$PATH

control_plane_dir=$NODE_LAB/control-plane
export APP_KUBECONFIG=$NODE_LAB/kubeconfig CONTROL_PLANE_KUBECONFIG=
pid=
finish() {
  status=$?
  if [ -n "${KEEP:-}" ]; then
    echo "left running: APP_KUBECONFIG=$APP_KUBECONFIG CONTROL_PLANE_KUBECONFIG=$CONTROL_PLANE_KUBECONFIG; end it with: kill $pid; hack/node-down.sh"
  else
    if [ $status != 0 ]; then
      kubectl --kubeconfig "$APP_KUBECONFIG" -n kube-system get pods -o wide || true
      kubectl --kubeconfig "$APP_KUBECONFIG" -n kube-system logs -l app.kubernetes.io/name=mcp-connector --tail=50 --prefix || true
      # The chart's hook, which Helm keeps where it failed.
      kubectl --kubeconfig "$APP_KUBECONFIG" -n kube-system logs -l app.kubernetes.io/component=uninstall --tail=50 --prefix || true
    fi
    if [ -n "$pid" ] && kill "$pid" 2>/dev/null; then wait "$pid" || true; fi
    hack/node-down.sh
  fi
  exit $status
}
trap finish EXIT

hack/node-up.sh
if [ -z "${IMAGE_ARCHIVE:-}" ]; then
  IMAGE_ARCHIVE=$NODE_LAB/mcp-connector.tar
  hack/image.sh "$IMAGE_ARCHIVE"
fi
hack/node-image.sh "$IMAGE_ARCHIVE"

# Pods reach the machine at HOST_IP only.
mkdir -p "$control_plane_dir"
rm -f "$control_plane_dir/lab.json"
node test/e2e/control-plane.ts "$control_plane_dir" "$HOST_IP" >"$control_plane_dir/output" 2>&1 &
pid=$!
for _ in $(seq 1800); do
  [ -f "$control_plane_dir/lab.json" ] && break
  kill -0 $pid 2>/dev/null || { cat "$control_plane_dir/output" >&2; exit 1; }
  sleep 0.5
done
CONTROL_PLANE_KUBECONFIG=$(node -p 'JSON.parse(fs.readFileSync(process.argv[1], "utf8")).clusters["control-plane"].kubeconfig' "$control_plane_dir/lab.json")
# The composite kind before its claims: a claim controller of Crossplane 1.20 that starts sooner never watches it.
sed '/^ *claimNames:/d' test/e2e/platform.yaml | kubectl --kubeconfig "$CONTROL_PLANE_KUBECONFIG" apply -f -
kubectl --kubeconfig "$CONTROL_PLANE_KUBECONFIG" wait xrd/xkubernetesclusters.k8s.starter.org --for=condition=Established --timeout=60s
kubectl --kubeconfig "$CONTROL_PLANE_KUBECONFIG" apply -f test/e2e/platform.yaml
kubectl --kubeconfig "$CONTROL_PLANE_KUBECONFIG" wait xrd/xkubernetesclusters.k8s.starter.org --for=condition=Offered --timeout=60s

hack/e2e-suite.sh

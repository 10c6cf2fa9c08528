# shellcheck shell=bash
# First process of the node, in pid, network, mount and cgroup namespaces of its own. When it ends, everything in them ends.
# Run by node-up.sh with the settings exported; $NODE_LAB/ready says that all components were started, $NODE_LAB/failed
# names the ones that ended.
set -eu
trap 'echo "init ended" >>"$NODE_LAB/failed"' EXIT

mount --make-rshared /
mount -t sysfs sysfs /sys
mount -t tmpfs -o mode=755 tmpfs /sys/fs/cgroup
for controller in $CGROUP_CONTROLLERS; do
  mkdir "/sys/fs/cgroup/$controller"
  mount -t cgroup -o "$controller" cgroup "/sys/fs/cgroup/$controller"
done
mkdir /sys/fs/cgroup/systemd
mount -t cgroup -o none,name=systemd cgroup /sys/fs/cgroup/systemd
mount -t tmpfs -o mode=755 tmpfs /run
mount -t tmpfs -o mode=755 tmpfs /var
mkdir -p /var/lib/kubelet /var/lib/containerd /var/lib/cni /var/log
mkdir -m 1777 /var/tmp
ln -s /run /var/run
mount --bind "$NODE_LAB/data/kubelet" /var/lib/kubelet
mount --bind "$NODE_LAB/data/containerd" /var/lib/containerd
mount --bind "$NODE_LAB/data/log" /var/log
for setting in "$NODE_LAB"/conf/sysctl/*; do mount --bind "$setting" "/proc/sys/$(basename "$setting" | tr . /)"; done

ip link set lo up
until ip link show lab-node >/dev/null 2>&1; do sleep 0.05; done
ip addr add "$NODE_IP/30" dev lab-node
ip link set lab-node up
# kube-proxy rewrites the address of a Service only after a route was found for it, and there is no default route.
ip route add "$SERVICE_NET" dev lab-node
echo 1 >/proc/sys/net/ipv4/ip_forward

start() { # component command...
  local name=$1
  shift
  { "$@" >"$NODE_LAB/log/$name.log" 2>&1 || true; echo "$name ended" >>"$NODE_LAB/failed"; } &
}
pki=$NODE_LAB/pki conf=$NODE_LAB/conf etcd=http://127.0.0.1:$ETCD_PORT peer=http://127.0.0.1:$((ETCD_PORT + 1))

start containerd containerd -c "$conf/containerd.toml"
start etcd etcd --data-dir "$NODE_LAB/data/etcd" --listen-client-urls $etcd --advertise-client-urls $etcd \
  --listen-peer-urls $peer --initial-advertise-peer-urls $peer --initial-cluster default=$peer --unsafe-no-fsync --log-level error
# shellcheck disable=SC2086 # API_FLAGS holds several flags
start kube-apiserver kube-apiserver --etcd-servers $etcd --secure-port "$API_PORT" --bind-address 0.0.0.0 --advertise-address "$NODE_IP" \
  --tls-cert-file "$pki/apiserver.crt" --tls-private-key-file "$pki/apiserver.key" --client-ca-file "$pki/ca.crt" \
  --authorization-mode Node,RBAC --enable-admission-plugins NodeRestriction --allow-privileged=true \
  --service-cluster-ip-range "$SERVICE_NET" --service-account-issuer https://kubernetes.default.svc.cluster.local \
  --service-account-key-file "$pki/service-account.pub" --service-account-signing-key-file "$pki/service-account.key" \
  --requestheader-client-ca-file "$pki/front-proxy-ca.crt" --requestheader-allowed-names front-proxy-client \
  --requestheader-extra-headers-prefix X-Remote-Extra- --requestheader-group-headers X-Remote-Group \
  --requestheader-username-headers X-Remote-User \
  --proxy-client-cert-file "$pki/front-proxy-client.crt" --proxy-client-key-file "$pki/front-proxy-client.key" \
  --enable-aggregator-routing=true --kubelet-certificate-authority "$pki/ca.crt" --kubelet-client-certificate "$pki/admin.crt" \
  --kubelet-client-key "$pki/admin.key" --kubelet-preferred-address-types InternalIP ${API_FLAGS:-}
until kubectl --kubeconfig "$NODE_LAB/kubeconfig" get --raw /readyz >/dev/null 2>&1; do sleep 0.2; done

start kubelet kubelet --config "$conf/kubelet.yaml" --kubeconfig "$conf/kubelet.kubeconfig" --node-ip "$NODE_IP" --hostname-override "$NODE_NAME"
for name in controller-manager scheduler; do
  set -- --kubeconfig "$conf/$name.kubeconfig" --authentication-kubeconfig "$conf/$name.kubeconfig" \
    --authorization-kubeconfig "$conf/$name.kubeconfig" --leader-elect=false
  if [ $name = controller-manager ]; then
    set -- "$@" --service-account-private-key-file "$pki/service-account.key" --root-ca-file "$pki/ca.crt" \
      --cluster-signing-cert-file "$pki/ca.crt" --cluster-signing-key-file "$pki/ca.key" --use-service-account-credentials \
      --controllers='*,-node-ipam-controller,-cloud-node-lifecycle-controller,-service-lb-controller,-node-route-controller'
  fi
  start kube-$name kube-$name "$@"
done
if command -v kube-proxy >/dev/null; then start kube-proxy kube-proxy --config "$conf/kube-proxy.yaml"; fi
if command -v coredns >/dev/null; then
  ip addr add "$DNS_IP/32" dev lo
  start coredns coredns -conf "$conf/Corefile"
fi
touch "$NODE_LAB/ready"
while :; do
  sleep 3600 &
  wait $!
done

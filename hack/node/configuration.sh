# Configuration files of the node's components, in $NODE_LAB/conf. Sourced by node-up.sh like certificates.sh.

cat >conf/containerd.toml <<Y
version = 2
root = "/var/lib/containerd"
state = "/run/containerd"
oom_score = 0
disabled_plugins = [
  "io.containerd.snapshotter.v1.aufs", "io.containerd.snapshotter.v1.btrfs", "io.containerd.snapshotter.v1.devmapper",
  "io.containerd.snapshotter.v1.zfs", "io.containerd.tracing.processor.v1.otlp", "io.containerd.internal.v1.tracing"]
[grpc]
  address = "$NODE_LAB/sock/containerd.sock"
[plugins."io.containerd.grpc.v1.cri"]
  sandbox_image = "localhost/lab-pause:1"
  restrict_oom_score_adj = true
  disable_apparmor = true
  [plugins."io.containerd.grpc.v1.cri".cni]
    bin_dir = "$CNI_BIN"
    conf_dir = "$NODE_LAB/cni"
  [plugins."io.containerd.grpc.v1.cri".containerd]
    snapshotter = "$SNAPSHOTTER"
    [plugins."io.containerd.grpc.v1.cri".containerd.runtimes.runc]
      runtime_type = "io.containerd.runc.v2"
      [plugins."io.containerd.grpc.v1.cri".containerd.runtimes.runc.options]
        SystemdCgroup = false
Y

# Pods reach the node and the machine, and nothing else: there is no masquerading.
cat >cni/10-lab.conflist <<Y
{"cniVersion": "0.4.0", "name": "lab", "plugins": [
  {"type": "bridge", "bridge": "lab-pods", "isGateway": true, "hairpinMode": true, "ipMasq": false,
   "ipam": {"type": "host-local", "dataDir": "/run/cni-ipam", "ranges": [[{"subnet": "$POD_NET"}]], "routes": [{"dst": "0.0.0.0/0"}]}},
  {"type": "portmap", "capabilities": {"portMappings": true}}]}
Y

# Nothing is evicted and no image is collected: the disk is the machine's, and no image could be pulled again.
cat >conf/kubelet.yaml <<Y
apiVersion: kubelet.config.k8s.io/v1beta1
kind: KubeletConfiguration
authentication: {anonymous: {enabled: false}, webhook: {enabled: true}, x509: {clientCAFile: $NODE_LAB/pki/ca.crt}}
authorization: {mode: Webhook}
tlsCertFile: $NODE_LAB/pki/kubelet.crt
tlsPrivateKeyFile: $NODE_LAB/pki/kubelet.key
containerRuntimeEndpoint: unix://$NODE_LAB/sock/containerd.sock
cgroupDriver: cgroupfs
failCgroupV1: false
failSwapOn: false
oomScoreAdj: 0
enforceNodeAllocatable: [pods]
imageGCHighThresholdPercent: 100
evictionHard: {memory.available: 100Mi, nodefs.available: "0%", nodefs.inodesFree: "0%", imagefs.available: "0%"}
resolvConf: $NODE_LAB/conf/resolv.conf
clusterDomain: cluster.local
clusterDNS: [$DNS_IP]
nodeStatusUpdateFrequency: 5s
syncFrequency: 10s
Y

# Zeros: leave the machine's connection tracking as it is.
cat >conf/kube-proxy.yaml <<Y
apiVersion: kubeproxy.config.k8s.io/v1alpha1
kind: KubeProxyConfiguration
clientConnection: {kubeconfig: $NODE_LAB/conf/proxy.kubeconfig}
hostnameOverride: $NODE_NAME
mode: ${PROXY_MODE:-iptables}
clusterCIDR: $POD_NET
conntrack: {maxPerCore: 0, min: 0, tcpEstablishedTimeout: 0s, tcpCloseWaitTimeout: 0s}
Y

echo "nameserver $DNS_IP" >conf/resolv.conf
cat >conf/Corefile <<Y
.:53 {
  errors
  kubernetes cluster.local in-addr.arpa {
    kubeconfig $NODE_LAB/kubeconfig
  }
}
Y

# The kernel settings that the kubelet insists on. It is shown these files; the machine keeps its own values.
mkdir -p conf/sysctl
for setting in vm.overcommit_memory=1 vm.panic_on_oom=0 kernel.panic=10 kernel.panic_on_oops=1 \
  kernel.keys.root_maxkeys=1000000 kernel.keys.root_maxbytes=25000000; do
  echo "${setting#*=}" >"conf/sysctl/${setting%%=*}"
done

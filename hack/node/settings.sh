# Settings of the lab's node, read by every node-*.sh. Each can be set in the environment.
#   NODE_LAB  data, logs, certificates and sockets of the node; $NODE_LAB/kubeconfig is the administrator's
#   BIN       folder with kube-apiserver, kubelet and the rest; without it the tools cache and PATH are searched
#   NET       first two numbers of three private ranges: NET.0.0/30 machine and node, NET.1.0/24 pods, NET.2.0/24 Services
cache=${XDG_CACHE_HOME:-$HOME/.cache}/mcp-connector
NODE_LAB=${NODE_LAB:-$cache/node}
NET=${NET:-10.210}
API_PORT=${API_PORT:-26443} ETCD_PORT=${ETCD_PORT:-22379} NODE_NAME=lab-node
HOST_IP=$NET.0.1 NODE_IP=$NET.0.2 POD_NET=$NET.1.0/24 SERVICE_NET=$NET.2.0/24 API_SERVICE_IP=$NET.2.1 DNS_IP=$NET.2.10
CNI_BIN=${CNI_BIN:-/usr/lib/cni}
SNAPSHOTTER=${SNAPSHOTTER:-overlayfs}
shopt -s nullglob
tool_folders=("$cache"/tools/*/)
shopt -u nullglob
PATH=${BIN:+$BIN:}$(printf '%s:' "${tool_folders[@]%/}")$PATH
export NODE_LAB PATH HOST_IP NODE_IP DNS_IP API_PORT ETCD_PORT NODE_NAME SERVICE_NET

# What helm keeps belongs to the node, not to the user.
export HELM_CACHE_HOME=$NODE_LAB/helm/cache HELM_CONFIG_HOME=$NODE_LAB/helm/config HELM_DATA_HOME=$NODE_LAB/helm/data

node_is_up() { [ -f "$NODE_LAB/init.pid" ] && grep -qs "$NODE_LAB/node-init.sh" "/proc/$(cat "$NODE_LAB/init.pid")/cmdline"; }

# Certificate authorities, certificates and kubeconfigs of the node, in $NODE_LAB/pki. Made once and kept.
# Sourced by node-up.sh with the settings in place and $NODE_LAB as the working directory.

new_key=(-newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes)

authority() { # name
  openssl req -x509 "${new_key[@]}" -days 30 -subj "/CN=$1" -keyout "pki/$1.key" -out "pki/$1.crt" 2>/dev/null
}

certificate() { # name authority subject [subjectAltName]
  openssl req "${new_key[@]}" -subj "$3" -keyout "pki/$1.key" -out "pki/$1.csr" 2>/dev/null
  openssl x509 -req -in "pki/$1.csr" -CA "pki/$2.crt" -CAkey "pki/$2.key" -CAcreateserial -days 30 -out "pki/$1.crt" \
    -extfile <(printf 'extendedKeyUsage=serverAuth,clientAuth\nkeyUsage=digitalSignature\n%s' "${4:+subjectAltName=$4}") 2>/dev/null
}

write_kubeconfig() { # certificate file
  cat >"$2" <<Y
apiVersion: v1
kind: Config
current-context: node
contexts: [{name: node, context: {cluster: node, user: $1}}]
clusters: [{name: node, cluster: {server: "https://$NODE_IP:$API_PORT", certificate-authority-data: $(base64 -w0 pki/ca.crt)}}]
users: [{name: $1, user: {client-certificate-data: $(base64 -w0 "pki/$1.crt"), client-key-data: $(base64 -w0 "pki/$1.key")}}]
Y
  chmod 600 "$2"
}

if [ ! -f pki/done ]; then
  authority ca
  authority front-proxy-ca
  api_names=DNS:localhost,DNS:kubernetes,DNS:kubernetes.default,DNS:kubernetes.default.svc,DNS:kubernetes.default.svc.cluster.local
  certificate apiserver ca /CN=kube-apiserver "IP:127.0.0.1,IP:$NODE_IP,IP:$API_SERVICE_IP,$api_names"
  certificate front-proxy-client front-proxy-ca /CN=front-proxy-client
  certificate admin ca /O=system:masters/CN=admin
  certificate controller-manager ca /CN=system:kube-controller-manager
  certificate scheduler ca /CN=system:kube-scheduler
  certificate kubelet ca "/O=system:nodes/CN=system:node:$NODE_NAME" "IP:$NODE_IP,DNS:$NODE_NAME"
  certificate proxy ca /CN=system:kube-proxy
  openssl ecparam -name prime256v1 -genkey -noout -out pki/service-account.key
  openssl ec -in pki/service-account.key -pubout -out pki/service-account.pub 2>/dev/null
  touch pki/done
fi
chmod 700 pki
write_kubeconfig admin kubeconfig
for who in controller-manager scheduler kubelet proxy; do write_kubeconfig $who conf/$who.kubeconfig; done

package main

import (
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"math/rand"
	"net/url"
)

const (
	clusterLabel     = "mcp-connector.upbound.io/app-cluster"
	namespaceLabel   = "mcp-connector.upbound.io/app-namespace"
	nameLabel        = "mcp-connector.upbound.io/app-resource-name"
	secretAnnotation = "mcp-connector-k8s.io/connection-secret-name"
)

// claims are the objects of one app namespace as one target addresses them. With the form "control-plane" requests
// carry what the connector would send for the same request of a user: the hashed name, the claim namespace, the
// labels and the selector over them, so that the control plane works the same for every target.
type claims struct {
	job       *Job
	target    *Target
	namespace string
}

func (c claims) stored() bool { return c.target.Form == "control-plane" }

func (c claims) hashed(name string) string {
	sum := sha256.Sum256([]byte(name + "-x-" + c.namespace + "-x-" + c.job.ClusterID))
	return fmt.Sprintf("claim-%x", sum[:8])
}

func (c claims) collection() string {
	namespace := c.namespace
	if c.stored() {
		namespace = c.job.ClaimNamespace
	}
	return fmt.Sprintf("/apis/%s/v1alpha1/namespaces/%s/buckets", c.target.Group, namespace)
}

func (c claims) one(name string) string {
	if c.stored() {
		name = c.hashed(name)
	}
	return c.collection() + "/" + name
}

// list is the path of a list or, with watch, of a watch from now on.
func (c claims) list(watch string) string {
	query := url.Values{}
	if watch != "" {
		query.Set("watch", "true")
		query.Set("resourceVersion", watch)
	}
	if c.stored() {
		query.Set("labelSelector", clusterLabel+"="+c.job.ClusterID+","+namespaceLabel+"="+c.namespace)
	}
	return c.collection() + "?" + query.Encode()
}

// body is a claim of about 2.5 kB once stored, TextBytes of it text that compresses badly.
func (c claims) body(name string, random *rand.Rand) []byte {
	text := make([]byte, c.job.TextBytes*3/4)
	random.Read(text)
	stored, namespace, secret, metadata := name, c.namespace, name+"-connection", ""
	if c.stored() {
		stored, namespace = c.hashed(name), c.job.ClaimNamespace
		metadata = fmt.Sprintf(`"labels":{%q:%q,%q:%q,%q:%q},"annotations":{%q:%q},`,
			clusterLabel, c.job.ClusterID, namespaceLabel, c.namespace, nameLabel, name, secretAnnotation, secret)
		secret = c.hashed(secret)
	}
	return fmt.Appendf(nil, `{"apiVersion":"%s/v1alpha1","kind":"Bucket","metadata":{%s"name":%q,"namespace":%q},`+
		`"spec":{"parameters":{"size":3,"turn":"none","text":%q},"writeConnectionSecretToRef":{"name":%q}}}`,
		c.target.Group, metadata, stored, namespace, base64.StdEncoding.EncodeToString(text), secret)
}

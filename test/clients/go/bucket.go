package main

import (
	"context"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/runtime/serializer"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/watch"
	"k8s.io/client-go/rest"
)

type Bucket struct {
	metav1.TypeMeta   `json:",inline"`
	metav1.ObjectMeta `json:"metadata,omitempty"`
	Spec              BucketSpec   `json:"spec"`
	Status            BucketStatus `json:"status,omitempty"`
}

type BucketSpec struct {
	Parameters struct {
		Size string `json:"size"`
	} `json:"parameters"`
}

type BucketStatus struct {
	Note string `json:"note,omitempty"`
}

type BucketList struct {
	metav1.TypeMeta `json:",inline"`
	metav1.ListMeta `json:"metadata,omitempty"`
	Items           []Bucket `json:"items"`
}

func (b *Bucket) DeepCopyObject() runtime.Object {
	copied := *b
	b.ObjectMeta.DeepCopyInto(&copied.ObjectMeta)
	return &copied
}

func (l *BucketList) DeepCopyObject() runtime.Object {
	copied := *l
	copied.Items = make([]Bucket, len(l.Items))
	for i := range l.Items {
		copied.Items[i] = *l.Items[i].DeepCopyObject().(*Bucket)
	}
	return &copied
}

// bucketClient is what a code generator makes of the kind, as far as it is needed here.
type bucketClient struct {
	rest      rest.Interface
	resource  schema.GroupVersionResource
	namespace string
	codec     runtime.ParameterCodec
}

func newBucketClient(shared *rest.Config, group, namespace string) (*bucketClient, error) {
	version := schema.GroupVersion{Group: group, Version: "v1"}
	scheme := runtime.NewScheme()
	scheme.AddKnownTypes(version, &Bucket{}, &BucketList{})
	metav1.AddToGroupVersion(scheme, version)
	config := rest.CopyConfig(shared)
	config.GroupVersion = &version
	config.APIPath = "/apis"
	config.NegotiatedSerializer = serializer.NewCodecFactory(scheme).WithoutConversion()
	config.UserAgent = "typed"
	client, err := rest.RESTClientFor(config)
	return &bucketClient{client, version.WithResource("buckets"), namespace, runtime.NewParameterCodec(scheme)}, err
}

func (c *bucketClient) create(ctx context.Context, name, size string) error {
	bucket := &Bucket{ObjectMeta: metav1.ObjectMeta{Name: name, Namespace: c.namespace}}
	bucket.Spec.Parameters.Size = size
	return c.rest.Post().Namespace(c.namespace).Resource("buckets").Body(bucket).Do(ctx).Error()
}

func (c *bucketClient) get(ctx context.Context, name string) (*Bucket, error) {
	bucket := &Bucket{}
	err := c.rest.Get().Namespace(c.namespace).Resource("buckets").Name(name).Do(ctx).Into(bucket)
	return bucket, err
}

func (c *bucketClient) list(ctx context.Context) (*BucketList, error) {
	list := &BucketList{}
	err := c.rest.Get().Namespace(c.namespace).Resource("buckets").Do(ctx).Into(list)
	return list, err
}

func (c *bucketClient) watch(ctx context.Context, version string) (watch.Interface, error) {
	options := &metav1.ListOptions{Watch: true, ResourceVersion: version, AllowWatchBookmarks: true}
	return c.rest.Get().Namespace(c.namespace).Resource("buckets").VersionedParams(options, c.codec).Watch(ctx)
}

func (c *bucketClient) update(ctx context.Context, bucket *Bucket) error {
	return c.rest.Put().Namespace(c.namespace).Resource("buckets").Name(bucket.Name).Body(bucket).Do(ctx).Error()
}

func (c *bucketClient) updateStatus(ctx context.Context, bucket *Bucket) error {
	return c.rest.Put().Namespace(c.namespace).Resource("buckets").Name(bucket.Name).SubResource("status").Body(bucket).Do(ctx).Error()
}

func (c *bucketClient) patch(ctx context.Context, name, patch string) error {
	return c.rest.Patch(types.MergePatchType).Namespace(c.namespace).Resource("buckets").Name(name).Body([]byte(patch)).Do(ctx).Error()
}

func (c *bucketClient) delete(ctx context.Context, name string) error {
	return c.rest.Delete().Namespace(c.namespace).Resource("buckets").Name(name).Do(ctx).Error()
}

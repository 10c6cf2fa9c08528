package main

import (
	"context"
	"fmt"

	"k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/client-go/dynamic"
	"k8s.io/client-go/dynamic/dynamicinformer"
	"k8s.io/client-go/metadata"
	"k8s.io/client-go/metadata/metadatainformer"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/cache"
)

// watcher is an informer with the gate before it and the journal of its handler.
type watcher struct {
	informer cache.SharedIndexInformer
	gate     *gate
	seen     *journal
}

// startInformers starts both kinds of informers; their first lists are noted in the phase given.
func startInformers(ctx context.Context, shared *rest.Config, buckets *bucketClient, phase string) ([]*watcher, error) {
	made := []*watcher{}
	for _, kind := range []struct {
		from     string
		informer func(*rest.Config) (cache.SharedIndexInformer, error)
	}{{"dynamic informer", buckets.dynamicInformer}, {"metadata informer", buckets.metadataInformer}} {
		seen := &journal{from: kind.from, phase: phase}
		gate := newGate(seen)
		config := rest.CopyConfig(shared)
		config.UserAgent = kind.from
		config.Wrap(gate.wrap)
		one, err := kind.informer(config)
		if err != nil {
			return nil, err
		}
		if _, err := one.AddEventHandler(noting(seen)); err != nil {
			return nil, err
		}
		go one.Run(ctx.Done())
		made = append(made, &watcher{one, gate, seen})
	}
	return made, nil
}

func (c *bucketClient) dynamicInformer(config *rest.Config) (cache.SharedIndexInformer, error) {
	client, err := dynamic.NewForConfig(config)
	if err != nil {
		return nil, err
	}
	factory := dynamicinformer.NewFilteredDynamicSharedInformerFactory(client, 0, c.namespace, nil)
	return factory.ForResource(c.resource).Informer(), nil
}

func (c *bucketClient) metadataInformer(config *rest.Config) (cache.SharedIndexInformer, error) {
	client, err := metadata.NewForConfig(config)
	if err != nil {
		return nil, err
	}
	factory := metadatainformer.NewFilteredSharedInformerFactory(client, 0, c.namespace, nil)
	return factory.ForResource(c.resource).Informer(), nil
}

func noting(seen *journal) cache.ResourceEventHandler {
	return cache.ResourceEventHandlerDetailedFuncs{
		AddFunc: func(object any, isInInitialList bool) {
			event := "add"
			if isInInitialList {
				event = "add in the first list"
			}
			seen.add(lineOf(event, object))
		},
		UpdateFunc: func(_, object any) { seen.add(lineOf("update", object)) },
		DeleteFunc: func(object any) {
			if missed, ok := object.(cache.DeletedFinalStateUnknown); ok {
				seen.add(lineOf("delete that was missed", missed.Obj))
				return
			}
			seen.add(lineOf("delete", object))
		},
	}
}

func lineOf(event string, object any) line {
	switch seen := object.(type) {
	case *unstructured.Unstructured:
		size, _, _ := unstructured.NestedString(seen.Object, "spec", "parameters", "size")
		note, _, _ := unstructured.NestedString(seen.Object, "status", "note")
		return line{Event: event, Name: seen.GetName(), Size: size, Note: note, Generation: seen.GetGeneration(), Labels: seen.GetLabels()}
	case *v1.PartialObjectMetadata:
		return line{Event: event, Name: seen.Name, Generation: seen.Generation, Labels: seen.Labels}
	}
	return line{Event: fmt.Sprintf("%s of %T", event, object)}
}

// versions gives what the informer holds: the resourceVersion by name.
func (w *watcher) versions() map[string]string {
	held := map[string]string{}
	for _, object := range w.informer.GetStore().List() {
		if one, ok := object.(v1.Object); ok {
			held[one.GetName()] = one.GetResourceVersion()
		}
	}
	return held
}

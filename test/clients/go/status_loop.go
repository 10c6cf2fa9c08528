package main

import (
	"context"
	"fmt"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/watch"
	"k8s.io/client-go/util/retry"
)

func noteOf(bucket *Bucket) string {
	return "size " + bucket.Spec.Parameters.Size
}

// watchBuckets opens the watch that keepStatus reads, from what there is now.
func watchBuckets(ctx context.Context, buckets *bucketClient) (watch.Interface, error) {
	list, err := buckets.list(ctx)
	if err != nil {
		return nil, err
	}
	return buckets.watch(ctx, list.ResourceVersion)
}

// keepStatus writes the size of every bucket that the watch brings into its status, as a controller does, until ctx ends.
// What the watch brought is noted in the journal.
func keepStatus(ctx context.Context, events watch.Interface, buckets *bucketClient, seen *journal) error {
	defer events.Stop()
	for event := range events.ResultChan() {
		if event.Type == watch.Bookmark {
			continue
		}
		bucket, ok := event.Object.(*Bucket)
		if !ok {
			return fmt.Errorf("the typed watch brought %s with %T", event.Type, event.Object)
		}
		seen.add(line{Event: string(event.Type), Name: bucket.Name, Size: bucket.Spec.Parameters.Size, Note: bucket.Status.Note,
			Generation: bucket.Generation, Labels: bucket.Labels})
		if event.Type == watch.Deleted || bucket.Status.Note == noteOf(bucket) {
			continue
		}
		if err := writeStatus(ctx, buckets, bucket.Name); err != nil {
			return err
		}
	}
	return ctx.Err()
}

func writeStatus(ctx context.Context, buckets *bucketClient, name string) error {
	err := retry.RetryOnConflict(retry.DefaultRetry, func() error {
		current, err := buckets.get(ctx, name)
		if err != nil {
			return err
		}
		current.Status.Note = noteOf(current)
		return buckets.updateStatus(ctx, current)
	})
	if apierrors.IsNotFound(err) {
		return nil
	}
	return err
}

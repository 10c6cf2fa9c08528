package main

import (
	"context"
	"fmt"
	"maps"
	"time"

	"k8s.io/apimachinery/pkg/util/wait"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/util/retry"
)

var phases = []string{"first list", "changes", "missed", "end"}

// story makes everything happen, phase by phase, and gives all that was seen. A phase ends when the status loop has nothing
// more to write and both informers hold what the cluster holds.
func story(ctx context.Context, config *rest.Config, buckets *bucketClient) ([]line, error) {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	typed := &journal{from: "typed loop", phase: phases[0]}
	events, err := watchBuckets(ctx, buckets)
	if err != nil {
		return nil, err
	}
	go func() { cancel(keepStatus(ctx, events, buckets, typed)) }()
	told := teller{buckets: buckets}

	told.create(ctx, "first", "small")
	told.create(ctx, "second", "small")
	if told.err != nil {
		return nil, told.err
	}
	watchers, err := startInformers(ctx, config, buckets, phases[0])
	if err != nil {
		return nil, err
	}
	begin := func(phase string) {
		told.caughtUp(ctx, watchers)
		typed.begin(phase)
		for _, watcher := range watchers {
			watcher.seen.begin(phase)
		}
	}

	begin("changes")
	told.create(ctx, "third", "large")
	told.resize(ctx, "first", "medium")
	told.patch(ctx, "second", `{"metadata":{"labels":{"team":"red"}}}`)
	told.delete(ctx, "third")
	told.create(ctx, "third", "small")

	begin("missed")
	for _, watcher := range watchers {
		watcher.gate.shut()
	}
	told.resize(ctx, "first", "large")
	told.delete(ctx, "second")
	told.create(ctx, "fourth", "small")
	for _, watcher := range watchers {
		watcher.gate.reopen()
	}

	begin("end")
	for _, name := range []string{"first", "third", "fourth"} {
		told.delete(ctx, name)
	}
	told.caughtUp(ctx, watchers)
	if told.err != nil {
		return nil, fmt.Errorf("%w (%v)", told.err, context.Cause(ctx))
	}
	lines := typed.sorted(phases)
	for _, watcher := range watchers {
		lines = append(lines, watcher.seen.sorted(phases)...)
	}
	return lines, nil
}

// teller writes, and waits each time until the status loop has followed: what is seen then depends on no race. After an
// error it does nothing more.
type teller struct {
	buckets *bucketClient
	err     error
}

func (t *teller) do(what string, write func() error) {
	if t.err != nil {
		return
	}
	if err := write(); err != nil {
		t.err = fmt.Errorf("%s: %w", what, err)
	}
}

func (t *teller) until(ctx context.Context, what string, holds func() (bool, error)) {
	t.do(what, func() error {
		return wait.PollUntilContextTimeout(ctx, 20*time.Millisecond, 30*time.Second, true,
			func(context.Context) (bool, error) { return holds() })
	})
}

func (t *teller) settled(ctx context.Context, name string) {
	t.until(ctx, "status of "+name, func() (bool, error) {
		bucket, err := t.buckets.get(ctx, name)
		return err == nil && bucket.Status.Note == noteOf(bucket), err
	})
}

func (t *teller) create(ctx context.Context, name, size string) {
	t.do("create "+name, func() error { return t.buckets.create(ctx, name, size) })
	t.settled(ctx, name)
}

func (t *teller) resize(ctx context.Context, name, size string) {
	t.do("update "+name, func() error {
		return retry.RetryOnConflict(retry.DefaultRetry, func() error {
			bucket, err := t.buckets.get(ctx, name)
			if err != nil {
				return err
			}
			bucket.Spec.Parameters.Size = size
			return t.buckets.update(ctx, bucket)
		})
	})
	t.settled(ctx, name)
}

func (t *teller) patch(ctx context.Context, name, patch string) {
	t.do("patch "+name, func() error { return t.buckets.patch(ctx, name, patch) })
	t.settled(ctx, name)
}

func (t *teller) delete(ctx context.Context, name string) {
	t.do("delete "+name, func() error { return t.buckets.delete(ctx, name) })
}

func (t *teller) caughtUp(ctx context.Context, watchers []*watcher) {
	for _, watcher := range watchers {
		t.until(ctx, watcher.seen.from, func() (bool, error) {
			list, err := t.buckets.list(ctx)
			held := map[string]string{}
			for _, bucket := range list.Items {
				held[bucket.Name] = bucket.ResourceVersion
			}
			return watcher.gate.isWatching() && watcher.informer.HasSynced() && maps.Equal(held, watcher.versions()), err
		})
	}
}

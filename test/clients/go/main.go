// A client-go program as operators are, pointed at one cluster: a dynamic informer, a metadata informer (which asks for protobuf
// first), and a typed client whose loop writes a status behind every change of a spec. It creates, changes and deletes buckets,
// lets the informers' watches expire while they miss a change, and prints as JSON lines what each of them saw.
//
// With KUBE_FEATURE_WatchListClient=true informers begin with a streaming list, else with a list.
package main

import (
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"time"

	"k8s.io/client-go/tools/clientcmd"
)

const longest = 90 * time.Second

func main() {
	kubeconfig := flag.String("kubeconfig", "", "of the cluster")
	namespace := flag.String("namespace", "", "that is watched and written to")
	group := flag.String("group", "", "of the kind Bucket")
	flag.Parse()
	ctx, cancel := context.WithTimeout(context.Background(), longest)
	defer cancel()
	if err := run(ctx, *kubeconfig, *namespace, *group); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func run(ctx context.Context, kubeconfig, namespace, group string) error {
	config, err := clientcmd.BuildConfigFromFlags("", kubeconfig)
	if err != nil {
		return err
	}
	// Nothing here is to wait for the client's own rate limit.
	config.QPS = -1
	buckets, err := newBucketClient(config, group, namespace)
	if err != nil {
		return err
	}
	lines, err := story(ctx, config, buckets)
	if err != nil {
		return err
	}
	out := json.NewEncoder(os.Stdout)
	for _, line := range lines {
		if err := out.Encode(line); err != nil {
			return err
		}
	}
	return nil
}

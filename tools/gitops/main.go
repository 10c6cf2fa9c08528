// Gitops says of real objects what Argo CD and Flux make of them, with the settings that are given to either: the test of
// examples/gitops. It reads a JSON array from standard input and writes one answer for each of its entries.
package main

import (
	"encoding/json"
	"fmt"
	"os"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	utiljson "k8s.io/apimachinery/pkg/util/json"
)

const usage = `usage:
  gitops argocd-health ARGOCD_CM       objects in, {"status", "message"} out
  gitops argocd-diff ARGOCD_CM         {"live", "target"} in, the merge patch of a sync out
  gitops flux-health KUSTOMIZATION     objects in, {"status", "message"} out
  gitops kstatus                       the same without expressions`

func main() {
	answers, err := run(os.Args[1:])
	if err == nil {
		err = json.NewEncoder(os.Stdout).Encode(answers)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func run(args []string) (any, error) {
	switch {
	case len(args) == 2 && args[0] == "argocd-health":
		return eachObject(args[1], newArgoHealth)
	case len(args) == 2 && args[0] == "argocd-diff":
		return eachDiff(args[1])
	case len(args) == 2 && args[0] == "flux-health":
		return eachObject(args[1], newFluxHealth)
	case len(args) == 1 && args[0] == "kstatus":
		return eachObject("", newKstatus)
	}
	return nil, fmt.Errorf("%s", usage)
}

// health is what either program shows of an object.
type health struct {
	Status  string `json:"status"`
	Message string `json:"message,omitempty"`
}

type assess func(*unstructured.Unstructured) (health, error)

func eachObject(file string, newAssess func(file string) (assess, error)) ([]health, error) {
	assess, err := newAssess(file)
	if err != nil {
		return nil, err
	}
	var objects []map[string]any
	if err := readInput(&objects); err != nil {
		return nil, err
	}
	answers := []health{}
	for _, object := range objects {
		answer, err := assess(&unstructured.Unstructured{Object: object})
		if err != nil {
			return nil, err
		}
		answers = append(answers, answer)
	}
	return answers, nil
}

// readInput keeps whole numbers whole, as the clients of Kubernetes do.
func readInput(into any) error {
	var raw json.RawMessage
	if err := json.NewDecoder(os.Stdin).Decode(&raw); err != nil {
		return err
	}
	return utiljson.Unmarshal(raw, into)
}

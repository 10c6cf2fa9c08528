package main

import (
	"context"
	"os"

	"github.com/fluxcd/cli-utils/pkg/kstatus/status"
	"github.com/fluxcd/pkg/apis/kustomize"
	"github.com/fluxcd/pkg/runtime/cel"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"sigs.k8s.io/yaml"
)

// newFluxHealth is the reader that kustomize-controller makes of spec.healthCheckExprs.
func newFluxHealth(file string) (assess, error) {
	text, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}
	var kustomization struct {
		Spec struct {
			HealthCheckExprs []kustomize.CustomHealthCheck `json:"healthCheckExprs"`
		} `json:"spec"`
	}
	if err := yaml.Unmarshal(text, &kustomization); err != nil {
		return nil, err
	}
	newReader, err := cel.NewStatusReader(kustomization.Spec.HealthCheckExprs)
	if err != nil {
		return nil, err
	}
	// It maps names of resources to kinds, and whole objects are given here.
	reader := newReader(nil)
	return func(object *unstructured.Unstructured) (health, error) {
		found, err := reader.ReadStatusForObject(context.Background(), nil, object)
		if err != nil {
			return health{}, err
		}
		answer := health{Status: string(found.Status), Message: found.Message}
		if found.Error != nil {
			answer.Message = found.Error.Error()
		}
		return answer, nil
	}, nil
}

// newKstatus is what Flux goes by for kinds without expressions.
func newKstatus(string) (assess, error) {
	return func(object *unstructured.Unstructured) (health, error) {
		found, err := status.Compute(object)
		if err != nil {
			return health{}, err
		}
		return health{Status: string(found.Status), Message: found.Message}, nil
	}, nil
}

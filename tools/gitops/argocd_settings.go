package main

import (
	"fmt"
	"os"

	"github.com/gobwas/glob"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"sigs.k8s.io/yaml"
)

// customization is one entry of resource.customizations in argocd-cm.
type customization struct {
	HealthLua string `json:"health.lua"`
	// YAML in a string, as Argo CD has it.
	IgnoreDifferences string `json:"ignoreDifferences"`
}

type ignoredPaths struct {
	JSONPointers      []string `json:"jsonPointers"`
	JQPathExpressions []string `json:"jqPathExpressions"`
}

// readCustomization finds the entry for a kind as Argo CD does: by its name, else by a pattern in the place of one.
func readCustomization(file string, gvk schema.GroupVersionKind) (*customization, error) {
	text, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}
	var configMap struct {
		Data map[string]string `json:"data"`
	}
	if err := yaml.Unmarshal(text, &configMap); err != nil {
		return nil, err
	}
	entries := map[string]customization{}
	if err := yaml.UnmarshalStrict([]byte(configMap.Data["resource.customizations"]), &entries); err != nil {
		return nil, err
	}
	name := gvk.Group + "/" + gvk.Kind
	if entry, ok := entries[name]; ok {
		return &entry, nil
	}
	for pattern, entry := range entries {
		matcher, err := glob.Compile(pattern)
		if err != nil {
			return nil, err
		}
		if matcher.Match(name) {
			return &entry, nil
		}
	}
	return nil, fmt.Errorf("%s has no resource.customizations for %s", file, name)
}

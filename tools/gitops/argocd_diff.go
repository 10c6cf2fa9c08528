package main

import (
	"encoding/json"
	"fmt"
	"maps"

	jsonpatch "github.com/evanphx/json-patch"
	"github.com/itchyny/gojq"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/util/jsonmergepatch"
	"sigs.k8s.io/yaml"
)

type compared struct {
	// As the cluster has it.
	Live map[string]any `json:"live"`
	// As Git has it.
	Target map[string]any `json:"target"`
}

// eachDiff compares as Argo CD does without server-side diff: ignored paths are taken out of both sides, then a three-way
// merge says what a sync would change. `{}` means Synced.
func eachDiff(file string) ([]json.RawMessage, error) {
	var pairs []compared
	if err := readInput(&pairs); err != nil {
		return nil, err
	}
	patches := []json.RawMessage{}
	for _, pair := range pairs {
		target := &unstructured.Unstructured{Object: pair.Target}
		entry, err := readCustomization(file, target.GroupVersionKind())
		if err != nil {
			return nil, err
		}
		var ignored ignoredPaths
		if err := yaml.UnmarshalStrict([]byte(entry.IgnoreDifferences), &ignored); err != nil {
			return nil, err
		}
		patch, err := syncPatch(pair, ignored)
		if err != nil {
			return nil, err
		}
		patches = append(patches, patch)
	}
	return patches, nil
}

func syncPatch(pair compared, ignored ignoredPaths) (json.RawMessage, error) {
	live, err := without(pair.Live, ignored)
	if err != nil {
		return nil, err
	}
	target, err := without(pair.Target, ignored)
	if err != nil {
		return nil, err
	}
	// What was applied last is what Git has, also where the annotation of kubectl apply is not there.
	return jsonmergepatch.CreateThreeWayJSONMergePatch(target, target, live)
}

func without(object map[string]any, ignored ignoredPaths) ([]byte, error) {
	text, err := json.Marshal(maps.Clone(object))
	if err != nil {
		return nil, err
	}
	for _, pointer := range ignored.JSONPointers {
		if text, err = withoutPointer(text, pointer); err != nil {
			return nil, err
		}
	}
	for _, expression := range ignored.JQPathExpressions {
		if text, err = withoutPath(text, expression); err != nil {
			return nil, err
		}
	}
	return text, nil
}

func withoutPointer(text []byte, pointer string) ([]byte, error) {
	operations, err := json.Marshal([]map[string]string{{"op": "remove", "path": pointer}})
	if err != nil {
		return nil, err
	}
	patch, err := jsonpatch.DecodePatch(operations)
	if err != nil {
		return nil, err
	}
	// A path that is not there is an error, which Argo CD passes over.
	if changed, err := patch.Apply(text); err == nil {
		return changed, nil
	}
	return text, nil
}

func withoutPath(text []byte, expression string) ([]byte, error) {
	query, err := gojq.Parse(fmt.Sprintf("del(%s)", expression))
	if err != nil {
		return nil, err
	}
	var object any
	if err := json.Unmarshal(text, &object); err != nil {
		return nil, err
	}
	results := query.Run(object)
	first, ok := results.Next()
	if err, failed := first.(error); failed || !ok {
		return nil, fmt.Errorf("jq expression %q: %w", expression, err)
	}
	return json.Marshal(first)
}

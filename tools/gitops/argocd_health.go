package main

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	lua "github.com/yuin/gopher-lua"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	luajson "layeh.com/gopher-json"
)

func newArgoHealth(file string) (assess, error) {
	return func(object *unstructured.Unstructured) (health, error) {
		entry, err := readCustomization(file, object.GroupVersionKind())
		if err != nil {
			return health{}, err
		}
		return runHealthScript(entry.HealthLua, object)
	}, nil
}

// runHealthScript gives a script what Argo CD gives to those of argocd-cm: the base and table libraries, not string or math,
// one second, and the object as the global obj.
func runHealthScript(script string, object *unstructured.Unstructured) (health, error) {
	state := lua.NewState(lua.Options{SkipOpenLibs: true})
	defer state.Close()
	for _, library := range []struct {
		name string
		open lua.LGFunction
	}{
		{lua.LoadLibName, lua.OpenPackage},
		{lua.BaseLibName, lua.OpenBase},
		{lua.TabLibName, lua.OpenTable},
	} {
		call := lua.P{Fn: state.NewFunction(library.open), Protect: true}
		if err := state.CallByParam(call, lua.LString(library.name)); err != nil {
			return health{}, err
		}
	}
	ctx, cancel := context.WithTimeout(context.Background(), time.Second)
	defer cancel()
	state.SetContext(ctx)
	state.SetGlobal("obj", luaValue(state, object.Object))
	if err := state.DoString(script); err != nil {
		return health{}, err
	}
	returned := state.Get(-1)
	if returned.Type() != lua.LTTable {
		return health{}, fmt.Errorf("the script returned a %s, not a table", returned.Type())
	}
	text, err := luajson.Encode(returned)
	if err != nil {
		return health{}, err
	}
	var answer health
	if err := json.Unmarshal(text, &answer); err != nil {
		return health{}, err
	}
	switch answer.Status {
	case "Healthy", "Progressing", "Degraded", "Suspended", "Missing", "Unknown":
		return answer, nil
	}
	return health{}, fmt.Errorf("the script returned the status %q, which Argo CD does not know", answer.Status)
}

func luaValue(state *lua.LState, value any) lua.LValue {
	switch typed := value.(type) {
	case bool:
		return lua.LBool(typed)
	case string:
		return lua.LString(typed)
	case int64:
		return lua.LNumber(typed)
	case float64:
		return lua.LNumber(typed)
	case []any:
		list := state.CreateTable(len(typed), 0)
		for _, item := range typed {
			list.Append(luaValue(state, item))
		}
		return list
	case map[string]any:
		table := state.CreateTable(0, len(typed))
		for key, item := range typed {
			table.RawSetString(key, luaValue(state, item))
		}
		return table
	}
	return lua.LNil
}

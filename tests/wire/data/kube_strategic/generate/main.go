// Writes golden.json: what Go's strategic merge patch makes of cases.json.
//
// Run in this folder: go run . > ../golden.json
package main

import (
	"encoding/json"
	"log"
	"os"
	"strings"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/util/strategicpatch"
)

type example struct {
	Name    string          `json:"name"`
	Kind    string          `json:"kind"`
	Current json.RawMessage `json:"current"`
	Patch   json.RawMessage `json:"patch"`
	Result  json.RawMessage `json:"result,omitempty"`
	Error   string          `json:"error,omitempty"`
}

func main() {
	scheme := runtime.NewScheme()
	must(corev1.AddToScheme(scheme))
	must(appsv1.AddToScheme(scheme))
	must(rbacv1.AddToScheme(scheme))
	source, err := os.ReadFile("cases.json")
	must(err)
	var cases []example
	must(json.Unmarshal(source, &cases))
	for i := range cases {
		at := strings.LastIndex(cases[i].Kind, "/")
		version, err := schema.ParseGroupVersion(cases[i].Kind[:at])
		must(err)
		object, err := scheme.New(version.WithKind(cases[i].Kind[at+1:]))
		must(err)
		result, err := strategicpatch.StrategicMergePatch(cases[i].Current, cases[i].Patch, object)
		if err != nil {
			cases[i].Error = err.Error()
			continue
		}
		cases[i].Result = result
	}
	encoder := json.NewEncoder(os.Stdout)
	encoder.SetIndent("", " ")
	must(encoder.Encode(cases))
}

func must(err error) {
	if err != nil {
		log.Fatal(err)
	}
}

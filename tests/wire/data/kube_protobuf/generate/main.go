// Writes golden.json: Kubernetes objects as Go's protobuf serializer encodes them, beside their JSON.
//
// Run in this folder: go run . > ../golden.json
// "filled" objects have every field set to a value that is not zero, "written" ones come from written.json.
package main

import (
	"bytes"
	"encoding/json"
	"log"
	"os"
	"reflect"
	"strings"
	"time"

	admissionregistrationv1 "k8s.io/api/admissionregistration/v1"
	appsv1 "k8s.io/api/apps/v1"
	authenticationv1 "k8s.io/api/authentication/v1"
	authenticationv1beta1 "k8s.io/api/authentication/v1beta1"
	authorizationv1 "k8s.io/api/authorization/v1"
	autoscalingv2 "k8s.io/api/autoscaling/v2"
	batchv1 "k8s.io/api/batch/v1"
	coordinationv1 "k8s.io/api/coordination/v1"
	corev1 "k8s.io/api/core/v1"
	eventsv1 "k8s.io/api/events/v1"
	networkingv1 "k8s.io/api/networking/v1"
	policyv1 "k8s.io/api/policy/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	kubejson "k8s.io/apimachinery/pkg/runtime/serializer/json"
	"k8s.io/apimachinery/pkg/runtime/serializer/protobuf"
	"k8s.io/apimachinery/pkg/util/intstr"
)

type golden struct {
	Name     string          `json:"name"`
	Protobuf []byte          `json:"protobuf"`
	JSON     json.RawMessage `json:"json"`
}

var moment = time.Date(2026, 1, 31, 9, 0, 1, 123456000, time.UTC)

func main() {
	scheme := runtime.NewScheme()
	for _, add := range []func(*runtime.Scheme) error{
		admissionregistrationv1.AddToScheme, appsv1.AddToScheme, authenticationv1.AddToScheme,
		authenticationv1beta1.AddToScheme, authorizationv1.AddToScheme, autoscalingv2.AddToScheme,
		batchv1.AddToScheme, coordinationv1.AddToScheme, corev1.AddToScheme, eventsv1.AddToScheme,
		networkingv1.AddToScheme, policyv1.AddToScheme, rbacv1.AddToScheme,
	} {
		must(add(scheme))
	}
	binary := protobuf.NewSerializer(scheme, scheme)
	text := kubejson.NewSerializerWithOptions(kubejson.DefaultMetaFactory, scheme, scheme, kubejson.SerializerOptions{})
	var found []golden
	record := func(name string, object runtime.Object) {
		var encoded, plain bytes.Buffer
		must(binary.Encode(object, &encoded))
		must(text.Encode(object, &plain))
		found = append(found, golden{name, encoded.Bytes(), plain.Bytes()})
	}
	for _, name := range []string{
		"v1/ConfigMap", "v1/Secret", "v1/ServiceAccount", "v1/Namespace", "v1/Node", "v1/Pod", "v1/Event",
		"v1/Service", "v1/PersistentVolume", "apps/v1/Deployment", "apps/v1/DaemonSet", "batch/v1/Job",
		"rbac.authorization.k8s.io/v1/ClusterRole", "rbac.authorization.k8s.io/v1/RoleBinding",
		"authentication.k8s.io/v1/TokenRequest", "authentication.k8s.io/v1/TokenReview",
		"authentication.k8s.io/v1beta1/SelfSubjectReview", "authorization.k8s.io/v1/SubjectAccessReview",
		"authorization.k8s.io/v1/SelfSubjectRulesReview", "autoscaling/v2/HorizontalPodAutoscaler",
		"coordination.k8s.io/v1/Lease", "events.k8s.io/v1/Event", "networking.k8s.io/v1/NetworkPolicy",
		"networking.k8s.io/v1/Ingress", "policy/v1/PodDisruptionBudget", "policy/v1/Eviction",
		"admissionregistration.k8s.io/v1/MutatingWebhookConfiguration", "v1/DeleteOptions",
	} {
		at := strings.LastIndex(name, "/")
		version, err := schema.ParseGroupVersion(name[:at])
		must(err)
		object, err := scheme.New(version.WithKind(name[at+1:]))
		must(err)
		fill(reflect.ValueOf(object).Elem(), 0)
		object.GetObjectKind().SetGroupVersionKind(version.WithKind(name[at+1:]))
		record("filled "+name, object)
	}
	written, err := os.ReadFile("written.json")
	must(err)
	var documents map[string]json.RawMessage
	must(json.Unmarshal(written, &documents))
	for _, name := range sorted(documents) {
		object, kind, err := text.Decode(documents[name], nil, nil)
		must(err)
		object.GetObjectKind().SetGroupVersionKind(*kind)
		record("written "+name, object)
	}
	encoder := json.NewEncoder(os.Stdout)
	encoder.SetIndent("", "")
	must(encoder.Encode(found))
}

func sorted(documents map[string]json.RawMessage) []string {
	var names []string
	for name := range documents {
		names = append(names, name)
	}
	for i := range names {
		for j := i + 1; j < len(names); j++ {
			if names[j] < names[i] {
				names[i], names[j] = names[j], names[i]
			}
		}
	}
	return names
}

// fill sets every field below value to something that is not zero, to a bounded depth.
func fill(value reflect.Value, depth int) {
	if depth > 12 {
		return
	}
	switch value.Interface().(type) {
	case metav1.TypeMeta:
		return
	case metav1.Time:
		value.Set(reflect.ValueOf(metav1.NewTime(moment)))
		return
	case metav1.MicroTime:
		value.Set(reflect.ValueOf(metav1.NewMicroTime(moment)))
		return
	case resource.Quantity:
		value.Set(reflect.ValueOf(resource.MustParse("250m")))
		return
	case intstr.IntOrString:
		value.Set(reflect.ValueOf(intstr.FromString("50%")))
		return
	case runtime.RawExtension:
		value.Set(reflect.ValueOf(runtime.RawExtension{Raw: []byte(`{"a":[1,null]}`)}))
		return
	case metav1.FieldsV1:
		value.Set(reflect.ValueOf(*metav1.NewFieldsV1(`{"f:data":{}}`)))
		return
	}
	switch value.Kind() {
	case reflect.String:
		value.SetString("text-" + strings.ToLower(value.Type().Name()))
	case reflect.Bool:
		value.SetBool(true)
	case reflect.Int, reflect.Int32, reflect.Int64:
		value.SetInt(-7)
	case reflect.Float64:
		value.SetFloat(1.5)
	case reflect.Pointer:
		value.Set(reflect.New(value.Type().Elem()))
		fill(value.Elem(), depth+1)
	case reflect.Slice:
		value.Set(reflect.MakeSlice(value.Type(), 1, 1))
		if value.Type().Elem().Kind() == reflect.Uint8 {
			value.SetBytes([]byte{0, 255, 'x'})
			return
		}
		fill(value.Index(0), depth+1)
	case reflect.Map:
		value.Set(reflect.MakeMap(value.Type()))
		element := reflect.New(value.Type().Elem()).Elem()
		fill(element, depth+1)
		value.SetMapIndex(reflect.ValueOf("key").Convert(value.Type().Key()), element)
	case reflect.Struct:
		for i := 0; i < value.NumField(); i++ {
			if value.Field(i).CanSet() {
				fill(value.Field(i), depth+1)
			}
		}
	}
}

func must(err error) {
	if err != nil {
		log.Fatal(err)
	}
}

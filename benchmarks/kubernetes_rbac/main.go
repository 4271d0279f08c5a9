// Command kubernetes-rbac times Kubernetes' own RBAC authorizer on objects and questions from a file.
//
// The authorizer reads the same listers over the same caches as in kube-apiserver, filled once. It
// prints JSON: the answers in order, and the median and 99th percentile of single checks.
package main

import (
	"context"
	"encoding/json"
	"os"
	"slices"
	"strconv"
	"time"

	rbacv1 "k8s.io/api/rbac/v1"
	"k8s.io/apiserver/pkg/authentication/user"
	"k8s.io/apiserver/pkg/authorization/authorizer"
	rbaclisters "k8s.io/client-go/listers/rbac/v1"
	"k8s.io/client-go/tools/cache"
	"k8s.io/kubernetes/plugin/pkg/auth/authorizer/rbac"
)

type input struct {
	Roles               []*rbacv1.Role               `json:"roles"`
	RoleBindings        []*rbacv1.RoleBinding        `json:"roleBindings"`
	ClusterRoles        []*rbacv1.ClusterRole        `json:"clusterRoles"`
	ClusterRoleBindings []*rbacv1.ClusterRoleBinding `json:"clusterRoleBindings"`
	Questions           []question                   `json:"questions"`
}

type question struct {
	User      string   `json:"user"`
	Groups    []string `json:"groups"`
	Verb      string   `json:"verb"`
	Group     string   `json:"group"`
	Resource  string   `json:"resource"`
	Namespace string   `json:"namespace"`
	Name      string   `json:"name"`
}

type output struct {
	Allowed []bool  `json:"allowed"`
	P50     float64 `json:"p50_us"`
	P99     float64 `json:"p99_us"`
}

func main() {
	checks, err := strconv.Atoi(os.Args[2])
	must(err)
	file, err := os.Open(os.Args[1])
	must(err)
	var given input
	must(json.NewDecoder(file).Decode(&given))
	asked := rbac.New(
		&rbac.RoleGetter{Lister: rbaclisters.NewRoleLister(filled(given.Roles))},
		&rbac.RoleBindingLister{Lister: rbaclisters.NewRoleBindingLister(filled(given.RoleBindings))},
		&rbac.ClusterRoleGetter{Lister: rbaclisters.NewClusterRoleLister(filled(given.ClusterRoles))},
		&rbac.ClusterRoleBindingLister{Lister: rbaclisters.NewClusterRoleBindingLister(filled(given.ClusterRoleBindings))},
	)
	ctx := context.Background()
	attributes := make([]authorizer.AttributesRecord, len(given.Questions))
	answers := output{Allowed: make([]bool, len(given.Questions))}
	for i, q := range given.Questions {
		attributes[i] = authorizer.AttributesRecord{
			User:      &user.DefaultInfo{Name: q.User, Groups: q.Groups},
			Verb:      q.Verb,
			APIGroup:  q.Group,
			Resource:  q.Resource,
			Namespace: q.Namespace,
			Name:      q.Name,

			ResourceRequest: true,
		}
		decision, _, err := asked.Authorize(ctx, attributes[i])
		must(err)
		answers.Allowed[i] = decision == authorizer.DecisionAllow
	}
	taken := make([]time.Duration, checks)
	for i := range taken {
		start := time.Now()
		_, _, err := asked.Authorize(ctx, attributes[i%len(attributes)])
		taken[i] = time.Since(start)
		must(err)
	}
	slices.Sort(taken)
	answers.P50 = float64(taken[len(taken)/2].Nanoseconds()) / 1000
	answers.P99 = float64(taken[len(taken)*99/100].Nanoseconds()) / 1000
	must(json.NewEncoder(os.Stdout).Encode(answers))
}

func filled[T any](objects []T) cache.Indexer {
	indexer := cache.NewIndexer(
		cache.MetaNamespaceKeyFunc,
		cache.Indexers{cache.NamespaceIndex: cache.MetaNamespaceIndexFunc},
	)
	for _, object := range objects {
		must(indexer.Add(object))
	}
	return indexer
}

func must(err error) {
	if err != nil {
		panic(err)
	}
}

// Command kubernetes-rbac answers with Kubernetes' own RBAC: the authorizer, the subject locator that tells
// who may make a request, the rules of a user, and the check against escalation.
//
// It reads one JSON document after the other, each with the objects of a cluster and what is asked about
// them, and writes one for each. The listers and caches are those of kube-apiserver, filled once.
package main

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"io"
	"os"
	"slices"
	"time"

	rbacv1 "k8s.io/api/rbac/v1"
	"k8s.io/apiserver/pkg/authentication/user"
	"k8s.io/apiserver/pkg/authorization/authorizer"
	genericapirequest "k8s.io/apiserver/pkg/endpoints/request"
	rbaclisters "k8s.io/client-go/listers/rbac/v1"
	"k8s.io/client-go/tools/cache"
	"k8s.io/kubernetes/pkg/registry/rbac/validation"
	"k8s.io/kubernetes/plugin/pkg/auth/authorizer/rbac"
)

type input struct {
	// Without a cluster the question is about the one before.
	Cluster *objects `json:"cluster"`

	// May it be done, who may do it, what may be done, may it be granted.
	Questions []question `json:"questions"`
	Searches  []question `json:"searches"`
	Lists     []question `json:"lists"`
	Grants    []grant    `json:"grants"`

	// How often to ask for the time it takes: all questions in turn, and each search.
	QuestionRounds int `json:"questionRounds"`
	SearchRounds   int `json:"searchRounds"`
}

type objects struct {
	Roles               []*rbacv1.Role               `json:"roles"`
	RoleBindings        []*rbacv1.RoleBinding        `json:"roleBindings"`
	ClusterRoles        []*rbacv1.ClusterRole        `json:"clusterRoles"`
	ClusterRoleBindings []*rbacv1.ClusterRoleBinding `json:"clusterRoleBindings"`
}

type question struct {
	User        string   `json:"user"`
	Groups      []string `json:"groups"`
	Verb        string   `json:"verb"`
	Group       string   `json:"group"`
	Resource    string   `json:"resource"`
	Subresource string   `json:"subresource"`
	Namespace   string   `json:"namespace"`
	Name        string   `json:"name"`
	Path        *string  `json:"path"`
}

type grant struct {
	User      string              `json:"user"`
	Groups    []string            `json:"groups"`
	Namespace string              `json:"namespace"`
	Rules     []rbacv1.PolicyRule `json:"rules"`
}

type output struct {
	Allowed  []bool                `json:"allowed"`
	Subjects [][]rbacv1.Subject    `json:"subjects"`
	Held     [][]rbacv1.PolicyRule `json:"held"`
	Refused  []string              `json:"refused"`

	P50    float64   `json:"p50_us"`
	P99    float64   `json:"p99_us"`
	Search []float64 `json:"search_ms"`
}

func main() {
	// A decoder reads a little at a time; with a cluster of a hundred thousand bindings that is slow.
	in, out := json.NewDecoder(bufio.NewReaderSize(os.Stdin, 1<<20)), json.NewEncoder(os.Stdout)
	asked := compiled(objects{})
	for {
		var given input
		err := in.Decode(&given)
		if errors.Is(err, io.EOF) {
			return
		}
		must(err)
		if given.Cluster != nil {
			asked = compiled(*given.Cluster)
		}
		must(out.Encode(asked.answer(given)))
	}
}

type evaluators struct {
	authorizer *rbac.RBACAuthorizer
	locator    rbac.SubjectLocator
	resolver   validation.AuthorizationRuleResolver
}

func compiled(all objects) evaluators {
	roles := &rbac.RoleGetter{Lister: rbaclisters.NewRoleLister(filled(all.Roles))}
	roleBindings := &rbac.RoleBindingLister{Lister: rbaclisters.NewRoleBindingLister(filled(all.RoleBindings))}
	clusterRoles := &rbac.ClusterRoleGetter{Lister: rbaclisters.NewClusterRoleLister(filled(all.ClusterRoles))}
	clusterRoleBindings := &rbac.ClusterRoleBindingLister{
		Lister: rbaclisters.NewClusterRoleBindingLister(filled(all.ClusterRoleBindings)),
	}
	return evaluators{
		rbac.New(roles, roleBindings, clusterRoles, clusterRoleBindings),
		rbac.NewSubjectAccessEvaluator(roles, roleBindings, clusterRoles, clusterRoleBindings, ""),
		validation.NewDefaultRuleResolver(roles, roleBindings, clusterRoles, clusterRoleBindings),
	}
}

func (asked evaluators) answer(given input) output {
	ctx := context.Background()
	told := output{Allowed: []bool{}, Subjects: [][]rbacv1.Subject{}, Held: [][]rbacv1.PolicyRule{}, Refused: []string{}}
	questions := attributesOf(given.Questions)
	for _, one := range questions {
		decision, _, err := asked.authorizer.Authorize(ctx, one)
		must(err)
		told.Allowed = append(told.Allowed, decision == authorizer.DecisionAllow)
	}
	if given.QuestionRounds > 0 {
		taken := make([]time.Duration, given.QuestionRounds)
		for i := range taken {
			start := time.Now()
			_, _, err := asked.authorizer.Authorize(ctx, questions[i%len(questions)])
			taken[i] = time.Since(start)
			must(err)
		}
		slices.Sort(taken)
		told.P50 = float64(taken[len(taken)/2].Nanoseconds()) / 1000
		told.P99 = float64(taken[len(taken)*99/100].Nanoseconds()) / 1000
	}
	for _, one := range attributesOf(given.Searches) {
		// The error is about bindings of roles that do not exist; what the others grant is complete.
		subjects, _ := asked.locator.AllowedSubjects(ctx, one)
		told.Subjects = append(told.Subjects, subjects)
		best := time.Duration(0)
		for range given.SearchRounds {
			start := time.Now()
			_, _ = asked.locator.AllowedSubjects(ctx, one)
			if taken := time.Since(start); best == 0 || taken < best {
				best = taken
			}
		}
		told.Search = append(told.Search, float64(best.Nanoseconds())/1e6)
	}
	for _, one := range attributesOf(given.Lists) {
		rules, _ := asked.resolver.RulesFor(ctx, one.User, one.Namespace)
		told.Held = append(told.Held, rules)
	}
	for _, one := range given.Grants {
		within := genericapirequest.WithNamespace(ctx, one.Namespace)
		within = genericapirequest.WithUser(within, &user.DefaultInfo{Name: one.User, Groups: one.Groups})
		refusal := ""
		if err := validation.ConfirmNoEscalation(within, asked.resolver, one.Rules); err != nil {
			refusal = err.Error()
		}
		told.Refused = append(told.Refused, refusal)
	}
	return told
}

func attributesOf(questions []question) []authorizer.AttributesRecord {
	attributes := make([]authorizer.AttributesRecord, len(questions))
	for i, q := range questions {
		attributes[i] = authorizer.AttributesRecord{
			User:        &user.DefaultInfo{Name: q.User, Groups: q.Groups},
			Verb:        q.Verb,
			APIGroup:    q.Group,
			Resource:    q.Resource,
			Subresource: q.Subresource,
			Namespace:   q.Namespace,
			Name:        q.Name,

			ResourceRequest: q.Path == nil,
		}
		if q.Path != nil {
			attributes[i].Path = *q.Path
		}
	}
	return attributes
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

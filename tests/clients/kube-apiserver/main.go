// Command kube-apiserver is Kubernetes' own API server, built from its published module.
//
// The module names its own parts by a version that only its repository can resolve; go.mod
// puts their published versions in that place.
package main

import (
	"os"

	"k8s.io/component-base/cli"
	"k8s.io/kubernetes/cmd/kube-apiserver/app"
)

func main() { os.Exit(cli.Run(app.NewAPIServerCommand())) }

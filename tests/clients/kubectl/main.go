// Command kubectl is the real kubectl, built from its published module.
//
// The command lives in k8s.io/kubectl; only the few lines that start it are in
// k8s.io/kubernetes, which is not meant to be imported. These are those lines.
package main

import (
	"k8s.io/component-base/cli"
	"k8s.io/kubectl/pkg/cmd"
	"k8s.io/kubectl/pkg/cmd/util"

	_ "k8s.io/client-go/plugin/pkg/client/auth" // the exec and OIDC credential plugins
)

func main() {
	if err := cli.RunNoErrOutput(cmd.NewDefaultKubectlCommand()); err != nil {
		util.CheckErr(err)
	}
}

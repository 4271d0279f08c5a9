// Dex's server with its password database, in memory. Dex's own main also links storages (SQL, etcd) that do not
// build with today's versions of their libraries; the server, the tokens and the pages are Dex's.
package main

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"time"

	"github.com/dexidp/dex/server"
	"github.com/dexidp/dex/storage"
	"github.com/dexidp/dex/storage/memory"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/sirupsen/logrus"
	"golang.org/x/crypto/bcrypt"
)

// config is the part of Dex's configuration that the tests need, under Dex's own names, as JSON.
type config struct {
	Issuer string `json:"issuer"`
	Web    struct {
		HTTPS   string `json:"https"`
		TLSCert string `json:"tlsCert"`
		TLSKey  string `json:"tlsKey"`
	} `json:"web"`
	Expiry struct {
		IDTokens string `json:"idTokens"`
	} `json:"expiry"`
	OAuth2 struct {
		SkipApprovalScreen bool `json:"skipApprovalScreen"`
	} `json:"oauth2"`
	StaticClients   []storage.Client `json:"staticClients"`
	StaticPasswords []struct {
		Email    string `json:"email"`
		Password string `json:"password"` // in the place of Dex's "hash"
		Username string `json:"username"`
		UserID   string `json:"userID"`
	} `json:"staticPasswords"`
}

func main() {
	if err := serve(); err != nil {
		fmt.Fprintln(os.Stderr, "dex:", err)
		os.Exit(1)
	}
}

func serve() error {
	if len(os.Args) != 3 || os.Args[1] != "serve" {
		return fmt.Errorf("usage: dex serve FILE")
	}
	text, err := os.ReadFile(os.Args[2])
	if err != nil {
		return err
	}
	var c config
	if err := json.Unmarshal(text, &c); err != nil {
		return err
	}
	program, err := os.Executable()
	if err != nil {
		return err
	}
	logger := logrus.New()
	logger.Out = os.Stderr
	kept := storage.WithStaticClients(memory.New(logger), c.StaticClients)
	var passwords []storage.Password
	for _, p := range c.StaticPasswords {
		hash, err := bcrypt.GenerateFromPassword([]byte(p.Password), bcrypt.DefaultCost)
		if err != nil {
			return err
		}
		passwords = append(passwords, storage.Password{
			Email: p.Email, Hash: hash, Username: p.Username, UserID: p.UserID,
		})
	}
	kept = storage.WithStaticPasswords(kept, passwords, logger)
	local := storage.Connector{ID: server.LocalConnector, Name: "Email", Type: server.LocalConnector}
	kept = storage.WithStaticConnectors(kept, []storage.Connector{local})
	lifetime, err := time.ParseDuration(c.Expiry.IDTokens)
	if err != nil {
		return err
	}
	dex, err := server.NewServer(context.Background(), server.Config{
		Issuer:             c.Issuer,
		Storage:            kept,
		IDTokensValidFor:   lifetime,
		SkipApprovalScreen: c.OAuth2.SkipApprovalScreen,
		Web:                server.WebConfig{Dir: filepath.Join(filepath.Dir(program), "..", "web")},
		Logger:             logger,
		Now:                func() time.Time { return time.Now().UTC() },
		PrometheusRegistry: prometheus.NewRegistry(),
	})
	if err != nil {
		return err
	}
	return http.ListenAndServeTLS(c.Web.HTTPS, c.Web.TLSCert, c.Web.TLSKey, dex)
}

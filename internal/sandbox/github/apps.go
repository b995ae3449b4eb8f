package github

import (
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"maps"
	"slices"
	"time"
)

// AppOptions say what a new App is and where it is installed.
type AppOptions struct {
	Slug         string            // bot login is SLUG[bot]
	Owner        string            // the account that owns the App and installs it
	Repositories []string          // owner/name of the selected ones; empty: all of the owner's
	Permissions  map[string]string // name to read or write; metadata:read is always added
	Events       []string          // webhook events
	WebhookURL   string            // "": no webhooks until SetWebhookURL
	Key          *rsa.PrivateKey   // default: a new one
}

// App is what a client needs to act as an App.
type App struct {
	ID             int64
	InstallationID int64
	PrivateKeyPEM  []byte
	WebhookSecret  string
	BotID          int64
	BotLogin       string
}

// app is a registered App. Its key is the public half: the private one is the client's alone.
type app struct {
	ID            int64
	Slug          string
	owner, bot    *account
	key           *rsa.PublicKey
	permissions   map[string]string
	events        []string
	webhookURL    string
	webhookSecret string
	createdAt     time.Time
}

// installation ties an App to an account and to all or some of its repositories.
type installation struct {
	ID           int64
	app          *app
	account      *account
	repositories []*repository // nil: all of the account's
	createdAt    time.Time
}

// token is an installation token with what it was narrowed to.
type token struct {
	inst         *installation
	repositories []*repository // nil: all of the installation's
	permissions  map[string]string
	expires      time.Time
}

// InstallApp registers an App and installs it. The installation event is sent.
func (s *Server) InstallApp(o AppOptions) (App, error) {
	key := o.Key
	if key == nil {
		var err error
		if key, err = rsa.GenerateKey(rand.Reader, 2048); err != nil {
			return App{}, fmt.Errorf("installing app %q: %w", o.Slug, err)
		}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	a, err := s.registerApp(o, key)
	if err != nil {
		return App{}, fmt.Errorf("installing app %q: %w", o.Slug, err)
	}
	inst := &installation{ID: s.newID(), app: a, account: a.owner, createdAt: s.now()}
	for _, name := range o.Repositories {
		r, err := s.wantRepository(name)
		if err != nil {
			return App{}, fmt.Errorf("installing app %q: %w", o.Slug, err)
		}
		inst.repositories = append(inst.repositories, r)
	}
	s.installations = append(s.installations, inst)
	s.sendInstallation(inst)
	block := &pem.Block{Type: "RSA PRIVATE KEY", Bytes: x509.MarshalPKCS1PrivateKey(key)}
	return App{ID: a.ID, InstallationID: inst.ID, PrivateKeyPEM: pem.EncodeToMemory(block), WebhookSecret: a.webhookSecret,
		BotID: a.bot.ID, BotLogin: a.bot.Login}, nil
}

// registerApp makes the App and its bot account; every App can read metadata.
func (s *Server) registerApp(o AppOptions, key *rsa.PrivateKey) (*app, error) {
	owner, err := s.account(o.Owner)
	if err != nil {
		return nil, err
	}
	bot, err := s.addAccount(o.Slug+"[bot]", o.Slug+"[bot]", typeBot)
	if err != nil {
		return nil, err
	}
	secret, err := s.secret("")
	if err != nil {
		return nil, err
	}
	permissions := map[string]string{"metadata": "read"}
	maps.Copy(permissions, o.Permissions)
	a := &app{ID: s.newID(), Slug: o.Slug, owner: owner, bot: bot, key: &key.PublicKey, permissions: permissions,
		events: slices.Clone(o.Events), webhookURL: o.WebhookURL, webhookSecret: secret, createdAt: s.now()}
	s.apps = append(s.apps, a)
	return a, nil
}

// SetWebhookURL points an App's webhooks somewhere; "" switches them off.
func (s *Server) SetWebhookURL(appID int64, url string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	a := s.app(appID)
	if a == nil {
		return refuse(404, "app %d does not exist", appID)
	}
	a.webhookURL = url
	return nil
}

func (s *Server) app(id int64) *app {
	for _, a := range s.apps {
		if a.ID == id {
			return a
		}
	}
	return nil
}

func (s *Server) installation(id int64) *installation {
	for _, i := range s.installations {
		if i.ID == id {
			return i
		}
	}
	return nil
}

// reaches tells whether an installation covers a repository.
func (s *Server) reaches(i *installation, r *repository) bool {
	if i.repositories != nil {
		return slices.Contains(i.repositories, r)
	}
	return r.Owner == i.account
}

// reachable lists what an installation covers, in the order of creation, so that pages of it are stable.
func (s *Server) reachable(i *installation) []*repository {
	var all []*repository
	for _, r := range s.repositories {
		if s.reaches(i, r) {
			all = append(all, r)
		}
	}
	return all
}

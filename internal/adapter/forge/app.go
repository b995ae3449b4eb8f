// Package forge talks to GitHub as an App: repositories, commits, pull requests, checks, reviews and webhooks.
package forge

import (
	"context"
	"crypto/rsa"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/bradleyfalzon/ghinstallation/v2"
	"github.com/golang-jwt/jwt/v4"
	"github.com/google/go-github/v62/github"
)

// Options say which App this is and how to reach the forge.
type Options struct {
	APIURL     string // "" means https://api.github.com; a server of one's own: https://HOST/api/v3
	AppID      int64
	PrivateKey []byte            // PEM, RSA
	Transport  http.RoundTripper // nil means http.DefaultTransport
	Now        func() time.Time  // nil means time.Now
	Limits     WriteLimits       // zero means GitHub's own
}

// WriteLimits say how many content-creating requests an installation may send. A server of one's own may allow more than GitHub does.
type WriteLimits struct{ PerMinute, PerHour int }

// App is one GitHub App with all its installations. It is safe for concurrent use.
type App struct {
	id        int64
	key       *rsa.PrivateKey
	api       *url.URL
	transport http.RoundTripper
	now       func() time.Time
	limits    WriteLimits

	mu           sync.Mutex
	budgets      map[int64]*budget      // by installation
	repositories map[string]*Repository // by owner/name
}

// NewApp checks the options; it sends nothing.
func NewApp(o Options) (*App, error) {
	if o.AppID <= 0 {
		return nil, fmt.Errorf("reading App ID: want a number above 0, for example 123456, got %d", o.AppID)
	}
	key, err := jwt.ParseRSAPrivateKeyFromPEM(o.PrivateKey)
	if err != nil { // the cause may quote the key
		return nil, errors.New("reading the App's private key: want a PEM block \"RSA PRIVATE KEY\" or \"PRIVATE KEY\" with an RSA key")
	}
	api, err := parseAPI(o.APIURL)
	if err != nil {
		return nil, err
	}
	a := &App{id: o.AppID, key: key, api: api, now: o.Now, transport: o.Transport, limits: o.Limits,
		budgets: map[int64]*budget{}, repositories: map[string]*Repository{}}
	if a.now == nil {
		a.now = time.Now
	}
	if a.transport == nil {
		a.transport = http.DefaultTransport
	}
	a.transport = bounded{a.transport}
	return a, nil
}

// parseAPI refuses what would put credentials into every error and log line, and query or fragment, which would be lost.
func parseAPI(s string) (*url.URL, error) {
	if s == "" {
		s = "https://api.github.com"
	}
	u, err := url.Parse(s)
	if err != nil || u.Host == "" || u.Scheme != "https" && u.Scheme != "http" || u.User != nil || u.RawQuery != "" || u.Fragment != "" {
		return nil, errors.New("reading the forge's API address: want scheme, host and path without credentials, for example https://api.github.com")
	}
	if !strings.HasSuffix(u.Path, "/") {
		u.Path += "/"
	}
	return u, nil
}

// Repositories returns owner/name of every repository that the App is installed on and that takes writes, sorted.
func (a *App) Repositories(ctx context.Context) ([]string, error) {
	installations, err := a.installations(ctx)
	if err != nil {
		return nil, err
	}
	var names []string
	for _, installation := range installations {
		listed, err := a.listed(ctx, installation)
		if err != nil {
			return nil, err
		}
		names = append(names, listed...)
	}
	slices.Sort(names)
	return slices.Compact(names), nil
}

// installations lists every place that the App was put on, suspended ones included.
func (a *App) installations(ctx context.Context) ([]*github.Installation, error) {
	const doing = "listing the App's installations"
	client, err := a.asApp()
	if err != nil {
		return nil, err
	}
	return pages(a.fail, doing, func(o github.ListOptions) ([]*github.Installation, *github.Response, error) {
		return client.Apps.ListInstallations(ctx, &o)
	})
}

// listed returns the repositories of one installation, by a token that can read their names and nothing else.
func (a *App) listed(ctx context.Context, installation *github.Installation) ([]string, error) {
	if installation.SuspendedAt != nil {
		return nil, nil
	}
	doing := fmt.Sprintf("listing the repositories of installation %d", installation.GetID())
	source := &tokens{app: a,
		find: func(context.Context) (*github.Installation, error) { return installation, nil },
		ask: func(*github.Installation) github.InstallationTokenOptions {
			return github.InstallationTokenOptions{Permissions: &github.InstallationPermissions{Metadata: github.String("read")}}
		}}
	client := a.client(a.authorized(source))
	repositories, err := pages(a.fail, doing, func(o github.ListOptions) ([]*github.Repository, *github.Response, error) {
		page, resp, err := client.Apps.ListRepos(ctx, &o)
		if err != nil {
			return nil, resp, err
		}
		return page.Repositories, resp, nil
	})
	if err != nil {
		return nil, err
	}
	var names []string
	for _, r := range repositories {
		if !r.GetArchived() && !r.GetDisabled() && fullName.MatchString(r.GetFullName()) {
			names = append(names, r.GetFullName())
		}
	}
	return names, nil
}

var fullName = regexp.MustCompile(`\A[A-Za-z0-9][A-Za-z0-9_-]{0,99}/[A-Za-z0-9._-]{1,100}\z`)

// Repository returns the means to read and write one repository, given as owner/name, and nothing else: every token that it
// uses is narrowed to the repository and to the permissions that this program needs.
func (a *App) Repository(ctx context.Context, name string) (*Repository, error) {
	owner, short, _ := strings.Cut(name, "/")
	if !fullName.MatchString(name) || short == "." || short == ".." {
		return nil, fmt.Errorf("repository %q: want owner/name, for example acme/deployments", name)
	}
	a.mu.Lock()
	known := a.repositories[name]
	a.mu.Unlock()
	if known != nil {
		return known, nil
	}
	installation, err := a.installation(ctx, owner, short)
	if err != nil {
		return nil, err
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	if other := a.repositories[name]; other != nil {
		return other, nil
	}
	r := newRepository(a, owner, short, installation)
	a.repositories[name] = r
	return r, nil
}

// installation asks for the installation on one repository. 404 means: not installed there, or no such repository.
func (a *App) installation(ctx context.Context, owner, name string) (*github.Installation, error) {
	client, err := a.asApp()
	if err != nil {
		return nil, err
	}
	installation, resp, err := client.Apps.FindRepositoryInstallation(ctx, owner, name)
	if err != nil {
		return nil, a.fail(fmt.Sprintf("looking for the App's installation on %q", owner+"/"+name), resp, err)
	}
	return installation, nil
}

// budget is shared by all repositories of an installation, because GitHub counts by installation.
func (a *App) budget(installation int64) *budget {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.budgets[installation] == nil {
		a.budgets[installation] = newBudget(a.limits)
	}
	return a.budgets[installation]
}

// client returns a new client each time: go-github keeps rate limits inside by the machine's clock, and would refuse by it.
func (a *App) client(transport http.RoundTripper) *github.Client { return newClient(a.api, transport) }

func newClient(api *url.URL, transport http.RoundTripper) *github.Client {
	c := github.NewClient(&http.Client{Transport: transport})
	c.BaseURL = api
	c.UserAgent = userAgent
	return c
}

const userAgent = "liftlock"

// asApp is a client for requests of the App itself.
func (a *App) asApp() (*github.Client, error) {
	t, err := a.appTransport()
	if err != nil {
		return nil, err
	}
	return a.client(homebound{home: a.api, next: t}), nil
}

// authorized is the transport for requests with an installation token.
func (a *App) authorized(source *tokens) http.RoundTripper {
	return &authorized{next: a.transport, home: a.api, tokens: source, now: a.now}
}

// appTransport is new for every use: ghinstallation writes to it while it exchanges a token.
func (a *App) appTransport() (*ghinstallation.AppsTransport, error) {
	t, err := ghinstallation.NewAppsTransportWithOptions(a.transport, a.id, ghinstallation.WithSigner(signer{a}))
	if err != nil {
		return nil, fmt.Errorf("preparing to sign as the App: %w", err)
	}
	t.BaseURL = strings.TrimSuffix(a.api.String(), "/")
	return t, nil
}

// homebound refuses to carry the App's JWT to another host.
type homebound struct {
	home *url.URL
	next http.RoundTripper
}

// RoundTrip clones, because the transport below sets the header on the request that it is given.
func (t homebound) RoundTrip(req *http.Request) (*http.Response, error) {
	if req.URL.Scheme != t.home.Scheme || req.URL.Host != t.home.Host {
		closeBody(req)
		return nil, &Error{reason: "redirected to another host: refused"}
	}
	return t.next.RoundTrip(req.Clone(req.Context()))
}

// fail names what was being done and reads waiting times by the App's clock.
func (a *App) fail(doing string, resp *github.Response, err error) error {
	return fail(a.now(), doing, resp, err)
}

// pages collects a listing, page by page.
func pages[T any](fail func(string, *github.Response, error) error, doing string, page func(github.ListOptions) ([]T, *github.Response, error)) ([]T, error) {
	var all []T
	options := github.ListOptions{PerPage: pageSize}
	for range maxPages {
		some, resp, err := page(options)
		if err != nil {
			return nil, fail(doing, resp, err)
		}
		all = append(all, some...)
		if resp.NextPage <= options.Page {
			return all, nil
		}
		options.Page = resp.NextPage
	}
	return nil, &Error{doing: doing, reason: fmt.Sprintf("more than %d pages", maxPages)}
}

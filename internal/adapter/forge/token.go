package forge

import (
	"context"
	"errors"
	"sync"
	"time"

	"github.com/bradleyfalzon/ghinstallation/v2"
	"github.com/golang-jwt/jwt/v4"
	"github.com/google/go-github/v62/github"
)

// tokens hands out one installation token and replaces it shortly before it ends, by the App's clock. The installation is looked for
// each time: it may have been removed and added anew, and what it grants may have changed.
type tokens struct {
	app  *App
	find func(ctx context.Context) (*github.Installation, error)
	ask  func(*github.Installation) github.InstallationTokenOptions
	seen func([]github.Repository) // told what each new token is good for; may be nil
	// exchange gets a token where the library's request will not do; nil means the library's, narrowed as ask says.
	exchange func(ctx context.Context, installation *github.Installation) (token string, ends time.Time, err error)

	mu     sync.Mutex
	token  string
	ends   time.Time
	budget *budget // of the installation that gave the token
}

// Token returns a token that is good for some minutes at least.
func (t *tokens) Token(ctx context.Context) (string, error) {
	token, _, err := t.get(ctx)
	return token, err
}

// get holds the lock while it asks: callers that come together must not each get a token of their own.
func (t *tokens) get(ctx context.Context) (string, *budget, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.token != "" && t.app.now().Add(tokenMargin).Before(t.ends) {
		return t.token, t.budget, nil
	}
	t.token = ""
	installation, err := t.find(ctx)
	if err != nil {
		return "", nil, err
	}
	exchange := t.exchange
	if exchange == nil {
		exchange = t.narrowed
	}
	token, ends, err := exchange(ctx, installation)
	if err != nil {
		return "", nil, err
	}
	t.token, t.ends = token, ends
	t.budget = t.app.budget(installation.GetID())
	return t.token, t.budget, nil
}

// narrowed gets a token from the forge, narrowed as ask says.
func (t *tokens) narrowed(ctx context.Context, installation *github.Installation) (string, time.Time, error) {
	const doing = "getting an installation token"
	transport, err := t.app.appTransport()
	if err != nil {
		return "", time.Time{}, err
	}
	// New each time: the library decodes into the token that it holds, so that fields missing from an answer would survive.
	exchange := ghinstallation.NewFromAppsTransport(transport, installation.GetID())
	ask := t.ask(installation)
	exchange.InstallationTokenOptions = &ask
	token, err := exchange.Token(ctx)
	if err != nil {
		return "", time.Time{}, t.failed(doing, err)
	}
	ends, _, err := exchange.Expiry()
	if err != nil || token == "" {
		return "", time.Time{}, &Error{doing: doing, reason: "the answer holds none"}
	}
	if granted, err := exchange.Repositories(); err == nil && t.seen != nil {
		t.seen(granted)
	}
	return token, ends, nil
}

// failed drops the library's error, on which request (with the App's JWT) and answer hang.
func (t *tokens) failed(doing string, err error) error {
	failure := t.app.fail(doing, nil, err)
	var exchange *ghinstallation.HTTPError
	if errors.As(err, &exchange) && exchange.Response != nil && exchange.Response.Body != nil {
		_ = exchange.Response.Body.Close() // the library leaves it open; nothing in it is wanted
	}
	return failure
}

// drop makes the next request ask for a new token.
func (t *tokens) drop() {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.token = ""
}

// signer signs what ghinstallation wants signed, with times from the App's clock instead of the machine's.
type signer struct{ app *App }

// Sign restamps, then signs with RS256, the one algorithm that GitHub takes.
func (s signer) Sign(claims jwt.Claims) (string, error) {
	if c, ok := claims.(*jwt.RegisteredClaims); ok {
		issued := s.app.now().Add(-30 * time.Second).Truncate(time.Second) // the forge's clock may be behind
		c.IssuedAt = jwt.NewNumericDate(issued)
		c.ExpiresAt = jwt.NewNumericDate(issued.Add(2 * time.Minute))
	}
	return jwt.NewWithClaims(jwt.SigningMethodRS256, claims).SignedString(s.app.key)
}

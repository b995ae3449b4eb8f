// Package tuf fetches trusted_root.json from TUF repositories, for liftlock trust refresh alone: nothing else goes online for trust.
package tuf

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"path/filepath"
	"time"

	embedded "github.com/sigstore/sigstore-go/pkg/tuf"
	"github.com/theupdateframework/go-tuf/v2/metadata"
	"github.com/theupdateframework/go-tuf/v2/metadata/config"
	"github.com/theupdateframework/go-tuf/v2/metadata/updater"
)

// target is the file that every Sigstore instance publishes under this name.
const target = "trusted_root.json"

// GitHubMirror is where GitHub publishes the trusted root of its own instance. The root of trust of it is not built in.
const GitHubMirror = "https://tuf-repo.github.com"

// Source is a TUF repository with the root of trust from which its current keys are reached, version by version.
type Source struct {
	Mirror string
	Root   []byte // a root.json of it
}

// PublicGood is the repository of public Sigstore.
func PublicGood() Source { return Source{Mirror: embedded.DefaultMirror, Root: embedded.DefaultRoot()} }

// Staging is the repository of Sigstore's staging instance.
func Staging() Source { return Source{Mirror: embedded.StagingMirror, Root: embedded.StagingRoot()} }

// Client fetches from TUF repositories.
type Client struct {
	Transport http.RoundTripper // required
	Now       func() time.Time  // required: metadata has an end
	// Cache is a directory in which the newest metadata seen is kept, so that an older one is refused next time. Empty: none is.
	Cache string
}

// TrustedRoot returns trusted_root.json as the repository's current keys sign it. Metadata that has ended, is older than that in the
// cache, or has other signatures than its root of trust demands is an error.
func (c Client) TrustedRoot(ctx context.Context, s Source) ([]byte, error) {
	content, err := c.fetch(ctx, s)
	if err != nil {
		return nil, fmt.Errorf("fetching %s from %s: %w", target, s.Mirror, err)
	}
	return content, nil
}

func (c Client) fetch(ctx context.Context, s Source) ([]byte, error) {
	ctx, cancel := context.WithTimeout(ctx, maxWait)
	defer cancel()
	if err := checkMirror(s.Mirror); err != nil {
		return nil, err
	}
	settings, err := config.New(s.Mirror, s.Root)
	if err != nil {
		return nil, err
	}
	settings.DisableLocalCache = c.Cache == ""
	settings.LocalMetadataDir = filepath.Join(c.Cache, embedded.URLToPath(s.Mirror))
	settings.LocalTargetsDir = filepath.Join(settings.LocalMetadataDir, "targets")
	settings.Fetcher = c.download(ctx)
	u, err := updater.New(settings)
	if err != nil {
		return nil, err
	}
	u.UnsafeSetRefTime(c.Now().UTC())
	if err := u.Refresh(); err != nil {
		return nil, err
	}
	info, err := u.GetTargetInfo(target)
	if err != nil {
		return nil, err
	}
	// A file in the cache proves nothing new and saves one request.
	_, content, err := u.DownloadTarget(info, "", "")
	return content, err
}

// checkMirror wants encryption wherever another machine is asked: the metadata is signed, but who may hold back newer one is not.
func checkMirror(mirror string) error {
	u, err := url.Parse(mirror)
	if err != nil {
		return err
	}
	local := u.Hostname() == "localhost" || net.ParseIP(u.Hostname()).IsLoopback()
	if u.Host == "" || u.User != nil || u.Scheme != "https" && (u.Scheme != "http" || !local) {
		return fmt.Errorf("want an https address without credentials, for example %s", GitHubMirror)
	}
	return nil
}

// fetcher is what the updater downloads with.
type fetcher func(address string, limit int64) ([]byte, error)

// DownloadFile returns a file of at most limit bytes.
func (f fetcher) DownloadFile(address string, limit int64, _ time.Duration) ([]byte, error) {
	return f(address, limit)
}

// download bounds what metadata allows: how long a file may be is said by whoever signs it.
func (c Client) download(ctx context.Context) fetcher {
	client := &http.Client{Transport: c.Transport}
	return func(address string, limit int64) (content []byte, err error) {
		limit = min(limit, maxFile)
		request, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
		if err != nil {
			return nil, err
		}
		answer, err := client.Do(request)
		if err != nil {
			return nil, err
		}
		defer func() {
			if closing := answer.Body.Close(); err == nil {
				err = closing
			}
		}()
		if answer.StatusCode != http.StatusOK {
			// The updater tells by this that there is no newer root.
			return nil, &metadata.ErrDownloadHTTP{StatusCode: answer.StatusCode, URL: address}
		}
		content, err = io.ReadAll(io.LimitReader(answer.Body, limit+1))
		if err == nil && int64(len(content)) > limit {
			return nil, &metadata.ErrDownloadLengthMismatch{Msg: fmt.Sprintf("%s: want at most %d bytes, got more", address, limit)}
		}
		return content, err
	}
}

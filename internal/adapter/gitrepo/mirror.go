// Package gitrepo keeps a bare mirror of a repository on disk, reads trees from git objects, and appends to the ledger branch.
package gitrepo

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/go-git/go-git/v5/plumbing"
	"github.com/go-git/go-git/v5/plumbing/protocol/packp"
	"github.com/go-git/go-git/v5/plumbing/transport"
	githttp "github.com/go-git/go-git/v5/plumbing/transport/http"
)

// Remote is where a mirror is fetched from and pushed to.
type Remote struct {
	URL       string                                    // http or https, without credentials
	Token     func(ctx context.Context) (string, error) // password of user x-access-token; nil: none is sent
	Transport http.RoundTripper                         // nil means http.DefaultTransport
	Now       func() time.Time                          // nil means time.Now
}

// Mirror is a bare copy of some refs of a repository. It may be deleted at any time. One process uses a directory; within it a Mirror
// is safe for concurrent use: one writer at a time, readers beside it.
type Mirror struct {
	objects
	dir      string
	endpoint *transport.Endpoint
	client   transport.Transport
	guard    *guard

	writing sync.Mutex
	refs    map[string]string // what is here completely, by full name; guarded by writing
}

// Open opens the mirror in a directory of its own and sends nothing. A directory that holds no usable mirror, because a process was
// killed or a disk was full, is emptied and filled again by the next Fetch.
func Open(dir string, remote Remote) (*Mirror, error) {
	u, err := url.Parse(remote.URL)
	if err != nil || u.Host == "" || u.Scheme != "https" && u.Scheme != "http" || u.User != nil || u.RawQuery != "" || u.Fragment != "" {
		return nil, errors.New("opening mirror: want the address without credentials, for example https://github.com/acme/deployments.git")
	}
	endpoint, err := transport.NewEndpoint(u.String())
	if err != nil {
		return nil, errors.New("opening mirror: want an address that git accepts, for example https://github.com/acme/deployments.git")
	}
	m := &Mirror{dir: dir, endpoint: endpoint, guard: newGuard(u, remote)}
	m.client = githttp.NewClient(&http.Client{Transport: m.guard})
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, fmt.Errorf("opening mirror: %w", err)
	}
	if err := m.load(); err != nil {
		return nil, fmt.Errorf("opening mirror: %w", err)
	}
	return m, nil
}

// load takes what is on disk if it is sound, else leaves the mirror empty.
func (m *Mirror) load() error {
	for _, name := range []string{nextDir, oldDir} { // a clone or its swap was cut short
		if err := os.RemoveAll(filepath.Join(m.dir, name)); err != nil {
			return err
		}
	}
	store, refs, err := openRepository(filepath.Join(m.dir, repositoryDir))
	if err != nil {
		if err := os.RemoveAll(filepath.Join(m.dir, repositoryDir)); err != nil {
			return err
		}
		m.refs = nil
		return m.replace(nil)
	}
	m.refs = refs
	return m.replace(store)
}

// Advertise returns every branch and pull request head (refs/heads/…, refs/pull/N/head) with its commit, in one request. An empty
// repository has none.
func (m *Mirror) Advertise(ctx context.Context) (map[string]string, error) {
	const doing = "listing refs"
	session, err := m.client.NewUploadPackSession(m.endpointCopy(), nil)
	if err != nil {
		return nil, fail(doing, err)
	}
	refs, _, err := advertised(ctx, session)
	return refs, fail(doing, err)
}

// endpointCopy keeps a redirect that the library follows from changing where later requests go.
func (m *Mirror) endpointCopy() *transport.Endpoint {
	e := *m.endpoint
	return &e
}

// advertised reads the list of refs as the server gives it, and keeps those that matter.
func advertised(ctx context.Context, session transport.Session) (map[string]string, *packp.AdvRefs, error) {
	answer, err := session.AdvertisedReferencesContext(ctx)
	if errors.Is(err, transport.ErrEmptyRemoteRepository) {
		return map[string]string{}, nil, nil
	}
	if err != nil {
		return nil, nil, err
	}
	refs := map[string]string{}
	for name, id := range answer.References {
		if mirrored(name) {
			refs[name] = id.String()
		}
	}
	return refs, answer, nil
}

// mirrored tells the refs that matter. Their names were chosen by strangers: what git would refuse is not taken.
func mirrored(name string) bool {
	if plumbing.ReferenceName(name).Validate() != nil || strings.ContainsAny(name, "\n\r\x00 ") {
		return false
	}
	if strings.HasPrefix(name, "refs/heads/") {
		return true
	}
	number, ok := strings.CutPrefix(name, "refs/pull/")
	number, isHead := strings.CutSuffix(number, "/head")
	return ok && isHead && number != "" && strings.Trim(number, "0123456789") == ""
}

// Holds reports whether the mirror has a ref at the commit, with all its history: then there is nothing to fetch.
func (m *Mirror) Holds(ref, commit string) bool {
	m.writing.Lock()
	defer m.writing.Unlock()
	return commit != "" && m.refs[ref] == commit && !m.isSuspect()
}

// Fetch brings the named refs (refs/heads/main, refs/pull/7/head) and all their history up to date, wherever they moved to. A ref that
// the server does not have is an error that wraps fs.ErrNotExist, and nothing changes. Where nothing moved it costs one request.
func (m *Mirror) Fetch(ctx context.Context, refs ...string) error {
	m.writing.Lock()
	defer m.writing.Unlock()
	if err := m.fetch(ctx, refs); err != nil {
		return fail("fetching", err)
	}
	return nil
}

// fetch works out what the refs should be, brings what is missing for that, and writes them last.
func (m *Mirror) fetch(ctx context.Context, names []string) error {
	session, err := m.client.NewUploadPackSession(m.endpointCopy(), nil)
	if err != nil {
		return err
	}
	remote, answer, err := advertised(ctx, session)
	if err != nil {
		return err
	}
	next := map[string]string{} // without what the server has no more: names could be in each other's way
	for name, id := range m.refs {
		if _, ok := remote[name]; ok {
			next[name] = id
		}
	}
	for _, name := range names {
		id, ok := remote[name]
		if !ok {
			return &Error{reason: fmt.Sprintf("the server has no %q", clip(name)), cause: fs.ErrNotExist}
		}
		next[name] = id
	}
	suspect := m.isSuspect()
	if maps.Equal(next, m.refs) && !suspect {
		return nil
	}
	if suspect || m.crowded() {
		return m.clone(ctx, session, answer, next, remote)
	}
	if err := m.ensure(); err != nil {
		return err
	}
	dir := filepath.Join(m.dir, repositoryDir)
	if wants := missing(next, m.refs); len(wants) > 0 {
		packed, err := download(ctx, session, answer, dir, wants, known(m.refs))
		if err != nil {
			return err
		}
		if packed {
			m.reindex()
		}
	}
	if err := writeRefs(dir, next); err != nil { // last: a ref says that all behind it is here
		return err
	}
	m.refs = next
	return nil
}

// clone makes the mirror anew beside the old one, with everything that the old one had, and puts it in its place.
func (m *Mirror) clone(ctx context.Context, session transport.UploadPackSession, answer *packp.AdvRefs, next, remote map[string]string) error {
	for name := range next {
		next[name] = remote[name]
	}
	dir := filepath.Join(m.dir, nextDir)
	if err := os.RemoveAll(dir); err != nil {
		return err
	}
	if err := initRepository(dir); err != nil {
		return err
	}
	if wants := missing(next, nil); len(wants) > 0 {
		if _, err := download(ctx, session, answer, dir, wants, nil); err != nil {
			return err
		}
	}
	if err := writeRefs(dir, next); err != nil {
		return err
	}
	return m.swap()
}

// swap puts the new clone in the place of the old one. Readers wait meanwhile: none may look for a pack between the two renames.
func (m *Mirror) swap() error {
	at := func(name string) string { return filepath.Join(m.dir, name) }
	if err := os.RemoveAll(at(oldDir)); err != nil {
		return err
	}
	m.objects.mu.Lock()
	defer m.objects.mu.Unlock()
	m.suspect = true // until all of it is done
	if err := os.Rename(at(repositoryDir), at(oldDir)); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	if err := os.Rename(at(nextDir), at(repositoryDir)); err != nil {
		return err
	}
	store, refs, err := openRepository(at(repositoryDir))
	if err != nil {
		return err
	}
	old := m.store
	m.store, m.refs, m.suspect = store, refs, false
	return errors.Join(old.Close(), os.RemoveAll(at(oldDir)))
}

// ensure makes an empty repository where there is none.
func (m *Mirror) ensure() error {
	if m.refs != nil {
		return nil
	}
	dir := filepath.Join(m.dir, repositoryDir)
	if err := initRepository(dir); err != nil {
		return err
	}
	return m.load()
}

// isSuspect says whether a reader came across damage.
func (m *Mirror) isSuspect() bool {
	m.objects.mu.Lock()
	defer m.objects.mu.Unlock()
	return m.suspect
}

// reindex makes readers see a pack that was added.
func (m *Mirror) reindex() {
	m.objects.mu.Lock()
	defer m.objects.mu.Unlock()
	m.store.Reindex()
}

// crowded says whether so much has piled up that a new clone is cheaper than going on.
func (m *Mirror) crowded() bool {
	return m.refs != nil && tooMany(filepath.Join(m.dir, repositoryDir))
}

// missing returns the commits of next that no complete ref stands for, sorted. An object that merely exists proves nothing: a process
// that was killed while it unpacked leaves a commit without its tree.
func missing(next, have map[string]string) []plumbing.Hash {
	complete := map[string]bool{}
	for _, id := range have {
		complete[id] = true
	}
	var wants []plumbing.Hash
	for _, id := range next {
		if !complete[id] {
			complete[id] = true
			wants = append(wants, plumbing.NewHash(id))
		}
	}
	plumbing.HashesSort(wants)
	return wants
}

// known returns the commits to offer to the server, branches first.
func known(refs map[string]string) []plumbing.Hash {
	names := slices.Sorted(maps.Keys(refs)) // refs/heads sorts before refs/pull
	var haves []plumbing.Hash
	seen := map[string]bool{}
	for _, name := range names {
		if id := refs[name]; !seen[id] && len(haves) < maxHaves {
			seen[id] = true
			haves = append(haves, plumbing.NewHash(id))
		}
	}
	return haves
}

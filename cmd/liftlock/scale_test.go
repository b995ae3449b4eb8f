package main

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"runtime"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/liftlock/liftlock/internal/adapter/forge"
	"github.com/liftlock/liftlock/internal/adapter/registry"
	"github.com/liftlock/liftlock/internal/bot"
	"github.com/liftlock/liftlock/internal/core/digest"
	"github.com/liftlock/liftlock/internal/sandbox"
	"github.com/liftlock/liftlock/internal/sandbox/github"
	"github.com/liftlock/liftlock/internal/sandbox/images"
	"github.com/liftlock/liftlock/internal/sandbox/signer"
)

// estate is a large deployments repository, and the registry that its images come from.
type estate struct {
	b        *testing.B
	host     string // of the registry
	requests func() int
	pub      []byte
	old, new digest.Digest // 1.4.1, and 1.4.2 that every watch finds
}

// newEstate serves two signed and scanned images under the name of every application.
func newEstate(b *testing.B) *estate {
	b.Helper()
	store := images.New(images.Options{})
	applications := regexp.MustCompile(`^/v2/acme/app\d+/`)
	e := &estate{b: b}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		r.URL.Path = applications.ReplaceAllString(r.URL.Path, "/v2/acme/app/")
		store.ServeHTTP(w, r)
	}))
	b.Cleanup(server.Close)
	e.requests = func() int { return len(store.Requests()) }
	e.host = strings.TrimPrefix(server.URL, "http://")
	key, err := signer.NewKey("release")
	if err != nil {
		b.Fatal(err)
	}
	if e.pub, err = key.PublicPEM(); err != nil {
		b.Fatal(err)
	}
	e.old, e.new = e.publish(key, "1.4.1"), e.publish(key, "1.4.2")
	return e
}

func (e *estate) publish(key *signer.Signer, tag string) digest.Digest {
	e.b.Helper()
	repository, err := digest.ParseRepository(e.host + "/acme/app")
	if err != nil {
		e.b.Fatal(err)
	}
	image, err := images.Build(images.Spec{Seed: tag, Created: time.Now()})
	if err != nil {
		e.b.Fatal(err)
	}
	publisher, err := images.NewPublisher(nil)
	if err != nil {
		e.b.Fatal(err)
	}
	if err := publisher.Push(e.b.Context(), image, repository, tag); err != nil {
		e.b.Fatal(err)
	}
	signature, err := key.Sign(image.Digest, signer.Legacy)
	if err != nil {
		e.b.Fatal(err)
	}
	scan, err := key.Attest(image.Digest, signer.Legacy, "https://cosign.sigstore.dev/attestation/vuln/v1", signer.VulnerabilityPredicate(signer.Scan{
		FinishedAt: time.Now(), DatabaseAt: time.Now(), Packages: []string{"musl", "openssl"},
	}))
	if err != nil {
		e.b.Fatal(err)
	}
	if err := signer.Push(e.b.Context(), http.DefaultTransport, repository.String(), image.Digest, signature, scan); err != nil {
		e.b.Fatal(err)
	}
	return image.Digest
}

// files generates a repository: each application has a base of three files, and an overlay of three files in each environment. The first
// few applications are one release behind everywhere.
func (e *estate) files(applications, behind int, environments ...string) map[string]string {
	pipeline := "apiVersion: liftlock.dev/v1alpha1\nkind: Pipeline\nmetadata: {name: shop}\nspec:\n  signers:\n    - {name: release, key: {file: keys/release.pub}}\n  environments:\n"
	for n, environment := range environments {
		after := ""
		if n > 0 {
			after = "\n      after: [" + environments[n-1] + "]"
		}
		pipeline += fmt.Sprintf("    - name: %s%s\n      overlays: [\"apps/*/overlays/%s\"]\n      gates: {vulnerabilities: {severity: max, maxReportAge: 24h, allow: {critical: 0, high: 0}}}\n", environment, after, environment)
	}
	files := map[string]string{
		".liftlock/pipeline.yaml": pipeline, ".liftlock/keys/release.pub": string(e.pub), ".github/CODEOWNERS": "* @acme/platform\n",
	}
	for n := range applications {
		name := fmt.Sprintf("app%04d", n)
		image := e.host + "/acme/" + name
		files[".liftlock/images/"+name+".yaml"] = fmt.Sprintf("apiVersion: liftlock.dev/v1alpha1\nkind: Image\nmetadata: {name: %s}\nspec:\n  repository: %s\n  watch: {tag: 1.4.2, every: 1m}\n  signers: [release]\n", name, image)
		base := "apps/" + name + "/base/"
		files[base+"kustomization.yaml"] = "resources:\n- deployment.yaml\n- service.yaml\n"
		files[base+"deployment.yaml"] = fmt.Sprintf("apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: %s}\nspec:\n  selector: {matchLabels: {app: %[1]s}}\n  template:\n    metadata: {labels: {app: %[1]s}}\n    spec:\n      containers:\n      - name: main\n        image: %s\n        ports: [{containerPort: 8080}]\n", name, image)
		files[base+"service.yaml"] = fmt.Sprintf("apiVersion: v1\nkind: Service\nmetadata: {name: %s}\nspec:\n  selector: {app: %[1]s}\n  ports: [{port: 80, targetPort: 8080}]\n", name)
		for _, environment := range environments {
			tag, pinned := "1.4.2", e.new
			if n < behind {
				tag, pinned = "1.4.1", e.old
			}
			overlay := "apps/" + name + "/overlays/" + environment + "/"
			files[overlay+"kustomization.yaml"] = fmt.Sprintf("namespace: %s\nresources:\n- ../../base\npatches:\n- path: replicas.yaml\nconfigMapGenerator:\n- name: settings\n  files: [settings.properties]\nimages:\n- name: %s\n  newTag: %s # moved by promotion only\n  digest: %s\n", environment, image, tag, pinned)
			files[overlay+"replicas.yaml"] = fmt.Sprintf("apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: %s}\nspec: {replicas: 3}\n", name)
			files[overlay+"settings.properties"] = "environment=" + environment + "\n"
		}
	}
	return files
}

// bot is the one that serve runs, with a clock that the benchmark moves.
func (e *estate) bot(host bot.Host, now func() time.Time) *bot.Bot {
	return bot.New(bot.Options{
		Host: host, Registry: registry.New(registry.Options{Transport: http.DefaultTransport}), Verifier: testVerifier(e.b), NewJudge: newJudge,
		Metrics: noMeters{}, Log: slog.New(slog.NewTextHandler(io.Discard, nil)), Now: now, Poll: time.Minute,
	})
}

// processor is the processor time of this process so far, the sandbox in it included and its git commands left out: unlike the time on the
// wall, it says the same on a busy machine.
func processor(b *testing.B) time.Duration {
	b.Helper()
	var used syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &used); err != nil {
		b.Fatal(err)
	}
	return time.Duration(used.Utime.Nano() + used.Stime.Nano())
}

// live is the heap that remains in use, in MiB.
func live() float64 {
	var m runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&m)
	return float64(m.HeapAlloc) / (1 << 20)
}

const (
	estateApplications = 260 // with a base and four overlays each: 1,300 kustomizations, about 4,200 files
	estateBehind       = 26
)

func estateEnvironments() []string { return []string{"dev", "test", "staging", "production"} }

// BenchmarkPlan plans a clone of 1,300 kustomizations of which one application in ten has a new release: first with nothing known, then
// again.
func BenchmarkPlan(b *testing.B) {
	e := newEstate(b)
	files := e.files(estateApplications, estateBehind, estateEnvironments()...)
	dir := b.TempDir()
	for name, content := range files {
		name = filepath.Join(dir, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
			b.Fatal(err)
		}
		if err := os.WriteFile(name, []byte(content), 0o644); err != nil {
			b.Fatal(err)
		}
	}
	plan := func(of *bot.Bot) (wall, cpu time.Duration) {
		clone, err := openClone(dir)
		if err != nil {
			b.Fatal(err)
		}
		started, used := time.Now(), processor(b)
		_, planned, err := of.Plan(b.Context(), clone)
		if err != nil {
			b.Fatal(err)
		}
		moves := 0
		for _, p := range planned {
			moves += len(p.Judgements)
		}
		if moves != estateBehind {
			b.Fatalf("%d moves, want %d", moves, estateBehind)
		}
		return time.Since(started), processor(b) - used
	}
	var first, firstUsed, next, nextUsed time.Duration
	var asked, askedAgain int
	var before, after float64
	b.ReportAllocs()
	for b.Loop() {
		before = live()
		e.requests()
		one := e.bot(nil, time.Now)
		wall, cpu := plan(one)
		first, firstUsed = first+wall, firstUsed+cpu
		asked = e.requests()
		wall, cpu = plan(one)
		next, nextUsed = next+wall, nextUsed+cpu
		askedAgain = e.requests()
		after = live()
		runtime.KeepAlive(one)
	}
	b.ReportMetric(float64(len(files)), "files")
	per := func(d time.Duration) float64 { return float64(d.Milliseconds()) / float64(b.N) }
	b.ReportMetric(per(first), "first-ms")
	b.ReportMetric(per(firstUsed), "first-cpu-ms")
	b.ReportMetric(per(next), "next-ms")
	b.ReportMetric(per(nextUsed), "next-cpu-ms")
	b.ReportMetric(float64(asked), "first-requests")
	b.ReportMetric(float64(askedAgain), "next-requests")
	b.ReportMetric(after-before, "live-MiB")
}

// hosted is an estate behind a GitHub, with the bot that serve runs.
type hosted struct {
	*estate
	github *github.Server
	bot    *bot.Bot
	now    time.Time
	asked  map[string]int // requests to GitHub since the last look, by operation
}

func newHosted(b *testing.B, files func(*estate) map[string]string) *hosted {
	b.Helper()
	h := &hosted{estate: newEstate(b), now: time.Now(), asked: map[string]int{}}
	dir := b.TempDir()
	var err error
	h.github, err = github.New(github.Options{Dir: filepath.Join(dir, "git"), Now: time.Now, Observe: func(e github.Exchange) { h.asked[e.Operation]++ }})
	if err != nil {
		b.Fatal(err)
	}
	server := httptest.NewServer(h.github)
	b.Cleanup(server.Close)
	h.github.SetBaseURL(server.URL)
	if err := h.github.AddOrganisation(sandbox.Organisation); err != nil {
		b.Fatal(err)
	}
	if err := h.github.AddTeam(sandbox.Organisation, "platform"); err != nil {
		b.Fatal(err)
	}
	if _, err := h.github.AddUser(sandbox.Developer, "A developer"); err != nil {
		b.Fatal(err)
	}
	if err := h.github.CreateRepository(github.RepositoryOptions{
		Name: sandbox.Deployments, DefaultBranch: sandbox.Branch, Files: files(h.estate), Roles: map[string]string{"acme/platform": "write", sandbox.Developer: "write"},
	}); err != nil {
		b.Fatal(err)
	}
	installed, err := h.github.InstallApp(github.AppOptions{
		Slug: "liftlock", Owner: sandbox.Organisation, Repositories: []string{sandbox.Deployments},
		Permissions: map[string]string{"contents": "write", "pull_requests": "write", "checks": "write", "statuses": "write", "members": "read"},
	})
	if err != nil {
		b.Fatal(err)
	}
	app, err := forge.NewApp(forge.Options{APIURL: server.URL + "/api/v3/", AppID: installed.ID, PrivateKey: installed.PrivateKeyPEM, Transport: http.DefaultTransport})
	if err != nil {
		b.Fatal(err)
	}
	h.bot = h.estate.bot(newHost(app, filepath.Join(dir, "data"), http.DefaultTransport), func() time.Time { return h.now })
	return h
}

// reconcile is one whole cycle, and how long it took.
func (h *hosted) reconcile() time.Duration {
	h.b.Helper()
	started := time.Now()
	for {
		next, err := h.bot.Reconcile(context.Background(), sandbox.Deployments)
		if err != nil {
			h.b.Fatal(err)
		}
		if next > 0 {
			return time.Since(started)
		}
	}
}

// adopted checks that the first pass did what it is there for, or nothing was measured.
func (h *hosted) adopted() {
	h.b.Helper()
	if head, err := h.github.BranchHead(sandbox.Deployments, sandbox.LedgerBranch); err != nil || head == "" {
		h.b.Fatalf("no ledger after the first pass: %v", err)
	}
}

// BenchmarkServe reconciles a repository of 1,300 kustomizations: first with an empty data directory, and then whenever somebody has
// pushed to it.
func BenchmarkServe(b *testing.B) {
	before := live()
	h := newHosted(b, func(e *estate) map[string]string {
		return e.files(estateApplications, estateBehind, estateEnvironments()...)
	})
	used := processor(b)
	first := h.reconcile()
	firstUsed := processor(b) - used
	h.adopted()
	push := func(n int) {
		text := fmt.Sprintf("changed %d times\n", n)
		if _, err := h.github.Push(github.Push{
			User: sandbox.Developer, Repository: sandbox.Deployments, Branch: sandbox.Branch, Message: "say how often",
			Files: map[string]*string{"apps/app0000/overlays/dev/settings.properties": &text},
		}); err != nil {
			b.Fatal(err)
		}
	}
	var next, nextUsed time.Duration
	clear(h.asked)
	b.ReportAllocs()
	n := 0
	for b.Loop() {
		b.StopTimer()
		n++
		push(n)
		b.StartTimer()
		used := processor(b)
		next += h.reconcile()
		nextUsed += processor(b) - used
	}
	b.ReportMetric(float64(first.Milliseconds()), "first-ms")
	b.ReportMetric(float64(firstUsed.Milliseconds()), "first-cpu-ms")
	b.ReportMetric(float64(next.Milliseconds())/float64(n), "next-ms")
	b.ReportMetric(float64(nextUsed.Milliseconds())/float64(n), "next-cpu-ms")
	b.ReportMetric(live()-before, "live-MiB")
	h.reportAsked(n)
}

// reportAsked says what a cycle asked of GitHub.
func (h *hosted) reportAsked(cycles int) {
	for operation, count := range h.asked {
		h.b.ReportMetric(float64(count)/float64(cycles), strings.ReplaceAll(operation, "/", "-")+"/op")
	}
}

// BenchmarkNoChange reconciles a repository of 1,000 applications when every image is due and nothing has changed.
func BenchmarkNoChange(b *testing.B) {
	h := newHosted(b, func(e *estate) map[string]string { return e.files(1000, 0, "dev") })
	h.reconcile()
	h.adopted()
	h.reconcile()
	h.requests()
	clear(h.asked)
	b.ReportAllocs()
	n := 0
	used := processor(b)
	for b.Loop() {
		n++
		h.now = h.now.Add(2 * time.Minute)
		h.reconcile()
	}
	used = processor(b) - used
	b.ReportMetric(float64(h.requests())/float64(n), "registry-requests/op")
	b.ReportMetric(float64(used.Milliseconds())/float64(n), "cpu-ms/op")
	h.reportAsked(n)
}

package main

import (
	"encoding/json"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/liftlock/liftlock/internal/core/digest"
	"github.com/liftlock/liftlock/internal/core/ledger"
	"github.com/liftlock/liftlock/internal/core/verdict"
	"github.com/liftlock/liftlock/internal/sandbox"
	"github.com/liftlock/liftlock/internal/sandbox/signer"
)

// auditScript checks the ledger as somebody does who trusts none of our code: each entry names the file before it, and each object is
// what its name says, by two implementations of SHA-256.
const auditScript = `
set -eu
prev=
count=0
for entry in ledger/*/*.dsse.json; do
  count=$((count + 1))
  statement=$(sed 's/.*"payload":"\([^"]*\)".*/\1/' "$entry" | base64 -d)
  says=$(printf %s "$statement" | sed 's/.*"predicate":{"seq":\([0-9]*\),"prev":"\([^"]*\)".*/\1 \2/')
  test "$says" = "$count $prev" || { echo "$entry says '$says', want '$count $prev'"; exit 1; }
  prev=sha256:$(sha256sum <"$entry" | cut -d ' ' -f 1)
done
test "$count" -gt 0
for object in objects/sha256/*; do
  name=${object##*/}
  for sum in "$(sha256sum <"$object" | cut -d ' ' -f 1)" "$(openssl dgst -sha256 -r <"$object" | cut -d ' ' -f 1)"; do
    test "$sum" = "$name" || { echo "$object has digest $sum"; exit 1; }
  done
done
echo "$count entries"
`

// auditor reads clones of the deployments repository with git and nothing of ours but the form of an entry.
type auditor struct {
	t       *testing.T
	git     string
	main    string // clone, at the base branch
	ledger  string // clone, at the ledger branch
	entries map[string]ledger.Entry
}

func newAuditor(t *testing.T, repository string) auditor {
	t.Helper()
	a := auditor{t: t, git: tool(t, "git"), entries: map[string]ledger.Entry{}}
	work := t.TempDir()
	a.main, a.ledger = filepath.Join(work, "main"), filepath.Join(work, "ledger")
	command(t, work, a.git, "clone", "-q", "--no-local", "--mirror", repository, filepath.Join(work, "copy"))
	command(t, work, a.git, "clone", "-q", "--branch", sandbox.Branch, "copy", "main")
	command(t, work, a.git, "clone", "-q", "--single-branch", "--branch", sandbox.LedgerBranch, "copy", "ledger")
	files, err := filepath.Glob(filepath.Join(a.ledger, "ledger/*/*.dsse.json"))
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range files {
		e, err := ledger.Decode([]byte(read(t, file)))
		if err != nil {
			t.Fatalf("%s: %v", file, err)
		}
		a.entries[e.Path()] = e
	}
	return a
}

// object is the content of an object, by git.
func (a auditor) object(d digest.Digest) string {
	a.t.Helper()
	return command(a.t, a.ledger, a.git, "show", "HEAD:"+ledger.ObjectPath(d))
}

// history is what an auditor finds: promotions up to production, and denials.
func history(t *testing.T) (repository string, good digest.Digest) {
	t.Helper()
	r := newRig(t)
	r.adopted()
	good = r.release(sandbox.Release{Tag: "1.4.2"})
	proposed := r.entered(ledger.Proposed, "production", good)
	if err := r.world.GitHub.Approve(sandbox.Owner, sandbox.Deployments, proposed.Proposal.Number); err != nil {
		t.Fatal(err)
	}
	r.check(proposed.Proposal.Head, "success")
	if err := r.world.GitHub.Merge(sandbox.Owner, sandbox.Deployments, proposed.Proposal.Number); err != nil {
		t.Fatal(err)
	}
	r.entered(ledger.Merged, "production", good)
	r.decided("dev", r.release(sandbox.Release{Tag: "1.4.3", Unsigned: true}), "FAILED")
	critical := []signer.ScanFinding{{ID: "CVE-2026-0001", Package: "openssl", Installed: "3.0.1", Fixed: "3.0.2", Severity: "CRITICAL"}}
	r.decided("dev", r.release(sandbox.Release{Tag: "1.4.4", Findings: critical}), "FAILED")
	r.idle()
	r.stop()
	return filepath.Join(r.dir, "git", sandbox.Deployments+".git"), good
}

// An auditor needs a clone, git, openssl and opa: what was decided follows from what was recorded, and nothing can be taken out unseen.
func TestInteropAuditOfTheLedger(t *testing.T) {
	opa := tool(t, "opa")
	tool(t, "openssl")
	repository, good := history(t)
	a := newAuditor(t, repository)
	command(t, a.ledger, a.git, "fsck", "--strict", "--full")
	command(t, a.main, a.git, "fsck", "--strict", "--full")
	if out := command(t, a.ledger, "sh", "-c", auditScript); !strings.HasSuffix(out, " entries\n") {
		t.Errorf("audit: %s", out)
	}
	a.grows()
	a.replays(opa)
	a.linked(good)
	a.tampered()
}

// grows: the branch has one line of commits, and none of them changes or removes a file.
func (a auditor) grows() {
	a.t.Helper()
	if merges := command(a.t, a.ledger, a.git, "rev-list", "--merges", "HEAD"); merges != "" {
		a.t.Errorf("merges in the ledger: %s", merges)
	}
	if other := command(a.t, a.ledger, a.git, "log", "--format=", "--name-status", "--diff-filter=a"); other != "" {
		a.t.Errorf("the ledger does not only grow: %s", other)
	}
}

// replays every decision with the stock opa, on recorded files alone.
func (a auditor) replays(opa string) {
	a.t.Helper()
	results := map[string]int{}
	for path, e := range a.entries {
		if e.Decision == nil {
			continue
		}
		results[e.Decision.Stage+" "+e.Decision.Result]++
		for _, image := range e.Images {
			work := a.t.TempDir()
			write(a.t, filepath.Join(work, "input.json"), a.object(image.Verdict.Input))
			a.writeRules(filepath.Join(work, "rules"), image.Verdict.Rules)
			got := command(a.t, work, opa, "eval", "--fail", "--format", "raw", "--data", "rules", "--input", "input.json", "data.liftlock.verdict")
			if want := a.object(image.Verdict.Verdict); got != want+"\n" {
				a.t.Errorf("%s: opa says otherwise than the record:\n got %s\nwant %s", path, got, want)
			}
		}
	}
	for _, want := range []string{"propose PASSED", "propose FAILED", "merge PASSED"} {
		if results[want] == 0 {
			a.t.Errorf("decisions %v: want some of %q, or this test shows nothing", results, want)
		}
	}
}

func (a auditor) writeRules(dir string, d digest.Digest) {
	a.t.Helper()
	var rules struct {
		Schema string
		Files  []struct{ Path, Text string }
	}
	if err := json.Unmarshal([]byte(a.object(d)), &rules); err != nil {
		a.t.Fatal(err)
	}
	if rules.Schema != verdict.RulesSchema || len(rules.Files) == 0 {
		a.t.Fatalf("rules %s: schema %q with %d files", d, rules.Schema, len(rules.Files))
	}
	for _, file := range rules.Files {
		write(a.t, filepath.Join(dir, filepath.FromSlash(file.Path)), file.Text)
	}
}

// linked: every promotion commit names its entry, which is about the same image and verdict, and every merge entry names a commit that
// is there. Whoever deletes one is seen in the other.
func (a auditor) linked(good digest.Digest) {
	a.t.Helper()
	log := command(a.t, a.main, a.git, "log", "--author=liftlock", "--no-merges", "-z",
		"--format=%(trailers:key=Liftlock-Ledger,valueonly)%(trailers:key=Liftlock-Image,valueonly)%(trailers:key=Liftlock-Verdict,valueonly)", "HEAD")
	var environments []string
	for commit := range strings.SplitSeq(strings.Trim(log, "\x00\n"), "\x00") {
		fields := strings.Fields(commit) // sequence, path, image, result, digest of the verdict
		if len(fields) != 5 {
			a.t.Errorf("a promotion commit with trailers %q", commit)
			continue
		}
		e, ok := a.entries[fields[1]]
		if !ok || e.Kind != ledger.Decided || !strings.HasSuffix(fields[2], "@"+good.String()) || e.Images[0].Digest != good ||
			fields[3] != e.Decision.Result || fields[4] != e.Images[0].Verdict.Verdict.String() {
			a.t.Errorf("commit says %q, its entry (there: %t) %+v", fields, ok, e)
		}
		environments = append(environments, e.Environment)
	}
	slices.Sort(environments)
	if got := strings.Join(environments, " "); got != "dev production staging" {
		a.t.Errorf("promotion commits for %q, want one for each environment", got)
	}
	merged := 0
	for path, e := range a.entries {
		if e.Kind != ledger.Merged {
			continue
		}
		merged++
		command(a.t, a.main, a.git, "merge-base", "--is-ancestor", e.Proposal.Head, "HEAD")
		command(a.t, a.main, a.git, "merge-base", "--is-ancestor", e.Proposal.Merge, "HEAD")
		file := command(a.t, a.main, a.git, "show", e.Proposal.Merge+":"+sandbox.Kustomization(e.Environment))
		if !strings.Contains(file, e.Images[0].Digest.String()) {
			a.t.Errorf("%s: commit %s does not bring %s to %s", path, e.Proposal.Merge, e.Images[0].Digest, e.Environment)
		}
	}
	if merged != len(environments) {
		a.t.Errorf("%d entries of merges for %d promotions", merged, len(environments))
	}
}

// tampered: the auditor's script is a check only if it can fail.
func (a auditor) tampered() {
	a.t.Helper()
	files, err := filepath.Glob(filepath.Join(a.ledger, "ledger/*/000000002.dsse.json"))
	if err != nil || len(files) != 1 {
		a.t.Fatal(files, err)
	}
	objects, err := filepath.Glob(filepath.Join(a.ledger, "objects/sha256/*"))
	if err != nil || len(objects) == 0 {
		a.t.Fatal(objects, err)
	}
	for what, file := range map[string]string{"entry": files[0], "object": objects[0]} {
		content := read(a.t, file)
		write(a.t, file, content+" ")
		audit := exec.CommandContext(a.t.Context(), "sh", "-c", auditScript)
		audit.Dir = a.ledger
		if out, err := audit.Output(); err == nil {
			a.t.Errorf("a changed %s was not seen: %s", what, out)
		}
		write(a.t, file, content)
	}
}

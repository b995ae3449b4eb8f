package ledger

import (
	"encoding/json"
	"maps"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/google/go-cmp/cmp"

	"github.com/liftlock/liftlock/internal/core/digest"
)

const at = 1795150000 // 2026-11-20

func image(t testing.TB, seed string) Image {
	t.Helper()
	repository, err := digest.ParseRepository("ghcr.io/acme/checkout")
	if err != nil {
		t.Fatal(err)
	}
	return Image{Name: "checkout", Repository: repository, Digest: digest.Of([]byte(seed)), Tag: seed}
}

// history is one proposal's whole way: adopted, decided, proposed, merged, then a second one that a person closes.
func history(t testing.TB) []Entry {
	t.Helper()
	old, good, bad := image(t, "1.4.1"), image(t, "1.4.2"), image(t, "1.4.3")
	good.From, bad.From = old.Digest, good.Digest
	entry := func(kind Kind, i Image) Entry {
		return Entry{At: at, Kind: kind, Environment: "dev", Application: "shop", Images: []Image{i}}
	}
	adopted := entry(Adopted, old)
	adopted.Base = strings.Repeat("b", 40)
	decided := entry(Decided, good)
	decided.Decision = &Decision{Stage: "propose", Result: "PASSED", Lane: "fast"}
	proposed := entry(Proposed, good)
	proposed.Proposal = &Proposal{Number: 1, Branch: "liftlock/dev/shop", Head: strings.Repeat("1", 40)}
	merged := entry(Merged, good)
	merged.Proposal = &Proposal{Number: 1, Branch: "liftlock/dev/shop", Head: strings.Repeat("1", 40), Merge: strings.Repeat("2", 40)}
	proposedBad := entry(Proposed, bad)
	proposedBad.Proposal = &Proposal{Number: 2, Branch: "liftlock/dev/shop", Head: strings.Repeat("3", 40)}
	vetoed := entry(Vetoed, bad)
	vetoed.Proposal = proposedBad.Proposal
	vetoed.Actor = &Actor{ID: 7, Login: "somebody"}
	return []Entry{adopted, decided, proposed, merged, proposedBad, vetoed}
}

func write(t *testing.T, entries ...Entry) (fstest.MapFS, Chain) {
	t.Helper()
	files, linked, chain, err := Chain{}.Append(entries...)
	if err != nil {
		t.Fatal(err)
	}
	tree := fstest.MapFS{}
	for path, content := range files {
		tree[path] = &fstest.MapFile{Data: content}
	}
	if len(linked) != len(entries) || chain.Seq != int64(len(entries)) {
		t.Fatalf("appended %d of %d entries, chain at %d", len(linked), len(entries), chain.Seq)
	}
	return tree, chain
}

func TestWhatWasAppendedIsReadBack(t *testing.T) {
	tree, written := write(t, history(t)...)
	read, err := Chain{}.Extend(tree)
	if err != nil {
		t.Fatal(err)
	}
	if read.Seq != written.Seq || read.Head != written.Head {
		t.Errorf("read up to %d %s, wrote up to %d %s", read.Seq, read.Head, written.Seq, written.Head)
	}
	if diff := cmp.Diff(written.Memory.Proposals(), read.Memory.Proposals()); diff != "" {
		t.Error(diff)
	}
}

func TestReadingInTwoStepsIsReadingInOne(t *testing.T) {
	tree, written := write(t, history(t)...)
	half := maps.Clone(tree)
	for path := range half {
		if path > "ledger/2026/000000003.dsse.json" {
			delete(half, path)
		}
	}
	first, err := Chain{}.Extend(half)
	if err != nil {
		t.Fatal(err)
	}
	second, err := first.Extend(tree)
	if err != nil || second.Head != written.Head {
		t.Errorf("got head %s, %v, want %s", second.Head, err, written.Head)
	}
	if _, open := first.Memory.Proposal("dev", "shop"); !open {
		t.Error("the chain that was extended changed under its holder")
	}
}

func TestMemoryFollowsFromEntries(t *testing.T) {
	_, chain := write(t, history(t)...)
	m := chain.Memory
	old, good, bad := image(t, "1.4.1"), image(t, "1.4.2"), image(t, "1.4.3")
	if stay, ok := m.Holds("dev", good.Repository); !ok || stay.Digest != good.Digest || stay.Merge == "" {
		t.Errorf("dev holds %+v, %t", stay, ok)
	}
	if _, ok := m.Holds("production", good.Repository); ok {
		t.Error("production was never adopted")
	}
	if !m.Held("dev", old.Repository, old.Digest) || m.Held("dev", good.Repository, good.Digest) || m.Held("dev", bad.Repository, bad.Digest) {
		t.Error("only the digest that was left behind was held before")
	}
	if v := m.Vetoes("dev", bad.Repository, bad.Digest); len(v) != 1 || v[0].By.Login != "somebody" {
		t.Errorf("vetoes: %+v", v)
	}
	if v := m.Vetoes("production", bad.Repository, bad.Digest); len(v) != 0 {
		t.Errorf("a veto in dev binds production: %+v", v)
	}
	if open := m.Proposals(); len(open) != 0 {
		t.Errorf("open: %+v", open)
	}
	asked := Entry{Environment: "dev", Application: "shop", Decision: &Decision{Stage: "propose"}}
	if e, ok := m.Decided(asked); !ok || e.Seq != 2 {
		t.Errorf("decided: %+v, %t", e, ok)
	}
	asked.Proposal = &Proposal{Number: 1}
	if _, ok := m.Decided(asked); ok {
		t.Error("a decision about a pull request was never made")
	}
}

// Attacks on the ledger that its own chain shows (A95).
func TestTamperedChainIsRefusedWithItsEntryNamed(t *testing.T) {
	const third = "ledger/2026/000000003.dsse.json"
	for name, c := range map[string]struct {
		tamper func(fstest.MapFS)
		want   string
	}{
		"entry removed": {func(m fstest.MapFS) { delete(m, third) }, "missing or doubled"},
		"entry edited":  {func(m fstest.MapFS) { m[third] = edited(t, m[third]) }, "000000004"},
		"entry doubled": {func(m fstest.MapFS) { m["ledger/2025/000000003.dsse.json"] = m[third] }, "2025"},
		"entries swapped": {func(m fstest.MapFS) {
			m[third], m["ledger/2026/000000004.dsse.json"] = m["ledger/2026/000000004.dsse.json"], m[third]
		}, third},
		"stranger's file": {func(m fstest.MapFS) { m["ledger/2026/notes.txt"] = &fstest.MapFile{} }, "notes.txt"},
		"unknown field": {func(m fstest.MapFS) {
			m[third] = payload(t, m[third], `"kind":"proposed"`, `"kind":"proposed","extra":1`)
		}, "extra"},
		"unknown kind": {func(m fstest.MapFS) { m[third] = payload(t, m[third], `"kind":"proposed"`, `"kind":"blessed"`) }, "blessed"},
		"oversized":    {func(m fstest.MapFS) { m[third] = &fstest.MapFile{Data: make([]byte, maxEntryBytes+1)} }, "at most"},
		"other payloadType": {func(m fstest.MapFS) {
			m[third] = &fstest.MapFile{Data: []byte(`{"payload":"e30=","payloadType":"x","signatures":[]}`)}
		}, "payloadType"},
		"trailing data": {func(m fstest.MapFS) { m[third] = &fstest.MapFile{Data: append(m[third].Data, '{')} }, "after the document"},
	} {
		t.Run(name, func(t *testing.T) {
			tree, _ := write(t, history(t)...)
			c.tamper(tree)
			chain, err := Chain{}.Extend(tree)
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("got %v, want an error that names %q", err, c.want)
			}
			if chain.Seq != 0 {
				t.Errorf("the chain moved to %d in spite of the error", chain.Seq)
			}
		})
	}
}

func edited(t *testing.T, f *fstest.MapFile) *fstest.MapFile {
	return payload(t, f, `"number":1`, `"number":9`)
}

func payload(t *testing.T, f *fstest.MapFile, from, to string) *fstest.MapFile {
	t.Helper()
	var env envelope
	if err := json.Unmarshal(f.Data, &env); err != nil {
		t.Fatal(err)
	}
	changed := strings.Replace(string(env.Payload), from, to, 1)
	if changed == string(env.Payload) {
		t.Fatalf("%s is not in the payload", from)
	}
	env.Payload = []byte(changed)
	data, err := json.Marshal(env)
	if err != nil {
		t.Fatal(err)
	}
	return &fstest.MapFile{Data: data}
}

func TestEntriesThatSayTooLittleAreRefused(t *testing.T) {
	for name, spoil := range map[string]func(*Entry){
		"no images":                func(e *Entry) { e.Images = nil },
		"no environment":           func(e *Entry) { e.Environment = "" },
		"no decision":              func(e *Entry) { e.Kind, e.Decision = Decided, nil },
		"no proposal":              func(e *Entry) { e.Kind, e.Proposal = Merged, nil },
		"no digest":                func(e *Entry) { e.Images[0].Digest = digest.Digest{} },
		"no repository":            func(e *Entry) { e.Images[0].Repository = digest.Repository{} },
		"adopted without its base": func(e *Entry) { e.Kind, e.Base = Adopted, "" },
	} {
		t.Run(name, func(t *testing.T) {
			e := history(t)[2]
			spoil(&e)
			if files, _, _, err := (Chain{}).Append(e); err == nil {
				t.Errorf("appended %v", files)
			}
		})
	}
}

func TestAdoptedWithoutDigestNamesTheCommit(t *testing.T) {
	e := history(t)[0]
	e.Images[0].Digest = digest.Digest{}
	tree, _ := write(t, e)
	read, err := Chain{}.Extend(tree)
	if err != nil {
		t.Fatal(err)
	}
	if stay, ok := read.Memory.Holds("dev", e.Images[0].Repository); !ok || !stay.Digest.IsZero() {
		t.Errorf("got %+v, %t, want a record without a digest", stay, ok)
	}
}

func FuzzDecode(f *testing.F) {
	file, err := Encode(Entry{Seq: 1, At: at, Kind: Adopted, Environment: "dev", Application: "shop", Base: "b", Images: []Image{{
		Repository: mustRepository(f), Digest: digest.Of(nil),
	}}})
	if err != nil {
		f.Fatal(err)
	}
	f.Add(file)
	f.Fuzz(func(t *testing.T, data []byte) {
		e, err := Decode(data)
		if err != nil {
			return
		}
		again, err := Encode(e)
		if err != nil {
			t.Fatalf("what was decoded cannot be encoded: %v", err)
		}
		twice, err := Decode(again)
		if diff := cmp.Diff(e, twice, cmp.AllowUnexported(digest.Digest{}, digest.Repository{})); err != nil || diff != "" {
			t.Errorf("%v\n%s", err, diff)
		}
	})
}

func mustRepository(f *testing.F) digest.Repository {
	r, err := digest.ParseRepository("ghcr.io/acme/checkout")
	if err != nil {
		f.Fatal(err)
	}
	return r
}

func BenchmarkExtend(b *testing.B) {
	entries := make([]Entry, 0, 5000)
	for len(entries) < cap(entries) {
		entries = append(entries, history(b)...)
	}
	files, _, _, err := Chain{}.Append(entries...)
	if err != nil {
		b.Fatal(err)
	}
	tree := fstest.MapFS{}
	for path, content := range files {
		tree[path] = &fstest.MapFile{Data: content}
	}
	b.ReportAllocs()
	for b.Loop() {
		if _, err := (Chain{}).Extend(tree); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(len(entries)), "entries/op")
}

package forge

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/liftlock/liftlock/internal/core/digest"
)

// The vector of GitHub's documentation.
const (
	vectorSecret    = "It's a Secret to Everybody"
	vectorSignature = "sha256=757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17"
)

func TestWebhookSignature(t *testing.T) { // A68
	body := []byte("Hello, World!")
	secret := []byte(vectorSecret)
	for _, c := range []struct {
		name    string
		secrets [][]byte
		header  string
		want    error
	}{
		{"the documented vector", [][]byte{secret}, vectorSignature, nil},
		{"new secret first", [][]byte{[]byte("new"), secret}, vectorSignature, nil},
		{"old secret first", [][]byte{secret, []byte("new")}, vectorSignature, nil},
		{"upper-case digits", [][]byte{secret}, "sha256=" + strings.ToUpper(vectorSignature[7:]), nil},
		{"missing", [][]byte{secret}, "", ErrBadSignature},
		{"another secret", [][]byte{[]byte("other")}, vectorSignature, ErrBadSignature},
		{"SHA-1 alone", [][]byte{secret}, "sha1=01dc10d0c83e72ed246219cdd91669667fe2ca59", ErrBadSignature},
		{"SHA-1 digits under the other name", [][]byte{secret}, "sha256=01dc10d0c83e72ed246219cdd91669667fe2ca59", ErrBadSignature},
		{"no algorithm", [][]byte{secret}, vectorSignature[7:], ErrBadSignature},
		{"cut short", [][]byte{secret}, vectorSignature[:70], ErrBadSignature},
		{"longer", [][]byte{secret}, vectorSignature + "00", ErrBadSignature},
		{"no hex", [][]byte{secret}, "sha256=" + strings.Repeat("zz", 32), ErrBadSignature},
		{"no secret", nil, vectorSignature, ErrNoSecret},
		{"empty secret", [][]byte{{}}, "sha256=9d6bb90db1e8a6d1ed5e8f0b0d3c4d5bdbd9d0f5bb8ad4bb6e6bdb1eb5a2c1f1", ErrNoSecret},
		{"one empty secret of two", [][]byte{secret, nil}, vectorSignature, ErrNoSecret},
	} {
		if err := VerifySignature(c.secrets, c.header, body); !errors.Is(err, c.want) {
			t.Errorf("%s: got %v, want %v", c.name, err, c.want)
		}
	}
	if err := VerifySignature([][]byte{secret}, vectorSignature, []byte("Hello, World")); !errors.Is(err, ErrBadSignature) {
		t.Errorf("another body: got %v", err)
	}
}

func image(t *testing.T, s string) digest.Repository {
	t.Helper()
	r, err := digest.ParseRepository(s)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func TestParseWebhook(t *testing.T) {
	const at = `"repository":{"full_name":"acme/deploy"},"installation":{"id":7}`
	for _, c := range []struct {
		name, event, body string
		want              Hint
	}{
		{"push", "push", `{` + at + `,"ref":"refs/heads/main"}`, Hint{Kind: KindPush, Repository: "acme/deploy", Installation: 7}},
		{"pull request", "pull_request", `{"action":"closed",` + at + `}`, Hint{Kind: KindPullRequest, Repository: "acme/deploy", Installation: 7}},
		{"review", "pull_request_review", `{` + at + `}`, Hint{Kind: KindReview, Repository: "acme/deploy", Installation: 7}},
		{"check asked again", "check_run", `{"action":"rerequested",` + at + `}`, Hint{Kind: KindCheck, Repository: "acme/deploy", Installation: 7}},
		{"our own check comes back", "check_run", `{"action":"completed",` + at + `}`, Hint{}},
		{"merge group", "merge_group", `{` + at + `}`, Hint{Kind: KindMergeGroup, Repository: "acme/deploy", Installation: 7}},
		{"rules", "repository_ruleset", `{` + at + `}`, Hint{Kind: KindRules, Repository: "acme/deploy", Installation: 7}},
		{"installation", "installation", `{"action":"created","installation":{"id":8},"repositories":[{"full_name":"a/b"}]}`, Hint{Kind: KindInstallation, Installation: 8}},
		{"no installation", "push", `{"repository":{"full_name":"acme/deploy"}}`, Hint{Kind: KindPush, Repository: "acme/deploy"}},
		{"unknown event", "star", `{{{`, Hint{}},
		{"comment", "issue_comment", `{"action":"created",` + at + `,"comment":{"body":"/promote"}}`, Hint{}}, // A74: comments move nothing
		{"package", "package", `{"action":"published","package":{"name":"checkout","namespace":"Acme","ecosystem":"CONTAINER","package_type":"CONTAINER",
			"package_version":{"package_url":"ghcr.io/Acme/checkout:latest","container_metadata":{"tag":{"name":"evil"}},"body":{"repository":{}}}}}`,
			Hint{Kind: KindPackage, Image: image(t, "ghcr.io/acme/checkout")}},
		{"package with digest", "package", `{"package":{"ecosystem":"container","package_version":{"package_url":"https://ghcr.io/acme/team/checkout@sha256:00"}}}`,
			Hint{Kind: KindPackage, Image: image(t, "ghcr.io/acme/team/checkout")}},
		{"registry package without address", "registry_package", `{"registry_package":{"name":"checkout","namespace":"acme","package_type":"docker"},"installation":{"id":7}}`,
			Hint{Kind: KindPackage, Installation: 7, Image: image(t, "ghcr.io/acme/checkout")}},
		{"package of an owner", "registry_package", `{"registry_package":{"name":"checkout","owner":{"login":"Acme"},"ecosystem":"docker"}}`,
			Hint{Kind: KindPackage, Image: image(t, "ghcr.io/acme/checkout")}},
		{"package of npm", "package", `{"package":{"name":"left-pad","namespace":"acme","ecosystem":"npm"}}`, Hint{}},
		{"package without name", "package", `{"package":{"ecosystem":"container"}}`, Hint{}},
		{"package with a path for a name", "package", `{"package":{"ecosystem":"container","namespace":"..","name":"../../x"}}`, Hint{}},
	} {
		got, err := ParseWebhook(c.event, []byte(c.body))
		if diff := cmp.Diff(c.want, got, cmp.AllowUnexported(digest.Repository{})); diff != "" || err != nil {
			t.Errorf("%s: %v %s", c.name, err, diff)
		}
	}
	for name, body := range map[string]string{
		"no JSON": `payload=%7B`, "no object": `[]`, "nothing": ``, "two": `{}{}`, "no repository": `{}`, "wrong type": `{"repository":7}`,
		"a path": `{"repository":{"full_name":"acme/../../x"}}`, "markup": `{"repository":{"full_name":"<b>/x"}}`, "no owner": `{"repository":{"full_name":"deploy"}}`,
	} {
		got, err := ParseWebhook("push", []byte(body))
		if err == nil || got != (Hint{}) {
			t.Errorf("%s: got %+v, %v", name, got, err)
			continue
		}
		if strings.Contains(err.Error(), "<b>") || strings.Contains(err.Error(), "%7B") {
			t.Errorf("%s: %q quotes the body", name, err)
		}
	}
	if _, err := ParseWebhook("push", make([]byte, maxWebhook+1)); err == nil { // A70
		t.Error("a body beyond the limit is read")
	}
}

// TestWebhooksOfTheCorpus reads real deliveries, named <event>/<action>.payload.json.
func TestWebhooksOfTheCorpus(t *testing.T) {
	root := os.Getenv("LIFTLOCK_CORPUS")
	if root == "" {
		t.Skip("LIFTLOCK_CORPUS is not set")
	}
	files, err := filepath.Glob(filepath.Join(root, "webhooks", "github", "*", "*.json"))
	if err != nil || len(files) < 90 {
		t.Fatalf("found %d deliveries, %v", len(files), err)
	}
	kinds := map[Kind]int{}
	for _, file := range files {
		body, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		event := filepath.Base(filepath.Dir(file))
		hint, err := ParseWebhook(event, body)
		if err != nil {
			t.Errorf("%s: %v", file, err)
		}
		kinds[hint.Kind]++
		switch wantRepository := hint.Kind != "" && hint.Kind != KindInstallation && hint.Kind != KindPackage; {
		case wantRepository && !fullName.MatchString(hint.Repository):
			t.Errorf("%s: repository %q", file, hint.Repository)
		case hint.Kind == KindPackage && hint.Image.String() != "ghcr.io/codertocat/hello-world":
			t.Errorf("%s: image %q", file, hint.Image)
		}
	}
	for _, kind := range []Kind{KindPush, KindPullRequest, KindReview, KindCheck, KindMergeGroup, KindRules, KindInstallation, KindPackage} {
		if kinds[kind] == 0 {
			t.Errorf("no delivery of kind %q among %v", kind, kinds)
		}
	}
	t.Logf("%d deliveries: %v", len(files), kinds)
}

func FuzzParseWebhook(f *testing.F) {
	f.Add("push", []byte(`{"repository":{"full_name":"acme/deploy"},"installation":{"id":7}}`))
	f.Add("package", []byte(`{"package":{"ecosystem":"container","package_version":{"package_url":"ghcr.io/acme/x:latest"}}}`))
	f.Add("installation", []byte(`{"installation":{"id":-1}}`))
	f.Add("check_run", []byte(`{"action":"rerequested","repository":{"full_name":"a/b"}}`))
	f.Fuzz(func(t *testing.T, event string, body []byte) {
		hint, err := ParseWebhook(event, body)
		if err != nil && hint != (Hint{}) {
			t.Errorf("error with a hint: %+v", hint)
		}
		if err == nil && hint.Repository != "" && !fullName.MatchString(hint.Repository) {
			t.Errorf("repository %q", hint.Repository)
		}
		if (hint.Kind == KindPackage) == hint.Image.IsZero() && err == nil && hint.Kind != "" {
			t.Errorf("kind %q with image %q", hint.Kind, hint.Image)
		}
		if hint.Installation < 0 {
			t.Errorf("installation %d", hint.Installation)
		}
		if !hint.Image.IsZero() { // what was read is in normal form
			if again, err := digest.ParseRepository(hint.Image.String()); err != nil || again != hint.Image {
				t.Errorf("image %q: %v", hint.Image, err)
			}
		}
	})
}

package openapi

import (
	"strings"
	"testing"

	"github.com/liftlock/liftlock/internal/sandbox/github"
)

const sample = `{"openapi":"3.0.3","info":{"title":"t","version":"1"},"paths":{
"/repos/{owner}/git/ref/{ref}":{"get":{"operationId":"git/get-ref","parameters":[
 {"name":"owner","in":"path","required":true,"schema":{"type":"string"}},{"name":"ref","in":"path","required":true,"schema":{"type":"string"}}],
 "responses":{"200":{"description":"ok","content":{"application/json":{"schema":{"type":"object","required":["ref"],"properties":{"ref":{"type":"string"}}}}}}}}},
"/app/{id}/access_tokens":{"post":{"operationId":"apps/create-installation-access-token","parameters":[
 {"name":"id","in":"path","required":true,"schema":{"type":"integer"}}],
 "requestBody":{"content":{"application/json":{"schema":{"type":"object"}}}},"responses":{"201":{"description":"made"}}}}}}`

func TestValidate(t *testing.T) {
	d, err := parse([]byte(sample))
	if err != nil {
		t.Fatal(err)
	}
	answer := func(status int, body string) github.Exchange {
		return github.Exchange{Method: "GET", URL: "/repos/a/git/ref/heads/x/y", Status: status, ResponseType: "application/json", ResponseBody: []byte(body)}
	}
	post := func(body string) github.Exchange {
		return github.Exchange{Method: "POST", URL: "/app/7/access_tokens", RequestType: "application/json", RequestBody: []byte(body), Status: 201}
	}
	for name, test := range map[string]struct {
		exchange github.Exchange
		want     string
	}{
		"good":               {answer(200, `{"ref":"refs/heads/x/y"}`), ""},
		"missing field":      {answer(200, `{}`), `property "ref" is missing`},
		"wrong type":         {answer(200, `{"ref":1}`), "must be a string"},
		"undescribed status": {answer(202, `{"ref":"a"}`), "status is not supported"},
		"plain refusal":      {answer(403, `{"message":"no","documentation_url":"u"}`), ""},
		"refusal of nothing": {answer(403, `{}`), "wanted message"},
		"unknown path":       {github.Exchange{Method: "GET", URL: "/nothing"}, "no such path"},
		"unknown method":     {github.Exchange{Method: "PUT", URL: "/repos/a/git/ref/x"}, "the method is not described"},
		"null for a token":   {post("null"), ""},
		"array for a token":  {post("[]"), "must be an object"},
	} {
		t.Run(name, func(t *testing.T) {
			err := d.Validate(test.exchange)
			if (err == nil) != (test.want == "") || err != nil && !strings.Contains(err.Error(), test.want) {
				t.Errorf("wanted %q, got %v", test.want, err)
			}
		})
	}
}

func TestMostLiteralPathWins(t *testing.T) {
	paths := []path{newPath("/repos/{owner}/{repo}/{path}"), newPath("/repos/{owner}/{repo}/branches/{branch}"), newPath("/repos/{owner}/{repo}/branches/{branch}/protection")}
	for target, want := range map[string]string{
		"/repos/a/b/branches/x/y":            "/repos/{owner}/{repo}/branches/{branch}",
		"/repos/a/b/branches/x/y/protection": "/repos/{owner}/{repo}/branches/{branch}/protection",
		"/repos/a/b/other/x":                 "/repos/{owner}/{repo}/{path}",
	} {
		if got, _, _ := match(paths, target); got != want {
			t.Errorf("%s: wanted %s, got %s", target, want, got)
		}
	}
	if _, _, found := match(paths, "/orgs/a"); found {
		t.Error("a path that no template has was matched")
	}
}

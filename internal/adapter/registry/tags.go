package registry

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/liftlock/liftlock/internal/core/digest"
	"github.com/liftlock/liftlock/internal/core/evidence"
)

// Tags returns every tag of a repository, sorted, all pages of them. Names that no tag may have are left out.
func (c *Client) Tags(ctx context.Context, repository digest.Repository) ([]string, error) {
	var tags []string
	path := fmt.Sprintf("tags/list?n=%d", tagPage)
	for range maxTagPages {
		got, err := c.get(ctx, repository, resource{path: path, accept: "application/json", limit: evidence.MaxManifest, beyond: codeUnreachable})
		if err != nil {
			return nil, err
		}
		var page struct {
			Tags []string `json:"tags"`
		}
		if err := json.Unmarshal(got.body, &page); err != nil {
			return nil, &failure{doing: fmt.Sprintf("listing tags of %q", repository), code: codeUnreachable, detail: "the answer is no tag list", err: err}
		}
		// The list is plain JSON: whatever it says, a tag only becomes a candidate by the bytes that are served for it.
		for _, tag := range page.Tags {
			if _, err := digest.ParseTag(tag); err == nil {
				tags = append(tags, tag)
			}
		}
		query, more := nextPage(got.header)
		if !more {
			slices.Sort(tags)
			return slices.Compact(tags), nil
		}
		path = "tags/list?" + query
	}
	return nil, &failure{doing: fmt.Sprintf("listing tags of %q", repository), code: codeUnreachable,
		detail: fmt.Sprintf("want at most %d pages; watch an exact tag instead", maxTagPages)}
}

// nextPage reads the Link header of RFC 8288. Only its query is used: host and path stay those that were asked, whatever it says.
func nextPage(header http.Header) (query string, more bool) {
	for _, value := range header.Values("Link") {
		for link := range strings.SplitSeq(value, ",") {
			target, parameters, ok := strings.Cut(strings.TrimSpace(link), ">")
			if !ok || !strings.HasPrefix(target, "<") || !strings.Contains(strings.ReplaceAll(parameters, `"`, ""), "rel=next") {
				continue
			}
			if u, err := url.Parse(target[1:]); err == nil && u.RawQuery != "" {
				return u.RawQuery, true
			}
		}
	}
	return "", false
}

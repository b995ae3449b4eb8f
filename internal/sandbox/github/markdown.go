package github

import (
	"bytes"
	"html/template"

	"github.com/microcosm-cc/bluemonday"
	"github.com/yuin/goldmark"
	"github.com/yuin/goldmark/extension"
	"github.com/yuin/goldmark/renderer/html"
)

// markdown renders as GitHub does: GFM with the raw HTML that GitHub lets through, such as <details>, and nothing that runs.
type markdown struct {
	convert  goldmark.Markdown
	sanitise *bluemonday.Policy
}

// newMarkdown lets raw HTML through to the sanitiser, which is the only judge of it.
func newMarkdown() *markdown {
	policy := bluemonday.UGCPolicy()
	policy.AllowAttrs("type").Matching(bluemonday.SpaceSeparatedTokens).OnElements("input")
	policy.AllowAttrs("checked", "disabled").OnElements("input")
	return &markdown{convert: goldmark.New(goldmark.WithExtensions(extension.GFM), goldmark.WithRendererOptions(html.WithUnsafe())), sanitise: policy}
}

// render gives HTML that is safe to put into a page.
func (m *markdown) render(text string) (template.HTML, error) {
	var b bytes.Buffer
	if err := m.convert.Convert([]byte(text), &b); err != nil {
		return "", err
	}
	return template.HTML(m.sanitise.SanitizeBytes(b.Bytes())), nil // #nosec G203 -- sanitised on this line
}

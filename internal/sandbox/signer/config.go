package signer

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"strings"
	"time"
)

// The signing configuration, as sigstore/protobuf-specs spells it in JSON.
type (
	signingConfig struct {
		MediaType   string           `json:"mediaType"`
		Authorities []configService  `json:"caUrls"`
		Logs        []configService  `json:"rekorTlogUrls,omitempty"`
		LogChoice   *serviceSelector `json:"rekorTlogConfig,omitempty"`
		Timestamps  []configService  `json:"tsaUrls,omitempty"`
		TimestampBy *serviceSelector `json:"tsaConfig,omitempty"`
	}
	configService struct {
		URL      string   `json:"url"`
		Version  int      `json:"majorApiVersion"`
		ValidFor validity `json:"validFor"`
		Operator string   `json:"operator"`
	}
	serviceSelector struct {
		Selector string `json:"selector"`
	}
)

// SigningConfigJSON returns what signing tools must be told to use the services of Handler at a URL, as a signing_config.json.
func (a *Authority) SigningConfigJSON(url string) ([]byte, error) {
	service := func(path string, version int) []configService {
		return []configService{{URL: url + path, Version: version, ValidFor: validity{a.root.NotBefore}, Operator: "sandbox"}}
	}
	config := signingConfig{MediaType: "application/vnd.dev.sigstore.signingconfig.v0.2+json", Authorities: service("", 1)}
	if a.log != nil {
		config.Logs, config.LogChoice = service("", map[LogKind]int{RekorV1: 1, RekorV2: 2}[a.log.kind]), &serviceSelector{"ANY"}
	}
	if a.timestamp != nil {
		config.Timestamps, config.TimestampBy = service("/api/v1/timestamp", 1), &serviceSelector{"ANY"}
	}
	out, err := json.MarshalIndent(config, "", "  ")
	if err != nil {
		return nil, fmt.Errorf("writing signing configuration: %w", err)
	}
	return out, nil
}

// Token returns an identity token of the right form for signing tools. Handler takes any.
func (a *Authority) Token(id Identity) string {
	part := func(text string) string { return base64.RawURLEncoding.EncodeToString([]byte(text)) }
	claims := fmt.Sprintf(`{"iss":%q,"sub":%q,"aud":"sigstore","exp":%d}`, id.withDefaults().Issuer, "repo:"+id.Repository, a.now().Add(time.Hour).Unix())
	return strings.Join([]string{part(`{"alg":"RS256"}`), part(claims), part("nobody checks it")}, ".")
}

// Package openapi holds the sandbox GitHub, and what clients send to it, to GitHub's published OpenAPI description; only tests use it.
package openapi

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"strconv"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/getkin/kin-openapi/openapi3filter"
	"github.com/getkin/kin-openapi/routers"

	"github.com/liftlock/liftlock/internal/sandbox/github"
)

// Description is a loaded OpenAPI description.
type Description struct {
	document *openapi3.T
	paths    []path
}

// Load reads a description in JSON.
func Load(name string) (*Description, error) {
	file, err := os.Open(name) // #nosec G304 -- the tester names the file
	if err != nil {
		return nil, fmt.Errorf("reading the OpenAPI description: %w", err)
	}
	defer func() { _ = file.Close() }() // it was only read
	raw, err := io.ReadAll(io.LimitReader(file, maxDescription+1))
	if err != nil {
		return nil, fmt.Errorf("reading the OpenAPI description: %w", err)
	}
	if len(raw) > maxDescription {
		return nil, fmt.Errorf("reading the OpenAPI description %q: it has more than %d bytes", name, maxDescription)
	}
	return parse(raw)
}

func parse(raw []byte) (*Description, error) {
	document, err := openapi3.NewLoader().LoadFromData(raw)
	if err != nil {
		return nil, fmt.Errorf("parsing the OpenAPI description: %w", err)
	}
	amend(document)
	d := &Description{document: document}
	for _, template := range document.Paths.Keys() {
		d.paths = append(d.paths, newPath(template))
	}
	return d, nil
}

// amend repairs one known mistake: in the list of installations the account is described as user and enterprise at once, elsewhere as either.
func amend(document *openapi3.T) {
	item := document.Paths.Value("/app/installations")
	if item == nil || item.Get == nil {
		return
	}
	answer := item.Get.Responses.Status(http.StatusOK)
	if answer == nil || answer.Value.Content.Get("application/json") == nil {
		return
	}
	list := answer.Value.Content.Get("application/json").Schema.Value
	if list.Items == nil || list.Items.Value.Properties["account"] == nil {
		return
	}
	account := list.Items.Value.Properties["account"].Value
	account.AnyOf, account.AllOf = append(account.AnyOf, account.AllOf...), nil
}

// Validate checks the request and the answer of one REST exchange.
func (d *Description) Validate(e github.Exchange) error {
	request, err := http.NewRequest(e.Method, e.URL, bytes.NewReader(e.RequestBody))
	if err != nil {
		return fmt.Errorf("validating %s %s: %w", e.Method, e.URL, err)
	}
	if len(e.RequestBody) > 0 {
		request.Header.Set("Content-Type", e.RequestType)
	}
	template, values, found := match(d.paths, request.URL.Path)
	if !found {
		return fmt.Errorf("validating %s %s: no such path is described", e.Method, e.URL)
	}
	item := d.document.Paths.Value(template)
	operation := item.GetOperation(e.Method)
	if operation == nil {
		return fmt.Errorf("validating %s %s: the method is not described", e.Method, e.URL)
	}
	options := &openapi3filter.Options{AuthenticationFunc: openapi3filter.NoopAuthenticationFunc, IncludeResponseStatus: true,
		SkipSettingDefaults: true, ExcludeRequestBody: allowed(e, operation)}
	input := &openapi3filter.RequestValidationInput{Request: request, PathParams: values, Options: options,
		Route: &routers.Route{Spec: d.document, Path: template, PathItem: item, Method: e.Method, Operation: operation}}
	// What the server refused as malformed is malformed; only the refusal is looked at then.
	if e.Status != http.StatusUnprocessableEntity && e.Status != http.StatusBadRequest {
		if err := openapi3filter.ValidateRequest(context.Background(), input); err != nil {
			return fmt.Errorf("validating the request of %s %s: %w", e.Method, e.URL, err)
		}
	}
	if err := d.validateAnswer(e, input); err != nil {
		return fmt.Errorf("validating the answer %d of %s %s: %w", e.Status, e.Method, e.URL, err)
	}
	return nil
}

func (d *Description) validateAnswer(e github.Exchange, input *openapi3filter.RequestValidationInput) error {
	described := input.Route.Operation.Responses.Value(strconv.Itoa(e.Status)) != nil
	if !described && e.Status >= http.StatusBadRequest {
		return basicError(e.ResponseBody)
	}
	answer := &openapi3filter.ResponseValidationInput{RequestValidationInput: input, Status: e.Status, Options: input.Options,
		Header: http.Header{"Content-Type": []string{e.ResponseType}}}
	return openapi3filter.ValidateResponse(context.Background(), answer.SetBodyBytes(e.ResponseBody))
}

// basicError is the shape of refusals that the description does not list for each endpoint, such as 401 and 403.
func basicError(body []byte) error {
	var shape struct {
		Message       string `json:"message"`
		Documentation string `json:"documentation_url"`
	}
	if err := json.Unmarshal(body, &shape); err != nil {
		return fmt.Errorf("reading the refusal: %w", err)
	}
	if shape.Message == "" || shape.Documentation == "" {
		return errors.New("wanted message and documentation_url in the refusal")
	}
	return nil
}

// allowed lists the two bodies that the real GitHub takes although the description does not have them: ghinstallation's null for
// "no narrowing", and go-github's bare array of labels.
func allowed(e github.Exchange, operation *openapi3.Operation) bool {
	body := bytes.TrimSpace(e.RequestBody)
	switch operation.OperationID {
	case "apps/create-installation-access-token":
		return len(body) == 0 || bytes.Equal(body, []byte("null"))
	case "issues/add-labels":
		return bytes.HasPrefix(body, []byte("["))
	}
	return false
}

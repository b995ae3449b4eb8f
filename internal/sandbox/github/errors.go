package github

import (
	"fmt"
	"net/http"
	"strings"
)

// Error is a refusal as GitHub words it. Status is the HTTP status that a REST caller gets.
type Error struct {
	Status  int
	Message string
	Fields  []FieldError
	Reasons []string // plain strings, which some endpoints give in place of Fields
}

// FieldError is one entry of the errors array of a 422 answer.
type FieldError struct {
	Resource string `json:"resource,omitempty"`
	Field    string `json:"field,omitempty"`
	Code     string `json:"code"`
	Message  string `json:"message,omitempty"`
}

// Error gives the message with its fields.
func (e *Error) Error() string {
	parts := append([]string{e.Message}, e.Reasons...)
	for _, f := range e.Fields {
		parts = append(parts, strings.TrimSpace(f.Resource+" "+f.Field+" "+f.Code+" "+f.Message))
	}
	return fmt.Sprintf("%d %s", e.Status, strings.Join(parts, "; "))
}

// refuse is a refusal without a list of fields.
func refuse(status int, format string, args ...any) *Error {
	return &Error{Status: status, Message: fmt.Sprintf(format, args...)}
}

// notFound is also the answer about what the caller may not know of.
func notFound() *Error { return refuse(http.StatusNotFound, "Not Found") }

// invalid is a 422 with GitHub's own sentence.
func invalid(resource, field, message string) *Error {
	return &Error{Status: http.StatusUnprocessableEntity, Message: "Validation Failed",
		Fields: []FieldError{{Resource: resource, Field: field, Code: "custom", Message: message}}}
}

// missingField is a 422 about a field that was not sent.
func missingField(resource, field string) *Error {
	return &Error{Status: http.StatusUnprocessableEntity, Message: "Validation Failed",
		Fields: []FieldError{{Resource: resource, Field: field, Code: "missing_field"}}}
}

// invalidField is a 422 about a field whose value makes no sense.
func invalidField(resource, field string) *Error {
	return &Error{Status: http.StatusUnprocessableEntity, Message: "Validation Failed",
		Fields: []FieldError{{Resource: resource, Field: field, Code: "invalid"}}}
}

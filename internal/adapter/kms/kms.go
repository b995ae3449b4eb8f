// Package kms asks key management services for public keys, for liftlock trust refresh alone: verification reads the file that it
// leaves behind.
package kms

import (
	"context"
	"crypto"
	"fmt"
	"slices"
	"strings"

	"github.com/sigstore/sigstore/pkg/cryptoutils"
	"github.com/sigstore/sigstore/pkg/signature/kms"
	_ "github.com/sigstore/sigstore/pkg/signature/kms/aws"        // awskms://
	_ "github.com/sigstore/sigstore/pkg/signature/kms/azure"      // azurekms://
	_ "github.com/sigstore/sigstore/pkg/signature/kms/gcp"        // gcpkms://
	_ "github.com/sigstore/sigstore/pkg/signature/kms/hashivault" // hashivault://
	"github.com/sigstore/sigstore/pkg/signature/options"
)

// Providers lists the schemes that are built in, sorted.
func Providers() []string {
	schemes := kms.SupportedProviders()
	slices.Sort(schemes)
	return schemes
}

// PublicKey returns the PEM of a key's public half. Credentials come from where each service's own tools look for them: files
// and the environment, for example VAULT_ADDR and VAULT_TOKEN.
func PublicKey(ctx context.Context, uri string) ([]byte, error) {
	// The library would start a program named after any other scheme.
	if !slices.ContainsFunc(Providers(), func(scheme string) bool { return strings.HasPrefix(uri, scheme) }) {
		return nil, fmt.Errorf("asking for key %q: want one of %s; for any other service write file with its public key, and spki", uri, strings.Join(Providers(), ", "))
	}
	ctx, cancel := context.WithTimeout(ctx, maxWait)
	defer cancel()
	signer, err := kms.Get(ctx, uri, crypto.SHA256)
	if err != nil {
		return nil, fmt.Errorf("asking for key %q: %w", uri, err)
	}
	key, err := signer.PublicKey(options.WithContext(ctx))
	if err != nil {
		return nil, fmt.Errorf("asking for key %q: %w", uri, err)
	}
	content, err := cryptoutils.MarshalPublicKeyToPEM(key)
	if err != nil {
		return nil, fmt.Errorf("writing key %q as PEM: %w", uri, err)
	}
	return content, nil
}

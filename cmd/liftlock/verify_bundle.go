package main

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/liftlock/liftlock/internal/adapter/sigstore"
	"github.com/liftlock/liftlock/internal/core/digest"
	"github.com/liftlock/liftlock/internal/core/evidence"
)

// maxTrustFile bounds the files that the command reads whole; a bundle with the largest attestation there is stays below.
const maxTrustFile = 32 << 20

// bundleCheck is what "liftlock verify-bundle" was asked.
type bundleCheck struct {
	bundle, identity, issuer, key, root string
	staging                             bool
}

func verifyBundleCommand(s streams) *cobra.Command {
	var check bundleCheck
	c := &cobra.Command{
		Use:   "verify-bundle --bundle FILE (--certificate-identity ID --certificate-oidc-issuer URL | --key FILE) FILE_OR_DIGEST",
		Short: "Verify a Sigstore bundle over a file or digest, offline, as the gates do",
		Long: "Verify that a Sigstore bundle holds over a file, or over sha256:HEX where no file is called that: a signature over its bytes, or an\n" +
			"attestation that names its digest. It runs what judges images, and speaks the client protocol of sigstore-conformance.\n\n" +
			"A certificate must be in a certificate log, its signature in a transparency log; identity and issuer are compared letter by letter.\n" +
			"A key needs neither. Trust comes from --trusted-root, else from .liftlock/trust/public-good.json (staging.json with --staging)\n" +
			"in the current directory, which \"liftlock trust refresh\" writes. Nothing is asked of the network.\n\n" +
			"Exit status: 0 accepted, 1 rejected, 2 usage or configuration. The reason of a rejection starts with its code.",
		Example: "  liftlock verify-bundle --bundle app.sigstore.json --key cosign.pub app.tar.gz\n" +
			"  liftlock verify-bundle --bundle app.sigstore.json \\\n" +
			"    --certificate-identity https://github.com/acme/app/.github/workflows/release.yml@refs/tags/v1 \\\n" +
			"    --certificate-oidc-issuer https://token.actions.githubusercontent.com app.tar.gz",
		Args: cobra.ExactArgs(1),
		RunE: func(c *cobra.Command, args []string) error { return check.run(c.Context(), s, args[0]) },
	}
	flags := c.Flags()
	flags.StringVar(&check.bundle, "bundle", "", "file with the bundle")
	flags.StringVar(&check.identity, "certificate-identity", "", "who must have signed: the certificate's subject alternative name")
	flags.StringVar(&check.issuer, "certificate-oidc-issuer", "", "who must have vouched for that identity")
	flags.StringVar(&check.key, "key", "", "file with the public key that must have signed, in PEM")
	flags.StringVar(&check.root, "trusted-root", "", "file with the trust to go by, a trusted_root.json")
	flags.BoolVar(&check.staging, "staging", false, "go by the trust of Sigstore's staging instance")
	return c
}

// usage finds a mistake in the flags. An empty identity would be anybody's (A13).
func (c *bundleCheck) usage() error {
	switch keyless := c.identity != "" || c.issuer != ""; {
	case c.bundle == "":
		return errors.New("want --bundle FILE")
	case keyless && c.key != "":
		return errors.New("want either --key or --certificate-identity with --certificate-oidc-issuer, got both")
	case c.key == "" && (c.identity == "" || c.issuer == ""):
		return errors.New("want --certificate-identity and --certificate-oidc-issuer, or --key")
	}
	return nil
}

func (c *bundleCheck) run(ctx context.Context, s streams, subject string) error {
	if err := c.usage(); err != nil {
		return err
	}
	trust, err := c.trust()
	if err != nil {
		return err
	}
	file, err := digestOf(subject)
	if err != nil {
		return err
	}
	bundle, err := readBounded(c.bundle)
	if err != nil {
		return fmt.Errorf("reading bundle: %w", err)
	}
	signers, err := new(sigstore.Verifier).VerifyBundle(ctx, file, bundle, trust)
	if coded, ok := errors.AsType[interface {
		error
		Code() string
	}](err); ok {
		return &exit{code: exitFailed, err: fmt.Errorf("rejected: %s: %s", coded.Code(), quotable(err.Error()))}
	}
	if err != nil {
		return err
	}
	at := slices.IndexFunc(signers, c.wants)
	if at < 0 {
		return &exit{code: exitFailed, err: fmt.Errorf("rejected: want a signature by %s, got one by %q of %q", c.wanted(), signers[0].SAN, signers[0].Issuer)}
	}
	return c.accept(s, file, signers[at])
}

// wants reports whether who signed is who was asked for. Where a key was asked for, a root that is there for its time alone may vouch for
// a certificate of anybody.
func (c *bundleCheck) wants(signer evidence.Claims) bool {
	if c.key != "" {
		return signer.Key != ""
	}
	return signer.Key == "" && signer.SAN == c.identity && signer.Issuer == c.issuer
}

// wanted says who was asked for.
func (c *bundleCheck) wanted() string {
	if c.key != "" {
		return fmt.Sprintf("the key in %q", c.key)
	}
	return fmt.Sprintf("%q of %q", c.identity, c.issuer)
}

func (c *bundleCheck) accept(s streams, file digest.Digest, signer evidence.Claims) error {
	by, at := signer.SAN, "at no trusted time"
	if by == "" {
		by = "key " + signer.Key
	}
	if signer.VerifiedAt != 0 {
		at = "at " + time.Unix(signer.VerifiedAt, 0).UTC().Format(time.RFC3339)
	}
	_, err := fmt.Fprintf(s.out, "accepted: %s, signed by %s %s\n", file, quotable(by), at)
	return err
}

// trust reads what to go by. A key can do without a root: only a trusted time comes from there.
func (c *bundleCheck) trust() (evidence.Trust, error) {
	var t evidence.Trust
	if c.key != "" {
		pem, err := readBounded(c.key)
		if err != nil {
			return t, fmt.Errorf("reading key: %w", err)
		}
		t.Keys = []evidence.TrustKey{{Name: filepath.Base(c.key), PEM: pem}}
	}
	path, refresh := c.root, ""
	if path == "" {
		name := "public-good.json"
		if c.staging {
			name = "staging.json"
		}
		path, refresh = filepath.Join(".liftlock", "trust", name), `: run "liftlock trust refresh" here, or name a file with --trusted-root`
	}
	root, err := readBounded(path)
	switch {
	case err == nil:
		t.Roots = []evidence.TrustRoot{{Name: filepath.Base(path), Profile: evidence.ProfilePublicGood, JSON: root}}
	case c.key == "" || c.root != "" || !errors.Is(err, fs.ErrNotExist):
		return t, fmt.Errorf("reading trusted root: %w%s", err, refresh)
	}
	return t, nil
}

// digestOf takes subject for a digest where it is one and no file is called that, else for a file.
func digestOf(subject string) (digest.Digest, error) {
	file, err := os.Open(subject)
	if errors.Is(err, fs.ErrNotExist) {
		if d, err := digest.Parse(subject); err == nil {
			return d, nil
		}
	}
	if err != nil {
		return digest.Digest{}, fmt.Errorf("reading file: %w", err)
	}
	hasher := sha256.New()
	_, err = io.Copy(hasher, file)
	if err := errors.Join(err, file.Close()); err != nil {
		return digest.Digest{}, fmt.Errorf("reading file: %w", err)
	}
	return digest.Parse(fmt.Sprintf("sha256:%x", hasher.Sum(nil)))
}

func readBounded(path string) ([]byte, error) {
	file, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	var content bytes.Buffer
	n, err := io.Copy(&content, io.LimitReader(file, maxTrustFile+1))
	if err == nil && n > maxTrustFile {
		err = fmt.Errorf("reading %q: want at most %d bytes, got more", path, maxTrustFile)
	}
	return content.Bytes(), errors.Join(err, file.Close())
}

// quotable makes text that may quote a stranger fit for a terminal.
func quotable(text string) string { return strings.Trim(strconv.QuoteToGraphic(text), `"`) }

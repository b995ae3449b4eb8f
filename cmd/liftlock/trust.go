package main

import (
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"time"

	"github.com/spf13/cobra"

	"github.com/liftlock/liftlock/internal/adapter/kms"
	"github.com/liftlock/liftlock/internal/adapter/tuf"
)

func trustCommand(s streams) *cobra.Command {
	c := &cobra.Command{
		Use: "trust", Short: "Keep trust roots and the public keys of key services up to date",
		Args: cobra.NoArgs, // else a mistyped subcommand would print help and succeed
		RunE: func(c *cobra.Command, _ []string) error { return c.Help() },
	}
	c.AddCommand(trustRefreshCommand(s))
	return c
}

func trustRefreshCommand(s streams) *cobra.Command {
	var directory, root string
	r := refresher{streams: s}
	c := &cobra.Command{
		Use:   "refresh [NAME...]",
		Short: "Fetch trust roots by TUF and public keys from key services, and pin them in the documents",
		Long: "Fetch the trust roots and public keys that .liftlock relies on, write them to .liftlock/trust and .liftlock/keys, and pin them in\n" +
			"the documents that name them. Nothing else in Liftlock goes online for trust. Git is left alone: review the change and commit it.\n\n" +
			"NAME is that of a trust root or of a signer whose key a service keeps; default: all that can be fetched. Public Sigstore and its\n" +
			"staging instance need nothing more. GitHub's instance needs --root with a root.json that you trust of " + tuf.GitHubMirror + ",\n" +
			"a private one --mirror too. Exit status: 1 where something that is relied on stays stale, 2 where it could not be fetched.",
		Example: "  liftlock trust refresh\n  liftlock trust refresh --check\n  liftlock trust refresh --root github-root.json github",
		RunE: func(c *cobra.Command, names []string) error {
			if (r.mirror != "" || root != "") && len(names) != 1 {
				return fmt.Errorf("want one NAME beside --mirror and --root, got %d", len(names))
			}
			if root != "" {
				content, err := os.ReadFile(root)
				if err != nil {
					return fmt.Errorf("reading the root of trust: %w", err)
				}
				r.root = content
			}
			cache, err := os.UserCacheDir()
			if err != nil {
				return fmt.Errorf("looking for a place that remembers the newest metadata: %w", err)
			}
			r.dir, r.names, r.now = directory, names, time.Now
			r.fetch = tuf.Client{Transport: http.DefaultTransport, Now: time.Now, Cache: filepath.Join(cache, "liftlock", "tuf")}.TrustedRoot
			r.key = kms.PublicKey
			return r.run(c.Context())
		},
	}
	c.Flags().StringVarP(&directory, "directory", "C", ".", "the repository whose .liftlock is meant")
	c.Flags().BoolVar(&r.check, "check", false, "write nothing; say what is stale")
	c.Flags().StringVar(&r.mirror, "mirror", "", "the TUF repository to fetch from, an https address")
	c.Flags().StringVar(&root, "root", "", "a root.json of that repository, got in a way that you trust")
	return c
}

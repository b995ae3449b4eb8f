package main

import (
	"os"

	"github.com/spf13/cobra"

	"github.com/liftlock/liftlock/internal/adapter/child"
	"github.com/liftlock/liftlock/internal/adapter/sigstore"
)

// verifyWorker is the name of the command that verifies for a parent, which is this program too. It is for nobody else.
const verifyWorker = "verify-worker"

func verifyWorkerCommand(s streams) *cobra.Command {
	return &cobra.Command{
		Use:    verifyWorker,
		Short:  "Verify signatures for a parent process, which speaks through standard input and output",
		Hidden: true,
		Args:   cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			if err := child.Isolate(); err != nil {
				return err
			}
			os.Stdout = os.Stderr // a library that prints must not break a frame
			return child.Serve(c.Context(), c.InOrStdin(), s.out, new(sigstore.Verifier).Verify)
		},
	}
}

// Command gables looks into HDF5 files. Each subcommand has a file of its own;
// they read flags and print, and leave the work to the packages.
package main

import (
	"context"
	"fmt"
	"os"
	"os/signal"
	"runtime/debug"
	"strings"
	"syscall"
	"unicode"

	"github.com/spf13/cobra"
)

func main() { os.Exit(run(os.Args[1:])) }

// run is main without the process: it gives the exit code.
func run(args []string) int {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	root := newRoot()
	root.SetArgs(args)
	err := root.ExecuteContext(ctx)
	if err != nil && err.Error() != "" {
		fmt.Fprintln(root.ErrOrStderr(), "gables:", printable(err.Error()))
	}
	return exitCode(err)
}

// newRoot is the command with all subcommands.
func newRoot() *cobra.Command {
	root := &cobra.Command{
		Use:   "gables",
		Short: "Look into HDF5 files",
		Long:  "gables reads HDF5 files: what is in them, what the values are, and whether two files hold the same.\n\n" + exitHelp,
		Example: `  gables tree run.h5                               # what is in a file
  gables stats run.h5:/detector/image              # mean and the rest, on all cores
  gables head 'run.h5:/events[0:100]' --columns id,x
  gables cat 'run.h5:/events' --csv > events.csv
  gables digest run.h5                             # checksums of all values, whatever the layout`,
		Version:       version(),
		SilenceErrors: true,
		SilenceUsage:  true,
	}
	root.AddCommand(newDigest())
	root.AddCommand(newLs())
	root.AddCommand(newTree())
	root.AddCommand(newInfo())
	root.AddCommand(newHead())
	root.AddCommand(newCat())
	root.AddCommand(newAttrs())
	root.AddCommand(newStats())
	root.AddCommand(newCopy())
	root.AddCommand(newRepack())
	root.AddCommand(newCheck())
	root.AddCommand(newRepair())
	root.AddCommand(newDiff())
	return root
}

// version is that of the module, as the build recorded it.
func version() string {
	info, ok := debug.ReadBuildInfo()
	if !ok || info.Main.Version == "" {
		return "(devel)"
	}
	return info.Main.Version
}

// printable replaces what a terminal could take for a command.
func printable(s string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsPrint(r) || r == '\n' || r == '\t' {
			return r
		}
		return unicode.ReplacementChar
	}, s)
}

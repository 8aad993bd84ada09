package main

import "github.com/spf13/cobra"

func newHead() *cobra.Command {
	var f rowFlags
	cmd := &cobra.Command{
		Use:   "head FILE:/path[slice]",
		Short: "Show the first rows of a dataset",
		Long: "Shows the first rows of a dataset. As text, the middle of wide rows is left out\nand long cells are cut; gables cat shows all.\n\n" +
			rowsHelp + "\n\n" + selectorHelp + "\n\n" + exitHelp,
		Example: `  gables head run.h5:/events
  gables head -n 3 'run.h5:/image[100:, :8]'
  gables head --columns id,x run.h5:/events
  gables head --csv run.h5:/events > first.csv`,
		Args:              cobra.ExactArgs(1),
		ValidArgsFunction: completeOne,
		RunE:              func(cmd *cobra.Command, args []string) error { return quiet(f.run(cmd, args[0])) },
	}
	cmd.Flags().Uint64VarP(&f.rows, "rows", "n", 10, "rows to show")
	f.bind(cmd)
	return cmd
}

package main

import "github.com/spf13/cobra"

func newCat() *cobra.Command {
	f := rowFlags{wholly: true}
	cmd := &cobra.Command{
		Use:   "cat FILE:/path[slice]",
		Short: "Write all values of a dataset, or a slice of them",
		Long: "Writes the values of a dataset as they are read; memory does not grow with the\ndata.\n\n" +
			rowsHelp + "\n\n" + selectorHelp + "\n\n" + exitHelp,
		Example: `  gables cat 'run.h5:/image[0, 10:20, ::2]'
  gables cat --csv --columns id,x run.h5:/events > events.csv
  gables cat --jsonl run.h5:/events | jq .x
  gables cat --npy -o image.npy run.h5:/image`,
		Args:              cobra.ExactArgs(1),
		ValidArgsFunction: completeOne,
		RunE:              func(cmd *cobra.Command, args []string) error { return quiet(f.run(cmd, args[0])) },
	}
	f.bind(cmd)
	return cmd
}

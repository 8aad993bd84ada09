package main

import (
	"context"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"gables/hdf5"
)

// Completion answers while a person waits.
const (
	completeTime  = 2 * time.Second
	completeLinks = 1000
)

// completeSelector completes the path behind "FILE:" with the links of the
// group typed so far, and leaves files to the shell.
func completeSelector(cmd *cobra.Command, _ []string, typed string) ([]string, cobra.ShellCompDirective) {
	return completePath(cmd, typed)
}

// completeFile leaves files to the shell.
func completeFile(*cobra.Command, []string, string) ([]string, cobra.ShellCompDirective) {
	return nil, cobra.ShellCompDirectiveDefault
}

// completeOne is completeSelector for commands with one argument.
func completeOne(cmd *cobra.Command, args []string, typed string) ([]string, cobra.ShellCompDirective) {
	if len(args) > 0 {
		return nil, cobra.ShellCompDirectiveNoFileComp
	}
	return completePath(cmd, typed)
}

// completeAttribute completes "@name" as well.
func completeAttribute(cmd *cobra.Command, args []string, typed string) ([]string, cobra.ShellCompDirective) {
	object, start, ok := splitAttribute(typed)
	if len(args) > 0 || !ok {
		return completeOne(cmd, args, typed)
	}
	s, err := open(context.Background(), object)
	if err != nil {
		return nil, cobra.ShellCompDirectiveNoFileComp
	}
	defer s.f.Close()
	var list []string
	for a := range s.object.Attributes() {
		if a == nil || len(list) == completeLinks {
			break
		}
		if strings.HasPrefix(a.Name(), start) && printable(a.Name()) == a.Name() {
			list = append(list, strings.TrimSuffix(typed, start)+a.Name())
		}
	}
	return list, cobra.ShellCompDirectiveNoFileComp
}

func completePath(cmd *cobra.Command, typed string) ([]string, cobra.ShellCompDirective) {
	s := parseSelector(typed, isFile)
	if len(s.file) == len(typed) || s.sliced || !isFile(s.file) {
		return nil, cobra.ShellCompDirectiveDefault
	}
	ctx := cmd.Context()
	if ctx == nil {
		ctx = context.Background()
	}
	ctx, cancel := context.WithTimeout(ctx, completeTime)
	defer cancel()
	f, err := hdf5.Open(s.file)
	if err != nil {
		return nil, cobra.ShellCompDirectiveError
	}
	defer f.Close()
	at := strings.LastIndexByte(s.path, '/')
	g, err := f.Group(s.path[:at+1])
	if err != nil {
		return nil, cobra.ShellCompDirectiveNoFileComp
	}
	return children(ctx, g, s.file+":"+s.path[:at+1], s.path[at+1:]), cobra.ShellCompDirectiveNoSpace | cobra.ShellCompDirectiveNoFileComp
}

// children gives the links of g that begin with start, groups with "/".
// Names that a shell would not take back are left out.
func children(ctx context.Context, g *hdf5.Group, prefix, start string) []string {
	var list []string
	for l, err := range g.Links(ctx, hdf5.ByName) {
		if err != nil || len(list) == completeLinks {
			break
		}
		if !strings.HasPrefix(l.Name, start) || printable(l.Name) != l.Name || strings.ContainsAny(l.Name, "\n\t") {
			continue
		}
		name := prefix + l.Name
		if o, err := g.Object(l.Name); err == nil && hdf5.KindOf(o) == "group" {
			name += "/"
		}
		list = append(list, name)
	}
	return list
}

package main

import (
	"context"
	"flag"
	"fmt"
	"io"
	"path/filepath"

	"tahoe-anon/detect"
	"tahoe-anon/wizard"
)

// flags makes a flag set whose -h prints what the command does.
func flags(name, args, help string) *flag.FlagSet {
	fs := flag.NewFlagSet(name, flag.ContinueOnError)
	fs.SetOutput(io.Discard)
	fs.Usage = func() {
		fmt.Fprintf(fs.Output(), "tahoe-anon %s %s\n%s\n\n", name, args, help)
		fs.PrintDefaults()
	}
	return fs
}

// parse reads the flags; a wrong one is a usage error, -h prints the usage.
func (a *app) parse(fs *flag.FlagSet, args []string) error {
	switch err := fs.Parse(args); err {
	case nil:
		return nil
	case flag.ErrHelp:
		fs.SetOutput(a.out)
		fs.Usage()
		return statusError(exitFine)
	default:
		return usageError{err.Error() + "; tahoe-anon " + fs.Name() + " -h lists the flags"}
	}
}

// nodeArg is the one NODEDIR that a command may have, as a whole path.
func nodeArg(fs *flag.FlagSet) (string, error) {
	switch fs.NArg() {
	case 0:
		return "", nil
	case 1:
		return filepath.Abs(fs.Arg(0))
	}
	return "", usageError{"one node directory at a time; flags go before it"}
}

func (a *app) probe(ctx context.Context, args []string) error {
	fs := flags("probe", "[NODEDIR]", "Shows what it sees on this host. Nothing is changed.")
	fs.BoolVar(&a.json, "json", false, "print JSON")
	if err := a.parse(fs, args); err != nil {
		return err
	}
	dir, err := nodeArg(fs)
	if err != nil {
		return err
	}
	f := a.look(ctx, dir)
	if a.json {
		a.printJSON(struct {
			Schema int `json:"schema"`
			*detect.Facts
		}{1, f})
		return nil
	}
	printRows(a.out, wizard.Found(f))
	return nil
}

// look probes the host, and the node in dir if one is named.
func (a *app) look(ctx context.Context, dirs ...string) *detect.Facts {
	var named []string
	for _, d := range dirs {
		if d != "" {
			named = append(named, d)
		}
	}
	f := detect.Probe(ctx, a.env, named...)
	return &f
}

func printRows(w io.Writer, rows []wizard.Row) {
	for _, r := range rows {
		mark := map[wizard.Mark]string{wizard.Good: "ok", wizard.Bad: "!", wizard.Doubt: "?"}[r.Mark]
		fmt.Fprintf(w, "%-3s %-13s %s\n", mark, r.Name, r.Text)
	}
}

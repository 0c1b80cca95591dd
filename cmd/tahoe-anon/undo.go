package main

import (
	"context"
	"errors"
	"fmt"

	"tahoe-anon/wizard"
	"tahoe-anon/writers"
)

func (a *app) undo(ctx context.Context, args []string) error {
	return a.takeBack(ctx, "undo", "Takes back the last change, or change ID (tahoe-anon history lists them).",
		args, (*writers.Applier).Undo)
}

func (a *app) finish(ctx context.Context, args []string) error {
	return a.takeBack(ctx, "finish", "Finishes a change that was interrupted.", args, (*writers.Applier).Finish)
}

type change func(*writers.Applier, context.Context, string) (writers.Receipt, error)

func (a *app) takeBack(ctx context.Context, name, help string, args []string, do change) error {
	fs := flags(name, "[flags] [ID]", help)
	fs.BoolVar(&a.json, "json", false, "print JSON")
	yes := fs.Bool("yes", false, "do not ask")
	dry := fs.Bool("dry-run", false, "show what would be done, and change nothing")
	if err := a.parse(fs, args); err != nil {
		return err
	}
	ap := a.applier()
	changes, err := ap.History()
	if err != nil {
		return err
	}
	c, err := pick(changes, name, fs.Arg(0))
	if err != nil {
		return err
	}
	if !a.json {
		a.showChange(ap, c, name)
	}
	if *dry {
		return nil
	}
	if !*yes {
		if err := a.confirm(ctx, fmt.Sprintf("%s these %d steps? Type yes: ", capital(name), len(c.Steps))); err != nil {
			return err
		}
	}
	ctx, stop := withSignals(ctx)
	defer stop()
	receipt, err := do(ap, ctx, c.ID)
	if err != nil {
		return takeBackError(err, name, c.ID, changes)
	}
	if a.json {
		a.printJSON(struct {
			Schema  int             `json:"schema"`
			Receipt writers.Receipt `json:"receipt"`
		}{1, receipt})
		return nil
	}
	fmt.Fprintf(a.out, "%s: %d steps.\n", map[string]string{"undo": "Taken back", "finish": "Finished"}[name], len(receipt.Done))
	return a.pending(receipt)
}

// takeBackError adds to an error what is to be done about it here: a later change of ours stands on this one, or
// root's part is for an administrator.
func takeBackError(err error, name, id string, changes []writers.Change) error {
	last := changes[len(changes)-1]
	if _, conflict := errors.AsType[*writers.ConflictError](err); conflict && name == "undo" && last.ID != id && last.Phase == writers.Applied {
		return &laterError{err, last.ID}
	}
	if exitCode(err) == exitNeeds {
		return &adminError{command: "sudo " + selfPath() + " " + name + " " + id, cause: err}
	}
	return err
}

func capital(s string) string { return string(s[0]-'a'+'A') + s[1:] }

func (a *app) pending(r writers.Receipt) error {
	if len(r.Pending) == 0 {
		return nil
	}
	fmt.Fprintln(a.out, "Still to do:")
	for _, p := range r.Pending {
		fmt.Fprintln(a.out, "  "+p)
	}
	return statusError(exitPending)
}

func (a *app) history(_ context.Context, args []string) error {
	fs := flags("history", "[flags]", "Lists the changes, the newest last.")
	fs.BoolVar(&a.json, "json", false, "print JSON")
	if err := a.parse(fs, args); err != nil {
		return err
	}
	changes, err := a.applier().History()
	if err != nil {
		return err
	}
	if a.json {
		a.printJSON(struct {
			Schema  int              `json:"schema"`
			Changes []writers.Change `json:"changes"`
		}{1, changes})
		return nil
	}
	if len(changes) == 0 {
		fmt.Fprintln(a.out, "Nothing was changed yet.")
	}
	for _, c := range changes {
		fmt.Fprintf(a.out, "%s  %-12s %s\n", c.ID, c.Phase, wizard.Visible(c.Title, false))
	}
	return nil
}

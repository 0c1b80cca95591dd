package main

import (
	"context"
	"fmt"
	"os"
	"os/user"
	"strconv"

	"tahoe-anon/wizard"
	"tahoe-anon/writers"
)

// apply carries out a plan that somebody without root saved. It shows the plan once more: the administrator
// approves what runs, and the steps of the account that saved it run as that account.
func (a *app) apply(ctx context.Context, args []string) error {
	fs := flags("apply", "[flags] FILE", "Carries out a plan that was saved for an administrator.")
	yes := fs.Bool("yes", false, "do not ask")
	fs.BoolVar(&a.json, "json", false, "print JSON")
	if err := a.parse(fs, args); err != nil {
		return err
	}
	if fs.NArg() != 1 {
		return usageError{"name the file of the plan"}
	}
	if _, euid := a.env.UID(); euid != 0 {
		return &noRootError{"this is for an administrator: sudo " + selfPath() + " apply " + fs.Arg(0)}
	}
	plan, secrets, caller, err := writers.LoadPlan(fs.Arg(0))
	if err != nil {
		return err
	}
	if !a.json {
		fmt.Fprintf(a.out, "%s, planned by %s\n", wizard.Visible(plan.Title, false), callerName(caller))
		fmt.Fprint(a.out, wizard.Text(wizard.Steps(&plan, nil), false))
	}
	if !*yes {
		if err := a.confirm(ctx, fmt.Sprintf("\nApply these %d steps? Type yes: ", len(plan.Steps))); err != nil {
			return err
		}
	}
	ctx, stop := withSignals(ctx)
	defer stop()
	receipt, err := a.applier().ApplyFor(ctx, caller, writers.HostPolicy(), plan, secrets)
	if err != nil {
		return err
	}
	if err := os.Remove(fs.Arg(0)); err != nil { // it holds the onion's key
		return err
	}
	receipt.Pending = append(receipt.Pending, "see that the node answers: sudo -u "+callerName(caller)+" "+selfPath()+" doctor --prove")
	if a.json {
		a.printJSON(struct {
			Schema  int             `json:"schema"`
			Receipt writers.Receipt `json:"receipt"`
		}{1, receipt})
		return statusError(exitPending)
	}
	fmt.Fprintf(a.out, "Applied: %d steps.\n", len(receipt.Done))
	return a.pending(receipt)
}

func callerName(c writers.Caller) string {
	u, err := user.LookupId(strconv.Itoa(c.UID))
	if err != nil {
		return "account " + strconv.Itoa(c.UID)
	}
	return u.Username
}

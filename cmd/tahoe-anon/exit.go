package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"

	"tahoe-anon/wizard"
	"tahoe-anon/writers"
)

// The exit statuses, in one table.
const (
	exitFine       = 0
	exitError      = 1
	exitUsage      = 2
	exitBroken     = 3
	exitNeeds      = 4
	exitRolledBack = 5
	exitIncomplete = 6
	exitPending    = 7
	exitCancelled  = 130

	exitHangUp     = 129 // 128 + the signal, as shells have it
	exitTerminated = 143

	exitTable = "0 fine, 1 error, 2 usage, 3 doctor found something broken,\n" +
		"4 needs root or a terminal, 5 failed and rolled back, 6 rollback incomplete, 7 done, something is pending,\n" +
		"130 cancelled, nothing changed."
)

// usageError is a command line that cannot be right.
type usageError struct{ what string }

func (u usageError) Error() string { return u.what }

// statusError ends the program with a status and nothing more to say.
type statusError int

func (s statusError) Error() string { return fmt.Sprintf("exit status %d", int(s)) }

var (
	errCancelled  = errors.New("cancelled")
	errNoTerminal = errors.New("no terminal")
)

// exitCode is the one place where errors become statuses.
func exitCode(err error) int {
	var status statusError
	var use usageError
	var blocked *wizard.Blocked
	var rolled *writers.RolledBackError
	var incomplete *writers.IncompleteError
	var needs *writers.NeedsRootError
	var noRoot *noRootError
	switch {
	case err == nil:
		return exitFine
	case errors.As(err, &status):
		return int(status)
	case errors.As(err, &incomplete):
		return exitIncomplete
	case errors.Is(err, errCancelled), errors.Is(err, context.Canceled):
		return exitCancelled
	case errors.As(err, &rolled):
		return exitRolledBack
	case errors.As(err, &use):
		return exitUsage
	case errors.As(err, &blocked) && (blocked.Cause == wizard.NotOffered || blocked.Cause == wizard.BadAnswer):
		return exitUsage
	case errors.Is(err, errNoTerminal), errors.As(err, &needs), errors.As(err, &noRoot):
		return exitNeeds
	}
	return exitError
}

// finishWith prints an error, in the user's words, and returns the status.
func (a *app) finishWith(err error) int {
	var status statusError
	if err == nil || errors.As(err, &status) {
		return exitCode(err)
	}
	e := explain(err)
	if a.json {
		a.printJSON(struct {
			Schema int       `json:"schema"`
			Error  explained `json:"error"`
		}{1, e})
		return exitCode(err)
	}
	fmt.Fprintln(a.err, "tahoe-anon: "+e.Message)
	if e.Hint != "" {
		fmt.Fprintln(a.err, "  "+e.Hint)
	}
	return exitCode(err)
}

func (a *app) printJSON(v any) {
	enc := json.NewEncoder(a.out)
	enc.SetIndent("", "  ")
	enc.SetEscapeHTML(false)
	if err := enc.Encode(v); err != nil {
		fmt.Fprintln(a.err, "tahoe-anon:", err)
	}
}

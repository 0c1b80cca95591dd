package main

import (
	"context"
	"errors"
	"fmt"
	"testing"

	"tahoe-anon/wizard"
	"tahoe-anon/writers"
)

func TestExitCodes(t *testing.T) {
	boom := errors.New("boom")
	for _, c := range []struct {
		err  error
		want int
	}{
		{nil, exitFine},
		{boom, exitError},
		{usageError{"x"}, exitUsage},
		{&wizard.Blocked{Cause: wizard.NotOffered}, exitUsage},
		{&wizard.Blocked{Cause: wizard.TorMissing}, exitError},
		{statusError(exitBroken), exitBroken},
		{errNoTerminal, exitNeeds},
		{&noRootError{"no sudo"}, exitNeeds},
		{&adminError{"apply", &noRootError{"no sudo"}}, exitNeeds},
		{&writers.RolledBackError{Cause: boom}, exitRolledBack},
		{fmt.Errorf("x: %w", &writers.IncompleteError{Cause: boom}), exitIncomplete},
		{&writers.RolledBackError{Cause: context.Canceled}, exitCancelled},
		{errCancelled, exitCancelled},
	} {
		if got := exitCode(c.err); got != c.want {
			t.Errorf("exitCode(%v) = %d; want %d", c.err, got, c.want)
		}
	}
}

// Every cause has its sentence.
func TestBlockedSentences(t *testing.T) {
	for _, c := range wizard.Causes {
		e := explain(&wizard.Blocked{Cause: c, What: "WHAT", Detail: "DETAIL"})
		if e.Cause != string(c) || e.Message == "" || e.Message == (&wizard.Blocked{Cause: c, What: "WHAT", Detail: "DETAIL"}).Error() {
			t.Errorf("%s: %+v", c, e)
		}
	}
}

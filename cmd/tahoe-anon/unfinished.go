package main

import (
	"context"
	"errors"
	"fmt"

	"tahoe-anon/writers"
)

// stopAtUnfinished keeps a new change from starting on top of one that was interrupted.
func (a *app) stopAtUnfinished() error {
	changes, err := a.applier().Unfinished()
	if err != nil || len(changes) == 0 {
		return err
	}
	return &writers.UnfinishedError{ID: changes[0].ID, Title: changes[0].Title}
}

// offerUnfinished lets somebody at a terminal finish an interrupted change, or take it back, before a new one.
func (a *app) offerUnfinished(ctx context.Context) error {
	err := a.stopAtUnfinished()
	e := explainOutcome(err)
	unfinished, ok := errors.AsType[*writers.UnfinishedError](err)
	if !ok || e == nil {
		return err
	}
	fmt.Fprintf(a.out, "%s\n\nThis host is between its old state and the new one.\n", e.Message)
	answer, err := a.readLine(ctx, "Type finish to complete the change, undo to take it back, or nothing to leave it: ")
	if err != nil {
		return err
	}
	switch answer {
	case "finish":
		return a.finish(ctx, []string{"--yes", unfinished.ID})
	case "undo":
		return a.undo(ctx, []string{"--yes", unfinished.ID})
	}
	return unfinished
}

// warnUnfinished tells of an interrupted change beside other output.
func (a *app) warnUnfinished() error {
	err := a.stopAtUnfinished()
	if e := explainOutcome(err); e != nil {
		fmt.Fprintf(a.err, "tahoe-anon: %s\n  %s\n", e.Message, e.Hint)
		return nil
	}
	return err
}

// pick finds the change to take back or to finish: the one that is named, or the last one that it applies to.
func pick(changes []writers.Change, verb, id string) (writers.Change, error) {
	for i := len(changes) - 1; i >= 0; i-- {
		c := changes[i]
		open := c.Phase == writers.Applied || c.Unfinished()
		if verb == "finish" {
			open = c.Unfinished()
		}
		if c.ID == id || id == "" && open {
			return c, nil
		}
	}
	if id == "" {
		return writers.Change{}, &nothingError{verb}
	}
	return writers.Change{}, &writers.NotFoundError{ID: id}
}

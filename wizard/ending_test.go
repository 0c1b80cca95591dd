package wizard

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"

	"tahoe-anon/detect"
	"tahoe-anon/writers"
)

// What happened, how the host is left and what to do next, for each way in which a run can end.
func TestEnding(t *testing.T) {
	full := &Proposal{Goal: detect.Goal{Onion: "abc", VirtualPort: 1234}, After: []Exposure{{Who: "all", Sees: "abc"}}}
	full.Plan.Steps = []writers.Step{{ID: "a"}}
	none := &Proposal{Goal: full.Goal, After: full.After}
	cut := fmt.Errorf("wait: %w", context.Canceled)
	for _, c := range []struct {
		name  string
		o     Outcome
		good  bool
		wants []string
		not   string
	}{
		{"proved", Outcome{Proposal: full, Result: Result{State: Changed, Applied: true, Proved: true}}, true, []string{"ok Done.", "abc.onion:1234", "NEXT", "all: abc"}, "taken back"},
		{"already there", Outcome{Proposal: none, Result: Result{State: AsBefore, Proved: true}}, true, []string{"ok Done.", "Nothing had to be changed"}, "undo"},
		{"already there, unproved", Outcome{Proposal: none, Result: Result{State: AsBefore, Err: errors.New("E")}}, false, []string{"! The node was not proved", "WHAT E", "HINT", "as it was before"}, "NEXT"},
		{"unproved", Outcome{Proposal: full, Result: Result{State: Changed, Applied: true, Err: errors.New("E")}}, false, []string{"? Everything is set up, but", "WHAT E", "HINT", "NEXT"}, "as it was"},
		{"proof left out", Outcome{Proposal: full, Result: Result{State: Changed, Applied: true, Err: ErrNotProved}}, false, []string{"? Everything is set up. It is not proved yet.", "NEXT"}, "as it was"},
		{"proof stopped", Outcome{Proposal: full, Result: Result{State: Changed, Applied: true, Err: cut}}, false, []string{"The proof was stopped", "NEXT"}, "WHAT"},
		{"failed", Outcome{Proposal: full, Result: Result{State: AsBefore, Err: errors.New("E")}}, false, []string{"! That did not work.", "WHAT E", "as it was before"}, "NEXT"},
		{"stopped", Outcome{Proposal: full, Result: Result{State: AsBefore, Err: cut}}, false, []string{"! Stopped.", "as it was before"}, "WHAT"},
		{"incomplete", Outcome{Proposal: full, Result: Result{State: Incomplete, Err: errors.New("E")}}, false, []string{"! That did not work.", "WHAT E", "neither as before nor as planned"}, "abc"},
		{"stopped, incomplete", Outcome{Proposal: full, Result: Result{State: Incomplete, Err: cut}}, false, []string{"! Stopped.", "neither as before"}, "abc"},
	} {
		s := Session{
			Explain: func(err error) (string, string) { return "WHAT " + err.Error(), "HINT" },
			Next:    func(*Proposal, writers.Receipt) []string { return []string{"NEXT"} },
		}
		lines, good := s.Ending(&c.o)
		text := Text(lines, true)
		for _, w := range c.wants {
			if !strings.Contains(text, w) {
				t.Errorf("%s: %q is missing in:\n%s", c.name, w, text)
			}
		}
		if good != c.good || strings.Contains(text, c.not) {
			t.Errorf("%s: good %v, or %q in:\n%s", c.name, good, c.not, text)
		}
	}
}

// An error that nobody can place counts as the worst.
func TestCarryWithoutState(t *testing.T) {
	s := Session{Apply: func(context.Context, *Proposal, func(Progress)) (writers.Receipt, error) {
		return writers.Receipt{}, errors.New("E")
	}}
	p := &Proposal{}
	p.Plan.Steps = []writers.Step{{ID: "a"}}
	if r := s.Carry(t.Context(), p, nil); r.State != Incomplete || r.Applied {
		t.Errorf("%+v", r)
	}
}

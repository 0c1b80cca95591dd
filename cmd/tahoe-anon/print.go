package main

import (
	"fmt"
	"io"
	"slices"

	"tahoe-anon/wizard"
	"tahoe-anon/writers"
)

type exposure struct {
	Before []wizard.Exposure `json:"before"`
	After  []wizard.Exposure `json:"after"`
}

// showPlan prints a proposal, and its receipt once it is carried out.
func (a *app) showPlan(p *wizard.Proposal, s *session, receipt *writers.Receipt) {
	if a.json {
		a.printJSON(struct {
			Schema   int              `json:"schema"`
			Plan     writers.Plan     `json:"plan"`
			Exposure exposure         `json:"exposure"`
			Receipt  *writers.Receipt `json:"receipt,omitempty"`
		}{1, withoutContent(p.Plan), exposure{list(p.Before), list(p.After)}, receipt})
		return
	}
	fmt.Fprint(a.out, wizard.Text(p.Review(s.facts), false))
	fmt.Fprintln(a.out, "\nThis is a dry run: nothing was changed.")
}

// list is a list in JSON too when it is empty.
func list(e []wizard.Exposure) []wizard.Exposure { return append([]wizard.Exposure{}, e...) }

// withoutContent is a plan for people and programs to look at: whole files stay out of it, and the diffs show
// what changes.
func withoutContent(p writers.Plan) writers.Plan {
	p.Steps = slices.Clone(p.Steps)
	for i := range p.Steps {
		if w := p.Steps[i].Write; w != nil {
			shown := *w
			shown.Content = nil
			p.Steps[i].Write = &shown
		}
	}
	return p
}

// printProgress writes one line when a phase begins with something to say, or has something new to say, and one when
// it is done.
func printProgress(w io.Writer) func(wizard.Progress) {
	last := ""
	return func(p wizard.Progress) {
		line := "done: " + p.Title
		if !p.Done {
			line = fmt.Sprintf("      %s (%s)", p.Title, p.Note)
		}
		if line != last && (p.Done || p.Note != "") {
			fmt.Fprintln(w, line)
		}
		last = line
	}
}

// showChange shows what undo or finish is about to do.
func (a *app) showChange(ap *writers.Applier, c writers.Change, verb string) {
	fmt.Fprintf(a.out, "%s  %s (%s)\n\n", c.ID, wizard.Visible(c.Title, false), c.Phase)
	plan, err := ap.Plan(c.ID)
	switch {
	case err != nil: // the journal of another account: the steps' names have to do
		for _, s := range c.Steps {
			fmt.Fprintf(a.out, "  %-8s %s\n", s.State, s.ID)
		}
	case verb == "undo":
		fmt.Fprint(a.out, wizard.Text(wizard.TakeBack(&plan, nil), false)+"\n")
	default:
		fmt.Fprint(a.out, wizard.Text(wizard.Steps(&plan, nil), false)+"\n")
	}
}

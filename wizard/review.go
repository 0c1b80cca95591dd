package wizard

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"tahoe-anon/detect"
	"tahoe-anon/writers"
)

// Review is the whole proposal for people: what others can see before and after, each step with who does it
// and why, and each file's diff.
func (p *Proposal) Review(f *detect.Facts) []Line {
	lines := sees("What others can see now", p.Before, "There is no node yet, so nothing.")
	lines = append(lines, sees("What others can see afterwards", p.After, "Nothing.")...)
	if len(p.Notes) > 0 {
		lines = append(lines, Line{Kind: Head, Text: "Good to know"})
	}
	for _, n := range p.Notes {
		lines = append(lines, Line{Kind: Item, Mark: Doubt, Text: n})
	}
	if len(p.Plan.Steps) == 0 {
		return append(lines, Line{Kind: Head, Text: "Nothing to change"},
			Line{Text: "This host is already set up as you asked. What is left is the proof that the node answers at its onion address."})
	}
	return append(lines, Steps(&p.Plan, f)...)
}

// Steps is a plan for people: each step with who does it and why, and each file's diff.
func Steps(p *writers.Plan, f *detect.Facts) []Line {
	lines := []Line{{Kind: Head, Text: "What will be done: " + count(len(p.Steps), "step")}}
	for i := range p.Steps {
		lines = append(lines, step(i+1, &p.Steps[i], f)...)
	}
	return append(lines, diffs(p.Steps)...)
}

// count is "1 step", "2 steps".
func count(n int, what string) string {
	if n == 1 {
		return "1 " + what
	}
	return strconv.Itoa(n) + " " + what + "s"
}

// Agree is the question that stands before every change.
func (p *Proposal) Agree() string {
	if len(p.Plan.Steps) == 1 {
		return "Apply this change?"
	}
	return fmt.Sprintf("Apply these %d changes?", len(p.Plan.Steps))
}

func sees(title string, es []Exposure, none string) []Line {
	lines := []Line{{Kind: Head, Text: title}}
	if len(es) == 0 {
		return append(lines, Line{Kind: Item, Text: none})
	}
	for _, e := range es {
		l := Line{Kind: Item, Text: e.Who + ": " + e.Sees}
		if e.Bad {
			l.Mark = Bad
		}
		lines = append(lines, l)
	}
	return lines
}

func step(n int, s *writers.Step, f *detect.Facts) []Line {
	lines := []Line{{Lead: fmt.Sprintf("%2d. ", n), Text: fmt.Sprintf("%s [%s]", s.Title, doer(s.As, f))}}
	if s.Why != "" {
		lines = append(lines, Line{Indent: 4, Text: s.Why})
	}
	for _, c := range commands(s, f) {
		lines = append(lines, Line{Kind: Code, Indent: 4, Text: c})
	}
	return lines
}

// commands is everything that a step touches and runs, in the order in which it happens, and what takes it back.
func commands(s *writers.Step, f *detect.Facts) []string {
	var out []string
	add := func(what string, argv []string) {
		if len(argv) > 0 {
			out = append(out, fmt.Sprintf("%-7s %s", what, Shell(argv)))
		}
	}
	if w := s.Write; w != nil {
		if w.Verify != nil {
			add("checks:", w.Verify.Argv)
			out[len(out)-1] = strings.ReplaceAll(out[len(out)-1], Shell([]string{writers.Candidate}), "THE-NEW-FILE")
			if w.Verify.As != s.As {
				out[len(out)-1] += " [" + doer(w.Verify.As, f) + "]"
			}
		}
		out = append(out, "writes: "+w.Path)
		if w.Notify != nil {
			add("runs:", w.Notify.Argv)
			add("or else:", w.Notify.Revive)
		}
	}
	if s.Run != nil {
		add("runs:", s.Run.Argv)
		add("undo:", s.Run.Undo)
		if !slices.Equal(s.Run.Abort, s.Run.Undo) {
			add("if it fails:", s.Run.Abort)
		}
	}
	return out
}

// doer names who does a step.
func doer(a writers.Actor, f *detect.Facts) string {
	uid, account := strings.CutPrefix(string(a), "uid:")
	switch {
	case a == writers.User:
		return "you"
	case account && f != nil && uid == strconv.Itoa(f.Host.Account.UID) && f.Host.Account.Name != "":
		return "root, as " + f.Host.Account.Name
	case account:
		return "root, as account " + uid
	}
	return string(a)
}

func diffs(steps []writers.Step) []Line {
	lines := []Line{{Kind: Head, Text: "Every change, line by line"}}
	for i, s := range steps {
		if s.Write == nil {
			continue
		}
		lines = append(lines, Line{}, Line{Kind: Code, Text: fmt.Sprintf("%s (step %d)", s.Write.Path, i+1)})
		for _, l := range strings.Split(strings.TrimSuffix(s.Write.Diff, "\n"), "\n") {
			lines = append(lines, Line{Kind: diffKind(l), Text: l})
		}
	}
	if len(lines) == 1 {
		return nil // commands alone
	}
	return lines
}

func diffKind(l string) Kind {
	switch {
	case strings.HasPrefix(l, "+"):
		return Add
	case strings.HasPrefix(l, "-"):
		return Remove
	case strings.HasPrefix(l, "@@"):
		return Hunk
	}
	return Code
}

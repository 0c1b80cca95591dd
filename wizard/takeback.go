package wizard

import (
	"fmt"
	"slices"
	"strings"

	"tahoe-anon/detect"
	"tahoe-anon/writers"
)

// TakeBack is what undoing a plan does, for people: what it costs first, then the steps from the last to the first,
// and the diffs the other way round.
func TakeBack(p *writers.Plan, f *detect.Facts) []Line {
	var costs, steps, diffs []Line
	n := 0
	for i, s := range slices.Backward(p.Steps) {
		costs = append(costs, cost(&p.Steps[i])...)
		commands := backwards(&p.Steps[i])
		if len(commands) == 0 {
			continue
		}
		n++
		steps = append(steps, Line{Lead: fmt.Sprintf("%2d. ", n), Text: fmt.Sprintf("Take back: %s [%s]", s.Title, doer(s.As, f))})
		for _, c := range commands {
			steps = append(steps, Line{Kind: Code, Indent: 4, Text: c})
		}
		if s.Write != nil && s.Write.Was != nil {
			diffs = append(diffs, reversed(s.Write)...)
		}
	}
	lines := costs
	if len(costs) > 0 {
		lines = append([]Line{{Kind: Head, Text: "What it costs"}}, costs...)
	}
	lines = append(lines, Line{Kind: Head, Text: "What will be taken back: " + count(n, "step")})
	lines = append(lines, steps...)
	if len(diffs) > 0 {
		lines = append(lines, Line{Kind: Head, Text: "Every file that is put back, line by line"})
	}
	return append(lines, diffs...)
}

// cost is what somebody should know before a step is taken back.
func cost(s *writers.Step) []Line {
	warn := func(text string) []Line { return []Line{{Kind: Item, Mark: Bad, Text: text}} }
	switch {
	case s.ID == stepKey:
		return warn("The onion address stops to exist. Its key stays in root's journal, in /var/lib/tahoe-anon.")
	case s.ID == stepConfig && s.Write.Was != nil:
		return warn("tahoe.cfg is as before again: if the node was public then, it tells everybody its IP address as soon as it runs.")
	case s.ID == stepCreate:
		return warn("The node directory, with its keys and all shares, is set aside as " + s.Run.Undo[len(s.Run.Undo)-1] + ". Nothing runs it then.")
	}
	return nil
}

// backwards is what undoing a step touches and runs.
func backwards(s *writers.Step) []string {
	var out []string
	if w := s.Write; w != nil {
		verb := "removes:   "
		if w.Was != nil || len(w.Changes) > 0 {
			verb = "puts back: "
		}
		out = append(out, verb+w.Path)
		if w.Notify != nil {
			out = append(out, "runs:      "+Shell(w.Notify.Argv))
		}
	}
	if s.Run != nil && len(s.Run.Undo) > 0 {
		out = append(out, "runs:      "+Shell(s.Run.Undo))
	}
	return out
}

func reversed(w *writers.Write) []Line {
	lines := []Line{{}, {Kind: Code, Text: w.Path}}
	for _, l := range strings.Split(strings.TrimSuffix(w.Diff, "\n"), "\n") {
		switch {
		case strings.HasPrefix(l, "+++ "), strings.HasPrefix(l, "--- "), strings.HasPrefix(l, "@@"):
			continue
		case strings.HasPrefix(l, "+"):
			l = "-" + l[1:]
		case strings.HasPrefix(l, "-"):
			l = "+" + l[1:]
		}
		lines = append(lines, Line{Kind: diffKind(l), Text: l})
	}
	return lines
}

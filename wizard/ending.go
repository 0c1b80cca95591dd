package wizard

import (
	"context"
	"errors"
	"fmt"
)

// Ending says, for people, what happened, how the host is left, what others can see of it and what to do
// next. Good says whether all went well.
func (s *Session) Ending(o *Outcome) (lines []Line, good bool) {
	title, mark := headline(o)
	lines = []Line{{Kind: Item, Mark: mark, Text: title}}
	if o.Err != nil && !errors.Is(o.Err, context.Canceled) {
		message, hint := s.Explain(o.Err)
		for _, t := range []string{message, hint} {
			if t != "" {
				lines = append(lines, Line{Indent: 2, Text: t})
			}
		}
	}
	if text := standing(o); text != "" {
		lines = append(lines, Line{}, Line{Text: text})
	}
	if o.Proposal == nil || o.State == Incomplete {
		return lines, o.Proved
	}
	if o.Applied || o.Proved {
		lines = append(lines, address(o.Proposal)...)
		if next := s.Next(o.Proposal, o.Receipt); len(next) > 0 {
			lines = append(lines, Line{Kind: Head, Text: "What to do next"})
			for _, n := range next {
				lines = append(lines, Line{Kind: Item, Text: n})
			}
		}
		lines = append(lines, sees("What others can see now", o.Proposal.After, "Nothing.")...)
	}
	return lines, o.Proved
}

func headline(o *Outcome) (string, Mark) {
	stopped := errors.Is(o.Err, context.Canceled)
	switch {
	case o.Proved:
		return "Done. The node answers at its onion address.", Good
	case o.Applied && stopped:
		return "Everything is set up. The proof was stopped, so nothing is proved yet.", Doubt
	case o.Applied && errors.Is(o.Err, ErrNotProved):
		return "Everything is set up. It is not proved yet.", Doubt
	case o.Applied:
		return "Everything is set up, but the node was not proved to answer.", Doubt
	case stopped:
		return "Stopped.", Bad
	case o.Proposal != nil && len(o.Proposal.Plan.Steps) == 0:
		return "The node was not proved to answer at its onion address.", Bad
	}
	return "That did not work.", Bad
}

func standing(o *Outcome) string {
	switch {
	case o.State == Incomplete:
		return "This host is neither as before nor as planned. Type: tahoe-anon undo"
	case o.State == AsBefore && o.Proved:
		return "Nothing had to be changed on this host."
	case o.State == AsBefore:
		return "This host is as it was before."
	}
	return "" // what to do next says how the changes are taken back
}

func address(p *Proposal) []Line {
	if p.Goal.Onion == "" {
		return nil
	}
	return []Line{
		{Kind: Head, Text: "Its onion address"},
		{Kind: Code, Indent: 2, Text: fmt.Sprintf("%s.onion:%d", p.Goal.Onion, p.Goal.VirtualPort)},
	}
}

package wizard

import (
	"context"
	"fmt"
	"io"
	"time"

	"tahoe-anon/detect"
	"tahoe-anon/writers"
)

// Session is what a front end, the screen or the plain prompter, asks of the program. Each function may take
// its time and is called off the screen's goroutine; each ends within its own limit, or when ctx ends.
type Session struct {
	// Given are the answers that stood on the command line or were given in an interrupted run.
	Given     Answers
	Probe     func(ctx context.Context) *detect.Facts
	Found     func(*detect.Facts) []Row
	Questions func(*detect.Facts, Answers) []Question // the whole path, as far as it is known
	Prepare   func(*detect.Facts, Answers) (*Proposal, error)
	// Elevate asks for the password on the terminal that it is given; nil when no step needs root.
	// It returns when root is ready to work, and before anything has changed.
	Elevate func(ctx context.Context, p *Proposal, in io.Reader, out io.Writer) error
	Apply   func(ctx context.Context, p *Proposal, report func(Progress)) (writers.Receipt, error)
	// Prove asks for the node at its hidden address, through tor.
	Prove func(ctx context.Context, p *Proposal, report func(Progress)) error
	// State says what an error of Apply left behind; nil means that nobody can tell.
	State func(error) State
	// Explain turns an error into what is, and what to do next.
	Explain func(error) (message, hint string)
	// Next says what to do after success, one line each: commands, files to keep.
	Next func(p *Proposal, r writers.Receipt) []string
}

// Progress is the state of one phase of applying or proving. A phase of applying has the ID of its step.
type Progress struct {
	ID    string // a phase reported twice is updated
	Title string
	Done  bool
	Note  string        // "usually 2-30 s", "tor answered: no such service yet"
	Limit time.Duration // when the phase gives up; 0: not told
}

// State is how an attempt to change the host left it.
type State string

const (
	AsBefore   State = "as-before"  // nothing changed, or everything was taken back
	Changed    State = "changed"    // every step is done
	Incomplete State = "incomplete" // neither
)

// Outcome is what a front end returns: how the dialogue ended, and what became of the plan.
type Outcome struct {
	Finished  bool         // the operator saw the end
	Cancelled bool         // it ended before anything changed
	Signal    fmt.Stringer // the os.Signal that ended it: SIGHUP (the terminal is gone), SIGTERM; or nil
	Answers   Answers      // given so far
	Proposal  *Proposal    // the last one that was reviewed
	Result
}

// Result is what became of an approved plan.
type Result struct {
	State   State
	Applied bool // every step of a plan that had any
	Proved  bool
	Receipt writers.Receipt
	// Err is why it ended before the proof; when cancelled, the last thing that stood in the way, if any.
	Err error
}

// Carry applies the plan. One without steps is as good as applied.
func (s *Session) Carry(ctx context.Context, p *Proposal, report func(Progress)) Result {
	if len(p.Plan.Steps) == 0 {
		return Result{State: AsBefore}
	}
	receipt, err := s.Apply(ctx, p, report)
	switch {
	case err == nil:
		return Result{State: Changed, Applied: true, Receipt: receipt}
	case s.State == nil:
		return Result{State: Incomplete, Receipt: receipt, Err: err}
	}
	return Result{State: s.State(err), Receipt: receipt, Err: err}
}

// Confirm proves what Carry left; after a failure there is nothing to prove.
func (s *Session) Confirm(ctx context.Context, p *Proposal, r Result, report func(Progress)) Result {
	if r.Err != nil {
		return r
	}
	r.Err = s.Prove(ctx, p, report)
	r.Proved = r.Err == nil
	return r
}

// Path keeps of the answers those that were given beforehand or belong to a question on the path: what was
// answered before somebody went back and took another way does not count.
func (s *Session) Path(qs []Question, a Answers) Answers {
	kept := Answers{}
	for id, v := range s.Given {
		kept[id] = v
	}
	for _, q := range qs {
		if v, ok := a[q.ID]; ok {
			kept[q.ID] = v
		}
	}
	return kept
}

package writers

import (
	"context"
	"errors"
	"os"
)

// Applier changes the host, and takes changes back.
type Applier struct {
	// Journal is this side's: $XDG_STATE_HOME/tahoe-anon/journal or ~/.local/state/tahoe-anon/journal for an
	// account, /var/lib/tahoe-anon/journal for root. Absolute; it is made when it is missing.
	Journal string
	// RootJournal is where an account may read how far root's side is; empty: nowhere.
	RootJournal string
	Watches     Watches
	// Report is told how each step goes; nil: nobody.
	Report func(Event)
	// Open starts root's side, when a plan needs it. Nil where there is no way to become root.
	Open func(ctx context.Context) (*Remote, error)

	uid *int // for tests: the account to take this process for
}

// Event is a step that comes to a new state.
type Event struct {
	Step   string `json:"step"`
	State  State  `json:"state"` // Doing, Done, Failed, Undoing, Undone
	Detail string `json:"detail,omitempty"`
}

func (a *Applier) self() int {
	if a.uid != nil {
		return *a.uid
	}
	return os.Geteuid()
}

// side is this process as a hand. Root's does everything; an account's does what is the account's.
func (a *Applier) side(caller int, owns func(Actor) bool) *side {
	return &side{
		journal: journal{dir: a.Journal, open: a.self() == 0},
		self:    a.self(), caller: caller, owns: owns, watches: a.Watches,
	}
}

func (a *Applier) local(caller int) *side {
	return a.side(caller, func(by Actor) bool { return a.self() == 0 || by == User })
}

// Apply does a plan's steps in their order, each by its actor. When one fails, or ctx ends, everything is taken
// back: the error is then a RolledBackError, or an IncompleteError that says what is left.
func (a *Applier) Apply(ctx context.Context, p Plan, secrets Secrets) (Receipt, error) {
	return a.applyFor(ctx, p, secrets, a.self())
}

// ApplyFor is Apply, by root for another account, of a plan that the policy allows that account.
// The account's own steps are done as the account.
func (a *Applier) ApplyFor(ctx context.Context, caller Caller, policy Policy, p Plan, secrets Secrets) (Receipt, error) {
	if err := p.valid(); err != nil { // before For seals it anew
		return Receipt{}, err
	}
	p = p.For(caller.UID)
	if err := policy.Check(p, secrets, caller); err != nil {
		return Receipt{}, err
	}
	return a.applyFor(ctx, p, secrets, caller.UID)
}

func (a *Applier) applyFor(ctx context.Context, p Plan, secrets Secrets, caller int) (Receipt, error) {
	if err := errors.Join(p.valid(), p.complete(secrets, func(Actor) bool { return true })); err != nil {
		return Receipt{}, err
	}
	r := &run{a: a, local: a.local(caller)}
	defer r.close()
	if err := r.local.journal.take(); err != nil {
		return Receipt{}, err
	}
	if err := a.noneUnfinished(p.ID); err != nil {
		return Receipt{}, err
	}
	if root := rootStep(&p); root != "" {
		if err := r.open(ctx, root); err != nil {
			return Receipt{}, err
		}
	}
	if err := r.begin(ctx, p, secrets); err != nil {
		return Receipt{}, err
	}
	return r.forward(ctx)
}

// noneUnfinished refuses a new change on top of one that was interrupted.
func (a *Applier) noneUnfinished(id string) error {
	open, err := a.Unfinished()
	if err != nil {
		return err
	}
	for _, c := range open {
		if c.ID != id {
			return &UnfinishedError{ID: c.ID, Title: c.Title}
		}
	}
	return nil
}

// rootStep is the first step that is not the account's own.
func rootStep(p *Plan) string {
	for _, s := range p.Steps {
		if s.As != User {
			return s.ID
		}
	}
	return ""
}

// Undo takes a change back, finished or not, in exact reverse order, and only if every file is still what the
// change wrote; else a ConflictError, with nothing touched. A change that was taken back already is fine.
func (a *Applier) Undo(ctx context.Context, id string) (Receipt, error) {
	r := &run{a: a, local: a.local(a.self())}
	defer r.close()
	if err := r.resume(ctx, id, false); err != nil {
		return Receipt{}, err
	}
	if r.change.Phase == Reverted || r.change.Phase == RolledBack {
		return r.receipt(nil), nil
	}
	if err := ctx.Err(); err != nil {
		return Receipt{}, err
	}
	return r.undo(ctx)
}

// Finish goes on with a change that was interrupted, to its end.
func (a *Applier) Finish(ctx context.Context, id string) (Receipt, error) {
	r := &run{a: a, local: a.local(a.self())}
	defer r.close()
	if err := r.resume(ctx, id, true); err != nil {
		return Receipt{}, err
	}
	if !r.change.Unfinished() {
		return r.receipt(nil), nil
	}
	if err := r.markAll(ctx, Applying); err != nil {
		return Receipt{}, err
	}
	return r.forward(ctx)
}

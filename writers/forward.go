package writers

import (
	"context"
	"slices"
)

// forward does what is not done yet, in plan order.
func (r *run) forward(ctx context.Context) (Receipt, error) {
	var done []string
	for i := range r.change.Steps {
		s := &r.change.Steps[i]
		if s.State != Done {
			if err := ctx.Err(); err != nil {
				return r.back(ctx, err)
			}
			if err := r.do(ctx, s); err != nil {
				return r.back(ctx, err)
			}
		}
		done = append(done, s.ID)
	}
	if err := r.markAll(ctx, Applied); err != nil {
		return r.back(ctx, err)
	}
	return r.receipt(done), nil
}

// do does one step. It is not interrupted: each of its waits has a limit.
func (r *run) do(ctx context.Context, s *StepState) error {
	r.report(s.ID, Doing, "")
	s.State = Doing
	if err := r.hand(s.As).do(context.WithoutCancel(ctx), s.ID); err != nil {
		r.report(s.ID, Failed, err.Error())
		return err
	}
	s.State = Done
	r.report(s.ID, Done, "")
	return nil
}

// markAll notes the phase on both sides, root's first: ours is the last to say that all is well.
func (r *run) markAll(ctx context.Context, to Phase) error {
	ctx = context.WithoutCancel(ctx)
	if r.root != nil {
		if err := r.root.mark(ctx, to); err != nil {
			return err
		}
	}
	if r.local.entry != nil {
		if err := r.local.mark(ctx, to); err != nil {
			return err
		}
	}
	r.change.Phase = to
	return nil
}

// back takes everything back, because of cause.
func (r *run) back(ctx context.Context, cause error) (Receipt, error) {
	full := r.markAll(ctx, Reverting) // a journal on a full disk does not keep us from taking back
	_, left := r.reverse(ctx, !r.change.Applied)
	if len(left) > 0 {
		return r.receipt(nil), &IncompleteError{ID: r.change.ID, Cause: cause, Left: left}
	}
	if full == nil {
		// Where this fails, all is taken back and the journal does not say so: the next undo finds nothing to do.
		_ = r.markAll(ctx, RolledBack)
	}
	return r.receipt(nil), &RolledBackError{Cause: cause}
}

// undo takes an applied or interrupted change back, because somebody asked for it.
func (r *run) undo(ctx context.Context) (Receipt, error) {
	if !r.change.Applied && r.allDone() { // interrupted at the very last: it was applied
		if err := r.markAll(ctx, Applied); err != nil {
			return Receipt{}, err
		}
		r.change.Applied = true
	}
	if err := r.checkAll(ctx); err != nil {
		return Receipt{}, err
	}
	if err := r.markAll(ctx, Reverting); err != nil {
		return Receipt{}, err
	}
	undone, left := r.reverse(ctx, !r.change.Applied)
	if len(left) > 0 {
		return r.receipt(undone), &IncompleteError{ID: r.change.ID, Left: left}
	}
	return r.receipt(undone), r.markAll(ctx, Reverted)
}

func (r *run) allDone() bool {
	return !slices.ContainsFunc(r.change.Steps, func(s StepState) bool { return s.State != Done })
}

// checkAll asks both sides whether their files are still ours, before the first one is touched.
func (r *run) checkAll(ctx context.Context) error {
	if r.local.entry != nil {
		if err := r.local.check(ctx); err != nil {
			return err
		}
	}
	if r.root != nil {
		return r.root.check(ctx)
	}
	return nil
}

// reverse takes steps back, the last one first, and stops at the first that resists: what came before it may
// rest on it (a key must not go while tor still serves its address).
func (r *run) reverse(ctx context.Context, abort bool) (undone []string, left []Left) {
	last := r.lastCommand()
	for i, s := range slices.Backward(r.change.Steps) {
		by := r.hand(s.As)
		if !s.State.touched() || by == nil {
			continue
		}
		r.report(s.ID, Undoing, "")
		notes, err := by.undo(context.WithoutCancel(ctx), s.ID, abort && i >= last)
		r.notes = append(r.notes, notes...)
		if err != nil {
			r.report(s.ID, Failed, err.Error())
			return undone, r.left(i, err)
		}
		r.change.Steps[i].State = Undone
		undone = append(undone, s.ID)
		r.report(s.ID, Undone, "")
	}
	return undone, nil
}

// lastCommand is the last command that was begun. What commands before it made may be in use since then, for months
// where an interrupted change is taken back late: these are taken back by Undo, never by Abort.
func (r *run) lastCommand() int {
	for i, s := range slices.Backward(r.change.Steps) {
		if s.State.touched() && (i >= len(r.local.plan.Steps) || r.local.plan.Steps[i].Run != nil) {
			return i
		}
	}
	return 0
}

// left are the steps from the i-th back to the first that are not taken back.
func (r *run) left(i int, why error) []Left {
	var left []Left
	for ; i >= 0; i-- {
		if s := r.change.Steps[i]; s.State.touched() {
			left = append(left, Left{Step: s.ID, Title: r.title(s.ID), Why: why})
			why = nil
		}
	}
	return left
}

func (r *run) title(step string) string {
	for _, s := range r.local.plan.Steps {
		if s.ID == step {
			return s.Title
		}
	}
	return ""
}

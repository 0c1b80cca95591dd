package writers

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"time"
)

// run is one change being worked on, by one hand or two.
type run struct {
	a      *Applier
	local  *side
	remote *Remote
	root   hand // remote, once it has the plan; nil: root has nothing to do with it
	change Change
	notes  []string
}

func (r *run) close() {
	if r.remote != nil {
		r.remote.Close()
	}
	r.local.close()
}

// open starts root's side, once.
func (r *run) open(ctx context.Context, step string) error {
	if r.a.self() == 0 || r.remote != nil {
		return nil
	}
	if r.a.Open == nil {
		return &NeedsRootError{Step: step}
	}
	remote, err := r.a.Open(ctx)
	if err != nil {
		return err
	}
	remote.uid = r.a.self()
	r.remote = remote
	return nil
}

// begin registers the plan on both sides: first here, with all secrets, so that Finish has them whatever happens;
// those of root's steps are root's alone once root has them.
func (r *run) begin(ctx context.Context, p Plan, secrets Secrets) error {
	own, roots := split(&p, secrets, r.local.owns)
	all := maps.Clone(own)
	maps.Copy(all, roots)
	if err := r.local.begin(ctx, p, all); err != nil {
		return err
	}
	r.change = r.local.entry.Change
	r.change.Steps = slices.Clone(r.change.Steps) // ours to go ahead of the journal
	if r.remote == nil {
		return nil
	}
	err := r.remote.begin(ctx, p, roots)
	if _, lost := errors.AsType[*LostError](err); lost {
		return err // root may have begun: our journal keeps what Finish and Undo need
	}
	if err != nil {
		return errors.Join(err, r.local.forget())
	}
	r.root = r.remote
	return r.local.dropSecrets(roots, own)
}

// split tells this side's secrets from those of root's.
func split(p *Plan, secrets Secrets, owns func(Actor) bool) (own, roots Secrets) {
	own, roots = Secrets{}, Secrets{}
	for _, s := range p.Steps {
		if s.Write == nil || s.Write.Secret == "" {
			continue
		}
		to := roots
		if owns(s.As) {
			to = own
		}
		to[s.Write.Secret] = secrets[s.Write.Secret]
	}
	return own, roots
}

// resume takes up an earlier change on both sides. Root's is asked only when there is something for it to do.
func (r *run) resume(ctx context.Context, id string, finish bool) error {
	if err := r.local.journal.take(); err != nil {
		return err
	}
	known, err := r.a.find(id)
	if err != nil {
		return err
	}
	own, err := r.local.take(ctx, id)
	if _, missing := errors.AsType[*NotFoundError](err); err != nil && !missing {
		return err
	}
	if err != nil && finish {
		return err
	}
	if err != nil {
		r.missing(known)
	}
	r.change = known
	if r.a.self() == 0 || !r.a.wantsRoot(known, finish) {
		return nil
	}
	if err := r.open(ctx, id); err != nil {
		return err
	}
	return r.resumeRoot(ctx, own, finish)
}

// missing notes the steps that nobody can take back, for the account's journal is gone and root's does not have them.
func (r *run) missing(c Change) {
	for _, s := range c.Steps {
		if r.local.owns(s.As) {
			r.notes = append(r.notes, fmt.Sprintf("step %q is not taken back: its journal is gone", s.ID))
		}
	}
}

// wantsRoot says whether root's side is needed to finish a change, or to take it back.
func (a *Applier) wantsRoot(c Change, finish bool) bool {
	if finish && !c.Unfinished() || !finish && (c.Phase == Reverted || c.Phase == RolledBack) {
		return false
	}
	if !finish && a.RootJournal != "" {
		_, err := os.Lstat(filepath.Join(a.RootJournal, c.ID, "log"))
		if errors.Is(err, fs.ErrNotExist) {
			return false // killed before root began
		}
	}
	return slices.ContainsFunc(c.Steps, func(s StepState) bool { return s.As != User })
}

func (r *run) resumeRoot(ctx context.Context, own Change, finish bool) error {
	root, err := r.remote.take(context.WithoutCancel(ctx), r.change.ID)
	_, missing := errors.AsType[*NotFoundError](err)
	switch {
	case missing && finish:
		// Killed before root had the plan: the account's journal has it all.
		return r.beginRoot(ctx)
	case missing:
		return nil // nothing that root did
	case err != nil:
		return err
	}
	r.root = r.remote
	if own.ID != "" {
		root = merge(own, root)
	}
	r.change = root
	return nil
}

func (r *run) beginRoot(ctx context.Context) error {
	secrets := Secrets{}
	for _, s := range r.local.plan.Steps {
		if s.Write == nil || s.Write.Secret == "" || r.local.owns(s.As) {
			continue
		}
		b, err := os.ReadFile(r.local.entry.secret(s.Write.Secret))
		if err != nil {
			return err
		}
		secrets[s.Write.Secret] = b
	}
	if err := r.remote.begin(ctx, r.local.plan, secrets); err != nil {
		return err
	}
	r.root = r.remote
	return nil
}

// hand is who does an actor's steps; nil when that side has nothing of the change.
func (r *run) hand(by Actor) hand {
	if r.local.owns(by) {
		return r.local
	}
	return r.root
}

func (r *run) receipt(done []string) Receipt {
	return Receipt{Plan: r.change.ID, Done: done, Ended: time.Now().UTC(), Pending: r.notes}
}

func (r *run) report(step string, s State, detail string) {
	if r.a.Report != nil {
		r.a.Report(Event{Step: step, State: s, Detail: detail})
	}
}

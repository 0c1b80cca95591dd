package writers

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"strings"
)

// hand does the steps of one side: this process, or root's at the other end of a pipe.
type hand interface {
	// begin registers a plan, when every file of this side is as the plan has it; take goes on with an earlier one.
	begin(ctx context.Context, p Plan, secrets Secrets) error
	take(ctx context.Context, id string) (Change, error)
	do(ctx context.Context, step string) error
	// check says whether everything that undo would put back is still what we wrote.
	check(ctx context.Context) error
	// undo takes a step back; abort, because the plan failed. The notes say what was left where it is.
	undo(ctx context.Context, step string, abort bool) (notes []string, err error)
	mark(ctx context.Context, to Phase) error
}

// side is the hand that works in this process, with its journal.
type side struct {
	journal journal
	self    int              // the account that this process acts as; 0 may become any other
	caller  int              // the account that asked
	owns    func(Actor) bool // whose steps are this side's
	watches Watches
	entry   *entry
	fresh   bool // the entry is new with this run
	plan    Plan
}

func (s *side) close() {
	s.entry.close()
	s.journal.free()
}

func (s *side) step(id string) (*Step, error) {
	for i := range s.plan.Steps {
		if st := &s.plan.Steps[i]; st.ID == id && s.owns(st.As) {
			return st, nil
		}
	}
	return nil, &RefusedError{Step: id, Why: "the plan has no such step for this side"}
}

// mine are this side's steps.
func (s *side) mine() []*Step {
	var steps []*Step
	for i := range s.plan.Steps {
		if s.owns(s.plan.Steps[i].As) {
			steps = append(steps, &s.plan.Steps[i])
		}
	}
	return steps
}

func (s *side) begin(_ context.Context, p Plan, secrets Secrets) error {
	if err := errors.Join(p.valid(), p.complete(secrets, s.owns)); err != nil {
		return err
	}
	s.plan = p
	if err := s.preflight(secrets); err != nil {
		return err
	}
	old, err := s.journal.enter(p.ID)
	if _, missing := errors.AsType[*NotFoundError](err); missing {
		s.fresh = true
		s.entry, err = s.journal.register(p, secrets, s.caller)
		return err
	}
	if err != nil {
		return err
	}
	s.entry = old
	return s.again(p, secrets)
}

// again begins a plan that was taken back, once more.
func (s *side) again(p Plan, secrets Secrets) error {
	before, err := s.entry.plan()
	switch {
	case err != nil:
		return err
	case before.Sum != p.Sum:
		return &RefusedError{Why: "the journal has another plan of this ID"}
	case s.entry.Unfinished():
		return &UnfinishedError{ID: p.ID, Title: p.Title}
	case s.entry.Phase == Applied:
		return &RefusedError{Why: "this very plan was applied already"}
	}
	for name, b := range secrets {
		if err := keep(s.entry.secret(name), b, 0o600); err != nil {
			return err
		}
	}
	return s.entry.write(line{Phase: Applying, Anew: true})
}

// forget takes back that a plan was begun, when nothing of it was done.
func (s *side) forget() error {
	if s.fresh {
		return s.entry.drop()
	}
	return s.entry.write(line{Phase: RolledBack})
}

// dropSecrets deletes what the other side has now.
func (s *side) dropSecrets(theirs, own Secrets) error {
	for name := range theirs {
		if _, both := own[name]; both {
			continue
		}
		if err := os.Remove(s.entry.secret(name)); err != nil {
			return err
		}
	}
	return nil
}

// preflight looks at everything that can be looked at, before anything is done.
func (s *side) preflight(secrets Secrets) error {
	written := map[string]bool{}
	for _, st := range s.mine() {
		if err := s.able(st); err != nil {
			return err
		}
		if w := st.Write; w != nil && !written[w.Path] {
			written[w.Path] = true
			if err := s.preflightFile(st, secrets); err != nil {
				return err
			}
		}
		if r := st.Run; r != nil && r.Absent != "" {
			if err := s.absent(st); err != nil {
				return err
			}
		}
	}
	return nil
}

// able says whether this process can act for the step at all.
func (s *side) able(st *Step) error {
	for _, a := range st.actors() {
		uid, err := a.account()
		if err != nil {
			return &RefusedError{Step: st.ID, Why: err.Error()}
		}
		if uid != -1 && uid != s.self && s.self != 0 {
			return &NeedsRootError{Step: st.ID}
		}
	}
	if w := st.Write; w != nil && w.Notify != nil && w.Notify.Watch != "" && s.watches[w.Notify.Watch] == nil {
		return &RefusedError{Step: st.ID, Why: fmt.Sprintf("there is no watcher %q", w.Notify.Watch)}
	}
	return nil
}

// actors are all who take part in a step.
func (s *Step) actors() []Actor {
	if s.Write != nil && s.Write.Verify != nil {
		return []Actor{s.As, s.Write.Verify.As}
	}
	return []Actor{s.As}
}

func (s *side) preflightFile(st *Step, secrets Secrets) error {
	w := st.Write
	if len(w.Changes) > 0 && w.Was == nil {
		return nil // the file is made by an earlier step
	}
	now, err := s.look(st.As, w.Path)
	if err != nil {
		return err
	}
	content := w.Content
	if w.Secret != "" {
		content = secrets[w.Secret]
	}
	if same(now, w.Was) || len(w.Changes) == 0 && same(now, w.after(now, content)) {
		return nil
	}
	return &ChangedError{Step: st.ID, Path: w.Path, Why: differs(now, w.Was)}
}

func (s *side) take(_ context.Context, id string) (Change, error) {
	e, err := s.journal.enter(id)
	if err != nil {
		return Change{}, err
	}
	s.entry = e
	if s.plan, err = e.plan(); err != nil {
		return Change{}, err
	}
	return e.Change, s.mayTake()
}

// mayTake keeps one account from another's changes. Root may take back what root alone did.
func (s *side) mayTake() error {
	foreign := s.entry.Caller != s.caller && s.caller != 0
	for _, st := range s.entry.Steps {
		foreign = foreign || s.self == 0 && s.entry.Caller != s.caller && st.As == User
	}
	if foreign {
		return &ForeignError{ID: s.entry.ID, UID: s.entry.Caller}
	}
	return nil
}

func (s *side) mark(_ context.Context, to Phase) error { return s.entry.write(line{Phase: to}) }

func (s *side) do(ctx context.Context, id string) error {
	st, err := s.step(id)
	if err != nil {
		return err
	}
	if st.Run != nil {
		return named(st, s.run(ctx, st))
	}
	return named(st, s.writeFile(ctx, st))
}

// named tells an error of a command whose step it was.
func named(st *Step, err error) error {
	if e, ok := errors.AsType[*CommandError](err); ok {
		e.Step = st.ID
	}
	return err
}

func (s *side) undo(ctx context.Context, id string, abort bool) ([]string, error) {
	st, err := s.step(id)
	if err != nil {
		return nil, err
	}
	if !s.entry.state(id).touched() {
		return nil, nil
	}
	if st.Run != nil {
		return nil, named(st, s.runBack(ctx, st, abort))
	}
	notes, err := s.restoreFile(ctx, st)
	return notes, named(st, err)
}

// record says what a step did to a file. It is on disk before the file is touched.
type record struct {
	Path      string `json:"path"`             // symbolic links resolved
	Candidate string `json:"candidate"`        // the name beside it, for as long as it is not in place
	Made      string `json:"made,omitempty"`   // the directory that we make
	Before    *Was   `json:"before,omitempty"` // nil: nothing was there
	After     *Was   `json:"after"`
}

func (s *side) record(st *Step) (*record, error) {
	b, err := os.ReadFile(s.entry.private(st.ID + ".json"))
	if err != nil {
		return nil, err
	}
	r := &record{}
	if err := json.Unmarshal(b, r); err != nil || r.After == nil || !absolute(r.Path) || strings.ContainsRune(r.Candidate, '/') {
		return nil, fmt.Errorf("%s is damaged", s.entry.private(st.ID+".json"))
	}
	return r, nil
}

func (s *side) keepRecord(st *Step, r *record, before []byte) error {
	if r.Before != nil {
		if err := keep(s.entry.private(st.ID+".before"), before, 0o600); err != nil {
			return err
		}
	}
	b, err := json.Marshal(r)
	if err != nil {
		return err
	}
	return keep(s.entry.private(st.ID+".json"), b, 0o600)
}

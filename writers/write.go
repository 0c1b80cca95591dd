package writers

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"

	"tahoe-anon/writers/edit"
)

// writeFile does a Write: record, directory, candidate, judge, rename, daemon. It may be called again after a crash
// at any point of it, and goes on from what it finds.
func (s *side) writeFile(ctx context.Context, st *Step) error {
	again := s.entry.state(st.ID) != Pending
	r, content, err := s.prepare(st, again)
	if err != nil {
		return err
	}
	if err := s.entry.step(st.ID, Doing); err != nil {
		return err
	}
	if again { // a candidate may be there, of old bytes or new
		if err := s.clean(st.As, r); err != nil {
			return err
		}
	}
	now, err := s.look(st.As, r.Path)
	if err != nil {
		return err
	}
	if !same(now, r.After) {
		if err := s.makeDir(st, r, again); err != nil {
			return err
		}
		if err := s.put(ctx, st, r, content); err != nil {
			return err
		}
	}
	if err := s.notify(ctx, st); err != nil {
		return err
	}
	return s.entry.step(st.ID, Done)
}

// prepare knows the file as it is and as it is to be, and has put both on record.
func (s *side) prepare(st *Step, again bool) (*record, []byte, error) {
	if again {
		old, err := s.record(st)
		if err != nil {
			return nil, nil, err
		}
		content, err := s.contentAgain(st, old)
		return old, content, err
	}
	r := &record{Candidate: s.candidate(st)}
	before, err := s.before(st, r)
	if err != nil {
		return nil, nil, err
	}
	w := st.Write
	pinned := same(r.Before, w.Was)
	if len(w.Changes) > 0 && w.Was == nil { // to a file that an earlier step made
		pinned = r.Before != nil
	}
	var content []byte
	if pinned || len(w.Changes) == 0 {
		if content, err = s.content(w, before); err != nil {
			return nil, nil, err
		}
		r.After = w.after(r.Before, content)
	}
	if !pinned && (r.Before == nil || !same(r.Before, r.After)) {
		return nil, nil, &ChangedError{Step: st.ID, Path: w.Path, Why: differs(r.Before, w.Was)}
	}
	return r, content, s.keepRecord(st, r, before)
}

// before reads the file that the step is to replace, and notes where it stands.
func (s *side) before(st *Step, r *record) (content []byte, err error) {
	w := st.Write
	r.Path = w.Path
	err = s.at(st.As, w.Path, func(p *spot) error {
		r.Path = p.path()
		content, r.Before, err = p.read()
		return err
	})
	if errors.Is(err, fs.ErrNotExist) && w.MakeDir != 0 { // a missing file alone is no error of read
		r.Made, err = filepath.Dir(w.Path), nil
	}
	return content, err
}

// contentAgain is what an interrupted step was about to write; the file must be as it left it.
func (s *side) contentAgain(st *Step, r *record) ([]byte, error) {
	now, err := s.look(st.As, r.Path)
	if err != nil {
		return nil, err
	}
	if !same(now, r.Before) && !same(now, r.After) {
		return nil, &ChangedError{Step: st.ID, Path: r.Path, Why: differs(now, r.Before)}
	}
	var before []byte
	if r.Before != nil {
		if before, err = s.image(st, r); err != nil {
			return nil, err
		}
	}
	return s.content(st.Write, before)
}

// image is the file's bytes before us, from the journal.
func (s *side) image(st *Step, r *record) ([]byte, error) {
	b, err := os.ReadFile(s.entry.private(st.ID + ".before"))
	if err != nil {
		return nil, err
	}
	if SumOf(b) != r.Before.Sum {
		return nil, fmt.Errorf("%s is damaged", s.entry.private(st.ID+".before"))
	}
	return b, nil
}

// content is the new text of a file that has the given one.
func (s *side) content(w *Write, before []byte) ([]byte, error) {
	switch {
	case w.Secret != "":
		b, err := os.ReadFile(s.entry.secret(w.Secret))
		if err == nil && SecretName(b) != w.Secret {
			err = fmt.Errorf("%s is damaged", s.entry.secret(w.Secret))
		}
		return b, err
	case len(w.Changes) > 0:
		return edit.INI(before, w.Changes)
	}
	return w.Content, nil
}

// after is the file as the step leaves it.
func (w *Write) after(before *Was, content []byte) *Was {
	if before != nil {
		return &Was{Sum: SumOf(content), Mode: before.Mode, UID: before.UID, GID: before.GID}
	}
	return &Was{Sum: SumOf(content), Mode: w.Mode, UID: w.UID, GID: w.GID}
}

// candidate names the new file while it waits for its judge: hidden, and with no suffix that a daemon reads.
func (s *side) candidate(st *Step) string {
	i := slices.IndexFunc(s.plan.Steps, func(x Step) bool { return x.ID == st.ID })
	return fmt.Sprintf(".tahoe-anon-%s-%d", s.plan.ID, i)
}

// makeDir makes the file's directory, if it was missing.
func (s *side) makeDir(st *Step, r *record, again bool) error {
	if r.Made == "" {
		return nil
	}
	return s.at(st.As, r.Made, func(p *spot) error {
		err := p.dir.Mkdir(p.name, st.Write.MakeDir)
		if again && errors.Is(err, fs.ErrExist) {
			err = nil // the run that was interrupted made it
		}
		if err != nil {
			return err
		}
		reached("made-dir")
		if err := p.dir.Chmod(p.name, st.Write.MakeDir); err != nil { // whatever the umask
			return err
		}
		return p.sync()
	})
}

// put writes the candidate, has it judged, and puts it in place.
func (s *side) put(ctx context.Context, st *Step, r *record, content []byte) error {
	err := s.stage(st.As, r, content, *r.After)
	if err == nil {
		reached("staged")
		err = s.judge(ctx, st, r)
	}
	if err == nil {
		err = s.replace(st, r, r.Before)
	}
	if err == nil {
		return nil
	}
	return errors.Join(err, s.clean(st.As, r))
}

func (s *side) stage(a Actor, r *record, content []byte, like Was) error {
	return s.at(a, r.Path, func(p *spot) error {
		if err := p.remove(r.Candidate); err != nil { // of a run that was interrupted
			return err
		}
		old, err := p.open()
		if err != nil {
			return err
		}
		if old != nil {
			defer old.Close()
		}
		return p.stage(r.Candidate, content, like, old)
	})
}

// replace puts the candidate in place, when the file is still what it was when we looked.
func (s *side) replace(st *Step, r *record, still *Was) error {
	return s.at(st.As, r.Path, func(p *spot) error {
		_, now, err := p.read()
		if err != nil {
			return err
		}
		if !same(now, still) {
			return &ChangedError{Step: st.ID, Path: r.Path, Why: differs(now, still)}
		}
		err = p.replace(r.Candidate)
		if e, ok := errors.AsType[*UnreplaceableError](err); ok {
			e.Step = st.ID
		}
		return err
	})
}

// clean removes what a step leaves beside its file when it does not come to its end.
func (s *side) clean(a Actor, r *record) error {
	err := s.at(a, r.Path, func(p *spot) error { return p.remove(r.Candidate) })
	if errors.Is(err, fs.ErrNotExist) {
		return nil // not even the directory is there
	}
	return err
}

// judge runs the step's Verify on the candidate.
func (s *side) judge(ctx context.Context, st *Step, r *record) error {
	v := st.Write.Verify
	if v == nil {
		return nil
	}
	argv := slices.Clone(v.Argv)
	for i := range argv {
		if argv[i] == Candidate {
			argv[i] = filepath.Join(filepath.Dir(r.Path), r.Candidate)
		}
	}
	err := s.command(ctx, v.As, argv, 0)
	if e, ok := errors.AsType[*CommandError](err); ok && e.Status > 0 {
		return &RejectedError{Step: st.ID, Path: r.Path, Argv: argv, Output: e.Output}
	}
	return err
}

// look is what pins the file at path now; nil when it, or its directory, is not there.
func (s *side) look(a Actor, path string) (was *Was, err error) {
	err = s.at(a, path, func(p *spot) error {
		_, was, err = p.read()
		return err
	})
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	return was, err
}

// same says whether two files have the same bytes, mode and owner.
func same(a, b *Was) bool {
	if a == nil || b == nil {
		return a == b
	}
	return a.Sum == b.Sum && a.Mode&modeBits == b.Mode&modeBits && a.UID == b.UID && a.GID == b.GID
}

// differs says how a file differs from what it was to be.
func differs(now, was *Was) string {
	switch {
	case now == nil && was == nil:
		return "it is missing"
	case now == nil:
		return "it is gone"
	case was == nil:
		return "it was not there"
	case now.Sum != was.Sum:
		return "its content differs"
	case now.Mode&modeBits != was.Mode&modeBits:
		return fmt.Sprintf("its mode is %v, not %v", now.Mode&modeBits, was.Mode&modeBits)
	}
	return fmt.Sprintf("its owner is %d:%d, not %d:%d", now.UID, now.GID, was.UID, was.GID)
}

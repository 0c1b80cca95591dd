package writers

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"time"
)

// check walks the steps backwards, as undo would, and says whether each file is what undo expects to find.
// Nothing is touched. A file that is already as it was before is fine.
func (s *side) check(context.Context) error {
	now := map[string]*Was{} // files as undo would have left them so far
	for _, st := range slices.Backward(s.mine()) {
		if st.Write == nil || !s.entry.state(st.ID).touched() {
			continue
		}
		r, err := s.record(st)
		if err != nil {
			return err
		}
		was, known := now[r.Path]
		if !known {
			if was, err = s.look(st.As, r.Path); err != nil {
				return err
			}
		}
		if !same(was, r.After) && !same(was, r.Before) {
			return &ConflictError{Step: st.ID, Path: r.Path, Why: differs(was, r.After)}
		}
		now[r.Path] = r.Before
	}
	return nil
}

// restoreFile takes a Write back, whatever point it came to.
func (s *side) restoreFile(ctx context.Context, st *Step) ([]string, error) {
	r, err := s.record(st)
	if err != nil {
		return nil, err
	}
	now, err := s.look(st.As, r.Path)
	if err != nil {
		return nil, err
	}
	if !same(now, r.After) && !same(now, r.Before) {
		return nil, &ConflictError{Step: st.ID, Path: r.Path, Why: differs(now, r.After)}
	}
	// A file that was never replaced tells its daemon nothing; one that an interrupted undo put back may not have yet.
	tell := s.entry.state(st.ID) != Doing || !same(now, r.Before)
	logged := s.entry.step(st.ID, Undoing)
	if err := s.putBack(st, r, now); err != nil {
		return nil, err
	}
	notes, err := s.removeMade(st, r)
	if err == nil && tell {
		err = s.notifyBack(ctx, st)
	}
	if err != nil {
		return notes, err
	}
	if logged != nil {
		// The disk is full. The file is back, and a later undo will see that it is: go on.
		return notes, nil
	}
	return notes, s.entry.step(st.ID, Undone)
}

// putBack makes the file what it was before the step. Its bytes are in the journal or in the plan: nothing is lost.
func (s *side) putBack(st *Step, r *record, now *Was) error {
	if err := s.clean(st.As, r); err != nil {
		return err
	}
	if same(now, r.Before) {
		return nil
	}
	if r.Before == nil {
		return s.at(st.As, r.Path, func(p *spot) error { return p.remove(p.name) })
	}
	b, err := s.image(st, r)
	if err != nil {
		return err
	}
	err = s.stage(st.As, r, b, *r.Before)
	if err == nil {
		err = s.replace(st, r, now)
	}
	if err != nil {
		return errors.Join(err, s.clean(st.As, r))
	}
	return nil
}

// removeMade removes the directory that the step made, when nothing is in it but what a daemon was expected to
// leave there. Of that, the journal keeps a copy.
func (s *side) removeMade(st *Step, r *record) ([]string, error) {
	if r.Made == "" {
		return nil, nil
	}
	found, unknown, err := s.leavings(st, r)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	if unknown != "" {
		return []string{fmt.Sprintf("%s stays, for %s in it is not ours", r.Made, unknown)}, nil
	}
	for name, b := range found {
		if b != nil {
			kept := fmt.Sprintf("%s.kept.%d.%s", st.ID, time.Now().UnixNano(), name)
			if err := keep(s.entry.private(kept), b, 0o600); err != nil {
				return nil, err
			}
		}
	}
	for name := range found {
		if err := s.removeAt(st, r.Made+"/"+name); err != nil {
			return nil, err
		}
	}
	return nil, s.removeAt(st, r.Made)
}

func (s *side) removeAt(st *Step, path string) error {
	return s.at(st.As, path, func(p *spot) error { return p.remove(p.name) })
}

// leavings reads what is in a made directory: the bytes of files, nil for empty directories. unknown names
// something that is neither, or is not expected there.
func (s *side) leavings(st *Step, r *record) (found map[string][]byte, unknown string, err error) {
	found = map[string][]byte{}
	list := func(path string) (entries []fs.DirEntry, err error) {
		err = s.at(st.As, path, func(p *spot) error {
			dir, err := p.dir.OpenRoot(p.name)
			if err != nil {
				return err
			}
			defer dir.Close()
			entries, err = fs.ReadDir(dir.FS(), ".")
			return err
		})
		return entries, err
	}
	entries, err := list(r.Made)
	if err != nil {
		return nil, "", err
	}
	for _, e := range entries {
		path := r.Made + "/" + e.Name()
		if !slices.Contains(st.Write.Leaves, e.Name()) {
			return nil, e.Name(), nil
		}
		if e.IsDir() {
			inside, err := list(path)
			if err != nil {
				return nil, "", err
			}
			if len(inside) > 0 {
				return nil, e.Name() + "/" + inside[0].Name(), nil
			}
			found[e.Name()] = nil
			continue
		}
		err := s.at(st.As, path, func(p *spot) error {
			b, _, err := p.read()
			found[e.Name()] = append([]byte{}, b...)
			return err
		})
		if err != nil {
			return nil, "", err
		}
	}
	return found, "", nil
}

package writers

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"time"
)

// run does a Run. Nobody knows how far an interrupted command came, so that it is taken back first.
func (s *side) run(ctx context.Context, st *Step) error {
	r := st.Run
	var err error
	if s.entry.state(st.ID).touched() {
		err = s.backCommand(ctx, st, !s.entry.Applied)
	} else {
		err = s.absent(st)
	}
	if err != nil {
		return err
	}
	if err := s.entry.step(st.ID, Doing); err != nil {
		return err
	}
	err = s.command(ctx, st.As, r.Argv, r.Limit)
	reached("ran")
	if err != nil {
		return err
	}
	return s.entry.step(st.ID, Done)
}

// runBack takes a Run back.
func (s *side) runBack(ctx context.Context, st *Step, abort bool) error {
	logged := s.entry.step(st.ID, Undoing)
	if err := s.backCommand(ctx, st, abort); err != nil {
		return err
	}
	reached("ran-back")
	if logged != nil {
		return nil // as for a file that is back: a later undo does it once more, and does no harm
	}
	return s.entry.step(st.ID, Undone)
}

// backCommand runs Undo or Abort, unless what the command makes is not there any more, and sees that it is gone.
func (s *side) backCommand(ctx context.Context, st *Step, abort bool) error {
	argv, limit := st.Run.Undo, max(st.Run.Limit, time.Minute)
	if abort && len(st.Run.Abort) > 0 {
		argv = st.Run.Abort
	}
	if len(argv) == 0 || st.Run.Absent != "" && s.absent(st) == nil {
		return nil
	}
	if err := s.command(ctx, st.As, argv, limit); err != nil {
		return err
	}
	if err := s.absent(st); err != nil {
		// "mv -n" ends well where it does nothing.
		return fmt.Errorf("%q ended well, but: %w", argv, err)
	}
	return nil
}

// absent says whether what the command makes is not there.
func (s *side) absent(st *Step) error {
	path := st.Run.Absent
	if path == "" {
		return nil
	}
	err := s.at(st.As, path, func(p *spot) error {
		_, err := p.dir.Lstat(p.name)
		return err
	})
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil
	case err == nil:
		err = &ChangedError{Step: st.ID, Path: path, Why: "it exists already"}
	}
	return err
}

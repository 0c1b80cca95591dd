package writers

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"
)

// Watches are the watchers that a Notify may name.
type Watches map[string]Watch

// Watch is called before a Notify's command, so that it can subscribe to what the daemon says. settled then waits,
// with a limit of its own, until the daemon has confirmed the new files, or says why it did not. ctx ends when
// nobody waits any more.
type Watch func(ctx context.Context) (settled func() error, err error)

// notifyLimit bounds a command, its watcher and all.
const notifyLimit = 2 * time.Minute

// notify tells the step's daemon of its new file, and waits until it is known to live with it.
func (s *side) notify(ctx context.Context, st *Step) error {
	n := st.Write.Notify
	if n == nil {
		return nil
	}
	ctx, cancel := context.WithTimeout(ctx, notifyLimit)
	defer cancel()
	var settled func() error
	if watch := s.watches[n.Watch]; n.Watch != "" {
		if watch == nil {
			return &RefusedError{Step: st.ID, Why: fmt.Sprintf("there is no watcher %q", n.Watch)}
		}
		var err error
		if settled, err = watch(ctx); err != nil {
			return &DaemonError{Step: st.ID, Argv: n.Argv, Words: err.Error()}
		}
	}
	err := s.command(ctx, st.As, n.Argv, 0)
	reached("notified")
	if err == nil && settled != nil {
		err = settled()
	}
	if err != nil {
		return &DaemonError{Step: st.ID, Argv: n.Argv, Words: err.Error()}
	}
	return nil
}

// notifyBack tells the daemon that the old file is back. One that died of the new file is started again.
func (s *side) notifyBack(ctx context.Context, st *Step) error {
	err := s.notify(ctx, st)
	if err == nil || len(st.Write.Notify.Revive) == 0 {
		return err
	}
	revive := st.Write.Notify.Revive
	if failed := s.command(ctx, st.As, revive, notifyLimit); failed != nil {
		return errors.Join(err, fmt.Errorf("and %q does not help: %w", strings.Join(revive, " "), failed))
	}
	return nil
}

package tor

import (
	"context"
	"errors"
	"strings"

	"tahoe-anon/detect/env"
)

// ErrCannotWatch is a control port that this process may not use.
var ErrCannotWatch = errors.New("the control port cannot be used")

// WatchPublished listens, from now on, for the upload of onion's descriptor. published waits until the first of
// tor's directories has it, or ctx ends; a descriptor that was uploaded before is not seen. published must be
// called once. control is the address of the control port.
func WatchPublished(ctx context.Context, e env.Env, control, onion string) (published func() error, err error) {
	s := subscribe(ctx, e, control, "HS_DESC")
	if s == nil {
		return nil, ErrCannotWatch
	}
	return func() error {
		defer s.close()
		for {
			event, err := s.bine.ReadResponse()
			if ctx.Err() != nil {
				return ctx.Err()
			}
			if err != nil {
				return err
			}
			if strings.HasPrefix(event.Reply, "HS_DESC UPLOADED "+onion+" ") {
				return nil
			}
		}
	}, nil
}

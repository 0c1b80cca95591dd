package writers

import (
	"context"
	"errors"
	"fmt"
	"io"
)

// Remote is root's side as we see it: one process that does the steps that need root.
type Remote struct {
	conn    io.ReadWriteCloser
	replies chan []byte // closed when the connection ends
	broken  error       // why no more is asked
	uid     int         // who asks
}

// replyLimit bounds the wait for one reply: a step's command, judge, watcher and restart have their own, shorter.
const replyLimit = maxLimit + 2*notifyLimit + 4*defaultLimit

// NewRemote waits for root's hello on conn: it comes after the password, so that the wait ends with ctx alone.
// conn's Close is to close root's input and to wait, with a limit, until root's side has ended: until then it has
// root's journal.
func NewRemote(ctx context.Context, conn io.ReadWriteCloser) (*Remote, error) {
	r := &Remote{conn: conn, replies: make(chan []byte)}
	go func() {
		defer close(r.replies)
		for s := lines(conn); s.Scan(); {
			r.replies <- append([]byte{}, s.Bytes()...)
		}
	}()
	b, err := r.next(ctx)
	if err != nil {
		r.Close()
		return nil, err
	}
	var h hello
	if err := decode(b, &h); err != nil || h.Hello != greeting {
		r.Close()
		return nil, &LostError{Cause: "what it says first is not our greeting"}
	}
	if h.Schema != Schema {
		r.Close()
		return nil, &SchemaError{What: "root's side", Schema: h.Schema}
	}
	return r, nil
}

// Close lets root's side end, after the step in hand.
func (r *Remote) Close() error {
	go func() { // the reader may hold a line that nobody wants
		for range r.replies {
		}
	}()
	return r.conn.Close()
}

func (r *Remote) next(ctx context.Context) ([]byte, error) {
	select {
	case b, ok := <-r.replies:
		if !ok {
			return nil, &LostError{Cause: "it ended"}
		}
		return b, nil
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// ask sends a request and waits for its reply. After a failure nothing more is asked: whose reply came would be unclear.
func (r *Remote) ask(ctx context.Context, q request) (reply, error) {
	var a reply
	if r.broken != nil {
		return a, r.broken
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), replyLimit)
	defer cancel()
	q.UID = r.uid
	if err := send(r.conn, q); err != nil {
		r.broken = &LostError{Cause: err.Error()}
		return a, r.broken
	}
	b, err := r.next(ctx)
	if errors.Is(err, context.DeadlineExceeded) {
		err = &LostError{Cause: fmt.Sprintf("no reply within %s", replyLimit)}
	}
	if err == nil {
		if bad := decode(b, &a); bad != nil {
			err = &LostError{Cause: fmt.Sprintf("its reply is %v", bad)}
		}
	}
	if err != nil {
		r.broken = err
		return a, err
	}
	return a, a.Fault.err()
}

func (r *Remote) begin(ctx context.Context, p Plan, secrets Secrets) error {
	_, err := r.ask(ctx, request{Op: "begin", Plan: &p, Secrets: secrets})
	return err
}

func (r *Remote) take(ctx context.Context, id string) (Change, error) {
	a, err := r.ask(ctx, request{Op: "take", ID: id})
	if err == nil && a.Change == nil {
		err = &LostError{Cause: "its reply has no change"}
	}
	if err != nil {
		return Change{}, err
	}
	return *a.Change, nil
}

func (r *Remote) do(ctx context.Context, step string) error {
	_, err := r.ask(ctx, request{Op: "do", Step: step})
	return err
}

func (r *Remote) check(ctx context.Context) error {
	_, err := r.ask(ctx, request{Op: "check"})
	return err
}

func (r *Remote) undo(ctx context.Context, step string, abort bool) ([]string, error) {
	a, err := r.ask(ctx, request{Op: "undo", Step: step, Abort: abort})
	return a.Notes, err
}

func (r *Remote) mark(ctx context.Context, to Phase) error {
	_, err := r.ask(ctx, request{Op: "mark", Phase: to})
	return err
}

package writers

import (
	"encoding/json"
	"errors"
	"syscall"
)

// fault carries a typed error from root's side to ours.
type fault struct {
	Kind string          `json:"kind"`
	Data json.RawMessage `json:"data"`
}

// plain is an error of no type of ours: its text travels, and the system's error number, so that a full disk
// is still syscall.ENOSPC at the other end.
type plain struct {
	Text  string
	Errno syscall.Errno `json:",omitempty"`
}

func (e *plain) Error() string { return e.Text }

func (e *plain) Unwrap() error {
	if e.Errno == 0 {
		return nil
	}
	return e.Errno
}

// carrier makes room for one type of error, and finds it in a chain.
type carrier struct {
	kind string
	find func(error) (error, bool)
	room func() error
}

func carry[T any, P interface {
	*T
	error
}](kind string) carrier {
	return carrier{
		kind: kind,
		find: func(err error) (error, bool) {
			var e P
			ok := errors.As(err, &e)
			return e, ok
		},
		room: func() error { return P(new(T)) },
	}
}

// carriers are the errors of one side; what only the coordinator says does not travel.
var carriers = []carrier{
	carry[ChangedError]("changed"), carry[RejectedError]("rejected"), carry[DaemonError]("daemon"),
	carry[CommandError]("command"), carry[ConflictError]("conflict"), carry[UnreplaceableError]("unreplaceable"),
	carry[UntrustedError]("untrusted"), carry[RefusedError]("refused"), carry[LockedError]("locked"),
	carry[NeedsRootError]("needs-root"), carry[NotFoundError]("not-found"), carry[UnfinishedError]("unfinished"),
	carry[ForeignError]("foreign"), carry[SchemaError]("schema"), carry[plain]("plain"),
}

func toFault(err error) *fault {
	if err == nil {
		return nil
	}
	for _, c := range carriers {
		if e, ok := c.find(err); ok {
			data, _ := json.Marshal(e) // strings and numbers
			return &fault{Kind: c.kind, Data: data}
		}
	}
	p := &plain{Text: err.Error()}
	errors.As(err, &p.Errno)
	return toFault(p)
}

func (f *fault) err() error {
	if f == nil {
		return nil
	}
	for _, c := range carriers {
		if c.kind != f.Kind {
			continue
		}
		e := c.room()
		if err := json.Unmarshal(f.Data, e); err != nil {
			break
		}
		return e
	}
	return &plain{Text: "root's side failed, and said why in words that this version does not know"}
}

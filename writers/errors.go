package writers

import (
	"fmt"
	"strings"
)

// ChangedError: a file is no longer what the plan was made from. Nothing was done.
type ChangedError struct{ Step, Path, Why string }

func (e *ChangedError) Error() string {
	return fmt.Sprintf("%s changed since the review: %s; plan again", e.Path, e.Why)
}

// RejectedError: the judge of a candidate file did not accept it. The old file was not touched.
type RejectedError struct {
	Step, Path string
	Argv       []string
	Output     string
}

func (e *RejectedError) Error() string {
	return fmt.Sprintf("%s rejects the new %s: %s", e.Argv[0], e.Path, e.Output)
}

// DaemonError: a daemon did not take its new files, or died of them.
type DaemonError struct {
	Step  string
	Argv  []string
	Words string // the daemon's own, or the command's
}

func (e *DaemonError) Error() string {
	return fmt.Sprintf("after %q: %s", strings.Join(e.Argv, " "), e.Words)
}

// CommandError: a command failed, could not be started (Status -1), or outlived its limit (Status -1).
type CommandError struct {
	Step   string
	Argv   []string
	Status int
	Output string // the end of what it printed
	Cause  string
}

func (e *CommandError) Error() string {
	return strings.TrimSpace(fmt.Sprintf("%q failed: %s: %s", strings.Join(e.Argv, " "), e.Cause, e.Output))
}

// ConflictError: a file is no longer what we wrote, so that it is not ours to put back.
type ConflictError struct{ Step, Path, Why string }

func (e *ConflictError) Error() string {
	return fmt.Sprintf("%s changed since we wrote it (%s); put it right by hand, then try again", e.Path, e.Why)
}

// UnreplaceableError: a file cannot be replaced in one go, for it is a mount point or the like.
type UnreplaceableError struct{ Step, Path, Cause string }

func (e *UnreplaceableError) Error() string {
	return fmt.Sprintf("%s cannot be replaced in one go (%s): is it a mount point?", e.Path, e.Cause)
}

// UntrustedError: root refuses to go through a symbolic link, or a directory, that others could have changed.
type UntrustedError struct{ Path, Why string }

func (e *UntrustedError) Error() string { return fmt.Sprintf("%s: %s", e.Path, e.Why) }

// RolledBackError: the plan failed, and everything is as it was before.
type RolledBackError struct{ Cause error }

func (e *RolledBackError) Error() string { return "rolled back: " + e.Cause.Error() }
func (e *RolledBackError) Unwrap() error { return e.Cause }

// IncompleteError: something could not be taken back. The journal has it all; Undo tries again.
type IncompleteError struct {
	ID    string // of the plan
	Cause error  // why it was to be taken back; nil when somebody asked for it
	Left  []Left // what is not as before, the first to be undone first
}

// Left is one step that is not taken back.
type Left struct {
	Step, Title string
	Why         error // nil: not tried, because of the one before
}

func (e *IncompleteError) Error() string {
	var b strings.Builder
	fmt.Fprintf(&b, "not taken back:")
	for _, l := range e.Left {
		fmt.Fprintf(&b, " %s", l.Step)
		if l.Why != nil {
			fmt.Fprintf(&b, " (%v)", l.Why)
		}
	}
	if e.Cause != nil {
		fmt.Fprintf(&b, "; it began with: %v", e.Cause)
	}
	return fmt.Sprintf("%s; then: %s", b.String(), e.Command())
}

// Command is what to type when the causes are cured.
func (e *IncompleteError) Command() string { return "tahoe-anon undo " + e.ID }

func (e *IncompleteError) Unwrap() []error {
	var errs []error
	for _, l := range e.Left {
		if l.Why != nil {
			errs = append(errs, l.Why)
		}
	}
	if e.Cause != nil {
		errs = append(errs, e.Cause)
	}
	return errs
}

// RefusedError: a plan is not what this program makes, or root must not do it. Nothing was done.
type RefusedError struct{ Step, Why string }

func (e *RefusedError) Error() string {
	if e.Step == "" {
		return "refused: " + e.Why
	}
	return fmt.Sprintf("step %q is refused: %s", e.Step, e.Why)
}

// LockedError: another run is at work on the same journal.
type LockedError struct{ Journal string }

func (e *LockedError) Error() string {
	return "another run is at work (" + e.Journal + "); wait for it"
}

// NeedsRootError: a step needs root, and there is no way to become root here.
type NeedsRootError struct{ Step string }

func (e *NeedsRootError) Error() string { return fmt.Sprintf("step %q needs root", e.Step) }

// NotFoundError: the journal has no such change.
type NotFoundError struct{ ID string }

func (e *NotFoundError) Error() string { return fmt.Sprintf("the journal has no change %q", e.ID) }

// UnfinishedError: an earlier change was interrupted; Finish or Undo it first.
type UnfinishedError struct{ ID, Title string }

func (e *UnfinishedError) Error() string {
	return fmt.Sprintf("change %s (%s) was interrupted; finish or undo it first", e.ID, e.Title)
}

// ForeignError: a change belongs to another account, whose journal has the rest of it.
type ForeignError struct {
	ID  string
	UID int
}

func (e *ForeignError) Error() string {
	return fmt.Sprintf("change %s was made by account %d; only that account can undo it", e.ID, e.UID)
}

// SchemaError: a plan, journal or peer is of another version than this program knows.
type SchemaError struct {
	What   string
	Schema int
}

func (e *SchemaError) Error() string {
	return fmt.Sprintf("%s is of version %d, this program knows %d", e.What, e.Schema, Schema)
}

// LostError: root's side is gone in the middle; its journal says what it did.
type LostError struct{ Cause string }

func (e *LostError) Error() string { return "the connection to root's side is lost: " + e.Cause }

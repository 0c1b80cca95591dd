package edit

import (
	"errors"
	"fmt"
)

// SyntaxError is a file that its program refuses; nothing was changed. Err is one of the causes below.
type SyntaxError struct {
	Line int // from 1
	Err  error
}

func (e *SyntaxError) Error() string { return fmt.Sprintf("line %d: %v", e.Line, e.Err) }
func (e *SyntaxError) Unwrap() error { return e.Err }

// ChangeError is a change that cannot be made. It never holds the value, which may be a secret.
type ChangeError struct {
	Section, Key string
	Err          error
}

func (e *ChangeError) Error() string { return fmt.Sprintf("[%s] %s: %v", e.Section, e.Key, e.Err) }
func (e *ChangeError) Unwrap() error { return e.Err }

// ServiceError is a change to an onion service's stanza that cannot be made.
type ServiceError struct {
	Dir string
	Err error
}

func (e *ServiceError) Error() string { return fmt.Sprintf("onion service %q: %v", e.Dir, e.Err) }
func (e *ServiceError) Unwrap() error { return e.Err }

// Causes of a SyntaxError.
var (
	ErrEncoding    = errors.New("it is not UTF-8")
	ErrNoHeader    = errors.New("text stands before the first [section]")
	ErrNoDelimiter = errors.New("there is no key, or no = or : after it")
	ErrBOM         = errors.New("the file starts with a byte order mark, which tor takes for a part of the first option")
	ErrNUL         = errors.New("a NUL byte ends the file there for tor")
	ErrEscape      = errors.New("the quoted value has no end or a wrong escape")
	ErrExcess      = errors.New("text stands after a quoted value")
)

// Causes of a ChangeError.
var (
	ErrName      = errors.New("a name that cannot be written")
	ErrValue     = errors.New("a value that cannot be written: it has line breaks, control characters, blanks around it or is not UTF-8")
	ErrInherited = errors.New("[DEFAULT] sets it for every section, so it cannot be removed from one")
	ErrTwice     = errors.New("it is changed twice")
)

// Causes of a ServiceError.
var (
	ErrPath      = errors.New("the directory must be an absolute path without control characters")
	ErrPort      = errors.New("a port must be VIRTUAL or VIRTUAL TARGET, as 80 127.0.0.1:8080, and there must be one")
	ErrComment   = errors.New("the comment must be one line of text")
	ErrExists    = errors.New("the file configures it already")
	ErrNotThere  = errors.New("the file does not configure it")
	ErrAmbiguous = errors.New("the file configures it more than once")
)

package tor

import (
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"strings"
)

// TorrcError is a configuration file that tor cannot read, or that we may not.
type TorrcError struct {
	File string
	Line int   // 0 when the file itself could not be read
	Err  error // one of the causes below, or from reading
}

func (e *TorrcError) Error() string {
	if e.Line == 0 {
		return fmt.Sprintf("%s: %v", e.File, e.Err)
	}
	return fmt.Sprintf("%s, line %d: %v", e.File, e.Line, e.Err)
}
func (e *TorrcError) Unwrap() error { return e.Err }

// What tor says of a file that it cannot read.
var (
	ErrEscape  = errors.New("invalid escape sequence in quoted string")
	ErrExcess  = errors.New("excess data after quoted string")
	ErrInclude = errors.New("error reading included configuration file or directory")
	ErrNested  = errors.New("more than 31 nested %includes")
)

const maxInclude = 31 // MAX_INCLUDE_RECURSION_LEVEL of tor

// ReadTorrc reads tor's configuration as tor does: the defaults file (--defaults-torrc, "" for none), then the
// torrc, with what they %include where they do. read and list are those of a file system; list returns names.
//
// Like tor it stops at the first error, a *TorrcError, with what was read until then. An included file that only
// we may not read (fs.ErrPermission) is passed over: then the rest is there, and the error too. Files have
// their Path, Bytes and Err.
func ReadTorrc(read func(string) ([]byte, error), list func(dir string) ([]string, error), defaults, torrc string) ([]Line, []File, error) {
	r := &torrcReader{read: read, list: list}
	for i, path := range []string{defaults, torrc} {
		if path == "" {
			continue
		}
		r.defaults = i == 0
		b, err := r.load(path)
		if err != nil {
			return r.lines, r.files, &TorrcError{File: path, Err: err}
		}
		if err := r.parse(path, b, 1); err != nil {
			return r.lines, r.files, err
		}
	}
	return r.lines, r.files, r.hidden
}

type torrcReader struct {
	read     func(string) ([]byte, error)
	list     func(string) ([]string, error)
	defaults bool // the file at hand is the defaults file, or included by it
	lines    []Line
	files    []File
	hidden   error // the first file that we may not read
}

// load reads a file and notes it.
func (r *torrcReader) load(path string) ([]byte, error) {
	b, err := r.read(path)
	f := File{Path: path, Bytes: b}
	if err != nil {
		f.Err = err.Error()
	}
	if !slices.ContainsFunc(r.files, func(f File) bool { return f.Path == path }) {
		r.files = append(r.files, f)
	}
	return b, err
}

// parse takes the options of one file, level deep in %includes, counted from 1.
func (r *torrcReader) parse(path string, b []byte, level int) error {
	if level > maxInclude {
		return &TorrcError{File: path, Err: ErrNested}
	}
	s := newTorrcScanner(b)
	for s.next() {
		l := s.line
		l.File, l.Defaults = path, r.defaults
		if l.Key != "%include" {
			r.lines = append(r.lines, l)
			continue
		}
		if err := r.include(l, level); err != nil {
			return err
		}
	}
	if s.err != nil {
		return &TorrcError{File: path, Line: s.line.Number, Err: s.err}
	}
	return nil
}

// include reads what a %include line names: a file, the files of a directory, or what a pattern matches.
func (r *torrcReader) include(l Line, level int) error {
	fail := func(err error) error {
		return &TorrcError{l.File, l.Number, fmt.Errorf("%w: %q: %w", ErrInclude, l.Value, err)}
	}
	paths := []string{l.Value}
	if hasGlob(l.Value) {
		paths = glob(r.list, l.Value)
	}
	for _, path := range paths {
		names, err := r.list(path)
		if err == nil {
			err = r.includeDir(path, names, level)
		} else {
			err = r.includeFile(path, level)
		}
		var deeper *TorrcError
		switch {
		case errors.As(err, &deeper):
			return err
		case errors.Is(err, fs.ErrPermission):
			r.hidden = errors.Join(r.hidden, fail(err))
		case err != nil:
			return fail(err)
		}
	}
	return nil
}

// includeDir takes the files of a directory in the order of their names, but not those that start with a dot, and
// not what is in directories below.
func (r *torrcReader) includeDir(dir string, names []string, level int) error {
	for _, name := range slices.Sorted(slices.Values(names)) {
		path := dir + "/" + name
		if _, err := r.list(path); err == nil || strings.HasPrefix(name, ".") {
			continue
		}
		if err := r.includeFile(path, level); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
	}
	return nil
}

func (r *torrcReader) includeFile(path string, level int) error {
	b, err := r.load(path)
	if err != nil {
		return err
	}
	if len(b) == 0 { // tor does not open it, so it counts as no level either
		return nil
	}
	return r.parse(path, b, level+1)
}

// Package envtest describes a host to the probes, in one line of a test.
package envtest

import (
	"context"
	"io/fs"
	"net"
	"os"
	"path"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"tahoe-anon/detect/env"
)

// Option is one thing that stands on the host.
type Option func(*fake)

type fake struct {
	t         testing.TB
	files     map[string]file
	links     map[string]string
	commands  []command
	programs  map[string]string
	listeners map[string]net.Addr
	dialErrs  map[string]error
	variables map[string]string
	uid, euid int
	groups    []int
	now       time.Time
	free      uint64
}

type file struct {
	env.Info
	bytes  []byte
	denied bool // it is there, and this account may not look
}

type command struct {
	argv string
	out  env.Output
	hang bool
}

// Host is an Env with nothing in it but what the options say: an account 1000 on a machine without files,
// where nobody listens and no command is there. Its own listeners end with the test.
func Host(t testing.TB, options ...Option) env.Env {
	f := &fake{
		t: t, files: map[string]file{}, links: map[string]string{}, programs: map[string]string{},
		listeners: map[string]net.Addr{}, dialErrs: map[string]error{}, variables: map[string]string{},
		uid: 1000, euid: 1000, groups: []int{1000}, free: 1 << 30,
		now: time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC),
	}
	for _, o := range options {
		o(f)
	}
	return env.Env{
		ReadFile: f.readFile, Stat: f.stat, ReadDir: f.readDir, Readlink: f.readlink, LookPath: f.lookPath,
		Dial: f.dial, Run: f.run,
		Getenv: func(key string) string { return f.variables[key] },
		Now:    func() time.Time { return f.now },
		UID:    func() (int, int) { return f.uid, f.euid },
		Groups: func() ([]int, error) { return f.groups, nil },
		Free:   func(string) (uint64, error) { return f.free, nil },
	}
}

func (f *fake) look(op, name string) (file, error) {
	for dir := path.Dir(name); dir != "/" && dir != "."; dir = path.Dir(dir) {
		if f.files[dir].denied {
			return file{}, &fs.PathError{Op: op, Path: name, Err: syscall.EACCES}
		}
	}
	got, ok := f.files[name]
	if !ok {
		return file{}, &fs.PathError{Op: op, Path: name, Err: syscall.ENOENT}
	}
	return got, nil
}

func (f *fake) stat(name string) (env.Info, error) {
	got, err := f.look("stat", name)
	return got.Info, err
}

func (f *fake) readFile(name string) ([]byte, error) {
	got, err := f.look("open", name)
	switch {
	case err != nil:
		return nil, err
	case got.denied:
		return nil, &fs.PathError{Op: "open", Path: name, Err: syscall.EACCES}
	case got.Mode.IsDir():
		return nil, &fs.PathError{Op: "read", Path: name, Err: syscall.EISDIR}
	}
	return got.bytes, nil
}

func (f *fake) readDir(name string) ([]string, error) {
	got, err := f.look("open", name)
	switch {
	case err != nil:
		return nil, err
	case got.denied:
		return nil, &fs.PathError{Op: "open", Path: name, Err: syscall.EACCES}
	}
	var names []string
	for p := range f.files {
		if path.Dir(p) == name {
			names = append(names, path.Base(p))
		}
	}
	slices.Sort(names)
	return names, nil
}

func (f *fake) readlink(name string) (string, error) {
	if to, ok := f.links[name]; ok {
		return to, nil
	}
	return "", &fs.PathError{Op: "readlink", Path: name, Err: syscall.EINVAL}
}

func (f *fake) lookPath(name string) (string, error) {
	if p, ok := f.programs[name]; ok {
		return p, nil
	}
	return "", &fs.PathError{Op: "look for", Path: name, Err: fs.ErrNotExist}
}

func (f *fake) run(ctx context.Context, argv ...string) (env.Output, error) {
	line := strings.Join(argv, " ")
	for _, c := range f.commands {
		if !strings.HasPrefix(line, c.argv) {
			continue
		}
		if c.hang {
			<-ctx.Done()
			return env.Output{}, ctx.Err()
		}
		return c.out, nil
	}
	return env.Output{}, &fs.PathError{Op: "run", Path: argv[0], Err: fs.ErrNotExist}
}

func (f *fake) dial(ctx context.Context, network, address string) (net.Conn, error) {
	key := address
	if network == "unix" {
		key = "unix:" + address
	}
	fail := func(err error) (net.Conn, error) {
		return nil, &net.OpError{Op: "dial", Net: network, Err: os.NewSyscallError("connect", err)}
	}
	if err, ok := f.dialErrs[key]; ok {
		return fail(err)
	}
	to, ok := f.listeners[key]
	switch {
	case ok:
		var d net.Dialer
		return d.DialContext(ctx, to.Network(), to.String())
	case network == "unix":
		return fail(syscall.ENOENT)
	}
	return fail(syscall.ECONNREFUSED)
}

package main

import (
	"context"
	"errors"
	"io"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"strconv"
	"time"

	"golang.org/x/sys/unix"

	"tahoe-anon/detect/env"
	"tahoe-anon/writers"
)

// rootJournal is the root side's; the user's side has its own below its home.
const rootJournal = "/var/lib/tahoe-anon/journal"

// applier makes changes for this account, opening the root side when a plan needs it.
func (a *app) applier() *writers.Applier {
	return &writers.Applier{
		Journal: a.journal(), RootJournal: rootJournal, Watches: a.watches(),
		Open: func(ctx context.Context) (*writers.Remote, error) { return a.openRoot(ctx, a.in, a.err) },
	}
}

func (a *app) journal() string {
	if _, euid := a.env.UID(); euid == 0 {
		return rootJournal
	}
	if state := a.env.Getenv("XDG_STATE_HOME"); filepath.IsAbs(state) {
		return filepath.Join(state, "tahoe-anon", "journal")
	}
	return filepath.Join(a.env.Getenv("HOME"), ".local", "state", "tahoe-anon", "journal")
}

// openRoot starts the root side by sudo or doas, which ask for the password on the terminal. It returns when the
// root side is ready to work; nothing has changed until then.
func (a *app) openRoot(ctx context.Context, tty io.Reader, words io.Writer) (*writers.Remote, error) {
	argv, err := a.rootCommand()
	if err != nil {
		return nil, err
	}
	cmd := exec.Command(argv[0], argv[1:]...) // outlives ctx: it ends when its input ends
	cmd.Stderr = words
	in, err := cmd.StdinPipe()
	if err != nil {
		return nil, err
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := cmd.Start(); err != nil {
		return nil, &noRootError{err.Error()}
	}
	remote, err := writers.NewRemote(ctx, rootPipe{in, out, cmd})
	switch {
	case ctx.Err() != nil:
		return nil, errCancelled
	case err != nil:
		return nil, &noRootError{filepath.Base(argv[0]) + " did not let us: no password, a wrong one, or it is not for this account"}
	}
	return remote, nil
}

func (a *app) rootCommand() ([]string, error) {
	self, err := os.Executable()
	if err != nil {
		return nil, err
	}
	if path, err := a.env.LookPath("sudo"); err == nil {
		if !isTerminal(a.in) { // nobody could type a password
			return []string{path, "-n", "--", self, "root"}, nil
		}
		return []string{path, "-p", "Password of %u, for the steps that need root: ", "--", self, "root"}, nil
	}
	if path, err := a.env.LookPath("doas"); err == nil {
		return []string{path, "--", self, "root"}, nil
	}
	return nil, &noRootError{"there is neither sudo nor doas"}
}

// rootPipe is the root side as one stream.
type rootPipe struct {
	io.WriteCloser
	out io.ReadCloser
	cmd *exec.Cmd
}

func (p rootPipe) Read(b []byte) (int, error) { return p.out.Read(b) }

// endLimit bounds the wait for the root side to end: it finishes the step in hand, which has limits of its own.
const endLimit = 5 * time.Minute

func (p rootPipe) Close() error {
	err := p.WriteCloser.Close()
	ended := make(chan error, 1)
	go func() { ended <- p.cmd.Wait() }()
	select {
	case status := <-ended:
		return errors.Join(err, status)
	case <-time.After(endLimit):
		return errors.Join(err, errors.New("the root side does not end"))
	}
}

// root is the root side itself: it reads one plan, checks it against the closed policy, and does the steps that
// it is told to do. The one it works for is who called sudo, never who the plan says.
func (a *app) root(ctx context.Context, _ []string) error {
	unix.Umask(0o022) // sudo hands on the caller's, and accounts must be able to read which changes are unfinished
	if os.Geteuid() != 0 {
		return &noRootError{"this command is for sudo to start"}
	}
	caller, err := callerOf(a.env)
	if err != nil {
		return err
	}
	ap := &writers.Applier{Journal: rootJournal, Watches: a.watches()}
	return writers.ServeRoot(ctx, a.in, a.out, ap, writers.HostPolicy(), caller)
}

func callerOf(e env.Env) (writers.Caller, error) {
	id := e.Getenv("SUDO_UID")
	if id == "" {
		if name := e.Getenv("DOAS_USER"); name != "" {
			u, err := user.Lookup(name)
			if err != nil {
				return writers.Caller{}, err
			}
			id = u.Uid
		}
	}
	u, err := user.LookupId(id)
	if err != nil {
		return writers.Caller{}, usageError{"the root side is started by sudo or doas"}
	}
	uid, err := strconv.Atoi(u.Uid)
	return writers.Caller{UID: uid}, err
}

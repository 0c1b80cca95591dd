//go:build lab

package lab

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

const (
	buildLimit = 20 * time.Minute // debootstrap and some 100 packages, on a slow line
	bootLimit  = 90 * time.Second
	// Limit is how long a single command in a box may take.
	Limit = 2 * time.Minute
)

// Box is a running Debian server. Accounts: alice (may sudo), bob (may not), grid (runs the grid's other nodes);
// the password of each is its name. None is in group debian-tor.
type Box struct {
	// Dir is the box's place on this machine; it goes when the box goes.
	Dir    string
	name   string
	leader int // the pid of its systemd, as this machine counts
	t      testing.TB
	net    sync.Mutex
	tor    *Network
}

var boxes atomic.Int32

// Up boots a box for this test, and throws it away when the test ends, however it ends. The box is then as a server is
// some time after its start: every unit has started, and its tor listens, and tries in vain to reach anybody.
// When the test failed, the box's journal is logged first.
func Up(t testing.TB) *Box {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), buildLimit)
	defer cancel()
	host := Script(t, "host")
	if out, err := exec.CommandContext(ctx, host, "build").CombinedOutput(); err != nil {
		t.Fatalf("host build: %v\n%s", err, out)
	}
	start := time.Now()
	// Two test processes at once must not want the same name.
	b := &Box{t: t, name: fmt.Sprintf("p%d-%d", os.Getpid(), boxes.Add(1))}
	b.Dir = b.boot(host)
	pid, err := os.ReadFile(filepath.Join(b.Dir, "leader"))
	if err != nil {
		t.Fatal(err)
	}
	if b.leader, err = strconv.Atoi(strings.TrimSpace(string(pid))); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(b.autopsy)
	Do(t, b.Root("systemctl", "is-system-running", "--wait"))
	b.TorListens(t)
	Measure(t, "box booted", time.Since(start))
	return b
}

// boot starts `host run`, which ends the box when its standard input ends: when we close it, or when we die.
func (b *Box) boot(host string) (dir string) {
	b.t.Helper()
	var words strings.Builder
	cmd := exec.Command(host, "run", b.name)
	cmd.Stderr = &words
	stdin, err := cmd.StdinPipe()
	if err != nil {
		b.t.Fatal(err)
	}
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		b.t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		b.t.Fatal(err)
	}
	b.t.Cleanup(func() {
		stdin.Close()
		io.Copy(io.Discard, stdout)
		if err := cmd.Wait(); err != nil && !b.t.Failed() {
			b.t.Errorf("host run %s: %v\n%s", b.name, err, words.String())
		}
	})
	late := time.AfterFunc(bootLimit, func() { stdin.Close() })
	line, err := bufio.NewReader(stdout).ReadString('\n')
	if !late.Stop() || err != nil {
		cmd.Wait()
		b.t.Fatalf("the box did not boot: %s", words.String())
	}
	return strings.TrimSpace(line)
}

func (b *Box) autopsy() {
	if !b.t.Failed() {
		return
	}
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	cmd := exec.CommandContext(ctx, b.inside()[0], append(b.inside()[1:], "journalctl", "-b", "--no-pager", "-n", "150")...)
	out, err := cmd.CombinedOutput()
	b.t.Logf("the journal of box %s (%v):\n%s", b.name, err, out)
}

// inside is the command line that enters the box's namespaces.
func (b *Box) inside() []string {
	return []string{"nsenter", "-t", strconv.Itoa(b.leader), "-m", "-u", "-i", "-n", "-p", "-r", "-w", "--"}
}

// Root is argv as root inside the box. It ends after Limit, or with the test.
func (b *Box) Root(argv ...string) *exec.Cmd {
	args := append(b.inside(), argv...)
	return bounded(b.t, args[0], args[1:]...)
}

// As is argv as user inside the box, in the user's home directory, with the groups that the account has now.
func (b *Box) As(user string, argv ...string) *exec.Cmd {
	args := []string{"setpriv", "--reuid=" + user, "--regid=" + user, "--init-groups", "--reset-env", "--", "env", "-C", "/home/" + user}
	return b.Root(append(args, argv...)...)
}

// SSH is a login to the box by ssh, with a terminal when it is started on one; without argv a login shell.
// Its groups are those that the account had at that moment, as for a person who logs in.
func (b *Box) SSH(user string, argv ...string) *exec.Cmd {
	cmd := bounded(b.t, Script(b.t, "host"), append([]string{"ssh", b.name, user}, argv...)...)
	cmd.SysProcAttr = nil // a pty makes a session of its own
	cmd.Cancel = nil
	return cmd
}

// Local is a command of this machine in the box's network.
func (b *Box) Local(argv ...string) *exec.Cmd {
	return bounded(b.t, Script(b.t, "host"), append([]string{"in", b.name}, argv...)...)
}

// Start runs argv as user in a service unit of the box, until Stop or the end of the box.
func (b *Box) Start(unit, user string, argv ...string) {
	b.t.Helper()
	args := []string{
		"systemd-run", "--quiet", "--collect", "--service-type=exec", "--unit=" + unit, "--uid=" + user, "--gid=" + user,
		"--working-directory=/home/" + user, "--setenv=HOME=/home/" + user, "--",
	}
	Do(b.t, b.Root(append(args, argv...)...))
}

// Stop stops a unit of the box.
func (b *Box) Stop(unit string) {
	b.t.Helper()
	Do(b.t, b.Root("systemctl", "stop", unit))
}

// Do runs cmd, which must succeed, and returns what it printed to standard output.
func Do(t testing.TB, cmd *exec.Cmd) string {
	t.Helper()
	out, err := cmd.Output()
	if err != nil {
		var exit *exec.ExitError
		errors.As(err, &exit)
		t.Fatalf("%q: %v\n%s%s", cmd.Args, err, out, stderr(exit))
	}
	return string(out)
}

// Try runs cmd and returns everything that it printed and its exit status.
func Try(t testing.TB, cmd *exec.Cmd) (out string, status int) {
	t.Helper()
	b, err := cmd.CombinedOutput()
	var exit *exec.ExitError
	if err != nil && (!errors.As(err, &exit) || !exit.Exited()) {
		t.Fatalf("%q: %v\n%s", cmd.Args, err, b)
	}
	return string(b), cmd.ProcessState.ExitCode()
}

func stderr(e *exec.ExitError) []byte {
	if e == nil {
		return nil
	}
	return e.Stderr
}

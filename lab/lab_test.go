//go:build lab

package lab_test

import (
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"tahoe-anon/lab"
)

// The accounts, the sockets and the services that other tests count on.
func TestBox(t *testing.T) {
	t.Parallel()
	b := lab.Up(t)
	if got, want := lab.Do(t, b.As("alice", "id", "-nG")), "alice sudo\n"; got != want {
		t.Errorf("alice is in %q; want %q", got, want)
	}
	if got, want := lab.Do(t, b.As("bob", "id", "-nG")), "bob\n"; got != want {
		t.Errorf("bob is in %q; want %q", got, want)
	}
	if got, want := lab.Do(t, b.As("bob", "pwd")), "/home/bob\n"; got != want {
		t.Errorf("bob starts in %q; want %q", got, want)
	}
	if got, want := lab.Do(t, b.Root("systemctl", "is-active", "tor@default", "ssh", "i2pd")), "active\nactive\nactive\n"; got != want {
		t.Errorf("services: %q; want %q", got, want)
	}
	if got, want := lab.Do(t, b.SSH("alice", "echo alice | sudo -S -p '' id -u 2>&1")), "0\n"; got != want {
		t.Errorf("sudo over ssh said %q; want %q, without a word about the host's name", got, want)
	}
	if got := lab.Do(t, b.As("alice", "tahoe", "--version")); !strings.Contains(got, "tahoe-lafs/1.20.0") {
		t.Errorf("tahoe --version: %q", got)
	}
	if got := lab.Do(t, b.Root("ip", "-oneline", "link")); !strings.HasPrefix(got, "1: lo:") || strings.Count(got, "\n") != 1 {
		t.Errorf("nothing may lead out of the box, but there is more than lo:\n%s", got)
	}
	if out, status := lab.Try(t, b.As("bob", "sh", "-c", "echo words; exit 7")); out != "words\n" || status != 7 {
		t.Errorf("Try: %q, %d", out, status)
	}
}

func TestSnapshot(t *testing.T) {
	t.Parallel()
	b := lab.Up(t)
	b.Put("/home/alice/dir/secret", []byte("a\x00b\r\n"), 0o600, "alice:debian-tor")
	lab.Do(t, b.Root("ln", "-s", "/nowhere", "/home/alice/dir/link"))
	got := b.Snapshot("/home/alice/dir/secret", "/home/alice/dir/link", "/home/alice/absent")
	want := map[string]lab.Entry{
		"/home/alice/dir/secret": {Mode: 0o600, UID: 1000, GID: gid(t, b, "debian-tor"), Data: "a\x00b\r\n"},
		"/home/alice/dir/link":   {Mode: fs.ModeSymlink | 0o777, Link: "/nowhere"},
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Errorf("snapshot (-want +got):\n%s", d)
	}
	if whole := b.Snapshot("/home/alice"); !whole["/home/alice/dir"].Mode.IsDir() || whole["/home/alice/dir/link"].Link != "/nowhere" {
		t.Errorf("a directory's snapshot lacks what is below it: %v", whole)
	}
	before := b.Snapshot("/etc/tor")
	lab.Do(t, b.Root("chmod", "g+w", "/etc/tor/torrc"))
	if cmp.Equal(before, b.Snapshot("/etc/tor")) {
		t.Error("a changed mode is not seen")
	}
}

func gid(t *testing.T, b *lab.Box, group string) (n int) {
	t.Helper()
	for _, c := range strings.Split(lab.Do(t, b.Root("getent", "group", group)), ":")[2] {
		n = 10*n + int(c-'0')
	}
	return n
}

// A box that is gone leaves no process, mount, namespace or file.
func TestNothingStays(t *testing.T) {
	t.Parallel()
	var dir string
	ok := t.Run("box", func(t *testing.T) {
		b := lab.Up(t)
		dir = b.Dir
		b.TorNetwork(t)
	})
	if !ok || dir == "" {
		t.FailNow()
	}
	if _, err := os.Stat(dir); !os.IsNotExist(err) {
		t.Errorf("%s is still there: %v", dir, err)
	}
	name := filepath.Base(dir)
	if _, err := os.Stat("/run/netns/lab-" + name); !os.IsNotExist(err) {
		t.Errorf("its network namespace is still there: %v", err)
	}
	mounts, err := os.ReadFile("/proc/mounts")
	if err != nil {
		t.Fatal(err)
	}
	if strings.Contains(string(mounts), dir) {
		t.Errorf("something is still mounted in %s", dir)
	}
	commands, err := filepath.Glob("/proc/[0-9]*/cmdline")
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range commands {
		line, err := os.ReadFile(c)
		if err == nil && strings.Contains(string(line), dir+"/") { // one that ends meanwhile has no line
			t.Errorf("still running: %q", line)
		}
	}
}

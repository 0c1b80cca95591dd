//go:build lab

package writers

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/user"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/sys/unix"
)

// These tests need root: accounts to act as, file systems to fill.

func needRoot(t *testing.T) {
	t.Helper()
	if os.Geteuid() != 0 {
		t.Fatal("this test needs root: run ./test as root")
	}
}

// torAccount is Debian's.
func torAccount(t *testing.T) account {
	t.Helper()
	needRoot(t)
	u, err := user.Lookup("debian-tor")
	if err != nil {
		t.Fatalf("%v: apt-get install tor", err)
	}
	uid, err := strconv.Atoi(u.Uid)
	must(t, err)
	a, err := lookUp(uid)
	must(t, err)
	return a
}

// open makes the test's directories passable for other accounts.
func opened(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	for d := dir; d != "/" && d != os.TempDir(); d = filepath.Dir(d) {
		must(t, os.Chmod(d, 0o755))
	}
	return dir
}

func TestLabActAs(t *testing.T) {
	who := torAccount(t)
	dir := opened(t)
	must(t, os.Chmod(dir, 0o777))
	var all sync.WaitGroup
	for i := range 20 { // many at once, and root's own work between them
		all.Add(2)
		theirs, ours := filepath.Join(dir, fmt.Sprint("theirs", i)), filepath.Join(dir, fmt.Sprint("ours", i))
		go func() {
			defer all.Done()
			err := actAs(who, func() error {
				if err := os.WriteFile("/etc/tahoe-anon-test", nil, 0o600); !errors.Is(err, fs.ErrPermission) {
					return fmt.Errorf("wrote into /etc: %v", err)
				}
				if _, err := os.ReadFile("/etc/shadow"); !errors.Is(err, fs.ErrPermission) {
					return fmt.Errorf("read /etc/shadow: %v", err)
				}
				return os.WriteFile(theirs, nil, 0o600)
			})
			if err != nil {
				t.Error(err)
			}
		}()
		go func() {
			defer all.Done()
			if err := os.WriteFile(ours, nil, 0o600); err != nil {
				t.Error(err)
			}
		}()
	}
	all.Wait()
	for i := range 20 {
		for name, want := range map[string]int{"theirs": who.uid, "ours": 0} {
			info, err := os.Lstat(filepath.Join(dir, fmt.Sprint(name, i)))
			must(t, err)
			if uidOf(info) != want {
				t.Errorf("%s%d belongs to %d", name, i, uidOf(info))
			}
		}
	}
}

func TestLabCommandAs(t *testing.T) {
	who := torAccount(t)
	t.Setenv("LD_PRELOAD_OF_OURS", "x")
	out := filepath.Join(opened(t), "out")
	must(t, os.WriteFile(out, nil, 0o666))
	must(t, os.Chmod(out, 0o666))
	must(t, command(t.Context(), &who, []string{"sh", "-c", `{ id -u; id -g; id -G; env | sort; pwd; } >"$1"`, "sh", out}, 0))
	b, err := os.ReadFile(out)
	must(t, err)
	want := fmt.Sprintf("%d\n%d\n%d\nHOME=/var/lib/tor\nLANG=C.UTF-8\nLOGNAME=debian-tor\nPATH=%s\nPWD=/\nUSER=debian-tor\n/\n",
		who.uid, who.gid, who.gid, strings.Join(systemPath, ":"))
	if diff := cmp.Diff(want, string(b)); diff != "" {
		t.Error(diff)
	}
}

// hidden is a world whose tor data belongs to tor, as Debian has it (02700), and whose plan root does with the real
// policy and the real tor as judge.
func hidden(t *testing.T) (w *policyWorld, root *Applier, p Plan, secrets Secrets) {
	t.Helper()
	who := torAccount(t)
	if _, err := os.Stat("/usr/sbin/tor"); err != nil {
		t.Fatalf("%v: apt-get install tor", err)
	}
	w = newPolicyWorld(t)
	for d := w.dir; d != "/" && d != os.TempDir(); d = filepath.Dir(d) {
		must(t, os.Chmod(d, 0o755))
	}
	data := w.policy.TorData
	must(t, os.Chown(data, who.uid, who.gid))
	must(t, os.Chmod(data, fs.ModeSetgid|0o700))
	w.policy.Judges = []string{"/usr/sbin/tor"}
	w.tor = who.uid
	steps := w.steps()[:4]
	steps[0].Write.Content, steps[0].Write.Secret = nil, SecretName(secretKey)
	steps[3].Write.Verify.Argv[0] = "/usr/sbin/tor"
	steps[3].Write.Notify = nil // no systemd here
	p = Plan{Schema: Schema, ID: "change-1", Steps: steps}
	p.Seal()
	return w, &Applier{Journal: w.path("journal-root")}, p, Secrets{SecretName(secretKey): secretKey}
}

// through connects a coordinator of account alice to root's side.
func through(w *policyWorld, root *Applier) *Applier {
	uid := alice
	return &Applier{
		Journal: w.path("journal"), RootJournal: w.path("journal-root"), uid: &uid,
		Open: func(ctx context.Context) (*Remote, error) {
			return connect(ctx, root, func(p Plan, s Secrets, _ Caller) error { return w.policy.Check(p, s, Caller{UID: alice}) })
		},
	}
}

func TestLabHiddenService(t *testing.T) {
	w, root, p, secrets := hidden(t)
	before := w.snapshot()
	a := through(w, root)
	if _, err := a.Apply(t.Context(), p, secrets); err != nil {
		t.Fatal(err)
	}
	dir := filepath.Join(w.policy.TorData, "tahoe")
	for name, mode := range map[string]fs.FileMode{"": 0o700, "hs_ed25519_secret_key": 0o600, "hs_ed25519_public_key": 0o600, "hostname": 0o600} {
		info, err := os.Lstat(filepath.Join(dir, name))
		must(t, err)
		if uidOf(info) != w.tor || info.Mode().Perm() != mode {
			t.Errorf("%s is %v of %d", name, info.Mode(), uidOf(info))
		}
	}
	if info, _ := os.Lstat(w.policy.Torrc); uidOf(info) != 0 || info.Mode().Perm() != 0o644 {
		t.Errorf("torrc is %v of %d", info.Mode(), uidOf(info))
	}
	// What tor does on a reload.
	must(t, actAs(torAccount(t), func() error { return os.Mkdir(filepath.Join(dir, "authorized_clients"), 0o700) }))
	if _, err := a.Undo(t.Context(), p.ID); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(before, w.snapshot()); diff != "" {
		t.Error(diff)
	}
}

// tor itself rejects what the policy lets through: a service without a port.
func TestLabTorRejects(t *testing.T) {
	w, root, p, secrets := hidden(t)
	before := w.snapshot()
	p.Steps[3].Write.Content = fmt.Appendf(nil, "%s# Tahoe-LAFS node /home/alice/.tahoe\nHiddenServiceDir %s/tahoe\n", oldTorrc, w.policy.TorData)
	p.Seal()
	_, err := through(w, root).Apply(t.Context(), p, secrets)
	if !is(func(*RolledBackError) bool { return true })(err) ||
		!is(func(e *RejectedError) bool { return strings.Contains(e.Output, "with no ports configured") })(err) {
		t.Errorf("got %v", err)
	}
	if diff := cmp.Diff(before, w.snapshot()); diff != "" {
		t.Error(diff)
	}
}

// tor judges as itself: a directory that it cannot read is found before the reload that would kill it.
func TestLabJudgeIsTor(t *testing.T) {
	w, root, p, secrets := hidden(t)
	other := filepath.Join(w.policy.TorData, "other")
	must(t, os.Mkdir(other, 0o700)) // root's
	p.Steps = p.Steps[3:]
	p.Steps[0].Write.Content = w.services("/other", 1, 2)
	p.Seal()
	_, err := root.Apply(t.Context(), p, secrets) // the policy would refuse it before tor is asked
	if !is(func(e *RejectedError) bool { return strings.Contains(e.Output, "other") })(err) {
		t.Errorf("got %v", err)
	}
}

// An administrator applies a saved plan; the account's steps are done as the account, and by nobody else.
func TestLabAdministrator(t *testing.T) {
	w, root, p, secrets := hidden(t)
	home := w.path("home")
	must(t, os.Mkdir(home, 0o700))
	nobody, err := lookUp(65534)
	must(t, err)
	must(t, os.Chown(home, nobody.uid, nobody.gid))
	w.policy.Account = func(int) (string, error) { return "nobody", nil }
	w.policy.Owner = func(string) (int, error) { return nobody.uid, nil }
	p.Steps = append(p.Steps,
		Step{ID: "node", As: User, Run: &Run{
			Argv: []string{"mkdir", home + "/node"}, Absent: home + "/node", Undo: []string{"rmdir", home + "/node"},
		}},
		Step{ID: "cfg", As: User, Write: &Write{
			Path: home + "/node/tahoe.cfg", Content: []byte("[node]\n"), Mode: 0o644, UID: nobody.uid, GID: nobody.gid,
		}})
	p.Seal()
	before := w.snapshot()
	if _, err := root.ApplyFor(t.Context(), Caller{UID: nobody.uid}, w.policy, p, secrets); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"node", "node/tahoe.cfg"} {
		if info, err := os.Lstat(filepath.Join(home, name)); err != nil || uidOf(info) != nobody.uid {
			t.Errorf("%s: %v, %v", name, info, err)
		}
	}
	if _, err := root.Undo(t.Context(), p.ID); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(before, w.snapshot()); diff != "" {
		t.Error(diff)
	}
}

// Whoever owns a directory cannot make root read or write somewhere else.
func TestLabSymlinks(t *testing.T) {
	who := torAccount(t)
	dir := opened(t)
	secret := filepath.Join(dir, "secret")
	must(t, os.WriteFile(secret, []byte("root's"), 0o600))
	theirs := filepath.Join(dir, "theirs")
	must(t, os.Mkdir(theirs, 0o755))
	must(t, os.Chown(theirs, who.uid, who.gid))
	sticky := filepath.Join(dir, "sticky")
	must(t, os.Mkdir(sticky, 0o755))
	must(t, os.Chmod(sticky, fs.ModeSticky|0o777))
	link := func(to, path string, uid int) {
		must(t, os.Symlink(to, path))
		must(t, os.Lchown(path, uid, uid))
	}
	link(secret, theirs+"/file", who.uid)
	link(dir, theirs+"/dir", who.uid)
	link(secret, sticky+"/file", who.uid)
	link(dir, sticky+"/dir", who.uid)
	link(secret, sticky+"/mine", 0)
	link("../secret", dir+"/trusted", 0)
	link(dir+"/loop", dir+"/loop", 0)

	s := (&Applier{Journal: dir + "/journal"}).local(0)
	untrusted := is(func(*UntrustedError) bool { return true })
	denied := func(err error) bool { return errors.Is(err, fs.ErrPermission) }
	for path, row := range map[string]struct {
		as    Actor
		cause func(error) bool
	}{
		theirs + "/file":       {Root, untrusted},
		theirs + "/dir/secret": {Root, untrusted},
		sticky + "/file":       {Root, untrusted},
		sticky + "/dir/secret": {Root, untrusted},
		dir + "/loop":          {Root, untrusted},
		dir + "/theirs/../x":   {Root, func(err error) bool { return err == nil }},
		sticky + "/mine":       {Root, func(err error) bool { return err == nil }},
	} {
		if _, err := s.look(row.as, path); !row.cause(err) {
			t.Errorf("%s as %s: %v", path, row.as, err)
		}
	}
	for _, path := range []string{theirs + "/file", theirs + "/dir/secret", sticky + "/file"} {
		if _, err := s.look(UID(who.uid), path); !denied(err) {
			t.Errorf("%s as tor: %v", path, err)
		}
	}
}

// tmpfs mounts a small file system.
func tmpfs(t *testing.T, options string) string {
	t.Helper()
	needRoot(t)
	dir := t.TempDir()
	must(t, unix.Mount("tmpfs", dir, "tmpfs", 0, options))
	t.Cleanup(func() { _ = unix.Unmount(dir, unix.MNT_DETACH) })
	return dir
}

// fill leaves about free bytes.
func fill(t *testing.T, dir string, free int64) {
	t.Helper()
	f, err := os.Create(filepath.Join(dir, "filler"))
	must(t, err)
	defer f.Close()
	for block := make([]byte, 4096); err == nil; _, err = f.Write(block) {
	}
	if !errors.Is(err, syscall.ENOSPC) {
		t.Fatal(err)
	}
	info, err := f.Stat()
	must(t, err)
	must(t, f.Truncate(max(0, info.Size()-free)))
}

// The disk is full, at each of the points where that can be, from nothing free to just enough.
func TestLabDiskFull(t *testing.T) {
	for _, journal := range []string{"elsewhere", "on the same disk"} {
		full := 0
		for free := int64(0); free <= 80<<10; free += 8 << 10 {
			w := &world{t: t, dir: tmpfs(t, "size=256k")}
			must(t, os.WriteFile(w.path("torrc"), bytes.Repeat([]byte("# old\n"), 1000), 0o644))
			must(t, os.WriteFile(w.path("cfg"), bytes.Repeat([]byte("# old\n"), 1000), 0o644))
			big := bytes.Repeat([]byte("# new\n"), 3000)
			p := Plan{Schema: Schema, ID: "change-1", Steps: []Step{
				{ID: "key", As: Root, Write: &Write{Path: w.path("keys/key"), Content: big[:9000], Mode: 0o600, MakeDir: 0o700}},
				{ID: "torrc", As: Root, Write: &Write{Path: w.path("torrc"), Was: w.was("torrc"), Content: big}},
				{ID: "cfg", As: Root, Write: &Write{Path: w.path("cfg"), Was: w.was("cfg"), Content: big}},
			}}
			p.Seal()
			a := &Applier{Journal: filepath.Join(t.TempDir(), "journal")}
			if journal != "elsewhere" {
				a.Journal = w.path("journal")
			}
			fill(t, w.dir, free)
			before := w.snapshot()
			_, err := a.Apply(t.Context(), p, nil)
			if err == nil {
				continue
			}
			full++
			if !errors.Is(err, syscall.ENOSPC) {
				t.Errorf("%s, %d free: %v", journal, free, err)
			}
			if incomplete := is(func(*IncompleteError) bool { return true })(err); incomplete {
				// The old bytes do not fit either. The journal says so, and undo works as soon as there is room.
				must(t, os.Remove(w.path("filler")))
				delete(before, "filler")
				if _, err := a.Undo(t.Context(), p.ID); err != nil {
					t.Errorf("%s, %d free: %v", journal, free, err)
				}
			}
			if diff := cmp.Diff(before, w.snapshot()); diff != "" {
				t.Errorf("%s, %d free: %v: %s", journal, free, err, diff)
			}
			open, err2 := a.Unfinished()
			must(t, err2)
			if len(open) > 0 { // all is back, but the log had no room to say so
				must(t, os.RemoveAll(w.path("filler")))
				if _, err := a.Undo(t.Context(), p.ID); err != nil {
					t.Errorf("%s, %d free: %v", journal, free, err)
				}
			}
		}
		if full < 3 {
			t.Errorf("%s: the disk was full %d times", journal, full)
		}
	}
}

func TestLabMountedFile(t *testing.T) {
	needRoot(t)
	w := newWorld(t)
	torrc := w.path("etc/torrc")
	must(t, unix.Mount(w.path("daemon"), torrc, "", unix.MS_BIND, ""))
	t.Cleanup(func() { _ = unix.Unmount(torrc, unix.MNT_DETACH) })
	p, secrets := w.plan()
	before := w.snapshot()
	_, err := w.applier().Apply(t.Context(), p, secrets)
	if !is(func(e *UnreplaceableError) bool { return e.Step == "torrc" && e.Path == torrc })(err) {
		t.Errorf("got %v", err)
	}
	if diff := cmp.Diff(before, w.snapshot()); diff != "" {
		t.Error(diff)
	}
}

// accessList lets account 65534 read a file of mode 0640, as "setfacl -m u:nobody:r" does (acl(5), and the kernel's
// posix_acl_xattr.h: a version, then tag, permissions and account of each entry).
var accessList = []byte{
	2, 0, 0, 0,
	0x01, 0, 6, 0, 0xff, 0xff, 0xff, 0xff, // owner
	0x02, 0, 4, 0, 0xfe, 0xff, 0, 0, // account 65534
	0x04, 0, 4, 0, 0xff, 0xff, 0xff, 0xff, // group
	0x10, 0, 4, 0, 0xff, 0xff, 0xff, 0xff, // mask
	0x20, 0, 0, 0, 0xff, 0xff, 0xff, 0xff, // others
}

// Owner, group, access list and other attributes of a file stay with it, there and back.
func TestLabAttributes(t *testing.T) {
	who := torAccount(t)
	w := newWorld(t)
	torrc := w.path("etc/torrc")
	must(t, os.Chown(torrc, 0, who.gid))
	must(t, os.Chmod(torrc, 0o640))
	must(t, unix.Setxattr(torrc, "trusted.tahoe-anon", []byte("x"), 0))
	must(t, unix.Setxattr(torrc, "system.posix_acl_access", accessList, 0))
	list := func() string {
		text := ""
		for _, name := range []string{"trusted.tahoe-anon", "system.posix_acl_access"} {
			value := make([]byte, 1000)
			n, err := unix.Getxattr(torrc, name, value)
			must(t, err)
			text += fmt.Sprintf("%x ", value[:n])
		}
		return text + strings.SplitN(describe(t, torrc), "\"", 2)[0]
	}
	before := list()
	p, secrets := w.plan()
	a := w.root()
	_, err := a.Apply(t.Context(), p, secrets)
	must(t, err)
	if diff := cmp.Diff(before, list()); diff != "" {
		t.Error(diff)
	}
	_, err = a.Undo(t.Context(), p.ID)
	must(t, err)
	if diff := cmp.Diff(before, list()); diff != "" {
		t.Error(diff)
	}
}

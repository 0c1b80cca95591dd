//go:build lab

package lab

import (
	"archive/tar"
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"strings"
	"testing"
	"time"
)

// Entry is all that an undo has to bring back of a file.
type Entry struct {
	Mode fs.FileMode // kind and permissions
	UID  int
	GID  int
	Data string // of a regular file
	Link string // the target of a symlink
}

// Snapshot is every file at and below paths, by absolute name. A path that does not exist has no entry.
// Times are left out: tor and Tahoe touch files by themselves.
func (b *Box) Snapshot(paths ...string) map[string]Entry {
	b.t.Helper()
	args := []string{"tar", "-c", "-P", "--format=pax", "--numeric-owner", "--ignore-failed-read", "--warning=no-failed-read", "--"}
	cmd := b.Root(append(args, paths...)...)
	var words bytes.Buffer
	cmd.Stderr = &words
	out, err := cmd.Output()
	if err != nil {
		b.t.Fatalf("snapshot of %q: %v\n%s", paths, err, words.String())
	}
	entries, err := untar(bytes.NewReader(out))
	if err != nil {
		b.t.Fatalf("snapshot of %q: %v", paths, err)
	}
	return entries
}

func untar(r io.Reader) (map[string]Entry, error) {
	entries := map[string]Entry{}
	for tr := tar.NewReader(r); ; {
		h, err := tr.Next()
		if errors.Is(err, io.EOF) {
			return entries, nil
		}
		if err != nil {
			return nil, err
		}
		data, err := io.ReadAll(tr)
		if err != nil {
			return nil, err
		}
		if h.Typeflag == tar.TypeLink { // a second name of a file that came before
			entries[h.Name] = entries[h.Linkname]
			continue
		}
		name := strings.TrimSuffix(h.Name, "/")
		entries[name] = Entry{Mode: h.FileInfo().Mode(), UID: h.Uid, GID: h.Gid, Data: string(data), Link: h.Linkname}
	}
}

// Put writes a file, with this mode and owner from the start. Owner is "user:group", by the names of the box.
func (b *Box) Put(path string, data []byte, mode fs.FileMode, owner string) {
	b.t.Helper()
	user, group, ok := strings.Cut(owner, ":")
	if !ok {
		b.t.Fatalf("the owner of %s is no user:group: %q", path, owner)
	}
	cmd := b.Root("install", "-D", fmt.Sprintf("--mode=%o", mode.Perm()), "--owner="+user, "--group="+group, "/dev/stdin", path)
	cmd.Stdin = bytes.NewReader(data)
	Do(b.t, cmd)
}

// Read is the content of a file of the box, which must exist.
func (b *Box) Read(path string) string {
	b.t.Helper()
	return Do(b.t, b.Root("cat", "--", path))
}

// WaitFile waits until some program has written a line to a file, and returns it without its end.
func (b *Box) WaitFile(t testing.TB, name string, limit time.Duration) string {
	t.Helper()
	for deadline := time.Now().Add(limit); time.Now().Before(deadline); time.Sleep(50 * time.Millisecond) {
		if e, ok := b.Snapshot(name)[name]; ok && strings.HasSuffix(e.Data, "\n") {
			return strings.TrimSpace(e.Data)
		}
	}
	t.Fatalf("there is no line in %s after %v", name, limit)
	return ""
}

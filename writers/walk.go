package writers

import (
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"
)

// maxLinks bounds the symbolic links of one path, as path_resolution(7) does.
const maxLinks = 40

// openDir opens a directory. Whoever has root's rights walks there step by step; an account with nothing but its
// own rights cannot be tricked into more than it may, and takes the kernel's way.
func openDir(path string, root bool) (*os.Root, error) {
	if !root {
		return os.OpenRoot(path)
	}
	w := walker{links: maxLinks}
	return w.open(path)
}

// walker goes a path as root, and follows no symbolic link that somebody else could have made or moved.
type walker struct{ links int }

func (w *walker) open(path string) (*os.Root, error) {
	dir, err := os.OpenRoot("/")
	if err != nil {
		return nil, err
	}
	at, rest := "/", names(path)
	for len(rest) > 0 {
		next, link, err := w.step(dir, at, rest[0])
		if link != "" {
			dir.Close()
			return w.open(filepath.Join(append([]string{absoluteFrom(at, link)}, rest[1:]...)...))
		}
		dir.Close()
		if err != nil {
			return nil, err
		}
		dir, at, rest = next, filepath.Join(at, rest[0]), rest[1:]
	}
	return dir, nil
}

// step enters name in dir, or returns where the link of that name points.
func (w *walker) step(dir *os.Root, at, name string) (next *os.Root, link string, err error) {
	path := filepath.Join(at, name)
	seen, err := dir.Lstat(name)
	if err != nil {
		return nil, "", err
	}
	if seen.Mode()&fs.ModeSymlink != 0 {
		link, err := w.follow(dir, path, name, seen)
		return nil, link, err
	}
	if next, err = dir.OpenRoot(name); err != nil {
		return nil, "", err
	}
	if now, err := next.Lstat("."); err != nil || !os.SameFile(seen, now) {
		next.Close()
		return nil, "", &UntrustedError{Path: path, Why: "it was swapped under us"}
	}
	return next, "", nil
}

// follow reads a link, if its directory lets nobody but root have made it.
func (w *walker) follow(dir *os.Root, path, name string, link fs.FileInfo) (string, error) {
	if w.links--; w.links < 0 {
		return "", &UntrustedError{Path: path, Why: "too many symbolic links"}
	}
	parent, err := dir.Lstat(".")
	if err != nil {
		return "", err
	}
	shared := parent.Mode().Perm()&0o022 != 0
	if uidOf(parent) != 0 || uidOf(link) != 0 || shared && parent.Mode()&fs.ModeSticky == 0 {
		return "", &UntrustedError{Path: path, Why: "a symbolic link that others than root could have made"}
	}
	return dir.Readlink(name)
}

func names(path string) []string {
	return strings.FieldsFunc(filepath.Clean(path), func(r rune) bool { return r == '/' })
}

func absoluteFrom(dir, link string) string {
	if filepath.IsAbs(link) {
		return filepath.Clean(link)
	}
	return filepath.Join(dir, link)
}

func uidOf(info fs.FileInfo) int { return int(info.Sys().(*syscall.Stat_t).Uid) }
func gidOf(info fs.FileInfo) int { return int(info.Sys().(*syscall.Stat_t).Gid) }

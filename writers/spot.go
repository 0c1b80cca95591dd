package writers

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"
)

// maxFile bounds the files that are read and written; a large torrc has 100 kB.
const maxFile = 4 << 20

// spot is where a file stands: its directory, held open so that nothing is swapped between two calls, and its
// name there, which is no symbolic link.
type spot struct {
	dir  *os.Root
	at   string // the directory's path
	name string
}

func (p *spot) path() string { return filepath.Join(p.at, p.name) }

func (p *spot) close() { p.dir.Close() }

// locate finds the spot of a path. A symbolic link leads to its target's spot, so that the link is kept.
func locate(path string, root bool) (*spot, error) {
	w := walker{links: maxLinks}
	for {
		at := filepath.Dir(path)
		dir, err := openDir(at, root)
		if err != nil {
			return nil, err
		}
		p := &spot{dir: dir, at: at, name: filepath.Base(path)}
		info, err := dir.Lstat(p.name)
		if errors.Is(err, fs.ErrNotExist) || err == nil && info.Mode()&fs.ModeSymlink == 0 {
			return p, nil
		}
		if err == nil {
			path, err = p.target(&w, info, root)
		}
		p.close()
		if err != nil {
			return nil, err
		}
	}
}

// target is where the link in this spot points; it must exist.
func (p *spot) target(w *walker, info fs.FileInfo, root bool) (link string, err error) {
	if root {
		link, err = w.follow(p.dir, p.path(), p.name, info)
	} else if w.links--; w.links < 0 {
		err = &UntrustedError{Path: p.path(), Why: "too many symbolic links"}
	} else {
		link, err = p.dir.Readlink(p.name)
	}
	if err != nil {
		return "", err
	}
	link = absoluteFrom(p.at, link)
	if _, err := os.Lstat(link); err != nil { // not wrapped: it is no missing file
		return "", fmt.Errorf("%s is a symbolic link to %s: %v", p.path(), link, err)
	}
	return link, nil
}

// read returns the file's bytes and what pins them; nil when there is no file.
func (p *spot) read() ([]byte, *Was, error) {
	f, err := p.open()
	if f == nil {
		return nil, nil, err
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return nil, nil, err
	}
	b, err := io.ReadAll(io.LimitReader(f, maxFile+1))
	if err != nil {
		return nil, nil, err
	}
	if len(b) > maxFile {
		return nil, nil, fmt.Errorf("%s has more than %d bytes", p.path(), maxFile)
	}
	return b, &Was{Sum: SumOf(b), Mode: info.Mode() & modeBits, UID: uidOf(info), GID: gidOf(info)}, nil
}

// open opens a regular file for reading, nil when there is none. O_NONBLOCK, so that a pipe that somebody put
// there does not hold us.
func (p *spot) open() (*os.File, error) {
	info, err := p.dir.Lstat(p.name)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err == nil && !info.Mode().IsRegular() {
		err = fmt.Errorf("%s is not a regular file", p.path())
	}
	if err != nil {
		return nil, err
	}
	f, err := p.dir.OpenFile(p.name, os.O_RDONLY|syscall.O_NOFOLLOW|syscall.O_NONBLOCK, 0)
	if err != nil {
		return nil, err
	}
	if now, err := f.Stat(); err != nil || !os.SameFile(info, now) {
		f.Close()
		return nil, &UntrustedError{Path: p.path(), Why: "it was swapped under us"}
	}
	return f, nil
}

// stage writes a candidate beside the file. It is 0600 from its first instant, and has its final mode, owner and
// attributes before it has a byte. old may be nil.
func (p *spot) stage(candidate string, b []byte, like Was, old *os.File) (err error) {
	f, err := p.dir.OpenFile(candidate, os.O_WRONLY|os.O_CREATE|os.O_EXCL|syscall.O_NOFOLLOW, 0o600)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	reached("staged-empty")
	if err := dress(f, like, old); err != nil {
		return err
	}
	half := len(b) / 2
	if _, err := f.Write(b[:half]); err != nil {
		return err
	}
	reached("staged-half")
	if _, err := f.Write(b[half:]); err != nil {
		return err
	}
	// Without this, a crash after the rename can leave an empty file (ext4, delayed allocation).
	return f.Sync()
}

// dress gives a new file its owner, mode and attributes. chown(2) clears bits of the mode, so it goes first.
func dress(f *os.File, like Was, old *os.File) error {
	info, err := f.Stat()
	if err != nil {
		return err
	}
	if uidOf(info) != like.UID || gidOf(info) != like.GID {
		if err := f.Chown(like.UID, like.GID); err != nil {
			return err
		}
	}
	if err := f.Chmod(like.Mode & modeBits); err != nil {
		return err
	}
	if old == nil {
		return nil
	}
	return keepAttributes(old, f)
}

// replace puts the candidate in the file's place.
func (p *spot) replace(candidate string) error {
	err := p.dir.Rename(candidate, p.name)
	if errors.Is(err, syscall.EBUSY) || errors.Is(err, syscall.EXDEV) {
		// Writing over it in place could leave half a file, so we do not.
		return &UnreplaceableError{Path: p.path(), Cause: err.Error()}
	}
	if err != nil {
		return err
	}
	reached("renamed")
	return p.sync()
}

// remove takes a name out of the directory; it is fine if it is gone already.
func (p *spot) remove(name string) error {
	err := p.dir.Remove(name)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	reached("removed")
	return p.sync()
}

// sync makes renames and removals last.
func (p *spot) sync() error {
	d, err := p.dir.Open(".")
	if err != nil {
		return err
	}
	defer d.Close()
	return d.Sync()
}

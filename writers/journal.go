package writers

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"time"
)

// A journal is a directory with one directory for each change, named by the plan's ID:
//
//	lock                     held by the run that is at work
//	ID/log                   JSON lines, each on disk before what it announces; no content of any file
//	ID/private/plan.json     the plan
//	ID/private/secret.SUM    each secret
//	ID/private/STEP.json     the record of a written file: what was there and what we put there
//	ID/private/STEP.before   its bytes before
//	ID/private/STEP.kept.*   what undo removed and no plan has
//
// private is 0700 and its files 0600. Root's journal is readable by all but for private, so that the next start
// without root can say what is unfinished.
type journal struct {
	dir  string
	open bool // all may read the logs
	lock *os.File
}

// reserved is the disk space that a log is given when it is made: about 300 lines.
const reserved = 32 << 10

// take makes the journal ours until free, and sweeps what a run left that was killed before it began anything.
func (j *journal) take() error {
	if !filepath.IsAbs(j.dir) {
		return fmt.Errorf("the journal's directory is not absolute: %q", j.dir)
	}
	if err := j.makeDir(); err != nil {
		return err
	}
	if err := j.ours(); err != nil {
		return err
	}
	f, err := os.OpenFile(filepath.Join(j.dir, "lock"), os.O_RDWR|os.O_CREATE|syscall.O_NOFOLLOW, 0o600)
	if err != nil {
		return err
	}
	if err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err != nil {
		f.Close()
		if errors.Is(err, syscall.EWOULDBLOCK) {
			return &LockedError{Journal: j.dir}
		}
		return err
	}
	j.lock = f
	return j.sweep()
}

// makeDir makes the journal's directory. Root's is to be read by all, whatever the umask.
func (j *journal) makeDir() error {
	_, err := os.Lstat(j.dir)
	if !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	if err := os.MkdirAll(j.dir, j.mode()); err != nil {
		return err
	}
	return os.Chmod(j.dir, j.mode())
}

func (j *journal) free() {
	if j.lock != nil {
		// Closing alone is not enough: a command that is just being started has the file open until it runs.
		_ = syscall.Flock(int(j.lock.Fd()), syscall.LOCK_UN)
		j.lock.Close()
		j.lock = nil
	}
}

func (j *journal) mode() fs.FileMode {
	if j.open {
		return 0o755
	}
	return 0o700
}

// ours refuses a journal that another account could have written.
func (j *journal) ours() error {
	info, err := os.Lstat(j.dir)
	if err != nil {
		return err
	}
	if !info.IsDir() || uidOf(info) != os.Geteuid() || info.Mode().Perm()&0o022 != 0 {
		return &UntrustedError{Path: j.dir, Why: "the journal is not a directory that this account alone may write to"}
	}
	return nil
}

// sweep removes directories without a log: their run was killed before it could begin.
func (j *journal) sweep() error {
	list, err := os.ReadDir(j.dir)
	if err != nil {
		return err
	}
	for _, e := range list {
		if !e.IsDir() {
			continue
		}
		dir := filepath.Join(j.dir, e.Name())
		if _, err := os.Lstat(filepath.Join(dir, "log")); errors.Is(err, fs.ErrNotExist) {
			if err := os.RemoveAll(dir); err != nil {
				return err
			}
		}
	}
	return nil
}

// history reads all changes, the oldest first. A journal that is not there has none.
func (j *journal) history() ([]Change, error) {
	list, err := os.ReadDir(j.dir)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	var changes []Change
	for _, e := range list {
		if !e.IsDir() || !planID.MatchString(e.Name()) {
			continue
		}
		c, _, err := readLog(filepath.Join(j.dir, e.Name(), "log"))
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			return nil, err
		}
		changes = append(changes, c)
	}
	return changes, nil
}

// readLog reads a log, and how long it is up to its last whole line: a line that a crash tore was never acted on.
func readLog(path string) (Change, int64, error) {
	b, err := os.ReadFile(path)
	if err != nil {
		return Change{}, 0, err
	}
	whole := bytes.LastIndexByte(b, '\n') + 1
	var c Change
	for i, text := range strings.Split(strings.TrimSuffix(string(b[:whole]), "\n"), "\n") {
		var l line
		err := json.Unmarshal([]byte(text), &l)
		if err != nil || (i == 0) != (l.Head != nil) {
			return Change{}, 0, fmt.Errorf("%s: line %d is damaged", path, i+1)
		}
		if i == 0 {
			c = *l.Head
		}
		c.apply(l)
	}
	return c, int64(whole), nil
}

// entry is one change's directory, open for writing.
type entry struct {
	Change
	dir  string
	log  *os.File
	size int64
}

func (e *entry) private(name string) string { return filepath.Join(e.dir, "private", name) }

// enter opens an earlier change.
func (j *journal) enter(id string) (*entry, error) {
	if !planID.MatchString(id) {
		return nil, &NotFoundError{ID: id}
	}
	e := &entry{dir: filepath.Join(j.dir, id)}
	path := filepath.Join(e.dir, "log")
	var err error
	e.Change, e.size, err = readLog(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, &NotFoundError{ID: id}
	}
	if err != nil {
		return nil, err
	}
	if e.Schema > Schema {
		return nil, &SchemaError{What: "change " + id, Schema: e.Schema}
	}
	if e.log, err = os.OpenFile(path, os.O_RDWR|syscall.O_NOFOLLOW, 0); err != nil {
		return nil, err
	}
	return e, e.log.Truncate(e.size)
}

// register notes a new change. Its log comes last: without one, the directory means nothing.
func (j *journal) register(p Plan, secrets Secrets, caller int) (*entry, error) {
	e := &entry{dir: filepath.Join(j.dir, p.ID)}
	err := e.fill(j, p, secrets)
	if err == nil {
		err = e.begin(j, p, caller)
	}
	if err != nil {
		e.close()
		return nil, errors.Join(err, os.RemoveAll(e.dir))
	}
	return e, nil
}

func (e *entry) fill(j *journal, p Plan, secrets Secrets) error {
	if err := os.Mkdir(e.dir, j.mode()); err != nil {
		return err
	}
	if err := os.Chmod(e.dir, j.mode()); err != nil { // whatever the umask
		return err
	}
	if err := os.Mkdir(e.private(""), 0o700); err != nil {
		return err
	}
	plan, err := json.MarshalIndent(p, "", "\t")
	if err != nil {
		return err
	}
	if err := keep(e.private("plan.json"), plan, 0o600); err != nil {
		return err
	}
	for name, b := range secrets {
		if err := keep(e.secret(name), b, 0o600); err != nil {
			return err
		}
	}
	reached("registered")
	return syncDir(j.dir)
}

func (e *entry) begin(j *journal, p Plan, caller int) error {
	head := Change{Schema: Schema, ID: p.ID, Title: p.Title, Made: p.Made, Caller: caller, Phase: Applying}
	for _, s := range p.Steps {
		head.Steps = append(head.Steps, StepState{ID: s.ID, As: s.As, State: Pending})
	}
	b, err := json.Marshal(line{Head: &head, At: time.Now().UTC(), Phase: Applying})
	if err != nil {
		return err
	}
	b = append(b, '\n')
	mode := fs.FileMode(0o600)
	if j.open {
		mode = 0o644
	}
	path := filepath.Join(e.dir, "log")
	if err := keep(path, b, mode); err != nil {
		return err
	}
	if e.log, err = os.OpenFile(path, os.O_RDWR|syscall.O_NOFOLLOW, 0); err != nil {
		return err
	}
	reserve(e.log, reserved)
	e.Change, e.size = head, int64(len(b))
	reached("begun")
	return nil
}

func (e *entry) secret(name string) string {
	return e.private("secret." + strings.TrimPrefix(name, "sha256:"))
}

// write adds a line to the log, and returns when it is on disk. After an error the log is as before.
func (e *entry) write(l line) error {
	l.At = time.Now().UTC()
	b, err := json.Marshal(l)
	if err != nil {
		return err
	}
	b = append(b, '\n')
	reached("log-before")
	if _, err = e.log.WriteAt(b, e.size); err == nil {
		err = e.log.Sync()
	}
	if err != nil {
		return errors.Join(err, e.log.Truncate(e.size))
	}
	e.size += int64(len(b))
	e.apply(l)
	reached("log-after")
	return nil
}

func (e *entry) step(id string, s State) error { return e.write(line{Step: id, State: s}) }

// drop forgets a change of which nothing was done. The log goes first: without it the rest means nothing.
func (e *entry) drop() error {
	e.close()
	if err := os.Remove(filepath.Join(e.dir, "log")); err != nil {
		return err
	}
	return os.RemoveAll(e.dir)
}

func (e *entry) close() {
	if e != nil && e.log != nil {
		e.log.Close()
		e.log = nil
	}
}

// plan reads what was approved.
func (e *entry) plan() (Plan, error) {
	var p Plan
	b, err := os.ReadFile(e.private("plan.json"))
	if err != nil {
		return p, err
	}
	if err := json.Unmarshal(b, &p); err != nil {
		return p, fmt.Errorf("%s is damaged", e.private("plan.json"))
	}
	if p.ID != e.ID || !p.Sealed() {
		return p, fmt.Errorf("%s is not what was approved", e.private("plan.json"))
	}
	return p, nil
}

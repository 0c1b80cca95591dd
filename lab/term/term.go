// Package term, for tests only, runs a real program on a real pty and keeps its screen in an emulator: tests
// type keys, wait for text, and read what a person would see. Nothing in it sleeps for a fixed time.
package term

import (
	"bytes"
	"os"
	"os/exec"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/charmbracelet/x/vt"
	"github.com/creack/pty"
	"golang.org/x/sys/unix"
)

// Opt says what the terminal is like.
type Opt struct {
	W, H int // 80x24 when 0
	Env  []string
	Dir  string
	// Mute answers no terminal query, as a serial line or expect(1) does.
	Mute bool
	// Kitty answers the query for the kitty keyboard protocol, which the emulator does not know.
	Kitty bool
	// RTT is the line's round trip: half of it delays what the program writes, half what is typed.
	RTT time.Duration
	// Limit bounds each wait; 10 s when 0.
	Limit time.Duration
}

// Term is a program on a terminal. Its methods end the test when something does not come in time.
type Term struct {
	testing.TB
	Cmd   *exec.Cmd
	pt    *os.File
	limit time.Duration
	rtt   time.Duration
	start time.Time
	keys  *line // to the program
	ended chan struct{}
	exit  chan struct{}

	mu      sync.Mutex
	em      *vt.Emulator
	raw     bytes.Buffer
	changed chan struct{} // closed and made anew with each output
	before  *unix.Termios // as the terminal was when the program started
}

// Start runs argv on a new terminal; the test's end kills it.
func Start(tb testing.TB, o Opt, argv ...string) *Term {
	tb.Helper()
	o = o.defaults()
	cmd := exec.Command(argv[0], argv[1:]...)
	cmd.Env, cmd.Dir = o.Env, o.Dir
	pt, tty, err := open()
	if err != nil {
		tb.Fatal(err)
	}
	defer tty.Close()
	t := &Term{
		TB: tb, Cmd: cmd, pt: pt, limit: o.Limit, rtt: o.RTT, em: vt.NewEmulator(o.W, o.H),
		changed: make(chan struct{}), ended: make(chan struct{}), exit: make(chan struct{}),
	}
	t.setSize(o.W, o.H)
	t.before = t.modes()
	t.keys = newLine(o.RTT/2, func(b []byte) { _, _ = pt.Write(b) })
	cmd.Stdin, cmd.Stdout, cmd.Stderr = tty, tty, tty
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true, Setctty: true}
	t.start = time.Now()
	if err := cmd.Start(); err != nil {
		tb.Fatal(err)
	}
	go t.answer(o)
	go t.read(o)
	go func() { _ = cmd.Wait(); close(t.exit) }()
	tb.Cleanup(t.Kill)
	return t
}

func (o Opt) defaults() Opt {
	if o.W == 0 {
		o.W, o.H = 80, 24
	}
	if o.Limit == 0 {
		o.Limit = 10 * time.Second
	}
	return o
}

// open makes a terminal whose master never blocks a reader beyond Close: pty.Open leaves it blocking, and a
// hang-up would wait for the program that it is to end.
func open() (pt, tty *os.File, err error) {
	blocking, tty, err := pty.Open()
	if err != nil {
		return nil, nil, err
	}
	defer blocking.Close()
	fd, err := unix.FcntlInt(blocking.Fd(), unix.F_DUPFD_CLOEXEC, 0)
	if err == nil {
		err = unix.SetNonblock(fd, true)
	}
	if err != nil {
		tty.Close()
		return nil, nil, err
	}
	return os.NewFile(uintptr(fd), "pty"), tty, nil
}

// control does an ioctl on the master; File.Fd would make it block again.
func (t *Term) control(do func(fd int) error) {
	t.Helper()
	conn, err := t.pt.SyscallConn()
	if err != nil {
		t.Fatal(err)
	}
	var ioctl error
	if err := conn.Control(func(fd uintptr) { ioctl = do(int(fd)) }); err != nil || ioctl != nil {
		t.Fatal(err, ioctl)
	}
}

func (t *Term) setSize(w, h int) {
	t.Helper()
	t.control(func(fd int) error {
		return unix.IoctlSetWinsize(fd, unix.TIOCSWINSZ, &unix.Winsize{Col: uint16(w), Row: uint16(h)})
	})
}

// modes are the terminal's; on Linux the master's side tells them.
func (t *Term) modes() (m *unix.Termios) {
	t.Helper()
	t.control(func(fd int) (err error) {
		m, err = unix.IoctlGetTermios(fd, unix.TCGETS)
		return err
	})
	return m
}

// answer passes on what the emulator answers to queries; it has to be read, or the emulator blocks.
func (t *Term) answer(o Opt) {
	buf := make([]byte, 4096)
	for {
		n, err := t.em.Read(buf)
		if err != nil {
			return
		}
		if !o.Mute {
			t.keys.send(buf[:n])
		}
	}
}

// read feeds the emulator until the program and all of its children have closed the terminal.
func (t *Term) read(o Opt) {
	defer close(t.ended)
	screen := newLine(o.RTT/2, func(b []byte) { t.show(b, o.Kitty) })
	defer screen.close()
	buf := make([]byte, 64<<10)
	for {
		n, err := t.pt.Read(buf)
		if n > 0 {
			screen.send(buf[:n])
		}
		if err != nil { // EIO: nobody has it open any more
			return
		}
	}
}

func (t *Term) show(b []byte, kitty bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.raw.Write(b)
	_, _ = t.em.Write(b)
	if kitty && bytes.Contains(b, []byte("\x1b[?u")) {
		t.keys.send([]byte("\x1b[?0u"))
	}
	close(t.changed)
	t.changed = make(chan struct{})
}

// Kill ends the program and its terminal.
func (t *Term) Kill() {
	_ = t.Cmd.Process.Kill()
	<-t.exit
	t.Hangup()
}

// Hangup closes the terminal as a cut line does; the kernel sends SIGHUP.
func (t *Term) Hangup() { _ = t.pt.Close() }

// Resize changes the window.
func (t *Term) Resize(w, h int) {
	t.Helper()
	t.mu.Lock()
	t.em.Resize(w, h)
	t.mu.Unlock()
	t.setSize(w, h)
}

// Signal sends a signal to the program alone.
func (t *Term) Signal(s syscall.Signal) {
	t.Helper()
	if err := t.Cmd.Process.Signal(s); err != nil {
		t.Fatal(err)
	}
}

// Restored says whether the terminal has the modes and the screen that it had at the start.
func (t *Term) Restored() bool {
	t.Helper()
	now := *t.modes()
	t.mu.Lock()
	defer t.mu.Unlock()
	return now == *t.before && !t.em.IsAltScreen() && !strings.HasSuffix(t.raw.String(), "\x1b[?25l")
}

// line is one direction of a slow line: bytes arrive in order, each after the delay.
type line struct {
	delay time.Duration
	queue chan packet
	done  chan struct{}
	to    func([]byte)
}

type packet struct {
	due time.Time
	b   []byte
}

func newLine(delay time.Duration, to func([]byte)) *line {
	l := &line{delay: delay, to: to, queue: make(chan packet, 4096), done: make(chan struct{})}
	go func() {
		defer close(l.done)
		for p := range l.queue {
			if wait := time.Until(p.due); wait > 0 {
				<-time.After(wait)
			}
			l.to(p.b)
		}
	}()
	return l
}

func (l *line) send(b []byte) { l.queue <- packet{time.Now().Add(l.delay), bytes.Clone(b)} }

// close waits until everything that was sent has arrived.
func (l *line) close() {
	close(l.queue)
	<-l.done
}

// Alternate says whether the alternate screen is on.
func (t *Term) Alternate() bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.em.IsAltScreen()
}

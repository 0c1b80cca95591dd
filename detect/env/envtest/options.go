package envtest

import (
	"io/fs"
	"net"
	"path"
	"syscall"
	"testing"
	"time"

	"tahoe-anon/detect/env"
)

// File stands at name, 0644 and root's, with its directories.
func File(name, text string) Option { return FileAs(name, text, 0o644, 0, 0) }

// FileAs is File with a mode and an owner.
func FileAs(name, text string, mode fs.FileMode, uid, gid int) Option {
	return func(f *fake) {
		f.files[name] = file{Info: env.Info{Mode: mode, UID: uid, GID: gid, Size: int64(len(text))}, bytes: []byte(text)}
		for dir := path.Dir(name); ; dir = path.Dir(dir) {
			if _, there := f.files[dir]; !there {
				f.files[dir] = file{Info: env.Info{Mode: fs.ModeDir | 0o755}}
			}
			if dir == "/" || dir == "." {
				return
			}
		}
	}
}

// Dir is a directory with a mode and an owner.
func Dir(name string, mode fs.FileMode, uid, gid int) Option {
	return FileAs(name, "", mode|fs.ModeDir, uid, gid)
}

// Denied makes what stands at name unreadable to this account, and what lies below it invisible.
func Denied(name string) Option {
	return func(f *fake) {
		got := f.files[name]
		got.denied = true
		f.files[name] = got
	}
}

// Link is a symbolic link.
func Link(name, to string) Option { return func(f *fake) { f.links[name] = to } }

// Program is found in PATH.
func Program(name, at string) Option { return func(f *fake) { f.programs[name] = at } }

// Command answers every command line that begins with argv.
func Command(argv, stdout string) Option {
	return func(f *fake) { f.commands = append(f.commands, command{argv: argv, out: env.Output{Stdout: stdout}}) }
}

// CommandFails is Command with an error text and an exit status.
func CommandFails(argv, stderr string, status int) Option {
	return func(f *fake) {
		f.commands = append(f.commands, command{argv: argv, out: env.Output{Stderr: stderr, Status: status}})
	}
}

// CommandHangs is a command that never ends by itself.
func CommandHangs(argv string) Option {
	return func(f *fake) { f.commands = append(f.commands, command{argv: argv, hang: true}) }
}

// At leads an address ("127.0.0.1:9050", "unix:/run/tor/control") to somebody who really listens.
func At(address string, to net.Addr) Option { return func(f *fake) { f.listeners[address] = to } }

// DialFails is an address where connect(2) fails in this way.
func DialFails(address string, err syscall.Errno) Option {
	return func(f *fake) { f.dialErrs[address] = err }
}

// Account makes this process one of uid, acting as euid, with these groups.
func Account(uid, euid int, groups ...int) Option {
	return func(f *fake) { f.uid, f.euid, f.groups = uid, euid, groups }
}

// Variable is one of the environment.
func Variable(key, value string) Option { return func(f *fake) { f.variables[key] = value } }

// Clock is what Now says.
func Clock(now time.Time) Option { return func(f *fake) { f.now = now } }

// Serve listens on a free loopback port until the test ends; each connection is handed to serve, which need
// not close it.
func Serve(t testing.TB, serve func(net.Conn)) net.Addr {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	done := make(chan struct{})
	t.Cleanup(func() { l.Close(); close(done) })
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			go func() {
				defer c.Close()
				go func() { <-done; c.Close() }()
				serve(c)
			}()
		}
	}()
	return l.Addr()
}

// Hangs accepts and says nothing. Its peer has to give up by itself.
func Hangs(c net.Conn) { c.Read(make([]byte, 1)); Forever(c) }

// Forever reads until the connection is closed.
func Forever(c net.Conn) {
	b := make([]byte, 4096)
	for {
		if _, err := c.Read(b); err != nil {
			return
		}
	}
}

// Drips says one byte after another, too slowly to ever come to an end.
func Drips(text string) func(net.Conn) {
	return func(c net.Conn) {
		tick := time.NewTicker(20 * time.Millisecond)
		defer tick.Stop()
		for i := 0; ; i++ {
			<-tick.C
			if _, err := c.Write([]byte{text[i%len(text)]}); err != nil {
				return
			}
		}
	}
}

// Endless says the same again and again, as fast as it is read.
func Endless(text string) func(net.Conn) {
	return func(c net.Conn) {
		for {
			if _, err := c.Write([]byte(text)); err != nil {
				return
			}
		}
	}
}

// Says reads a little, answers once, and closes.
func Says(text string) func(net.Conn) {
	return func(c net.Conn) {
		c.Read(make([]byte, 512))
		c.Write([]byte(text))
	}
}

// All is several options as one.
func All(options ...Option) Option {
	return func(f *fake) {
		for _, o := range options {
			o(f)
		}
	}
}

package tor

import (
	"net"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"tahoe-anon/detect/env/envtest"
	"tahoe-anon/detect/host"
)

const (
	hello    = "250-PROTOCOLINFO 1\r\n250-AUTH METHODS=COOKIE,SAFECOOKIE COOKIEFILE=\"/run/tor/control.authcookie\"\r\n250-VERSION Tor=\"0.4.8.1\"\r\n250 OK\r\n"
	helloAny = "250-PROTOCOLINFO 1\r\n250-AUTH METHODS=NULL\r\n250-VERSION Tor=\"0.4.8.1\"\r\n250 OK\r\n"
	password = "250-PROTOCOLINFO 1\r\n250-AUTH METHODS=HASHEDPASSWORD\r\n250-VERSION Tor=\"0.4.8.1\"\r\n250 OK\r\n"
	groups   = "debian-tor:x:103:alice\n"
	cookie   = "/run/tor/control.authcookie"
)

// answers replies to each line in turn, and to all later ones with the last reply.
func answers(replies ...string) func(net.Conn) {
	return func(c net.Conn) {
		b := make([]byte, 512)
		for i := 0; ; i++ {
			if _, err := c.Read(b); err != nil {
				return
			}
			if _, err := c.Write([]byte(replies[min(i, len(replies)-1)])); err != nil {
				return
			}
		}
	}
}

func TestControlCauses(t *testing.T) {
	alice := host.Facts{
		Account: host.Account{Name: "alice", UID: 1000, Groups: []string{"alice"}},
		Process: host.Process{UID: 1000, EUID: 1000, Groups: []string{"alice"}},
	}
	member := alice
	member.Account.Groups = []string{"alice", "debian-tor"}
	joined := member
	joined.Process.Groups = []string{"alice", "debian-tor"}

	at := func(serve func(net.Conn)) envtest.Option {
		return envtest.At("unix:/run/tor/control", envtest.Serve(t, serve))
	}
	file := envtest.File("/etc/group", groups)
	closed := envtest.DialFails("unix:/run/tor/control", syscall.EACCES)
	socket := envtest.FileAs("/run/tor/control", "", 0o660, 100, 103)
	ownersOnly := envtest.FileAs("/run/tor/control", "", 0o600, 100, 103)
	closedDir := envtest.All(socket, envtest.Dir("/run/tor", 0o750, 100, 103), envtest.Denied("/run/tor"))
	secret := envtest.All(envtest.FileAs(cookie, strings.Repeat("x", 32), 0o640, 100, 103), envtest.Denied(cookie))
	ownersSecret := envtest.All(envtest.FileAs(cookie, strings.Repeat("x", 32), 0o600, 100, 103), envtest.Denied(cookie))

	for name, c := range map[string]struct {
		h       host.Facts
		options []envtest.Option
		cause   Cause
		group   string
	}{
		"no socket":                         {alice, nil, Absent, ""},
		"a stale socket":                    {alice, []envtest.Option{envtest.DialFails("unix:/run/tor/control", syscall.ECONNREFUSED)}, Refused, ""},
		"not in the socket's group":         {alice, []envtest.Option{file, socket, closed}, GroupMissing, "debian-tor"},
		"in the group, logged in before":    {member, []envtest.Option{file, socket, closed}, GroupNotEffective, "debian-tor"},
		"in the group, denied all the same": {joined, []envtest.Option{file, socket, closed}, Failed, ""},
		"the owner's alone":                 {alice, []envtest.Option{file, ownersOnly, closed}, Failed, ""},
		"a directory of the group":          {alice, []envtest.Option{file, closedDir, closed}, GroupMissing, "debian-tor"},
		"the group's cookie":                {alice, []envtest.Option{file, secret, at(answers(hello))}, GroupMissing, "debian-tor"},
		"the group's cookie, later":         {member, []envtest.Option{file, secret, at(answers(hello))}, GroupNotEffective, "debian-tor"},
		"the owner's cookie":                {alice, []envtest.Option{file, ownersSecret, at(answers(hello))}, CookieUnreadable, ""},
		"no cookie":                         {alice, []envtest.Option{at(answers(hello))}, CookieUnreadable, ""},
		"half a cookie":                     {alice, []envtest.Option{envtest.File(cookie, "short"), at(answers(hello))}, CookieUnreadable, ""},
		"a password":                        {alice, []envtest.Option{at(answers(password))}, PasswordOnly, ""},
		"a filter":                          {alice, []envtest.Option{at(answers("510 Command filtered\r\n"))}, Filtered, ""},
		"a filter behind the login":         {alice, []envtest.Option{at(answers(helloAny, "250 OK\r\n", "510 Command filtered\r\n"))}, Filtered, ""},
		"a refused login":                   {alice, []envtest.Option{at(answers(helloAny, "515 Authentication failed\r\n"))}, Failed, ""},
		"a SOCKS port of tor":               {alice, []envtest.Option{at(envtest.Says("HTTP/1.0 501 Tor is not an HTTP Proxy\r\n\r\n"))}, NotControlPort, ""},
		"a web server":                      {alice, []envtest.Option{at(envtest.Says("HTTP/1.1 400 Bad Request\r\n\r\n"))}, NotControlPort, ""},
		"a mail server":                     {alice, []envtest.Option{at(answers("220 mail ESMTP\r\n"))}, NotControlPort, ""},
		"250 to everything":                 {alice, []envtest.Option{at(answers("250 OK\r\n"))}, NotControlPort, ""},
		"garbage":                           {alice, []envtest.Option{at(envtest.Says("\x00\x01\x02\r\n\x1b[2J"))}, NotControlPort, ""},
		"closes":                            {alice, []envtest.Option{at(func(net.Conn) {})}, NotControlPort, ""},
		"closes in the middle":              {alice, []envtest.Option{at(envtest.Says("250-PROTOCOLINFO 1\r\n250-AU"))}, NotControlPort, ""},
		"hangs":                             {alice, []envtest.Option{at(envtest.Forever)}, Hangs, ""},
		"hangs behind the login":            {alice, []envtest.Option{at(answers(helloAny, "250 OK\r\n", ""))}, Hangs, ""},
		"drips":                             {alice, []envtest.Option{at(envtest.Drips("250-"))}, Hangs, ""},
		"endless in one line":               {alice, []envtest.Option{at(envtest.Endless(strings.Repeat("2", 1<<16)))}, NotControlPort, ""},
		"endless in many lines":             {alice, []envtest.Option{at(envtest.Endless(strings.Repeat("250-x\r\n", 9000)))}, NotControlPort, ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			e := envtest.Host(t, c.options...)
			begin := time.Now()
			got := probeControl(t.Context(), e, c.h, []string{"unix:/run/tor/control"}, 100)[0]
			if got.Cause != c.cause || got.Group != c.group {
				t.Errorf("got %+v; want %s %s", got.Attempt, c.cause, c.group)
			}
			if got.facts.Authenticated {
				t.Error("it is said to be of use")
			}
			if took := time.Since(begin); took > portLimit+400*time.Millisecond {
				t.Errorf("it took %v", took)
			}
			if len(got.Detail) > 200 || strings.ContainsRune(got.Detail, '\x1b') {
				t.Errorf("the detail is raw: %.300q", got.Detail)
			}
		})
	}
}

func TestControlPortOfAnotherAccount(t *testing.T) {
	h := host.Facts{
		Process: host.Process{UID: 0, EUID: 0},
		Sockets: []host.Socket{{Address: "127.0.0.1", Port: 9051, UID: 1001}, {Address: "0.0.0.0", Port: 9052, UID: 103}, {Address: "127.0.0.1", Port: 9053, UID: 0}},
	}
	e := envtest.Host(t, envtest.At("127.0.0.1:9051", envtest.Serve(t, answers(helloAny))))
	if got := probeControl(t.Context(), e, h, []string{"127.0.0.1:9051"}, 103)[0]; got.Cause != Foreign {
		t.Errorf("got %+v; want foreign", got.Attempt)
	}
	for address, want := range map[string]bool{"127.0.0.1:9052": false, "127.0.0.1:9053": false, "127.0.0.1:9054": false, "unix:/x": false} {
		if got := foreign(h, address, 103); got != want {
			t.Errorf("foreign(%s) = %v", address, got)
		}
	}
}

func TestSocksCauses(t *testing.T) {
	for name, c := range map[string]struct {
		serve func(net.Conn)
		cause Cause
	}{
		"tor":             {answers("\x05\x00"), ""},
		"wants a name":    {answers("\x05\x02"), NotSocksPort},
		"a web server":    {answers("HTTP/1.1 400 Bad Request\r\n\r\n"), NotSocksPort},
		"closes":          {func(net.Conn) {}, NotSocksPort},
		"closes too soon": {envtest.Says("\x05"), NotSocksPort},
		"hangs":           {envtest.Forever, Hangs},
		"endless":         {envtest.Endless(strings.Repeat("x", 1<<16)), NotSocksPort},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			e := envtest.Host(t, envtest.At("127.0.0.1:9050", envtest.Serve(t, c.serve)))
			got := probeSocks(t.Context(), e, host.Facts{}, []string{"127.0.0.1:9050"}, -1)[0]
			if got.Cause != c.cause || (got.Answers == "yes") != (c.cause == "") {
				t.Errorf("got %+v; want %q", got, c.cause)
			}
		})
	}
	got := probeSocks(t.Context(), envtest.Host(t), host.Facts{}, []string{"127.0.0.1:9050", "unix:/run/tor/socks"}, -1)
	if got[0].Cause != Refused || got[1].Cause != Absent {
		t.Errorf("got %+v", got)
	}
}

func TestPortAddress(t *testing.T) {
	for value, want := range map[string]string{
		"9050": "127.0.0.1:9050", "9050 IsolateDestAddr": "127.0.0.1:9050", "127.0.0.1:9052": "127.0.0.1:9052",
		"localhost:9050": "127.0.0.1:9050", "[::1]:9050": "[::1]:9050", "0.0.0.0:9050": "127.0.0.1:9050",
		"unix:/run/tor/socks WorldWritable": "unix:/run/tor/socks", `unix:"/a b/c" x`: "unix:/a b/c",
		"0": "", "auto": "", "127.0.0.1:auto": "", "192.168.1.5:9050": "", "": "", "127.0.0.1:0": "", "unix:relative": "",
	} {
		if got := portAddress(value, false); got != want {
			t.Errorf("SocksPort %s: got %q; want %q", value, got, want)
		}
	}
	for value, want := range map[string]string{
		"/run/tor/control GroupWritable": "unix:/run/tor/control", "unix:/x": "unix:/x", "0": "", `"/a b" x`: "unix:/a b",
	} {
		if got := portAddress(value, true); got != want {
			t.Errorf("ControlSocket %s: got %q; want %q", value, got, want)
		}
	}
}

func TestSeesRealPermissions(t *testing.T) {
	i := startTor(t)
	unreadable := i.host()
	cookie := filepath.Join(i.dir, "cookie")
	read := unreadable.ReadFile
	unreadable.ReadFile = func(path string) ([]byte, error) {
		if path == cookie {
			return nil, &net.OpError{Op: "open", Err: syscall.EACCES}
		}
		return read(path)
	}
	got := probeControl(t.Context(), unreadable, host.Facts{}, []string{"unix:" + i.socket()}, -1)[0]
	if got.Cause != CookieUnreadable || !got.speaks || got.facts.CookieFile != cookie {
		t.Errorf("got %+v", got)
	}
}

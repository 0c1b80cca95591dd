package tor

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net"
	"net/textproto"
	"os"
	"slices"
	"strings"
	"syscall"
	"time"

	"github.com/cretz/bine/control"

	"tahoe-anon/detect/env"
	"tahoe-anon/detect/host"
)

// session is a control connection. Bine sets no deadlines, reads without a limit, and turns every cause into a
// text, so the connection is dialled and bounded here, and the cookie is looked at before bine reads it.
type session struct {
	address    string
	methods    []string
	cookieFile string
	version    string
	conn       net.Conn
	bine       *control.Conn
	stop       func() bool // stops watching the context
}

// maxReplies bounds what one control connection may say: a healthy tor says some kilobytes.
const maxReplies = 1 << 20

var errTooMuch = errors.New("it does not stop talking")

// bounded is a connection that may say maxReplies bytes.
type bounded struct {
	net.Conn
	left int
}

func (b *bounded) Read(p []byte) (int, error) {
	if b.left <= 0 {
		return 0, errTooMuch
	}
	n, err := b.Conn.Read(p[:min(len(p), b.left)])
	b.left -= n
	return n, err
}

// splitAddress turns "unix:/run/tor/control" and "127.0.0.1:9051" into what Dial takes.
func splitAddress(address string) (network, to string) {
	if path, ok := strings.CutPrefix(address, "unix:"); ok {
		return "unix", path
	}
	return "tcp", address
}

// openSession connects, asks PROTOCOLINFO and authenticates, all before deadline. The session is nil when
// nobody there speaks the protocol; the Attempt has no cause when it is authenticated.
func openSession(ctx context.Context, e env.Env, h host.Facts, address string, deadline time.Time) (*session, Attempt) {
	dialCtx, cancel := context.WithDeadline(ctx, deadline)
	defer cancel()
	network, to := splitAddress(address)
	conn, err := e.Dial(dialCtx, network, to)
	if err != nil {
		return nil, dialFailed(e, h, address, err)
	}
	conn.SetDeadline(deadline)
	s := newSession(ctx, address, conn)
	if a := s.greet(); a.Cause != "" {
		s.close()
		return nil, a
	}
	return s, s.authenticate(e, h)
}

func newSession(ctx context.Context, address string, conn net.Conn) *session {
	return &session{
		address: address, conn: conn,
		bine: control.NewConn(textproto.NewConn(&bounded{conn, maxReplies})),
		stop: context.AfterFunc(ctx, func() { conn.Close() }),
	}
}

func (s *session) close() {
	s.stop()
	s.conn.Close()
}

func dialFailed(e env.Env, h host.Facts, address string, err error) Attempt {
	a := Attempt{Address: address, Cause: Failed, Detail: err.Error()}
	switch {
	case errors.Is(err, syscall.ENOENT), errors.Is(err, syscall.ENOTDIR):
		a.Cause, a.Detail = Absent, ""
	case errors.Is(err, syscall.ECONNREFUSED):
		a.Cause, a.Detail = Refused, ""
	case timedOut(err):
		a.Cause, a.Detail = Hangs, ""
	case errors.Is(err, fs.ErrPermission):
		_, path := splitAddress(address)
		if cause, group := groupCause(e, h, path, 0o020); cause != "" { // connect(2) needs write permission
			return Attempt{Address: address, Cause: cause, Group: group}
		}
	}
	return a
}

// timedOut is true for a connection that we closed ourselves, too: nothing but the context's end does.
func timedOut(err error) bool {
	return errors.Is(err, os.ErrDeadlineExceeded) || errors.Is(err, net.ErrClosed) || errors.Is(err, context.DeadlineExceeded) || errors.Is(err, syscall.EAGAIN)
}

// greet asks PROTOCOLINFO, the one thing that tor answers before authentication.
func (s *session) greet() Attempt {
	a := Attempt{Address: s.address}
	info, err := s.bine.ProtocolInfo()
	if err == nil && info.TorVersion == "" && len(info.AuthMethods) == 0 {
		err = textproto.ProtocolError("no PROTOCOLINFO")
	}
	if err != nil {
		a.Cause, a.Detail = replyCause(err)
		return a
	}
	s.methods, s.cookieFile, s.version = info.AuthMethods, info.CookieFile, info.TorVersion
	return a
}

// replyCause classifies a failed request. What the peer said is quoted and cut: it may be anybody.
func replyCause(err error) (Cause, string) {
	detail := fmt.Sprintf("%.80q", err)
	if code, ok := errors.AsType[*textproto.Error](err); ok {
		switch {
		case code.Code == 510: // onion-grater's "510 Command filtered" (tor-control-filtered)
			return Filtered, ""
		case code.Code >= 511 && code.Code <= 599:
			return Failed, detail
		}
	}
	switch {
	case timedOut(err):
		return Hangs, ""
	case errors.Is(err, io.EOF), errors.Is(err, syscall.ECONNRESET), errors.Is(err, syscall.EPIPE):
		return NotControlPort, "it closes the connection"
	}
	return NotControlPort, detail
}

// authenticate uses the best method that this process can.
func (s *session) authenticate(e env.Env, h host.Facts) Attempt {
	a := Attempt{Address: s.address}
	has := func(m string) bool { return slices.Contains(s.methods, m) }
	switch {
	case has("NULL"):
	case has("SAFECOOKIE"):
		if cause, group, detail := cookieCause(e, h, s.cookieFile); cause != "" {
			a.Cause, a.Group, a.Detail = cause, group, detail
			return a
		}
	case has("HASHEDPASSWORD"):
		a.Cause = PasswordOnly
		return a
	default:
		a.Cause, a.Detail = Failed, fmt.Sprintf("it offers only %.80q", strings.Join(s.methods, ","))
		return a
	}
	if err := s.bine.Authenticate(""); err != nil {
		a.Cause, a.Detail = replyCause(err)
		if a.Cause == NotControlPort { // it did speak the protocol
			a.Cause = Failed
		}
	}
	return a
}

// cookieCause looks at the cookie as bine will read it: a pipe in its place would block bine for ever.
func cookieCause(e env.Env, h host.Facts, path string) (cause Cause, group, detail string) {
	b, err := e.ReadFile(path)
	switch {
	case errors.Is(err, fs.ErrPermission):
		if cause, group := groupCause(e, h, path, 0o040); cause != "" {
			return cause, group, ""
		}
		return CookieUnreadable, "", path + ": permission denied"
	case errors.Is(err, fs.ErrNotExist):
		return CookieUnreadable, "", path + ": no such file"
	case err != nil:
		return CookieUnreadable, "", err.Error()
	case len(b) != 32: // control-spec, AUTHENTICATE
		return CookieUnreadable, "", fmt.Sprintf("%s has %d bytes, not 32", path, len(b))
	}
	return "", "", ""
}

// info is one value of GETINFO, empty when tor does not tell it.
func (s *session) info(key string) (string, error) {
	r, err := s.bine.SendRequest("GETINFO %s", key)
	if err != nil {
		return "", err
	}
	for _, l := range r.Data {
		if k, v, _ := strings.Cut(l, "="); k == key {
			return v, nil
		}
	}
	return "", nil
}

// conf are the KEY=VALUE lines of GETCONF.
func (s *session) conf(key string) ([]string, error) {
	r, err := s.bine.SendRequest("GETCONF %s", key)
	if err != nil {
		return nil, err
	}
	return r.DataWithReply(), nil
}

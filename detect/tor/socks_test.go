package tor

import (
	"context"
	"errors"
	"io"
	"net"
	"strings"
	"syscall"
	"testing"
	"time"

	"tahoe-anon/detect/env/envtest"
)

// A valid address, of nobody's service.
const nobodys = "aaaqeayeaudaocajbifqydiob4ibceqtcqkrmfyydenbwha5dyp3kead"

// proxy is a SOCKS5 server that hands each request to answer.
func proxy(requests chan<- []byte, answer func(net.Conn)) func(net.Conn) {
	return func(c net.Conn) {
		read := func(n int) []byte {
			b := make([]byte, n)
			if _, err := io.ReadFull(c, b); err != nil {
				return make([]byte, n)
			}
			return b
		}
		read(3)
		c.Write([]byte{5, 2})
		user := read(int(read(2)[1]))
		password := read(int(read(1)[0]))
		c.Write([]byte{1, 0})
		request := read(5 + len(nobodys) + len(".onion") + 2)
		requests <- append(append(append(user, ' '), password...), append([]byte(" "), request...)...)
		answer(c)
	}
}

func TestDialOnion(t *testing.T) {
	requests := make(chan []byte, 2)
	open := func(c net.Conn) {
		c.Write([]byte("\x05\x00\x00\x01\x00\x00\x00\x00\x00\x00first byte"))
		envtest.Forever(c)
	}
	e := envtest.Host(t, envtest.At("127.0.0.1:9050", envtest.Serve(t, proxy(requests, open))))
	var seen []string
	for range 2 {
		conn, err := DialOnion(within(t, 5*time.Second), e, "127.0.0.1:9050", nobodys, 4711)
		if err != nil {
			t.Fatal(err)
		}
		b := make([]byte, len("first byte"))
		if _, err := io.ReadFull(conn, b); err != nil || string(b) != "first byte" {
			t.Errorf("after the reply comes %q, %v", b, err)
		}
		conn.Close()
		user, rest, _ := strings.Cut(string(<-requests), " ")
		password, request, _ := strings.Cut(rest, " ")
		if want := "\x05\x01\x00\x03\x3e" + nobodys + ".onion\x12\x67"; request != want {
			t.Errorf("asked for %q; want %q", request, want)
		}
		if user == password || len(user) < 16 {
			t.Errorf("the credentials %q %q do not isolate", user, password)
		}
		seen = append(seen, user)
	}
	if seen[0] == seen[1] {
		t.Error("two calls share a circuit")
	}
}

func TestDialOnionFails(t *testing.T) {
	for name, c := range map[string]struct {
		answer string
		want   SocksReply
	}{
		"not published":          {"\x05\x04\x00", Unpublished},
		"not published, in full": {"\x05\xf0\x00", Unpublished},
		"the service is gone":    {"\x05\xf2\x00", Unreachable},
		"no such port":           {"\x05\x05\x00", PortClosed},
		"needs a key":            {"\x05\xf4\x00", Rejected},
		"no backend":             {"\x05\x01\x00", TargetFailed},
	} {
		t.Run(name, func(t *testing.T) {
			e := envtest.Host(t, envtest.At("127.0.0.1:9050", envtest.Serve(t, proxy(make(chan []byte, 1), func(conn net.Conn) {
				conn.Write([]byte(c.answer + "\x01\x00\x00\x00\x00\x00\x00"))
			}))))
			_, err := DialOnion(within(t, 5*time.Second), e, "127.0.0.1:9050", nobodys, 80)
			got, ok := errors.AsType[*SocksError](err)
			if !ok || got.Reply() != c.want {
				t.Errorf("got %v; want %s", err, c.want)
			}
		})
	}
}

func TestDialOnionMisbehaviour(t *testing.T) {
	for name, c := range map[string]struct {
		serve func(net.Conn)
		want  error
	}{
		"not SOCKS":             {envtest.Says("HTTP/1.1 400 Bad Request\r\n\r\n"), ErrNotSocks},
		"closes":                {func(net.Conn) {}, nil},
		"hangs":                 {envtest.Forever, context.DeadlineExceeded},
		"tor without a network": {proxy(make(chan []byte, 1), envtest.Forever), context.DeadlineExceeded},
		"half a reply":          {proxy(make(chan []byte, 1), func(c net.Conn) { c.Write([]byte{5, 0, 0, 3}) }), ErrNotSocks},
		"drips":                 {envtest.Drips("\x05"), ErrNotSocks},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			e := envtest.Host(t, envtest.At("127.0.0.1:9050", envtest.Serve(t, c.serve)))
			conn, err := DialOnion(within(t, 300*time.Millisecond), e, "127.0.0.1:9050", nobodys, 80)
			if conn != nil || err == nil || c.want != nil && !errors.Is(err, c.want) {
				t.Errorf("got %v, %v; want %v", conn, err, c.want)
			}
		})
	}
	if _, err := DialOnion(t.Context(), envtest.Host(t), "127.0.0.1:9050", nobodys, 80); !errors.Is(err, syscall.ECONNREFUSED) {
		t.Errorf("nobody listens: %v", err)
	}
	for _, port := range []int{0, -1, 65536} {
		if _, err := DialOnion(t.Context(), envtest.Host(t), "127.0.0.1:9050", nobodys, port); err == nil || errors.Is(err, syscall.ECONNREFUSED) {
			t.Errorf("port %d: %v", port, err)
		}
	}
}

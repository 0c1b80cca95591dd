package tor

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"net"
	"time"

	"tahoe-anon/detect/env"
)

// SocksError is tor's answer to a request that it could not fulfil: a reply code of RFC 1928, 6, or one of tor's
// own (proposal 304, SocksPort with ExtendedErrors).
type SocksError struct{ Code byte }

// SocksReply is what a reply code means for an onion service.
type SocksReply string

const (
	Unpublished  SocksReply = "unpublished"   // no descriptor: not yet published, or never
	Unreachable  SocksReply = "unreachable"   // a descriptor, but the service does not answer
	PortClosed   SocksReply = "port-closed"   // the service answers and does not offer this port
	Rejected     SocksReply = "rejected"      // tor refuses the request: a bad address, a missing key
	TargetFailed SocksReply = "target-failed" // the service's tor cannot reach the port behind it, or tor gave up
)

// Reply reads the code as measured with tor 0.4.9.11.
func (e *SocksError) Reply() SocksReply {
	switch e.Code {
	case 0x04, 0xF0:
		return Unpublished
	case 0x05:
		return PortClosed
	case 0xF1, 0xF2, 0xF3, 0xF7, 0x03, 0x06:
		return Unreachable
	case 0xF4, 0xF5, 0xF6, 0x02, 0x07, 0x08:
		return Rejected
	}
	return TargetFailed
}

func (e *SocksError) Error() string {
	says := map[SocksReply]string{
		Unpublished:  "tor finds no descriptor of this onion service: it is not published yet, or its tor is offline",
		Unreachable:  "tor finds the descriptor, but the onion service does not answer",
		PortClosed:   "the onion service answers, but does not offer this port",
		Rejected:     "tor refuses this onion address",
		TargetFailed: "the connection failed at the far end: the port behind the onion service is closed, or tor gave up",
	}
	return fmt.Sprintf("%s (SOCKS reply %#02x)", says[e.Reply()], e.Code)
}

// ErrNotSocks is a peer that does not answer as a SOCKS5 proxy does.
var ErrNotSocks = errors.New("not a SOCKS5 port")

// DialOnion connects to ONION.onion:port through a SOCKS port, on a circuit of its own: tor keeps streams with
// different credentials apart (IsolateSOCKSAuth, on by default). onion has no ".onion". It takes no longer than
// ctx, and errors are those of Dial, a *SocksError, or ErrNotSocks.
func DialOnion(ctx context.Context, e env.Env, socksAddress, onion string, port int) (net.Conn, error) {
	if err := ValidAddress(onion); err != nil {
		return nil, err
	}
	if port < 1 || port > 65535 {
		return nil, fmt.Errorf("%d is not a port", port)
	}
	network, to := splitAddress(socksAddress)
	conn, err := e.Dial(ctx, network, to)
	if err != nil {
		return nil, err
	}
	stop := context.AfterFunc(ctx, func() { conn.SetDeadline(time.Unix(1, 0)) })
	err = socksConnect(conn, onion+".onion", port)
	if !stop() && err == nil {
		err = ctx.Err()
	}
	if err != nil {
		conn.Close()
		if ctx.Err() != nil {
			return nil, ctx.Err()
		}
		return nil, err
	}
	return conn, nil
}

// socksConnect speaks RFC 1928 with RFC 1929's user name and password, both random.
func socksConnect(conn net.Conn, host string, port int) error {
	if err := exchange(conn, []byte{5, 1, 2}, [2]byte{5, 2}); err != nil {
		return err
	}
	user, password := rand.Text(), rand.Text()
	auth := append([]byte{1, byte(len(user))}, user...)
	auth = append(append(auth, byte(len(password))), password...)
	if err := exchange(conn, auth, [2]byte{1, 0}); err != nil {
		return err
	}
	request := append([]byte{5, 1, 0, 3, byte(len(host))}, host...)
	request = append(request, byte(port>>8), byte(port))
	if _, err := conn.Write(request); err != nil {
		return err
	}
	return readReply(conn)
}

func exchange(conn net.Conn, say []byte, want [2]byte) error {
	if _, err := conn.Write(say); err != nil {
		return err
	}
	var reply [2]byte
	if _, err := io.ReadFull(conn, reply[:]); err != nil {
		return closedEarly(err)
	}
	if reply != want {
		return ErrNotSocks
	}
	return nil
}

// readReply reads exactly the reply, so that what follows is the peer's first byte.
func readReply(conn net.Conn) error {
	var head [5]byte // VER REP RSV ATYP and the first byte of the address
	if _, err := io.ReadFull(conn, head[:4]); err != nil {
		return closedEarly(err)
	}
	if head[0] != 5 || head[2] != 0 {
		return ErrNotSocks
	}
	if head[1] != 0 {
		return &SocksError{head[1]}
	}
	rest := 0
	switch head[3] {
	case 1:
		rest = 4 + 2
	case 4:
		rest = 16 + 2
	case 3:
		if _, err := io.ReadFull(conn, head[4:]); err != nil {
			return closedEarly(err)
		}
		rest = int(head[4]) + 2
	default:
		return ErrNotSocks
	}
	_, err := io.ReadFull(conn, make([]byte, rest))
	return closedEarly(err)
}

// closedEarly: a proxy that ends the connection in the middle of the protocol does not speak it.
func closedEarly(err error) error {
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		return fmt.Errorf("%w: it closes the connection", ErrNotSocks)
	}
	return err
}

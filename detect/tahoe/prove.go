package tahoe

import (
	"bufio"
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"strings"
	"syscall"
	"time"
)

// ProofError says why the peer is not shown to be the node.
type ProofError struct {
	Cause  ProofCause
	Detail string // what the peer said, quoted; or the other TubID
	Err    error  // of the connection, when there was one
}

// ProofCause is one way in which a proof fails.
type ProofCause string

const (
	OtherNode   ProofCause = "other-node"   // Tahoe answers, and it is another node (onion-not-our-node)
	NotTahoe    ProofCause = "not-tahoe"    // somebody else answers
	ClosedEarly ProofCause = "closed-early" // the connection ended before the proof
	TimedOut    ProofCause = "timed-out"    // the peer took too long
)

func (e *ProofError) Error() string {
	says := map[ProofCause]string{
		OtherNode:   "another Tahoe node answers there",
		NotTahoe:    "what answers there is not a Tahoe node",
		ClosedEarly: "the connection was closed before the node had shown its identity",
		TimedOut:    "the node did not show its identity in time",
	}
	if e.Detail != "" {
		return says[e.Cause] + ": " + e.Detail
	}
	return says[e.Cause]
}

func (e *ProofError) Unwrap() error { return e.Err }

// maxHeader is foolscap's own limit of a negotiation block.
const maxHeader = 4096

// ProveTub shows that the peer of conn holds the key of tubID (32 base32 characters). It asks as a foolscap client
// does (foolscap/negotiate.py, doc/specifications/pb.rst): an HTTP upgrade that names the TubID, then a real TLS
// handshake, whose certificate hashes to the TubID. A listener that only copies the answer 101 fails the
// second half. It takes no longer than ctx, leaves closing conn to the caller, and fails with a *ProofError.
func ProveTub(ctx context.Context, conn net.Conn, tubID string) error {
	if !validTubID(tubID) {
		return fmt.Errorf("%q is not a TubID", tubID)
	}
	if deadline, ok := ctx.Deadline(); ok {
		conn.SetDeadline(deadline)
	}
	defer context.AfterFunc(ctx, func() { conn.SetDeadline(time.Unix(1, 0)) })()

	request := "GET /id/" + tubID + " HTTP/1.1\r\nHost: x\r\nUpgrade: TLS/1.0\r\nConnection: Upgrade\r\n\r\n"
	if _, err := io.WriteString(conn, request); err != nil {
		return broken(err)
	}
	r := bufio.NewReaderSize(conn, maxHeader)
	if err := readUpgrade(r, tubID); err != nil {
		return err
	}
	return handshake(ctx, buffered{conn, r}, tubID)
}

// readUpgrade reads the header that answers the request, at most maxHeader bytes.
func readUpgrade(r *bufio.Reader, tubID string) error {
	var status string
	for size := 0; ; {
		line, err := r.ReadSlice('\n')
		if errors.Is(err, bufio.ErrBufferFull) {
			return &ProofError{Cause: NotTahoe, Detail: fmt.Sprintf("%.60q", line)}
		}
		if err != nil {
			return broken(err)
		}
		if status == "" {
			status = strings.TrimRight(string(line), "\r\n")
			if err := judge(status, tubID); err != nil {
				return err
			}
		}
		if size += len(line); size > maxHeader {
			return &ProofError{Cause: NotTahoe, Detail: "an endless header"}
		}
		if strings.TrimRight(string(line), "\r\n") == "" {
			return nil
		}
	}
}

// judge reads the first line of the answer.
func judge(status, tubID string) error {
	switch {
	case status == "HTTP/1.1 101 Switching Protocols":
		return nil
	case strings.HasPrefix(status, "HTTP/1.1 500 Internal Server Error: unknown TubID "+tubID):
		return &ProofError{Cause: OtherNode}
	}
	return &ProofError{Cause: NotTahoe, Detail: fmt.Sprintf("it says %.60q", status)}
}

// handshake is TLS without a certificate of ours (foolscap asks for one and does without). Nobody signs a
// Tub's certificate: its hash is the name that we know. TLS itself checks that the peer has the key.
func handshake(ctx context.Context, conn net.Conn, tubID string) error {
	tub := tls.Client(conn, &tls.Config{
		InsecureSkipVerify: true, // VerifyPeerCertificate does it
		MinVersion:         tls.VersionTLS12,
		VerifyPeerCertificate: func(certificates [][]byte, _ [][]*x509.Certificate) error {
			if len(certificates) == 0 {
				return &ProofError{Cause: NotTahoe, Detail: "no certificate"}
			}
			if got := TubIDOfCertificate(certificates[0]); got != tubID {
				return &ProofError{Cause: OtherNode, Detail: "its TubID is " + got}
			}
			return nil
		},
	})
	err := tub.HandshakeContext(ctx)
	if _, ok := errors.AsType[*ProofError](err); ok || err == nil {
		return err
	}
	return broken(err)
}

// broken tells how a connection ended.
func broken(err error) error {
	e := &ProofError{Cause: NotTahoe, Err: err}
	switch {
	case errors.Is(err, os.ErrDeadlineExceeded), errors.Is(err, context.DeadlineExceeded), errors.Is(err, context.Canceled):
		e.Cause = TimedOut
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF), errors.Is(err, syscall.ECONNRESET), errors.Is(err, syscall.EPIPE):
		e.Cause = ClosedEarly
	default:
		e.Detail = fmt.Sprintf("%.80q", err)
	}
	return e
}

// buffered is a connection of which some bytes were read ahead.
type buffered struct {
	net.Conn
	r *bufio.Reader
}

func (b buffered) Read(p []byte) (int, error) { return b.r.Read(p) }

// Pauses between two tries of Prove. Each try costs tor's directories some requests.
const (
	firstPause = 100 * time.Millisecond
	lastPause  = time.Second
	tryLimit   = 60 * time.Second // one connection through six hops, over a slow network
)

// Prove dials and proves until it succeeds or ctx ends: a new onion service is found only when its descriptor is
// published, and a node that was just started listens only after a second. report, which may be nil, is
// given each failure's sentence. Another node behind the address is final. The error has the last cause.
func Prove(ctx context.Context, dial func(context.Context) (net.Conn, error), tubID string, report func(string)) error {
	var last error
	for pause := firstPause; ; pause = min(pause*3/2, lastPause) {
		err := proveOnce(ctx, dial, tubID)
		if err == nil {
			return nil
		}
		if ctx.Err() == nil || last == nil { // what ends with ctx says only that: keep the cause before it
			last = err
		}
		if p, ok := errors.AsType[*ProofError](err); ok && p.Cause == OtherNode {
			return err
		}
		if report != nil && ctx.Err() == nil {
			report(err.Error())
		}
		wait := time.NewTimer(pause)
		select {
		case <-wait.C:
		case <-ctx.Done():
			wait.Stop()
			return fmt.Errorf("%w: %w", context.Cause(ctx), last)
		}
	}
}

func proveOnce(ctx context.Context, dial func(context.Context) (net.Conn, error), tubID string) error {
	ctx, cancel := context.WithTimeout(ctx, tryLimit)
	defer cancel()
	conn, err := dial(ctx)
	if err != nil {
		return err
	}
	defer conn.Close()
	return ProveTub(ctx, conn, tubID)
}

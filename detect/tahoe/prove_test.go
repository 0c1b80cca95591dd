package tahoe

import (
	"bufio"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"errors"
	"io"
	"math/big"
	"net"
	"strings"
	"syscall"
	"testing"
	"time"

	"tahoe-anon/detect/env/envtest"
)

// tub is a key as a Tahoe node has one: a certificate that it signed itself.
func tub(t *testing.T) (tls.Certificate, string) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "newpb_thingy"}}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}, TubIDOfCertificate(der)
}

const upgrade = "HTTP/1.1 101 Switching Protocols\r\nUpgrade: TLS/1.0, PB/1.0\r\nConnection: Upgrade\r\n\r\n"

// foolscap answers as foolscap/negotiate.py does: the TubID that was asked for, then TLS with certificate.
func foolscap(certificate tls.Certificate, tubID string) func(net.Conn) {
	return func(c net.Conn) {
		r := bufio.NewReader(c)
		var header strings.Builder
		for !strings.HasSuffix(header.String(), "\r\n\r\n") {
			line, err := r.ReadString('\n')
			if err != nil {
				return
			}
			header.WriteString(line)
		}
		if !strings.HasPrefix(header.String(), "GET /id/"+tubID+" ") {
			_, asked, _ := strings.Cut(header.String(), "/id/")
			asked, _, _ = strings.Cut(asked, " ")
			io.WriteString(c, "HTTP/1.1 500 Internal Server Error: unknown TubID "+asked+"\r\n\r\n")
			return
		}
		if !strings.Contains(header.String(), "Upgrade: TLS/1.0\r\n") {
			return
		}
		io.WriteString(c, upgrade)
		server := tls.Server(c, &tls.Config{Certificates: []tls.Certificate{certificate}, ClientAuth: tls.RequestClientCert})
		server.Handshake()
		envtest.Forever(server)
	}
}

func dialer(t *testing.T, serve func(net.Conn)) func(context.Context) (net.Conn, error) {
	e := envtest.Host(t, envtest.At("127.0.0.1:9050", envtest.Serve(t, serve)))
	return func(ctx context.Context) (net.Conn, error) { return e.Dial(ctx, "tcp", "127.0.0.1:9050") }
}

func proveWithin(t *testing.T, limit time.Duration, serve func(net.Conn), tubID string) error {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), limit)
	defer cancel()
	conn, err := dialer(t, serve)(ctx)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	return ProveTub(ctx, conn, tubID)
}

func TestProveTub(t *testing.T) {
	ours, id := tub(t)
	if err := proveWithin(t, 5*time.Second, foolscap(ours, id), id); err != nil {
		t.Error(err)
	}
	if err := ProveTub(t.Context(), nil, "not a TubID"); err == nil {
		t.Error("proved nothing")
	}
}

func TestProveTubFails(t *testing.T) {
	ours, id := tub(t)
	theirs, other := tub(t)
	for name, c := range map[string]struct {
		serve func(net.Conn)
		want  ProofCause
	}{
		"another node":                     {foolscap(theirs, other), OtherNode},
		"one that only claims to be it":    {foolscap(theirs, id), OtherNode},
		"a copy without the key":           {foolscap(tls.Certificate{Certificate: ours.Certificate, PrivateKey: theirs.PrivateKey}, id), NotTahoe},
		"an upgrade without TLS behind it": {envtest.Says(upgrade + "hello there, no TLS"), NotTahoe},
		"an upgrade, then the end":         {envtest.Says(upgrade), ClosedEarly},
		"half an upgrade":                  {envtest.Says("HTTP/1.1 101 Switching Protocols\r\nUpgr"), ClosedEarly},
		"an upgrade, then silence":         {func(c net.Conn) { io.WriteString(c, upgrade); envtest.Forever(c) }, TimedOut},
		"an endless header":                {envtest.Endless("HTTP/1.1 101 Switching Protocols\r\nx: y\r\n"), NotTahoe},
		"an endless line":                  {envtest.Endless(strings.Repeat("x", 1<<16)), NotTahoe},
		"a web server":                     {envtest.Says("HTTP/1.1 404 Not Found\r\n\r\n"), NotTahoe},
		"ssh":                              {envtest.Says("SSH-2.0-OpenSSH_10.0\r\n"), NotTahoe},
		"closes":                           {func(net.Conn) {}, ClosedEarly},
		"hangs":                            {envtest.Forever, TimedOut},
		"drips":                            {envtest.Drips("H"), TimedOut},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			begin := time.Now()
			err := proveWithin(t, 700*time.Millisecond, c.serve, id)
			got, ok := errors.AsType[*ProofError](err)
			if !ok || got.Cause != c.want {
				t.Errorf("got %v; want %s", err, c.want)
			}
			if took := time.Since(begin); took > 2*time.Second {
				t.Errorf("it took %v", took)
			}
		})
	}
}

func TestProveWaitsForTheDescriptor(t *testing.T) {
	ours, id := tub(t)
	there := dialer(t, foolscap(ours, id))
	unpublished, tries := errors.New("not published"), 0
	dial := func(ctx context.Context) (net.Conn, error) {
		if tries++; tries < 3 {
			return nil, unpublished
		}
		return there(ctx)
	}
	var reports []string
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	if err := Prove(ctx, dial, id, func(s string) { reports = append(reports, s) }); err != nil {
		t.Fatal(err)
	}
	if len(reports) != 2 || reports[0] != "not published" {
		t.Errorf("reported %q", reports)
	}
}

func TestProveEndsWithTheContext(t *testing.T) {
	ctx, cancel := context.WithTimeout(t.Context(), 300*time.Millisecond)
	defer cancel()
	refused := func(context.Context) (net.Conn, error) { return nil, syscall.ECONNREFUSED }
	err := Prove(ctx, refused, strings.Repeat("a", 32), nil)
	if !errors.Is(err, context.DeadlineExceeded) || !errors.Is(err, syscall.ECONNREFUSED) {
		t.Errorf("got %v; want the limit and the last cause", err)
	}
}

func TestProveKeepsTheCauseBeforeTheEnd(t *testing.T) {
	ctx, cancel := context.WithTimeout(t.Context(), 300*time.Millisecond)
	defer cancel()
	tries := 0
	dial := func(ctx context.Context) (net.Conn, error) {
		if tries++; tries == 1 {
			return nil, syscall.ECONNREFUSED
		}
		<-ctx.Done()
		return nil, ctx.Err()
	}
	if err := Prove(ctx, dial, strings.Repeat("a", 32), nil); !errors.Is(err, syscall.ECONNREFUSED) {
		t.Errorf("got %v; want the last cause", err)
	}
}

// Waiting does not make another node ours.
func TestProveGivesUpOnAnotherNode(t *testing.T) {
	theirs, other := tub(t)
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	err := Prove(ctx, dialer(t, foolscap(theirs, other)), strings.Repeat("a", 32), nil)
	if got, ok := errors.AsType[*ProofError](err); !ok || got.Cause != OtherNode || ctx.Err() != nil {
		t.Errorf("got %v; want another node, at once", err)
	}
}

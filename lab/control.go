//go:build lab

package lab

import (
	"encoding/hex"
	"errors"
	"fmt"
	"net"
	"net/textproto"
	"os"
	"strings"
	"time"
)

// control is the little of tor's control protocol that the lab needs (control-spec.txt).
type control struct{ *textproto.Conn }

// dialControl connects and authenticates; every later answer has to come within limit from now.
func dialControl(socket, cookie string, limit time.Duration) (control, error) {
	secret, err := os.ReadFile(cookie)
	if err != nil {
		return control{}, err
	}
	conn, err := net.DialTimeout("unix", socket, limit)
	if err != nil {
		return control{}, err
	}
	if err := conn.SetDeadline(time.Now().Add(limit)); err != nil {
		return control{}, err
	}
	c := control{textproto.NewConn(conn)}
	if _, err := c.ask("AUTHENTICATE %s", hex.EncodeToString(secret)); err != nil {
		return c, errors.Join(err, c.Close())
	}
	return c, nil
}

func (c control) ask(format string, args ...any) (string, error) {
	if err := c.PrintfLine(format, args...); err != nil {
		return "", err
	}
	for {
		_, message, err := c.ReadResponse(250)
		if event, ok := errors.AsType[*textproto.Error](err); !ok || event.Code != 650 { // events come in between
			return message, err
		}
	}
}

// bootstrapped waits for the event that says so (control-spec, STATUS_CLIENT).
func (c control) bootstrapped() error {
	if _, err := c.ask("SETEVENTS STATUS_CLIENT"); err != nil {
		return err
	}
	phase, err := c.ask("GETINFO status/bootstrap-phase")
	for err == nil && !strings.Contains(phase, "BOOTSTRAP PROGRESS=100") {
		_, phase, err = c.ReadResponse(650)
	}
	return err
}

// addOnion makes a service that outlives this connection and returns when its descriptor is with a directory.
func (c control) addOnion(virt, local int) (string, error) {
	if _, err := c.ask("SETEVENTS HS_DESC"); err != nil {
		return "", err
	}
	reply, err := c.ask("ADD_ONION NEW:ED25519-V3 Flags=Detach,DiscardPK Port=%d,127.0.0.1:%d", virt, local)
	if err != nil {
		return "", err
	}
	id, ok := strings.CutPrefix(strings.SplitN(reply, "\n", 2)[0], "ServiceID=")
	if !ok {
		return "", fmt.Errorf("tor said %q", reply)
	}
	for {
		_, event, err := c.ReadResponse(650)
		if err != nil {
			return "", err
		}
		if strings.HasPrefix(event, "HS_DESC UPLOADED "+id) {
			return id + ".onion", nil
		}
	}
}

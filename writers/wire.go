package writers

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
)

// The two sides talk in JSON lines: root's says hello once, then answers each request with one reply.
// A line has at most maxLine bytes, and no key that the other side does not know.

const maxLine = 8 << 20

// hello is root's first line: it is root, and ready.
type hello struct {
	Hello  string `json:"hello"`
	Schema int    `json:"schema"`
}

const greeting = "tahoe-anon root"

type request struct {
	Op      string  `json:"op"` // begin, take, do, check, undo, mark
	Plan    *Plan   `json:"plan,omitempty"`
	Secrets Secrets `json:"secrets,omitempty"`
	UID     int     `json:"uid"` // who asks
	ID      string  `json:"id,omitempty"`
	Step    string  `json:"step,omitempty"`
	Abort   bool    `json:"abort,omitempty"`
	Phase   Phase   `json:"phase,omitempty"`
}

type reply struct {
	Change *Change  `json:"change,omitempty"`
	Notes  []string `json:"notes,omitempty"`
	Fault  *fault   `json:"fault,omitempty"`
}

// lines hands out lines of at most maxLine bytes.
func lines(r io.Reader) *bufio.Scanner {
	s := bufio.NewScanner(r)
	s.Buffer(make([]byte, 0, 64<<10), maxLine)
	return s
}

// decode reads one message strictly. Its errors repeat nothing of the message: there may be a key in it.
func decode(b []byte, into any) error {
	d := json.NewDecoder(bytes.NewReader(b))
	d.DisallowUnknownFields()
	if err := d.Decode(into); err != nil {
		return errors.New("not a message of this program")
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return errors.New("more than one message in a line")
	}
	return nil
}

// send writes one message.
func send(w io.Writer, v any) error {
	b, err := json.Marshal(v)
	if err != nil {
		return err
	}
	if len(b) >= maxLine {
		return fmt.Errorf("a message of %d bytes is more than %d", len(b), maxLine)
	}
	_, err = w.Write(append(b, '\n'))
	return err
}

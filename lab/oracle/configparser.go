// Package oracle asks the real programs what a configuration file means: Python's configparser as Tahoe opens it,
// and tor. It is for tests only.
package oracle

import (
	"bufio"
	_ "embed"
	"encoding/json"
	"io"
	"os/exec"
	"sync"
	"testing"
)

//go:embed configparser.py
var configparserPy string

// Parsed is one file as configparser reads it. Error is empty for a file that it accepts.
type Parsed struct {
	Error    string                       // the exception's class
	Message  string                       // its text
	Line     int                          // of the first error, 0 when the exception names none
	Sections map[string]map[string]string // raw values of each section's own keys
	Defaults map[string]string            // raw values of [DEFAULT]
	// Values are Tahoe's values: interpolated, with [DEFAULT] inherited, by section and key;
	// Failed has the exception's text instead where the interpolation fails.
	Values, Failed map[string]map[string]string
}

// Configparser is one running Python that reads many files.
type Configparser struct {
	mu  sync.Mutex
	in  io.Writer
	out *bufio.Reader
}

// NewConfigparser starts Python; the process ends with the test.
func NewConfigparser(t testing.TB) *Configparser {
	t.Helper()
	path, err := exec.LookPath("python3")
	if err != nil {
		t.Fatal("python3 is missing, and Tahoe's own parser is the judge here: apt-get install python3")
	}
	cmd := exec.Command(path, "-I", "-c", configparserPy)
	in, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		in.Close()
		if err := cmd.Wait(); err != nil {
			t.Errorf("python3: %v", err)
		}
	})
	return &Configparser{in: in, out: bufio.NewReaderSize(out, 1<<16)}
}

// Read has Python read one file.
func (c *Configparser) Read(t testing.TB, file []byte) Parsed {
	t.Helper()
	c.mu.Lock()
	defer c.mu.Unlock()
	if err := json.NewEncoder(c.in).Encode(file); err != nil { // base64
		t.Fatalf("python3: %v", err)
	}
	line, err := c.out.ReadBytes('\n')
	if err != nil {
		t.Fatalf("python3: %v", err)
	}
	var p Parsed
	if err := json.Unmarshal(line, &p); err != nil {
		t.Fatalf("python3 said %q: %v", line, err)
	}
	return p
}

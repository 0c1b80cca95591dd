//go:build lab

package lab

import (
	"fmt"
	"os"
	"strings"
	"testing"
	"time"
)

// Measure keeps a number of this run: in the test's log, and in the file that TAHOE_LAB_NUMBERS names.
// `./test` prints that file at its end, since go test shows no log of a test that passed.
func Measure(t testing.TB, what string, took time.Duration) {
	t.Helper()
	Record(t, fmt.Sprintf("%8.2f s  %s (%s)\n", took.Seconds(), what, t.Name()))
}

// Record keeps text, some whole lines, in the same places as Measure.
func Record(t testing.TB, text string) {
	t.Helper()
	t.Log(strings.TrimSuffix(text, "\n"))
	path := os.Getenv("TAHOE_LAB_NUMBERS")
	if path == "" {
		return
	}
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_APPEND|os.O_CREATE, 0o644)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := f.WriteString(text); err != nil {
		t.Fatal(err)
	}
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
}

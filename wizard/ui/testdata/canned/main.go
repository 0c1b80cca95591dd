// The canned session on the real screen, for tests: they run it on a pty.
package main

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"strings"
	"syscall"

	"tahoe-anon/lab/canned"
	"tahoe-anon/wizard"
	"tahoe-anon/wizard/plain"
	"tahoe-anon/wizard/ui"
)

// main plays the script in $CANNED. At the places named in $CANNED_HOLD it stops until its gate, a FIFO named
// $CANNED_GATE, is opened; $CANNED_LOG gets what was done.
func main() {
	var script canned.Script
	if v := os.Getenv("CANNED"); v != "" {
		if err := json.Unmarshal([]byte(v), &script); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(2)
		}
	}
	script.Gate, script.Log = gate, log
	var o wizard.Outcome
	var err error
	if os.Getenv("CANNED_PLAIN") != "" {
		o, err = plain.Run(context.Background(), canned.Session(script), os.Stdin, os.Stdout)
	} else {
		o, err = ui.Run(context.Background(), canned.Session(script), os.Stdin, os.Stdout, os.Environ())
	}
	os.Exit(status(o, err))
}

func gate(ctx context.Context, at string) error {
	if !strings.Contains(os.Getenv("CANNED_HOLD"), at) {
		return nil
	}
	opened := make(chan error, 1)
	go func() {
		f, err := os.Open(os.Getenv("CANNED_GATE")) // waits for a writer
		if err == nil {
			_, _ = bufio.NewReader(f).ReadByte()
			f.Close()
		}
		opened <- err
	}()
	select {
	case err := <-opened:
		return err
	case <-ctx.Done():
		return ctx.Err()
	}
}

func log(event string) {
	name := os.Getenv("CANNED_LOG")
	if name == "" {
		return
	}
	f, err := os.OpenFile(name, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o600)
	if err != nil {
		panic(err)
	}
	defer f.Close()
	fmt.Fprintln(f, event)
}

// status is as the program's exit codes, as far as the screen knows.
func status(o wizard.Outcome, err error) int {
	switch {
	case err != nil:
		fmt.Fprintln(os.Stderr, "error:", err)
		return 1
	case o.Signal == syscall.SIGHUP:
		return 129
	case o.Signal == syscall.SIGTERM:
		return 143
	case o.Cancelled:
		fmt.Fprintln(os.Stderr, "Nothing was changed.")
		return 130
	case errors.Is(o.Err, context.Canceled) && o.State == wizard.AsBefore:
		return 5
	case o.Err != nil:
		return 1
	}
	return 0
}

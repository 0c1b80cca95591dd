package main

import (
	"bufio"
	"context"
	"fmt"
	"os"
	"strings"

	"golang.org/x/sys/unix"
)

func isTerminal(f *os.File) bool {
	_, err := unix.IoctlGetTermios(int(f.Fd()), unix.TCGETS)
	return err == nil
}

// onTerminal says whether somebody sits at both ends.
func (a *app) onTerminal() bool {
	out, ok := a.out.(*os.File)
	return ok && isTerminal(a.in) && isTerminal(out)
}

// dumb terminals and screen readers get the questions line by line.
func (a *app) dumb() bool {
	return a.env.Getenv("TERM") == "dumb" || a.env.Getenv("TERM") == "" || a.env.Getenv("ACCESSIBLE") != ""
}

// confirm wants the word yes, on a terminal or from a pipe; anything else is no.
func (a *app) confirm(ctx context.Context, prompt string) error {
	answer, err := a.readLine(ctx, prompt)
	if err == nil && answer != "yes" {
		err = errCancelled
	}
	return err
}

// readLine asks for one line; the end of the input, or of ctx, is a cancel.
func (a *app) readLine(ctx context.Context, prompt string) (string, error) {
	ctx, stop := withSignals(ctx)
	defer stop()
	fmt.Fprint(a.out, prompt)
	line := make(chan string, 1)
	go func() {
		defer close(line)
		if s, err := bufio.NewReader(a.in).ReadString('\n'); err == nil {
			line <- strings.TrimSpace(s)
		}
	}()
	select {
	case s, ok := <-line:
		if ok {
			return s, nil
		}
	case <-ctx.Done():
	}
	fmt.Fprintln(a.out)
	return "", errCancelled
}

func selfPath() string {
	path, err := os.Executable()
	if err != nil {
		return "tahoe-anon"
	}
	return path
}

// Command tahoe-anon puts a Tahoe-LAFS node on Tor, shows what it will write before it writes, proves that the
// node answers at its hidden address, and takes everything back on request.
package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"os/signal"
	"strings"
	"syscall"

	"tahoe-anon/detect/env"
)

// version is set by the linker for releases.
var version = "0.1.0"

func main() {
	a := &app{env: env.Real(), in: os.Stdin, out: os.Stdout, err: os.Stderr}
	os.Exit(a.run(context.Background(), os.Args[1:]))
}

// withSignals ends ctx when somebody stops the program: what it was about to change stays, what it began is
// taken back.
func withSignals(ctx context.Context) (context.Context, context.CancelFunc) {
	return signal.NotifyContext(ctx, syscall.SIGINT, syscall.SIGTERM, syscall.SIGHUP)
}

// app is the program with its streams; commands are methods of it.
type app struct {
	env  env.Env
	in   *os.File
	out  io.Writer
	err  io.Writer
	json bool // errors too are printed as JSON
}

// command is one row of the usage text.
type command struct {
	name, args, help string
	run              func(*app, context.Context, []string) error
}

func commands() []command {
	return []command{
		{"", "", "the wizard: looks at this host, asks, shows, and changes nothing before you agree", (*app).wizard},
		{"setup", "[flags] [NODEDIR]", "the same from flags; asks only what they leave open, nothing with --yes", (*app).setup},
		{"doctor", "[flags] [NODEDIR]", "says what is wrong with a node, the cause first", (*app).doctor},
		{"undo", "[ID]", "takes back the last change, or change ID", (*app).undo},
		{"finish", "[ID]", "finishes a change that was interrupted", (*app).finish},
		{"history", "", "lists the changes", (*app).history},
		{"probe", "[--json]", "shows what it sees on this host", (*app).probe},
		{"apply", "FILE", "carries out a saved plan, for an administrator", (*app).apply},
		{"version", "", "prints the version", (*app).version},
	}
}

func (a *app) run(ctx context.Context, args []string) int {
	name := ""
	if len(args) > 0 && !strings.HasPrefix(args[0], "-") {
		name, args = args[0], args[1:]
	}
	if name == "root" { // not for people: the root side of a change, started by sudo
		return a.finishWith(a.root(ctx, args))
	}
	if len(args) > 0 && (args[0] == "-h" || args[0] == "--help") && name == "" || name == "help" {
		usage(a.out)
		return exitFine
	}
	for _, c := range commands() {
		if c.name == name {
			return a.finishWith(c.run(a, ctx, args))
		}
	}
	usage(a.err)
	return a.finishWith(usageError{"there is no command " + name})
}

func (a *app) version(context.Context, []string) error {
	_, err := fmt.Fprintln(a.out, "tahoe-anon", version)
	return err
}

func usage(w io.Writer) {
	fmt.Fprint(w, "tahoe-anon puts a Tahoe-LAFS node on Tor.\n\n")
	for _, c := range commands() {
		fmt.Fprintf(w, "  %-35s %s\n", strings.TrimSpace("tahoe-anon "+c.name+" "+c.args), c.help)
	}
	fmt.Fprint(w, "\nEach command explains its flags with -h. Exit status: "+exitTable+"\n")
}

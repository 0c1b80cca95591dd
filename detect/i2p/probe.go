package i2p

import (
	"bufio"
	"context"
	"strings"
	"time"

	"tahoe-anon/detect/env"
)

const (
	samAddress = "127.0.0.1:7656"
	samLimit   = 600 * time.Millisecond
)

// Probe asks the SAM bridge for its version (SAM v3 specification, HELLO VERSION).
func Probe(ctx context.Context, e env.Env) Facts {
	f := Facts{SAM: samAddress, Answers: env.No}
	ctx, cancel := context.WithTimeout(ctx, samLimit)
	defer cancel()
	conn, err := e.Dial(ctx, "tcp", samAddress)
	if err != nil {
		return f
	}
	defer conn.Close()
	conn.SetDeadline(time.Now().Add(samLimit))
	defer context.AfterFunc(ctx, func() { conn.Close() })()
	if _, err := conn.Write([]byte("HELLO VERSION MIN=3.1 MAX=3.1\n")); err != nil {
		return f
	}
	line, err := bufio.NewReaderSize(conn, 256).ReadSlice('\n') // a longer line is not SAM's
	if err != nil {
		return f
	}
	f.Version = parseHello(string(line))
	f.Answers = env.Is(f.Version != "")
	return f
}

// parseHello reads "HELLO REPLY RESULT=OK VERSION=3.1"; empty when it is anything else.
func parseHello(line string) string {
	args, ok := strings.CutPrefix(strings.TrimSpace(line), "HELLO REPLY ")
	version, good := "", false
	for _, w := range strings.Fields(args) {
		if v, is := strings.CutPrefix(w, "VERSION="); is {
			version = v
		}
		good = good || w == "RESULT=OK"
	}
	if !ok || !good {
		return ""
	}
	return version
}

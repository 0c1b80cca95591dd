// Package lab is for tests only: a throw-away Debian 13 server with systemd, sshd, tor, i2pd and Tahoe-LAFS 1.20 in a
// namespace that has nothing but loopback, a private Tor network inside it, and a real Tahoe grid on that network.
//
// Everything but this comment has the build tag lab, because it needs root: `./test` runs it, plain `go test ./...` does not.
// The work is done by two scripts that are useful by hand too: host makes and boots the server, tornet the Tor network.
package lab

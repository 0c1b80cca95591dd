// Package notice has no code: its path is a sentence, and plain `go test ./...` prints it.
//
// The tests with the build tag lab need root and a Debian server in a box; only `./test` runs them, and nothing may be
// left out in silence. Of a package whose tests pass, go test prints no word of the tests, on whatever output; of a
// package without tests it prints the path.
package notice

// Package e2e holds the runs of the whole program on a real server: see its tests, which have the build tag lab.
package e2e

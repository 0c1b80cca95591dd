//go:build !race

package ui_test

const race = false

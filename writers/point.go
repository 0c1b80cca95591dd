package writers

// testOnlyAt, when a test sets it, is told each point that the program reaches.
var testOnlyAt func(point string)

func reached(point string) {
	if testOnlyAt != nil {
		testOnlyAt(point)
	}
}

package wizard

// Answers are what was answered, by question ID; an absent key was not asked yet. Several introducers stand
// in one value, separated by blanks.
type Answers map[string]string

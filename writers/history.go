package writers

import (
	"maps"
	"path/filepath"
	"slices"
)

// History reads all changes that this account asked for, on both sides, the oldest first.
func (a *Applier) History() ([]Change, error) {
	own, err := (&journal{dir: a.Journal}).history()
	if err != nil {
		return nil, err
	}
	byID := map[string]Change{}
	for _, c := range own {
		byID[c.ID] = c
	}
	if a.self() != 0 && a.RootJournal != "" {
		root, err := (&journal{dir: a.RootJournal}).history()
		if err != nil {
			return nil, err
		}
		for _, c := range root {
			if c.Caller != a.self() {
				continue
			}
			if mine, ok := byID[c.ID]; ok {
				c = merge(mine, c)
			}
			byID[c.ID] = c
		}
	}
	changes := slices.Collect(maps.Values(byID))
	slices.SortFunc(changes, func(x, y Change) int { return x.Made.Compare(y.Made) })
	return changes, nil
}

// Unfinished are the changes that were interrupted, on either side.
func (a *Applier) Unfinished() ([]Change, error) {
	all, err := a.History()
	return slices.DeleteFunc(all, func(c Change) bool { return !c.Unfinished() }), err
}

// merge joins what the two sides know of one change: the account's steps from its own, the others from root's.
func merge(own, root Change) Change {
	c := own
	c.Steps = slices.Clone(own.Steps)
	for i := range c.Steps {
		if s := &c.Steps[i]; s.As != User {
			s.State = root.state(s.ID)
		}
	}
	if root.Unfinished() {
		c.Phase = root.Phase
	}
	c.Applied = own.Applied || root.Applied
	if root.Ended.After(c.Ended) {
		c.Ended = root.Ended
	}
	return c
}

// Plan is what was approved as change id, as this side's journal has it.
func (a *Applier) Plan(id string) (Plan, error) {
	return (&entry{dir: filepath.Join(a.Journal, id), Change: Change{ID: id}}).plan()
}

// find looks a change up, on both sides.
func (a *Applier) find(id string) (Change, error) {
	all, err := a.History()
	if err != nil {
		return Change{}, err
	}
	for _, c := range all {
		if c.ID == id {
			return c, nil
		}
	}
	return Change{}, &NotFoundError{ID: id}
}

package main

import (
	"sort"
	"sync"
)

// line is one thing that one client saw.
type line struct {
	From       string            `json:"from"`
	Phase      string            `json:"phase"`
	Event      string            `json:"event"`
	Name       string            `json:"name,omitempty"`
	Size       string            `json:"size,omitempty"`
	Note       string            `json:"note,omitempty"`
	Generation int64             `json:"generation,omitempty"`
	Labels     map[string]string `json:"labels,omitempty"`
}

// journal keeps what one client saw, phase by phase.
type journal struct {
	from  string
	mutex sync.Mutex
	phase string
	lines []line
}

func (j *journal) begin(phase string) {
	j.mutex.Lock()
	defer j.mutex.Unlock()
	j.phase = phase
}

func (j *journal) add(seen line) {
	j.mutex.Lock()
	defer j.mutex.Unlock()
	seen.From, seen.Phase = j.from, j.phase
	j.lines = append(j.lines, seen)
}

// addOnce notes what can come once or twice in a phase, depending on how a client went about it.
func (j *journal) addOnce(event string) {
	j.mutex.Lock()
	defer j.mutex.Unlock()
	for _, seen := range j.lines {
		if seen.Phase == j.phase && seen.Event == event {
			return
		}
	}
	j.lines = append(j.lines, line{From: j.from, Phase: j.phase, Event: event})
}

// sorted gives the lines by phase and name; those of one object in one phase stay as they came. No order among objects is
// promised where a list, or what stands for one, brought them.
func (j *journal) sorted(phases []string) []line {
	j.mutex.Lock()
	defer j.mutex.Unlock()
	at := map[string]int{}
	for i, phase := range phases {
		at[phase] = i
	}
	lines := append([]line{}, j.lines...)
	sort.SliceStable(lines, func(a, b int) bool {
		if lines[a].Phase != lines[b].Phase {
			return at[lines[a].Phase] < at[lines[b].Phase]
		}
		return lines[a].Name < lines[b].Name
	})
	return lines
}

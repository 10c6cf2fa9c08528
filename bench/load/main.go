// Command load sends the requests of one phase of the bench: it reads a job as JSON on stdin and answers with the
// times of every request as JSON on stdout. What the times mean is worked out in bench/statistics.ts.
//
// It is written in Go because the clients it stands for are (kubectl, controllers), and because its own cost per
// request is small against what is measured.
package main

import (
	"encoding/json"
	"fmt"
	"os"
)

// Job is one phase. Turns, Seconds and Count are the upper bounds of its work.
type Job struct {
	Mode           string   `json:"mode"` // turns, rate, watch or seed
	Verb           string   `json:"verb"` // get, list or create: what turns and rate send
	Targets        []Target `json:"targets"`
	Writer         *Target  `json:"writer"` // watch: who writes the objects, straight at the control plane
	ClusterID      string   `json:"clusterID"`
	ClaimNamespace string   `json:"claimNamespace"`
	Namespace      string   `json:"namespace"` // of the app cluster
	TextBytes      int      `json:"textBytes"` // random text in each object
	Turns          int      `json:"turns"`
	WarmUp         int      `json:"warmUp"`   // turns that are not counted
	Seconds        float64  `json:"seconds"`  // rate: length of the block
	InFlight       int      `json:"inFlight"` // rate and seed: requests at the same time
	Count          int      `json:"count"`    // seed: objects; list: objects that have to be in the answer
	RunID          string   `json:"runID"`    // makes the names of created objects unique
	PauseMs        float64  `json:"pauseMs"`  // watch: between two writes
}

// Answer holds one Series per target, in the order of the job.
type Answer struct {
	Series []Series `json:"series"`
}

// Series is what one target was measured at; Millis is in the order of the turns, so that targets can be paired.
type Series struct {
	Target  string    `json:"target"`
	Millis  []float64 `json:"millis"`
	Bytes   int64     `json:"bytes"`   // body of one answer, unpacked
	Seconds float64   `json:"seconds"` // rate: length of the block as it was
}

func main() {
	var job Job
	if err := json.NewDecoder(os.Stdin).Decode(&job); err != nil {
		fail(fmt.Errorf("job: %w", err))
	}
	modes := map[string]func(*Job) (*Answer, error){"turns": turns, "rate": rate, "watch": watch, "seed": seed}
	run, ok := modes[job.Mode]
	if !ok {
		fail(fmt.Errorf("no such mode: %q", job.Mode))
	}
	answer, err := run(&job)
	if err != nil {
		fail(err)
	}
	if err := json.NewEncoder(os.Stdout).Encode(answer); err != nil {
		fail(err)
	}
}

func fail(err error) {
	fmt.Fprintln(os.Stderr, "load:", err)
	os.Exit(1)
}

package main

import (
	"bytes"
	"fmt"
	"io"
	"math/rand"
	"net/http"
	"runtime"
	"time"
)

// turns sends one request to each target per turn, one after the other, the target that begins changing from turn
// to turn: a change of the machine's mood then meets all of them, and the times of one turn can be compared.
func turns(job *Job) (*Answer, error) {
	if err := openAll(job.Targets); err != nil {
		return nil, err
	}
	random := rand.New(rand.NewSource(1))
	answer := &Answer{Series: make([]Series, len(job.Targets))}
	for i := range job.Targets {
		answer.Series[i].Target = job.Targets[i].Name
		if err := checkCount(job, &job.Targets[i]); err != nil {
			return nil, err
		}
	}
	for turn := -job.WarmUp; turn < job.Turns; turn++ {
		for step := range job.Targets {
			i := (turn + job.WarmUp + step) % len(job.Targets)
			send := sender(job, &job.Targets[i], turn, random)
			// A list leaves megabytes behind in this process: collecting them is not to fall into somebody's time.
			if job.Verb == "list" && job.Count >= 1000 {
				runtime.GC()
			}
			start := time.Now()
			size, err := send()
			took := time.Since(start)
			if err != nil {
				return nil, err
			}
			if turn >= 0 {
				answer.Series[i].Millis = append(answer.Series[i].Millis, millis(took))
				answer.Series[i].Bytes = size
			}
		}
	}
	return answer, nil
}

// sender prepares one request of the job's verb, so that preparing is not timed.
func sender(job *Job, target *Target, turn int, random *rand.Rand) func() (int64, error) {
	c := claims{job, target, job.Namespace}
	switch job.Verb {
	case "list":
		path := c.list("")
		return func() (int64, error) { return target.do(http.MethodGet, path, "", nil) }
	case "create":
		path, body := c.collection(), c.body(fmt.Sprintf("%s-%s-%d", job.RunID, target.Name, turn+job.WarmUp), random)
		return func() (int64, error) { return target.do(http.MethodPost, path, "application/json", body) }
	default:
		path := c.one(seedName(0))
		return func() (int64, error) { return target.do(http.MethodGet, path, "", nil) }
	}
}

// checkCount makes sure that a list holds what it is meant to: a fast answer with objects missing is no result.
func checkCount(job *Job, target *Target) error {
	if job.Verb != "list" {
		return nil
	}
	response, err := target.request(http.MethodGet, claims{job, target, job.Namespace}.list(""), "", nil)
	if err != nil {
		return err
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	if err != nil {
		return err
	}
	if got := bytes.Count(body, []byte(`"writeConnectionSecretToRef":{"name"`)); got != job.Count {
		return fmt.Errorf("%s: the list holds %d objects, not %d", target.Name, got, job.Count)
	}
	return nil
}

func millis(d time.Duration) float64 { return float64(d.Nanoseconds()) / 1e6 }

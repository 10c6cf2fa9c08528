package main

import (
	"errors"
	"fmt"
	"math/rand"
	"net/http"
	"sync"
	"sync/atomic"
)

func seedName(index int) string { return fmt.Sprintf("bucket-%05d", index) }

// seed creates Count objects at each target, one target after the other; objects that are there already stay.
func seed(job *Job) (*Answer, error) {
	if err := openAll(job.Targets); err != nil {
		return nil, err
	}
	for i := range job.Targets {
		if err := seedTarget(job, &job.Targets[i]); err != nil {
			return nil, err
		}
	}
	return &Answer{Series: []Series{}}, nil
}

func seedTarget(job *Job, target *Target) error {
	c := claims{job, target, job.Namespace}
	var next atomic.Int64
	var wait sync.WaitGroup
	failures := make([]error, job.InFlight)
	for worker := range job.InFlight {
		wait.Add(1)
		go func() {
			defer wait.Done()
			for {
				index := int(next.Add(1)) - 1
				if index >= job.Count {
					return
				}
				body := c.body(seedName(index), rand.New(rand.NewSource(int64(index))))
				_, err := target.do(http.MethodPost, c.collection(), "application/json", body)
				var status *statusError
				if err != nil && !(errors.As(err, &status) && status.code == http.StatusConflict) {
					failures[worker] = err
					return
				}
			}
		}()
	}
	wait.Wait()
	return errors.Join(failures...)
}

package main

import (
	"math/rand"
	"sync"
	"time"
)

// rate keeps InFlight requests of the verb going at one target for Seconds. The bench alternates such blocks between
// the targets, and reads the CPU time of every process before and after each.
func rate(job *Job) (*Answer, error) {
	target := &job.Targets[0]
	if err := target.open(); err != nil {
		return nil, err
	}
	end := time.Now().Add(time.Duration(job.Seconds * float64(time.Second)))
	perWorker := make([][]float64, job.InFlight)
	failures := make([]error, job.InFlight)
	start := time.Now()
	var wait sync.WaitGroup
	for worker := range job.InFlight {
		wait.Add(1)
		go func() {
			defer wait.Done()
			random := rand.New(rand.NewSource(int64(worker)))
			for turn := worker; time.Now().Before(end); turn += job.InFlight {
				send := sender(job, target, turn, random)
				sent := time.Now()
				if _, err := send(); err != nil {
					failures[worker] = err
					return
				}
				perWorker[worker] = append(perWorker[worker], millis(time.Since(sent)))
			}
		}()
	}
	wait.Wait()
	series := Series{Target: target.Name, Seconds: time.Since(start).Seconds()}
	for worker := range job.InFlight {
		if failures[worker] != nil {
			return nil, failures[worker]
		}
		series.Millis = append(series.Millis, perWorker[worker]...)
	}
	return &Answer{Series: []Series{series}}, nil
}

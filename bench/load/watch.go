package main

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"time"
)

// watch opens one watch per target, each on a namespace of its own, and patches one object per turn and target
// straight at the control plane. A time runs from the moment the write is sent to the event's last byte: the write
// is the same for every target, and a fast event can be there before the write's own answer.
func watch(job *Job) (*Answer, error) {
	if err := openAll(job.Targets); err != nil {
		return nil, err
	}
	if err := job.Writer.open(); err != nil {
		return nil, err
	}
	watched := make([]*watched, len(job.Targets))
	answer := &Answer{Series: make([]Series, len(job.Targets))}
	for i := range job.Targets {
		w, err := openWatch(job, &job.Targets[i])
		if err != nil {
			return nil, err
		}
		defer w.body.Close()
		watched[i], answer.Series[i].Target = w, job.Targets[i].Name
	}
	for turn := -job.WarmUp; turn < job.Turns; turn++ {
		for step := range job.Targets {
			i := (turn + job.WarmUp + step) % len(job.Targets)
			took, size, err := watched[i].deliver(fmt.Sprintf("turn-%s-%06d", job.RunID, turn+job.WarmUp))
			if err != nil {
				return nil, err
			}
			if turn >= 0 {
				answer.Series[i].Millis = append(answer.Series[i].Millis, millis(took))
				answer.Series[i].Bytes = size
			}
			time.Sleep(time.Duration(job.PauseMs * float64(time.Millisecond)))
		}
	}
	return answer, nil
}

type frame struct {
	line []byte
	at   time.Time
}

type watched struct {
	target *Target
	body   interface{ Close() error }
	frames chan frame
	writer *Target
	path   string // of the object at the control plane
}

func openWatch(job *Job, target *Target) (*watched, error) {
	c := claims{job, target, job.Namespace + "-" + target.Name}
	response, err := target.request(http.MethodGet, c.list(""), "", nil)
	if err != nil {
		return nil, err
	}
	var list struct {
		Metadata struct{ ResourceVersion string }
	}
	err = json.NewDecoder(response.Body).Decode(&list)
	response.Body.Close()
	if err != nil {
		return nil, err
	}
	response, err = target.request(http.MethodGet, c.list(list.Metadata.ResourceVersion), "", nil)
	if err != nil {
		return nil, err
	}
	w := &watched{target: target, body: response.Body, frames: make(chan frame, 16), writer: job.Writer}
	atControlPlane := *target
	atControlPlane.Form = "control-plane"
	w.path = claims{job, &atControlPlane, c.namespace}.one(seedName(0))
	go func() {
		defer close(w.frames)
		reader := bufio.NewReaderSize(response.Body, 64<<10)
		for {
			line, err := reader.ReadBytes('\n')
			if err != nil {
				return
			}
			w.frames <- frame{line, time.Now()}
		}
	}()
	return w, nil
}

// deliver writes the mark into the object and waits for the event that carries it, 10 s at most.
func (w *watched) deliver(mark string) (time.Duration, int64, error) {
	patch := fmt.Appendf(nil, `{"spec":{"parameters":{"turn":%q}}}`, mark)
	failed := make(chan error, 1)
	start := time.Now()
	go func() {
		_, err := w.writer.do(http.MethodPatch, w.path, "application/merge-patch+json", patch)
		failed <- err
	}()
	var took time.Duration
	var size int64
	deadline := time.After(10 * time.Second)
	for took == 0 {
		select {
		case f, open := <-w.frames:
			if !open {
				return 0, 0, fmt.Errorf("%s: the watch ended", w.target.Name)
			}
			if bytes.Contains(f.line, []byte(mark)) {
				took, size = f.at.Sub(start), int64(len(f.line))
			}
		case <-deadline:
			return 0, 0, fmt.Errorf("%s: no event within 10 s of the write", w.target.Name)
		}
	}
	return took, size, <-failed
}

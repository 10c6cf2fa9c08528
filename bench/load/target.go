package main

import (
	"bytes"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"io"
	"net/http"
	"os"
	"time"
)

// Target is one way to the claims: an API server, the protocol spoken with it, and the form the objects have there.
type Target struct {
	Name     string            `json:"name"`
	Server   string            `json:"server"`
	Protocol string            `json:"protocol"` // h1 or h2
	CAFile   string            `json:"caFile"`
	CertFile string            `json:"certFile"`
	KeyFile  string            `json:"keyFile"`
	Token    string            `json:"token"`
	Group    string            `json:"group"`
	Form     string            `json:"form"`    // app: the user's names; control-plane: as stored
	Plain    bool              `json:"plain"`   // do not offer gzip; client-go and kubectl do
	Headers  map[string]string `json:"headers"` // added to each request

	client *http.Client
}

// open makes the target's own client, with connections that no other target shares.
func (t *Target) open() error {
	config := &tls.Config{}
	pem, err := os.ReadFile(t.CAFile)
	if err != nil {
		return err
	}
	config.RootCAs = x509.NewCertPool()
	config.RootCAs.AppendCertsFromPEM(pem)
	if t.CertFile != "" {
		pair, err := tls.LoadX509KeyPair(t.CertFile, t.KeyFile)
		if err != nil {
			return err
		}
		config.Certificates = []tls.Certificate{pair}
	}
	transport := &http.Transport{
		TLSClientConfig: config, DisableCompression: t.Plain, MaxIdleConnsPerHost: 256, IdleConnTimeout: 90 * time.Second,
		ForceAttemptHTTP2: t.Protocol == "h2", ResponseHeaderTimeout: 60 * time.Second,
	}
	if t.Protocol != "h2" {
		transport.TLSNextProto = map[string]func(string, *tls.Conn) http.RoundTripper{}
	}
	t.client = &http.Client{Transport: transport}
	return nil
}

func openAll(targets []Target) error {
	for i := range targets {
		if err := targets[i].open(); err != nil {
			return fmt.Errorf("%s: %w", targets[i].Name, err)
		}
	}
	return nil
}

func (t *Target) request(method, path, contentType string, body []byte) (*http.Response, error) {
	request, err := http.NewRequest(method, t.Server+path, bytes.NewReader(body))
	if err != nil {
		return nil, err
	}
	request.Header.Set("User-Agent", "bench/1")
	request.Header.Set("Accept", "application/json")
	for name, value := range t.Headers {
		request.Header.Set(name, value)
	}
	if t.Token != "" {
		request.Header.Set("Authorization", "Bearer "+t.Token)
	}
	if contentType != "" {
		request.Header.Set("Content-Type", contentType)
	}
	response, err := t.client.Do(request)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", t.Name, err)
	}
	if response.StatusCode < 200 || response.StatusCode > 299 {
		text, _ := io.ReadAll(io.LimitReader(response.Body, 500))
		response.Body.Close()
		return nil, &statusError{fmt.Sprintf("%s: %s %s", t.Name, method, path), response.StatusCode, string(text)}
	}
	return response, nil
}

// do sends one request, reads the answer to its end and returns its length.
func (t *Target) do(method, path, contentType string, body []byte) (int64, error) {
	response, err := t.request(method, path, contentType, body)
	if err != nil {
		return 0, err
	}
	defer response.Body.Close()
	return io.Copy(io.Discard, response.Body)
}

type statusError struct {
	what string
	code int
	text string
}

func (e *statusError) Error() string { return fmt.Sprintf("%s: %d %s", e.what, e.code, e.text) }

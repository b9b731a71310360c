package main

import (
	"bytes"
	"io"
	"sync"
)

// A line longer than this is logged in pieces; outputs stay whole.
const maxLogLine = 64 << 10

// capture keeps what a command prints and shows it line by line meanwhile.
type capture struct {
	mutex          sync.Mutex
	stdout, stderr bytes.Buffer
	both           bytes.Buffer // for the error message, in the order of arrival
	stdoutLines    lineWriter
	stderrLines    lineWriter
}

func newCapture(logging string, show func(line string)) *capture {
	c := &capture{}
	if logging == "" || logging == "stdout" || logging == "stdoutAndStderr" {
		c.stdoutLines.show = show
	}
	if logging == "" || logging == "stderr" || logging == "stdoutAndStderr" {
		c.stderrLines.show = show
	}
	return c
}

func (c *capture) writers() (stdout, stderr io.Writer) {
	return streamWriter{c, &c.stdout, &c.stdoutLines}, streamWriter{c, &c.stderr, &c.stderrLines}
}

// close shows what is left of the last lines. A stream that a stray process
// still holds open may write on; what comes later belongs to no result.
func (c *capture) close() {
	c.mutex.Lock()
	defer c.mutex.Unlock()
	c.stdoutLines.flush()
	c.stderrLines.flush()
	c.stdoutLines.show, c.stderrLines.show = nil, nil
}

type streamWriter struct {
	capture *capture
	kept    *bytes.Buffer
	lines   *lineWriter
}

func (w streamWriter) Write(chunk []byte) (int, error) {
	w.capture.mutex.Lock()
	defer w.capture.mutex.Unlock()
	w.kept.Write(chunk)
	w.capture.both.Write(chunk)
	w.lines.write(chunk)
	return len(chunk), nil
}

// lineWriter splits a stream into lines, without limit on their length.
type lineWriter struct {
	show    func(line string)
	pending []byte
}

func (l *lineWriter) write(chunk []byte) {
	if l.show == nil {
		return
	}
	l.pending = append(l.pending, chunk...)
	for {
		end := bytes.IndexByte(l.pending, '\n')
		switch {
		case end >= 0 && end <= maxLogLine:
			l.show(string(bytes.TrimSuffix(l.pending[:end], []byte("\r"))))
			l.pending = l.pending[end+1:]
		case len(l.pending) > maxLogLine:
			l.show(string(l.pending[:maxLogLine]))
			l.pending = l.pending[maxLogLine:]
		default:
			return
		}
	}
}

func (l *lineWriter) flush() {
	if l.show != nil && len(l.pending) > 0 {
		l.show(string(l.pending))
		l.pending = nil
	}
}

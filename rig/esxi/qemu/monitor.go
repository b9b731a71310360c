package qemu

import (
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"sync"
	"time"
)

const answerTimeout = 30 * time.Second

// monitor speaks QMP with a QEMU process: one command at a time, by their numbers, and the resets that happen meanwhile.
type monitor struct {
	connection net.Conn
	resets     chan struct{}
	messages   chan message // answers and the greeting; closed with the connection

	mu     sync.Mutex
	number int
}

type message struct {
	Greeting json.RawMessage `json:"QMP"`
	ID       int             `json:"id"`
	Error    *struct {
		Description string `json:"desc"`
	} `json:"error"`
	Event string `json:"event"`
}

func newMonitor(connection net.Conn) *monitor {
	m := &monitor{connection: connection, resets: make(chan struct{}, 1), messages: make(chan message, 1)}
	go m.read()
	return m
}

// greeted waits until the process is there and takes commands.
func (m *monitor) greeted() error {
	if _, err := m.next(func(found message) bool { return found.Greeting != nil }); err != nil {
		return err
	}
	return m.execute("qmp_capabilities", nil)
}

// execute runs a command and waits for its answer. Its arguments are plain data.
func (m *monitor) execute(command string, arguments map[string]any) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.number++
	number := m.number
	request := map[string]any{"execute": command, "id": number}
	if arguments != nil {
		request["arguments"] = arguments
	}
	text, err := json.Marshal(request)
	if err != nil {
		return err
	}
	if err := m.connection.SetWriteDeadline(time.Now().Add(answerTimeout)); err != nil {
		return err
	}
	if _, err := m.connection.Write(append(text, '\n')); err != nil {
		return fmt.Errorf("telling QEMU to %s: %w", command, err)
	}
	answer, err := m.next(func(found message) bool { return found.ID == number })
	if err != nil {
		return fmt.Errorf("telling QEMU to %s: %w", command, err)
	}
	if answer.Error != nil {
		return fmt.Errorf("telling QEMU to %s: it answers: %s", command, answer.Error.Description)
	}
	return nil
}

// next waits for a message; those before it are of commands that nobody waits for any more.
func (m *monitor) next(wanted func(message) bool) (message, error) {
	deadline := time.After(answerTimeout)
	for {
		select {
		case found, open := <-m.messages:
			if !open {
				return message{}, errors.New("it has ended")
			}
			if wanted(found) {
				return found, nil
			}
		case <-deadline:
			return message{}, fmt.Errorf("no answer within %s", answerTimeout)
		}
	}
}

func (m *monitor) read() {
	defer close(m.messages)
	defer m.connection.Close() // its other end is closed with the process, after the last answer
	decoder := json.NewDecoder(m.connection)
	for {
		var found message
		if err := decoder.Decode(&found); err != nil {
			return
		}
		if found.Event == "" {
			m.messages <- found
			continue
		}
		if found.Event == "RESET" {
			select {
			case m.resets <- struct{}{}:
			default: // one that nobody has looked at yet says the same
			}
		}
	}
}

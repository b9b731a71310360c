package transport

import (
	"fmt"
	"net"
	"os"

	"golang.org/x/crypto/ssh"
	"golang.org/x/crypto/ssh/agent"
)

// authentication lists the ways to log in: the key, the agent's keys, the
// password. The close function ends the agent's connection.
func (e Endpoint) authentication() (methods []ssh.AuthMethod, closeAgent func(), err error) {
	var signers []ssh.Signer
	if e.PrivateKey != "" {
		signer, err := parsePrivateKey(e.PrivateKey, e.PrivateKeyPassword)
		if err != nil {
			return nil, nil, fmt.Errorf("reading the private key for %s: %w", e.Host, err)
		}
		signers = append(signers, signer)
	}
	keys, closeAgent, err := e.agentKeys()
	if err != nil {
		return nil, nil, err
	}
	// One method for all keys: a client tries each method once only.
	if keys != nil {
		methods = append(methods, ssh.PublicKeysCallback(func() ([]ssh.Signer, error) {
			more, err := keys()
			return append(signers, more...), err
		}))
	} else if len(signers) > 0 {
		methods = append(methods, ssh.PublicKeys(signers...))
	}
	if e.Password != "" {
		methods = append(methods, ssh.Password(e.Password), ssh.KeyboardInteractive(e.answer))
	}
	return methods, closeAgent, nil
}

func parsePrivateKey(key, password string) (ssh.Signer, error) {
	if password != "" {
		return ssh.ParsePrivateKeyWithPassphrase([]byte(key), []byte(password))
	}
	return ssh.ParsePrivateKey([]byte(key))
}

// answer gives the password to whatever the server asks.
func (e Endpoint) answer(_, _ string, questions []string, _ []bool) ([]string, error) {
	answers := make([]string, len(questions))
	for i := range questions {
		answers[i] = e.Password
	}
	return answers, nil
}

// agentKeys returns the keys of the agent that is named, or of the session's
// agent. The latter is a convenience: if it is dead, other credentials do.
func (e Endpoint) agentKeys() (keys func() ([]ssh.Signer, error), closeAgent func(), err error) {
	nothing := func() {}
	socket := e.AgentSocketPath
	if socket == "" {
		socket = os.Getenv("SSH_AUTH_SOCK")
	}
	if socket == "" {
		return nil, nothing, nil
	}
	conn, err := net.Dial("unix", socket)
	if err != nil && e.AgentSocketPath == "" && (e.PrivateKey != "" || e.Password != "") {
		return nil, nothing, nil
	}
	if err != nil {
		return nil, nil, fmt.Errorf("reaching the ssh agent for %s: %w", e.Host, err)
	}
	return agent.NewClient(conn).Signers, func() { _ = conn.Close() }, nil
}

// Package transport keeps an ssh connection to a machine, through a proxy if there is one.
package transport

import (
	"errors"
	"fmt"
	"net"
	"strconv"
	"time"

	"golang.org/x/crypto/ssh"
)

// What an endpoint has that does not say it; times in seconds.
const (
	DefaultPort           = 22
	DefaultUser           = "root"
	DefaultDialErrorLimit = 10
	DefaultPerDialTimeout = 15
	unlimited             = -1
)

// Endpoint is one ssh server and the credentials for it.
type Endpoint struct {
	Host               string  `json:"host"`
	Port               float64 `json:"port"`
	User               string  `json:"user"`
	Password           string  `json:"password"`
	PrivateKey         string  `json:"privateKey"`
	PrivateKeyPassword string  `json:"privateKeyPassword"`
	AgentSocketPath    string  `json:"agentSocketPath"`
	DialErrorLimit     *int    `json:"dialErrorLimit"`
	PerDialTimeout     *int    `json:"perDialTimeout"`
	HostKey            string  `json:"hostKey"`
}

// Connection is the machine to reach, and the one to go through.
type Connection struct {
	Endpoint
	Proxy *Endpoint `json:"proxy"`
}

// Address is its host and port.
func (e Endpoint) Address() string {
	port := int(e.Port)
	if port == 0 {
		port = DefaultPort
	}
	return net.JoinHostPort(e.Host, strconv.Itoa(port))
}

func (e Endpoint) user() string {
	if e.User == "" {
		return DefaultUser
	}
	return e.User
}

func (e Endpoint) dialErrorLimit() int {
	if e.DialErrorLimit == nil {
		return DefaultDialErrorLimit
	}
	return *e.DialErrorLimit
}

// perDialTimeout is zero for no limit.
func (e Endpoint) perDialTimeout() time.Duration {
	if e.PerDialTimeout == nil {
		return DefaultPerDialTimeout * time.Second
	}
	return time.Duration(*e.PerDialTimeout) * time.Second
}

// access is what an ssh handshake with an endpoint needs.
type access struct {
	Endpoint
	authentication []ssh.AuthMethod
	hostKey        ssh.PublicKey // nil: any
	closeAgent     func()
}

func (e Endpoint) access() (*access, error) {
	a := &access{Endpoint: e}
	if e.HostKey != "" {
		key, _, _, _, err := ssh.ParseAuthorizedKey([]byte(e.HostKey))
		if err != nil {
			return nil, fmt.Errorf("failed to parse host key of %s, expected a line like \"ssh-ed25519 AAAA...\": %w", e.Host, err)
		}
		a.hostKey = key
	}
	var err error
	a.authentication, a.closeAgent, err = e.authentication()
	return a, err
}

// hostKeyMismatch is final: no further attempt can make a wrong machine the right one.
type hostKeyMismatch struct{ message string }

func (m *hostKeyMismatch) Error() string { return m.message }

// handshake speaks ssh on an open connection, which it closes if it fails.
func (a *access) handshake(conn net.Conn) (*ssh.Client, error) {
	var mismatch *hostKeyMismatch
	config := &ssh.ClientConfig{
		User:              a.user(),
		Auth:              a.authentication,
		HostKeyAlgorithms: a.hostKeyAlgorithms(),
		HostKeyCallback: func(_ string, _ net.Addr, found ssh.PublicKey) error {
			if a.hostKey != nil && string(found.Marshal()) != string(a.hostKey.Marshal()) {
				mismatch = a.mismatch(found.Type() + " " + ssh.FingerprintSHA256(found))
				return mismatch
			}
			return nil
		},
	}
	client, channels, requests, err := ssh.NewClientConn(conn, a.Address(), config)
	if err == nil {
		return ssh.NewClient(client, channels, requests), nil
	}
	_ = conn.Close()
	var noCommon *ssh.AlgorithmNegotiationError
	if mismatch == nil && a.hostKey != nil && errors.As(err, &noCommon) {
		mismatch = a.mismatch("no key of that type (" + err.Error() + ")")
	}
	if mismatch != nil {
		return nil, mismatch
	}
	return nil, err
}

func (a *access) mismatch(found string) *hostKeyMismatch {
	return &hostKeyMismatch{fmt.Sprintf(
		"ssh: host key mismatch: %s presents %s, expected %s %s: the machine was rebuilt, or something else answers at its address",
		a.Address(), found, a.hostKey.Type(), ssh.FingerprintSHA256(a.hostKey))}
}

// hostKeyAlgorithms asks the server for the one key that is expected. An RSA
// key signs with SHA-2; SHA-1, which has the key's own name, is dead.
func (a *access) hostKeyAlgorithms() []string {
	switch {
	case a.hostKey == nil:
		return nil
	case a.hostKey.Type() == ssh.KeyAlgoRSA:
		return []string{ssh.KeyAlgoRSASHA512, ssh.KeyAlgoRSASHA256}
	default:
		return []string{a.hostKey.Type()}
	}
}

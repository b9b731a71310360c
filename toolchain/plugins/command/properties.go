package main

import "kubelab/toolchain/plugins/command/transport"

// kind is the type of a property's value.
type kind string

const (
	text           kind = "string"
	number         kind = "number"
	integer        kind = "integer"
	boolean        kind = "boolean"
	textMap        kind = "map of strings"
	anyList        kind = "list"
	loggingMode    kind = "logging"
	connectionKind kind = "connection"
	proxyKind      kind = "proxy connection"
)

var loggingModes = []string{"stdout", "stderr", "stdoutAndStderr", "none"}

// property is one input or output: what Check enforces and GetSchema tells.
type property struct {
	name     string
	kind     kind
	required bool
	secret   bool
	replaces bool // a change replaces the resource
	fallback any
}

var endpointProperties = []property{
	{name: "host", kind: text, required: true},
	{name: "port", kind: number, fallback: transport.DefaultPort},
	{name: "user", kind: text, fallback: transport.DefaultUser},
	{name: "password", kind: text, secret: true},
	{name: "privateKey", kind: text, secret: true},
	{name: "privateKeyPassword", kind: text, secret: true},
	{name: "agentSocketPath", kind: text},
	{name: "dialErrorLimit", kind: integer, fallback: transport.DefaultDialErrorLimit},
	{name: "perDialTimeout", kind: integer, fallback: transport.DefaultPerDialTimeout},
	{name: "hostKey", kind: text},
}

// objectProperties are the properties of the kinds that are objects.
var objectProperties = map[kind][]property{
	connectionKind: append([]property{{name: "proxy", kind: proxyKind}}, endpointProperties...),
	proxyKind:      endpointProperties,
}

// remoteCommand is the one resource that this plugin provides; its inputs are outputs too.
const remoteCommand = "command:remote:Command"

var (
	commandInputs = []property{
		{name: "connection", kind: connectionKind, required: true, secret: true},
		{name: "create", kind: text},
		{name: "update", kind: text},
		{name: "delete", kind: text},
		{name: "triggers", kind: anyList, replaces: true},
		{name: "stdin", kind: text},
		{name: "environment", kind: textMap},
		{name: "logging", kind: loggingMode},
		{name: "addPreviousOutputInEnv", kind: boolean},
	}
	commandOutputs = []property{{name: "stdout", kind: text, required: true}, {name: "stderr", kind: text, required: true}}
)

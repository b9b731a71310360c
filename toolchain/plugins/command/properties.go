package main

// kind is the type of a property's value.
type kind string

const (
	text           kind = "string"
	number         kind = "number"
	integer        kind = "integer"
	boolean        kind = "boolean"
	textList       kind = "list of strings"
	textMap        kind = "map of strings"
	anyList        kind = "list"
	loggingMode    kind = "logging"
	connectionKind kind = "connection"
	proxyKind      kind = "proxy connection"
	assetOrArchive kind = "asset or archive"
	archiveOnly    kind = "archive"
	assetMap       kind = "map of assets"
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

// resourceType is one resource that the plugin provides; its inputs are outputs too.
type resourceType struct {
	module  string
	inputs  []property
	outputs []property
}

var endpointProperties = []property{
	{name: "host", kind: text, required: true},
	{name: "port", kind: number, fallback: 22},
	{name: "user", kind: text, fallback: "root"},
	{name: "password", kind: text, secret: true},
	{name: "privateKey", kind: text, secret: true},
	{name: "privateKeyPassword", kind: text, secret: true},
	{name: "agentSocketPath", kind: text},
	{name: "dialErrorLimit", kind: integer, fallback: defaultDialErrorLimit},
	{name: "perDialTimeout", kind: integer, fallback: defaultPerDialTimeout},
	{name: "hostKey", kind: text},
}

// objectProperties are the properties of the kinds that are objects.
var objectProperties = map[kind][]property{
	connectionKind: append([]property{{name: "proxy", kind: proxyKind}}, endpointProperties...),
	proxyKind:      endpointProperties,
}

var (
	connectionProperty = property{name: "connection", kind: connectionKind, required: true, secret: true}
	triggersProperty   = property{name: "triggers", kind: anyList, replaces: true}
	commandInputs      = []property{
		{name: "create", kind: text},
		{name: "update", kind: text},
		{name: "delete", kind: text},
		triggersProperty,
		{name: "stdin", kind: text},
		{name: "environment", kind: textMap},
		{name: "logging", kind: loggingMode},
		{name: "addPreviousOutputInEnv", kind: boolean},
	}
	commandOutputs = []property{{name: "stdout", kind: text, required: true}, {name: "stderr", kind: text, required: true}}
)

const (
	localCommand  = "command:local:Command"
	remoteCommand = "command:remote:Command"
	copyToRemote  = "command:remote:CopyToRemote"
)

var resourceTypes = map[string]resourceType{
	localCommand: {
		module: "local",
		inputs: append([]property{
			{name: "interpreter", kind: textList},
			{name: "dir", kind: text},
			{name: "assetPaths", kind: textList},
			{name: "archivePaths", kind: textList},
		}, commandInputs...),
		outputs: append([]property{{name: "assets", kind: assetMap}, {name: "archive", kind: archiveOnly}}, commandOutputs...),
	},
	remoteCommand: {module: "remote", inputs: append([]property{connectionProperty}, commandInputs...), outputs: commandOutputs},
	copyToRemote: {module: "remote", inputs: []property{
		connectionProperty, triggersProperty,
		{name: "source", kind: assetOrArchive, required: true},
		{name: "remotePath", kind: text, required: true},
	}},
}

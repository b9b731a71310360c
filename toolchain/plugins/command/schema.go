package main

import (
	"encoding/json"
	"slices"
)

type document = map[string]any

// schemaJSON is the package's schema in Pulumi's schema language.
func schemaJSON() (string, error) {
	inputs := describeObject(commandInputs)
	outputs := describeObject(slices.Concat(commandInputs, commandOutputs))
	modes := []document{}
	for _, mode := range loggingModes {
		modes = append(modes, document{"value": mode})
	}
	encoded, err := json.Marshal(document{
		"name": "command", "version": version, "provider": document{},
		"resources": document{remoteCommand: document{
			"inputProperties": inputs["properties"], "requiredInputs": inputs["required"],
			"properties": outputs["properties"], "required": outputs["required"],
		}},
		"types": document{
			"command:remote:Connection":      describeObject(objectProperties[connectionKind]),
			"command:remote:ProxyConnection": describeObject(objectProperties[proxyKind]),
			"command:remote:Logging":         document{"type": "string", "enum": modes},
		},
	})
	return string(encoded), err
}

func describeObject(properties []property) document {
	described := document{}
	required := []string{}
	for _, p := range properties {
		described[p.name] = describeProperty(p)
		if p.required {
			required = append(required, p.name)
		}
	}
	slices.Sort(required)
	return document{"type": "object", "properties": described, "required": required}
}

func describeProperty(p property) document {
	described := describeKind(p.kind)
	if p.secret {
		described["secret"] = true
	}
	if p.replaces {
		described["replaceOnChanges"] = true
	}
	if p.fallback != nil {
		described["default"] = p.fallback
	}
	return described
}

func describeKind(k kind) document {
	switch k {
	case textMap:
		return document{"type": "object", "additionalProperties": document{"type": "string"}}
	case anyList:
		return document{"type": "array", "items": document{"$ref": "pulumi.json#/Any"}}
	case loggingMode:
		return document{"$ref": "#/types/command:remote:Logging"}
	case connectionKind:
		return document{"$ref": "#/types/command:remote:Connection"}
	case proxyKind:
		return document{"$ref": "#/types/command:remote:ProxyConnection"}
	default:
		return document{"type": string(k)}
	}
}

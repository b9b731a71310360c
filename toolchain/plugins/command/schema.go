package main

import (
	"encoding/json"
	"sort"
)

type document = map[string]any

// schemaJSON is the package's schema in Pulumi's schema language.
func schemaJSON() (string, error) {
	resources := document{}
	for token, resource := range resourceTypes {
		inputs := describeObject(resource.module, resource.inputs)
		outputs := describeObject(resource.module, append(append([]property{}, resource.inputs...), resource.outputs...))
		resources[token] = document{
			"inputProperties": inputs["properties"], "requiredInputs": inputs["required"],
			"properties": outputs["properties"], "required": outputs["required"],
		}
	}
	types := document{}
	for name, kind := range map[string]kind{"Connection": connectionKind, "ProxyConnection": proxyKind} {
		types["command:remote:"+name] = describeObject("remote", objectProperties[kind])
	}
	modes := []document{}
	for _, mode := range loggingModes {
		modes = append(modes, document{"value": mode})
	}
	for _, module := range []string{"local", "remote"} {
		types["command:"+module+":Logging"] = document{"type": "string", "enum": modes}
	}
	encoded, err := json.Marshal(document{
		"name": "command", "version": version, "resources": resources, "types": types, "provider": document{},
	})
	return string(encoded), err
}

func describeObject(module string, properties []property) document {
	described := document{}
	required := []string{}
	for _, p := range properties {
		described[p.name] = describeProperty(module, p)
		if p.required {
			required = append(required, p.name)
		}
	}
	sort.Strings(required)
	return document{"type": "object", "properties": described, "required": required}
}

func describeProperty(module string, p property) document {
	described := describeKind(module, p.kind)
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

func describeKind(module string, k kind) document {
	switch k {
	case textList:
		return document{"type": "array", "items": document{"type": "string"}}
	case textMap:
		return document{"type": "object", "additionalProperties": document{"type": "string"}}
	case anyList:
		return document{"type": "array", "items": document{"$ref": "pulumi.json#/Any"}}
	case loggingMode:
		return document{"$ref": "#/types/command:" + module + ":Logging"}
	case connectionKind:
		return document{"$ref": "#/types/command:remote:Connection"}
	case proxyKind:
		return document{"$ref": "#/types/command:remote:ProxyConnection"}
	case assetOrArchive:
		// In this language an asset stands for an archive too.
		return document{"$ref": "pulumi.json#/Asset"}
	case archiveOnly:
		return document{"$ref": "pulumi.json#/Archive"}
	case assetMap:
		return document{"type": "object", "additionalProperties": document{"$ref": "pulumi.json#/Asset"}}
	default:
		return document{"type": string(k)}
	}
}

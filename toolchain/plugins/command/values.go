package main

import (
	"encoding/json"
	"fmt"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource/sig"
	"google.golang.org/protobuf/types/known/structpb"
)

const unknownValue = "04da6b54-80e4-46f7-96ec-b56ff0331ba9"

// The protocol writes a value that is not known yet as one of these strings, by its type.
var unknownValues = map[string]bool{
	unknownValue:                           true, // of any type
	"1c4a061d-8072-4f0a-a4cb-0ff528b18fe7": true, // a boolean
	"3eeb2bf0-c639-47a8-9e75-3b44932eb421": true, // a number
	"6a19a0b0-7e62-4c92-b797-7f8e31da9cc2": true, // an array
	"030794c1-ac77-496b-92df-f27374a8bd58": true, // an asset
	"e48ece36-62e2-4504-bad9-02848725956a": true, // an archive
	"dd056dcd-154b-4c76-9bd3-c8f88648b5ff": true, // an object
}

func isUnknown(value *structpb.Value) bool {
	return unknownValues[value.GetStringValue()]
}

func isNull(value *structpb.Value) bool {
	_, null := value.GetKind().(*structpb.Value_NullValue)
	return null || value.GetKind() == nil
}

// signature tells secrets from plain objects.
func signature(value *structpb.Value) string {
	return value.GetStructValue().GetFields()[sig.Key].GetStringValue()
}

func isSecret(value *structpb.Value) bool { return signature(value) == sig.Secret }

// conceal marks a value as secret, once.
func conceal(value *structpb.Value) *structpb.Value {
	if isSecret(value) {
		return value
	}
	return structpb.NewStructValue(&structpb.Struct{Fields: map[string]*structpb.Value{
		sig.Key: structpb.NewStringValue(sig.Secret),
		"value": value,
	}})
}

// reveal returns the value without any mark of secrecy, at any depth.
func reveal(value *structpb.Value) *structpb.Value {
	switch kind := value.GetKind().(type) {
	case *structpb.Value_StructValue:
		if isSecret(value) {
			return reveal(kind.StructValue.GetFields()["value"])
		}
		fields := make(map[string]*structpb.Value, len(kind.StructValue.GetFields()))
		for key, element := range kind.StructValue.GetFields() {
			fields[key] = reveal(element)
		}
		return structpb.NewStructValue(&structpb.Struct{Fields: fields})
	case *structpb.Value_ListValue:
		elements := make([]*structpb.Value, 0, len(kind.ListValue.GetValues()))
		for _, element := range kind.ListValue.GetValues() {
			elements = append(elements, reveal(element))
		}
		return structpb.NewListValue(&structpb.ListValue{Values: elements})
	default:
		return value
	}
}

// decode reads properties, secrets revealed, into a struct with json tags.
func decode(properties *structpb.Struct, into any) error {
	plain, err := json.Marshal(reveal(structpb.NewStructValue(properties)).AsInterface())
	if err != nil {
		return fmt.Errorf("reading the resource's properties: %w", err)
	}
	if err := json.Unmarshal(plain, into); err != nil {
		return fmt.Errorf("reading the resource's properties: %w", err)
	}
	return nil
}

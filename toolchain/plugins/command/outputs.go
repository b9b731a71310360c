package main

import (
	"fmt"
	"strings"

	"google.golang.org/protobuf/types/known/structpb"
)

func printed(out *capture) map[string]*structpb.Value {
	return map[string]*structpb.Value{
		"stdout": structpb.NewStringValue(outputText(out.stdout.String())),
		"stderr": structpb.NewStringValue(outputText(out.stderr.String())),
	}
}

// outputText drops the last newline; the protocol carries valid UTF-8 alone.
func outputText(printed string) string {
	return strings.ToValidUTF8(strings.TrimSuffix(printed, "\n"), "\uFFFD")
}

// previewOutputs marks as unknown what a run would print.
func previewOutputs(c change, state *structpb.Struct) {
	_, runsCreate := state.GetFields()["create"]
	_, runsUpdate := state.GetFields()["update"]
	if c.old != nil && !runsCreate && !runsUpdate {
		keepOutputs(c, state)
		return
	}
	for _, output := range commandOutputs {
		state.Fields[output.name] = structpb.NewStringValue(unknownValue)
	}
}

// keepOutputs carries the old outputs over; a resource that never ran has empty ones.
func keepOutputs(c change, state *structpb.Struct) {
	for _, output := range commandOutputs {
		if value, found := c.old.GetFields()[output.name]; found {
			state.Fields[output.name] = value
		} else {
			state.Fields[output.name] = structpb.NewStringValue("")
		}
	}
}

// failure is the error of a command that did not end well, with all it printed.
func failure(cause error, text string, out *capture) error {
	return fmt.Errorf("%w: running %q:\n%s", cause, text, strings.ToValidUTF8(out.both.String(), "\uFFFD"))
}

// copyOf returns the properties in a new struct, to which outputs can be added.
func copyOf(properties *structpb.Struct) *structpb.Struct {
	fields := make(map[string]*structpb.Value, len(properties.GetFields()))
	for name, value := range properties.GetFields() {
		fields[name] = value
	}
	return &structpb.Struct{Fields: fields}
}

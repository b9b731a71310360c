package main

import (
	"fmt"
	"math"
	"slices"
	"sort"
	"strings"

	pulumirpc "github.com/pulumi/pulumi/sdk/v3/proto/go"
	"google.golang.org/protobuf/types/known/structpb"
)

// checker collects every fault of a resource's inputs.
type checker struct {
	failures []*pulumirpc.CheckFailure
}

func (c *checker) fail(path, reason string, args ...any) {
	c.failures = append(c.failures, &pulumirpc.CheckFailure{Property: path, Reason: fmt.Sprintf(reason, args...)})
}

// object returns the given properties with defaults filled in and secrets marked.
func (c *checker) object(properties []property, given *structpb.Struct, prefix string) *structpb.Struct {
	checked := &structpb.Struct{Fields: map[string]*structpb.Value{}}
	for _, p := range properties {
		value, found := given.GetFields()[p.name]
		switch {
		case found && !isNull(value):
			checked.Fields[p.name] = c.value(p, value, prefix+p.name)
		case p.fallback != nil:
			checked.Fields[p.name] = fallbackValue(p)
		case p.required:
			c.fail(prefix+p.name, "found nothing, expected a %s", p.kind)
		}
	}
	c.refuseUnknownNames(properties, given, prefix)
	return checked
}

func fallbackValue(p property) *structpb.Value {
	if number, ok := p.fallback.(int); ok {
		return structpb.NewNumberValue(float64(number))
	}
	return structpb.NewStringValue(p.fallback.(string))
}

func (c *checker) refuseUnknownNames(properties []property, given *structpb.Struct, prefix string) {
	allowed := make([]string, 0, len(properties))
	for _, p := range properties {
		allowed = append(allowed, p.name)
	}
	sort.Strings(allowed)
	for name := range given.GetFields() {
		// The engine's own properties start with two underscores.
		if !strings.HasPrefix(name, "__") && !slices.Contains(allowed, name) {
			c.fail(prefix+name, "unknown property, allowed: %s", strings.Join(allowed, ", "))
		}
	}
}

// value checks one value. A value that the schema calls secret is marked as a
// whole, so that nothing inside it can be shown.
func (c *checker) value(p property, given *structpb.Value, path string) *structpb.Value {
	plain := reveal(given)
	if isUnknown(plain) {
		if p.secret {
			return conceal(given)
		}
		return given
	}
	if reason := mismatch(p.kind, plain); reason != "" {
		c.fail(path, "%s", reason)
	} else if nested, isObject := objectProperties[p.kind]; isObject {
		given = structpb.NewStructValue(c.object(nested, plain.GetStructValue(), path+"."))
	}
	if p.secret {
		return conceal(reveal(given))
	}
	return given
}

// mismatch tells why a value is not of a kind, without showing the value.
func mismatch(k kind, value *structpb.Value) string {
	fits := true
	switch k {
	case text:
		fits = isText(value)
	case number, integer:
		found, isNumber := value.GetKind().(*structpb.Value_NumberValue)
		fits = isNumber && (k == number || found.NumberValue == math.Trunc(found.NumberValue))
	case boolean:
		_, fits = value.GetKind().(*structpb.Value_BoolValue)
	case anyList:
		fits = value.GetListValue() != nil
	case textMap:
		fits = value.GetStructValue() != nil
		for _, element := range value.GetStructValue().GetFields() {
			fits = fits && isText(element)
		}
	case loggingMode:
		if !slices.Contains(loggingModes, value.GetStringValue()) {
			return fmt.Sprintf("found %q, allowed: %s", value.GetStringValue(), strings.Join(loggingModes, ", "))
		}
	case connectionKind, proxyKind:
		fits = value.GetStructValue() != nil && signature(value) == ""
	}
	if fits {
		return ""
	}
	return fmt.Sprintf("found a %s, expected a %s", wireType(value), k)
}

func isText(value *structpb.Value) bool {
	_, fits := value.GetKind().(*structpb.Value_StringValue)
	return fits
}

func wireType(value *structpb.Value) string {
	switch value.GetKind().(type) {
	case *structpb.Value_StringValue:
		return "string"
	case *structpb.Value_NumberValue:
		return "number"
	case *structpb.Value_BoolValue:
		return "boolean"
	case *structpb.Value_ListValue:
		return "list"
	case *structpb.Value_StructValue:
		return "object"
	default:
		return "null"
	}
}
